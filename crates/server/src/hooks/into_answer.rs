//! The types that closures may return.

use mailchute_proto::{Answer, Refusal, Verdict};

use crate::hooks::authenticator::Check;
use crate::hooks::store::Receipt;
use crate::message::Message;

/// A value that a closure may return as its decision. Only these types implement it:
///
/// | returned | means |
/// |---|---|
/// | `()`, `Ok(())` | go on with the standard reply |
/// | [`Verdict::Accept`], [`AcceptWith`](Verdict::AcceptWith), [`Refuse`](Verdict::Refuse), alone or in `Ok` | what it says |
/// | [`Verdict::accept_if(condition)`](Verdict::accept_if) | go on, or the stage's standard refusal |
/// | [`Verdict::accept_or(condition, refusal)`](Verdict::accept_or) | go on, or refuse with `refusal` |
/// | a [`Refusal`], alone or in `Err` | refuse with it |
/// | any [`std::error::Error`], by `?` | `451 4.3.0`, logged, never shown to the client; `452 4.3.1` for a full disk |
///
/// A `Box<dyn Error + Send + Sync>`, an `anyhow::Error` and a `String` do not implement `std::error::Error`. Turn them into a
/// refusal by [`Refusal::internal`]:
///
/// ```
/// # use mailchute::{Refusal, Server, Verdict};
/// # async fn look_up(address: &str) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> { Ok(true) }
/// Server::builder().on_rcpt_to(|to, _session| async move {
///     let is_known = look_up(to.as_str()).await.map_err(Refusal::internal)?;
///     Verdict::accept_if(is_known)
/// });
/// ```
///
/// The error of a returned `Result` is always a [`Refusal`]. If yours is another error, end with
/// `Ok(result?)`.
#[diagnostic::on_unimplemented(
    message = "a hook cannot answer with `{Self}`",
    label = "a closure given as a hook returns this",
    note = "return `()`, a `Verdict`, a `Refusal`, or a `Result` of `()` or `Verdict` whose error is `Refusal`",
    note = "for a `bool` write `Verdict::accept_if(condition)`",
    note = "for a `Reply` that refuses write `Err(Refusal::new(550, (5, 7, 1), \"text\"))`, and for one that accepts `Verdict::AcceptWith(reply)`",
    note = "for a `Result` with another error write `Ok(result?)`; if its error is a `String`, a `Box<dyn Error + Send + Sync>` \
            or an `anyhow::Error`, write `Ok(result.map_err(Refusal::internal)?)`"
)]
pub trait IntoAnswer {
    /// Returns the answer.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for () {
    fn into_answer(self) -> Answer {
        Ok(Verdict::Accept)
    }
}

impl IntoAnswer for Verdict {
    fn into_answer(self) -> Answer {
        Ok(self)
    }
}

impl IntoAnswer for Refusal {
    fn into_answer(self) -> Answer {
        Err(self)
    }
}

impl<T: IntoAnswer> IntoAnswer for Result<T, Refusal> {
    fn into_answer(self) -> Answer {
        self?.into_answer()
    }
}

/// A value that a closure given to [`Builder::on_auth`](crate::Builder::on_auth) may return: a [`Check`], a
/// [`Refusal`], or a `Result` of both.
#[diagnostic::on_unimplemented(
    message = "an `on_auth` closure cannot answer with `{Self}`",
    label = "this closure returns it",
    note = "return a `Check`, or a `Result<Check, Refusal>`",
    note = "for a `bool` write `Check::right_if(condition)`; for an unknown user `Check::NotMine`"
)]
pub trait IntoCheck {
    /// Returns the check.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn into_check(self) -> Result<Check, Refusal>;
}

impl IntoCheck for Check {
    fn into_check(self) -> Result<Check, Refusal> {
        Ok(self)
    }
}

impl IntoCheck for Refusal {
    fn into_check(self) -> Result<Check, Refusal> {
        Err(self)
    }
}

impl IntoCheck for Result<Check, Refusal> {
    fn into_check(self) -> Result<Check, Refusal> {
        self
    }
}

/// A value that a closure given to [`Builder::on_message`](crate::Builder::on_message) may return: the
/// [`Message`] that it got, a [`Refusal`], or a `Result` of both.
#[diagnostic::on_unimplemented(
    message = "an `on_message` closure must return the message that it got, not `{Self}`",
    label = "this closure returns it",
    note = "end it with `Ok(message)`; to refuse the message return `Err(Refusal::new(554, (5, 7, 1), \"text\"))`"
)]
pub trait IntoMessage {
    /// Returns the message.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn into_message(self) -> Result<Message, Refusal>;
}

impl IntoMessage for Message {
    fn into_message(self) -> Result<Message, Refusal> {
        Ok(self)
    }
}

impl IntoMessage for Refusal {
    fn into_message(self) -> Result<Message, Refusal> {
        Err(self)
    }
}

impl IntoMessage for Result<Message, Refusal> {
    fn into_message(self) -> Result<Message, Refusal> {
        self
    }
}

/// A value that a closure given to [`Builder::on_store`](crate::Builder::on_store) may return: a [`Receipt`],
/// a [`Refusal`], or a `Result` of both.
#[diagnostic::on_unimplemented(
    message = "an `on_store` closure must return a `Receipt`, not `{Self}`",
    label = "this closure returns it",
    note = "end it with `Ok(Receipt::new(\"text for the client\"))` once the message is safe; to refuse the message return \
            `Err(Refusal::new(452, (4, 3, 1), \"text\"))`"
)]
pub trait IntoReceipt {
    /// Returns the receipt.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn into_receipt(self) -> Result<Receipt, Refusal>;
}

impl IntoReceipt for Receipt {
    fn into_receipt(self) -> Result<Receipt, Refusal> {
        Ok(self)
    }
}

impl IntoReceipt for Refusal {
    fn into_receipt(self) -> Result<Receipt, Refusal> {
        Err(self)
    }
}

impl IntoReceipt for Result<Receipt, Refusal> {
    fn into_receipt(self) -> Result<Receipt, Refusal> {
        self
    }
}
