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
/// | any [`std::error::Error`], by `?` | `451 4.3.0`, logged, never shown to the client; `452 4.3.1` for a full disk |
///
/// A `Box<dyn Error + Send + Sync>`, an `anyhow::Error` and a `String` are no `std::error::Error` themselves. Turn them
/// into a reply by [`Reply::internal`]:
///
/// ```
/// # use mailchute::{Reply, Server};
/// # async fn look_up(address: &str) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> { Ok(true) }
/// Server::builder().on_rcpt_to(|to, _session| async move {
///     let is_known = look_up(to.as_str()).await.map_err(Reply::internal)?;
///     Ok(is_known)
/// });
/// ```
///
/// The error of a `Result` that is returned is always a [`Reply`], so end with `Ok(result?)` where it is another one. A
/// closure that never says `Ok` writes `Err::<(), _>(reply)`.
#[diagnostic::on_unimplemented(
    message = "a hook cannot answer with `{Self}`",
    label = "a closure given as a hook returns this",
    note = "a hook returns `()`, a `bool`, a `Reply`, a `Verdict`, or a `Result` of one of these whose error is `Reply`",
    note = "`?` turns every `std::error::Error` into a `Reply`, so end with `Ok(result?)`; for `Box<dyn Error + Send + Sync>`, \
            `anyhow::Error` or `String` write `Ok(result.map_err(Reply::internal)?)`"
)]
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
