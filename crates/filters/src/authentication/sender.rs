//! SPF, at MAIL.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailchute::{Answer, Hooks, Sender, Session, Verdict};
use tokio::time::Instant;

use super::Authentication;
use super::clients::Client;
use super::deadline::Deadline;
use super::outcomes::Outcomes;
use crate::dns::Resolve;
use crate::spf::{self, Limits, Query};

/// The longest time limit. A time without bound would not fit into the clock.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl<R: Resolve + Send + 'static> Hooks for Authentication<R> {
    async fn mail_from(&self, from: &Sender, session: &Session) -> Answer {
        if let Client::Remote(address) = self.client_of(session) {
            self.check_sender(from, address, session).await;
        }
        Ok(Verdict::Accept)
    }
}

impl<R: Resolve + Send + 'static> Authentication<R> {
    /// Returns a resolver for the checks that begin now.
    pub(super) fn resolver(&self) -> Deadline<'_, R> {
        Deadline { resolver: &self.resolver, at: Instant::now() + self.time_limit.min(LONGEST) }
    }

    /// Checks SPF, and keeps its outcome with the transaction.
    pub(super) async fn check_sender(
        &self,
        from: &Sender,
        address: IpAddr,
        session: &Session,
    ) -> Arc<spf::Outcome> {
        let helo = session.helo_name();
        let helo = helo.as_ref().map_or("", |helo| helo.as_str());
        let query = Query::new(address, helo, from.as_str()).receiver(session.hostname());
        let outcome = Arc::new(spf::check(&query, &self.resolver(), &Limits::default()).await);
        session.add_finding("spf", outcome.result.as_str());
        let kept = Arc::clone(&outcome);
        session.transaction_state().update(|outcomes: &mut Outcomes| outcomes.spf = Some(kept));
        outcome
    }
}
