//! The meaning of a milter's decision for the client and the message.

use mailchute::Refusal;
use mailchute::reply::Severity;

use super::conversation::Decided;
use super::protocol::command::Stage;
use super::protocol::reply::Decision;

const NO_SERVICE: Refusal = Refusal::from_static(554, (5, 7, 1), "This client is not served");
const REJECTED: Refusal = Refusal::from_static(550, (5, 7, 1), "Command rejected");
const LATER: Refusal = Refusal::from_static(451, (4, 7, 1), "Service unavailable; try again later");
const SHUTDOWN: Refusal = Refusal::from_static(421, (4, 7, 0), "The server closes the connection");

/// The meaning of a decision.
pub(super) enum Meaning {
    /// The session goes on.
    GoOn,
    /// The milter is not asked again about this client.
    AcceptClient,
    /// The milter is not asked again about this message.
    AcceptMessage,
    /// The message is accepted, and kept nowhere.
    Discard,
    /// Each command of this client is refused.
    RefuseClient(Refusal),
    /// This command is refused.
    Refuse(Refusal),
}

impl Meaning {
    /// CONNECT and HELO are about the client, as in Sendmail and Postfix. All else is about a message or a recipient.
    pub(super) fn of((stage, decision): Decided) -> Self {
        let is_of_client = matches!(stage, Stage::Connect | Stage::Helo);
        let refusal = match decision {
            Decision::Continue | Decision::Skip => return Self::GoOn,
            Decision::Accept if is_of_client => return Self::AcceptClient,
            Decision::Accept => return Self::AcceptMessage,
            Decision::Discard => return Self::Discard,
            Decision::Shutdown => return Self::RefuseClient(SHUTDOWN),
            Decision::Code(refusal) => refusal,
            Decision::Reject if stage == Stage::Connect => NO_SERVICE,
            Decision::Reject => REJECTED,
            Decision::TempFail => LATER,
        };
        if is_of_client { Self::RefuseClient(refusal) } else { Self::Refuse(refusal) }
    }

    /// The word of the finding, if there is something to tell.
    pub(super) fn word(&self) -> Option<&'static str> {
        match self {
            Self::GoOn => None,
            Self::AcceptClient | Self::AcceptMessage => Some("accept"),
            Self::Discard => Some("discard"),
            Self::RefuseClient(refusal) | Self::Refuse(refusal) => {
                Some(if refusal.code().severity() == Severity::Transient { "tempfail" } else { "reject" })
            }
        }
    }
}
