//! The counts at each stage of a session.

use std::time::Duration;

use mailchute::command::Ehlo;
use mailchute::{Answer, Disconnect, Hooks, Recipient, Refusal, Sender, Session, Verdict};

use super::RateLimits;
use super::bucket::{Cost, Over};
#[cfg(feature = "redis")]
use super::limit::note;
use super::limit::{Kind, Take, take_all};
use super::seen::{is_new_helo, newly_refused};
use crate::client::network_of;
use crate::retry::TryAgainIn;

const ONE: Cost = Cost { debt: 0, tokens: 1 };

/// The further tokens for a recipient that is refused permanently. It has taken one before.
const MORE_FOR_UNKNOWN: u32 = 9;

impl RateLimits {
    /// Returns what to take from the rate of this kind, if there is one.
    fn take(&self, kind: Kind, subject: &[u8], cost: Cost) -> Option<Take<'_>> {
        let limit = self.limits[kind as usize].as_ref()?;
        Some(Take { limit, key: limit.key(subject), cost })
    }

    /// Returns what to take from a rate of the client, if there is one and the client is not exempt.
    fn take_of_client(&self, kind: Kind, session: &Session, cost: Cost) -> Option<Take<'_>> {
        self.limits[kind as usize].as_ref()?;
        let network = network_of(self.exempt.address(session)?, 32);
        self.take(kind, network.to_string().as_bytes(), cost)
    }

    async fn decide(&self, takes: &[Take<'_>]) -> Result<(), Duration> {
        if takes.is_empty() {
            return Ok(());
        }
        self.take_all(takes).await.map_err(|Over(millis)| Duration::from_millis(millis))
    }

    async fn take_all(&self, takes: &[Take<'_>]) -> Result<(), Over> {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        #[cfg(feature = "redis")]
        if let Some(redis) = &self.shared
            && let Some(outcome) = super::shared::take_all(redis, takes).await
        {
            note(takes, outcome, now);
            return outcome;
        }
        take_all(takes, now)
    }

    async fn answer<'a>(
        &self,
        takes: impl IntoIterator<Item = Option<Take<'a>>> + Send,
        session: &Session,
        refusal: impl FnOnce(TryAgainIn) -> Refusal + Send,
    ) -> Answer {
        let takes: Vec<_> = takes.into_iter().flatten().collect();
        self.decide(&takes).await.map(|()| Verdict::Accept).map_err(|wait| {
            session.add_finding("limits", "over");
            refusal(TryAgainIn(wait))
        })
    }
}

fn too_many_connections(again: TryAgainIn) -> Refusal {
    Refusal::new(421, (4, 7, 0), format!("Too many connections; {again}"))
}

impl Hooks for RateLimits {
    async fn connect(&self, session: &Session) -> Answer {
        self.answer([self.take_of_client(Kind::Connections, session, ONE)], session, too_many_connections)
            .await
    }

    async fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> Answer {
        let take = self.exempt.address(session).and_then(|_| {
            let name = ehlo.name.as_str().to_ascii_lowercase();
            self.take(Kind::ConnectionsPerHelo, name.as_bytes(), ONE)
        });
        // EHLO comes again after STARTTLS.
        let take = take.filter(|take| is_new_helo(self.id, session, take.key));
        self.answer([take], session, too_many_connections).await
    }

    async fn mail_from(&self, from: &Sender, session: &Session) -> Answer {
        let of_client = self.take_of_client(Kind::Messages, session, ONE);
        let is_exempt = from.is_null() || self.exempt.address(session).is_none();
        let of_sender = (!is_exempt)
            .then(|| self.take(Kind::MessagesPerSender, from.lookup_key().as_bytes(), ONE))
            .flatten();
        let of_user =
            session.identity().and_then(|user| self.take(Kind::MessagesPerUser, user.as_bytes(), ONE));
        self.answer([of_client, of_sender, of_user], session, |again| {
            Refusal::new(451, (4, 7, 1), format!("Too many messages; {again}"))
        })
        .await
    }

    async fn rcpt_to(&self, _to: &Recipient, session: &Session) -> Answer {
        let debt = newly_refused(self.id, session).saturating_mul(MORE_FOR_UNKNOWN);
        let take = self.take_of_client(Kind::Recipients, session, Cost { debt, tokens: 1 });
        self.answer([take], session, |again| {
            Refusal::new(450, (4, 7, 1), format!("Too many recipients; {again}"))
        })
        .await
    }

    async fn disconnect(&self, _cause: Disconnect, session: &Session) {
        let debt = newly_refused(self.id, session).saturating_mul(MORE_FOR_UNKNOWN);
        if debt > 0
            && let Some(take) = self.take_of_client(Kind::Recipients, session, Cost { debt, tokens: 0 })
        {
            // Nobody is refused for a debt.
            let _ = self.decide(&[take]).await;
        }
    }
}
