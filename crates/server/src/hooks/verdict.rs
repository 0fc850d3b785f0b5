//! What closures may return.

use mailchute_proto::{Reply, Verdict};

/// Turns what a closure returns into a [`Verdict`].
///
/// | returned | means |
/// |---|---|
/// | `()`, `true`, `Ok(())` | go on with the standard reply |
/// | `false` | the stage's standard refusal |
/// | a positive [`Reply`] | go on with its text |
/// | a negative `Reply`, in `Ok` or `Err` or by itself | refuse with it |
/// | any other error, by `?` | `451 4.3.0`, logged, never shown to the client; `452 4.3.1` for a full disk |
pub trait IntoVerdict {
    /// The verdict.
    fn into_verdict(self) -> Verdict;
}

impl IntoVerdict for Verdict {
    fn into_verdict(self) -> Verdict {
        self
    }
}

impl IntoVerdict for () {
    fn into_verdict(self) -> Verdict {
        Verdict::Accept
    }
}

impl IntoVerdict for bool {
    fn into_verdict(self) -> Verdict {
        self.into()
    }
}

impl IntoVerdict for Reply {
    fn into_verdict(self) -> Verdict {
        Verdict::Reply(self)
    }
}

impl<T: IntoVerdict> IntoVerdict for Result<T, Reply> {
    fn into_verdict(self) -> Verdict {
        match self {
            Ok(value) => value.into_verdict(),
            Err(reply) if reply.is_refusal() => Verdict::Reply(reply),
            // A no that says yes is a slip of the hook's, and not to be taken for a yes.
            Err(_) => Verdict::Reply(Reply::internal("a hook answered Err with a reply that is no refusal")),
        }
    }
}
