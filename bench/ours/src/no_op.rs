//! A hook that accepts everything.

use mailchute::command::{Command, Ehlo};
use mailchute::tls::TlsFacts;
use mailchute::{Answer, Disconnect, Envelope, Hooks, Recipient, Sender, Session, Verdict};

/// Runs at each stage of a session, and accepts.
#[derive(Debug)]
pub(crate) struct NoOp;

impl Hooks for NoOp {
    async fn connect(&self, _session: &Session) -> Answer {
        Ok(Verdict::Accept)
    }

    async fn ehlo(&self, _ehlo: &Ehlo, _session: &Session) -> Answer {
        Ok(Verdict::Accept)
    }

    async fn secure(&self, _tls: &TlsFacts, _session: &Session) -> Answer {
        Ok(Verdict::Accept)
    }

    async fn mail_from(&self, _from: &Sender, _session: &Session) -> Answer {
        Ok(Verdict::Accept)
    }

    async fn rcpt_to(&self, _to: &Recipient, _session: &Session) -> Answer {
        Ok(Verdict::Accept)
    }

    async fn data(&self, _envelope: &Envelope, _session: &Session) -> Answer {
        Ok(Verdict::Accept)
    }

    async fn command(&self, _command: &Command, _session: &Session) -> Answer {
        Ok(Verdict::Accept)
    }

    async fn disconnect(&self, _cause: Disconnect, _session: &Session) {}
}
