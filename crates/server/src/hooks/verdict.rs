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
/// | any other error, by `?` | `451 4.3.0`, logged, never shown to the client |
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
        self.map_or_else(Verdict::Reply, T::into_verdict)
    }
}
