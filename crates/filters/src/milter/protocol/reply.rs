//! The replies of a milter.

use std::fmt;

use mailchute::Refusal;

use super::edit::{Edit, EditError};
use super::packet::Packet;
use super::reply_code::{self, ReplyCodeError};

/// A reply of a milter to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The milter needs more time.
    Progress,
    /// An edit. More replies follow.
    Edit(Edit),
    /// A decision, which is the last reply to a command.
    Decision(Decision),
}

/// A decision of a milter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It wants to see what comes next.
    Continue,
    /// It has seen enough, and accepts.
    Accept,
    /// It refuses permanently.
    Reject,
    /// It refuses temporarily.
    TempFail,
    /// It refuses with a reply of its own.
    Code(Refusal),
    /// The message is accepted and dropped.
    Discard,
    /// It wants no more of the body, and will decide at the end.
    Skip,
    /// The connection to the client is closed (`SHUTDOWN`, `CONN_FAIL`).
    Shutdown,
}

impl Reply {
    /// Reads a reply.
    ///
    /// # Errors
    /// The packet is not a reply.
    pub(crate) fn parse(packet: Packet) -> Result<Self, ReplyError> {
        let Packet { command, data } = packet;
        let decision = match command {
            b'p' => None,
            b'c' => Some(Decision::Continue),
            b'a' => Some(Decision::Accept),
            b'r' => Some(Decision::Reject),
            b't' => Some(Decision::TempFail),
            b'd' => Some(Decision::Discard),
            b's' => Some(Decision::Skip),
            b'4' | b'f' => Some(Decision::Shutdown),
            b'y' => return Ok(Self::Decision(Decision::Code(reply_code::parse(&data)?))),
            command => {
                let edit = Edit::parse(command, data).ok_or(ReplyError::Unknown(command))??;
                return Ok(Self::Edit(edit));
            }
        };
        if !data.is_empty() {
            return Err(ReplyError::Data(command));
        }
        Ok(decision.map_or(Self::Progress, Self::Decision))
    }
}

/// A packet that is not a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplyError {
    Unknown(u8),
    /// A decision with data.
    Data(u8),
    Edit(EditError),
    Code(ReplyCodeError),
}

impl From<EditError> for ReplyError {
    fn from(error: EditError) -> Self {
        Self::Edit(error)
    }
}

impl From<ReplyCodeError> for ReplyError {
    fn from(error: ReplyCodeError) -> Self {
        Self::Code(error)
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(command) => write!(f, "the reply {:?} is unknown", char::from(*command)),
            Self::Data(command) => write!(f, "the reply {:?} has data", char::from(*command)),
            Self::Edit(error) => error.fmt(f),
            Self::Code(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn parse(command: u8, data: &'static [u8]) -> Result<Reply, ReplyError> {
        Reply::parse(Packet { command, data: Bytes::from_static(data) })
    }

    #[test]
    fn reads_each_decision() {
        for (command, decision) in [
            (b'c', Decision::Continue),
            (b'a', Decision::Accept),
            (b'r', Decision::Reject),
            (b't', Decision::TempFail),
            (b'd', Decision::Discard),
            (b's', Decision::Skip),
            (b'4', Decision::Shutdown),
            (b'f', Decision::Shutdown),
        ] {
            assert_eq!(parse(command, b""), Ok(Reply::Decision(decision)));
            assert_eq!(parse(command, b"x"), Err(ReplyError::Data(command)));
        }
        assert_eq!(parse(b'p', b""), Ok(Reply::Progress));
        assert_eq!(parse(b'O', b""), Err(ReplyError::Unknown(b'O')));
        assert_eq!(parse(b'l', b""), Err(ReplyError::Unknown(b'l')));
    }
}
