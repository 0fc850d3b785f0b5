//! DKIM, ARC and DMARC, when the message comes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::join;
use mailchute::message::{BodyError, Field};
use mailchute::{Filter, Message, Refusal, Session};

use super::clients::Client;
use super::outcomes::Outcomes;
use super::refusal::{refusal, refusal_for_now};
use super::vouched::voucher;
use super::{Authentication, DmarcAction};
use crate::arc::{ArcOutcome, ArcVerifier};
use crate::dkim::{BodyHasher, BodyHashes, DkimLimits, DkimOutcome, DkimResult, DkimVerifier, Fields};
use crate::dmarc::{self, DmarcOutcome, DmarcQuery, DmarcResult, Policy};
use crate::dns::Resolve;
use crate::results::{AuthenticationResults, MethodResult, may_be_of_receiver, received_spf};
use crate::spf;

/// The name of the field.
const RESULTS: &str = "Authentication-Results";

impl<R: Resolve + Send + 'static> Filter for Authentication<R> {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        let results = match self.client_of(session) {
            Client::Trusted => return Ok(()),
            Client::Unknown => Vec::new(),
            Client::Authenticated(identity) => vec![MethodResult::auth(&identity)],
            Client::Remote(address) => self.check(message, address, session).await?,
        };
        self.write(message, session, results)
    }
}

impl<R: Resolve + Send + 'static> Authentication<R> {
    fn name<'a>(&'a self, session: &'a Session) -> &'a str {
        self.authserv_id.as_deref().unwrap_or_else(|| session.hostname())
    }

    /// Writes the results on top of the message, and removes those that the client has forged, also of `Received-SPF` if
    /// this server writes it.
    fn write(
        &self,
        message: &mut Message,
        session: &Session,
        results: Vec<MethodResult>,
    ) -> Result<(), Refusal> {
        let name = self.name(session).to_owned();
        let results = AuthenticationResults::new(&name).results(results);
        message.remove_fields(move |field, value| {
            field == RESULTS && AuthenticationResults::is_forged(value, &name)
        });
        if self.adds_received_spf {
            let receiver = session.hostname().to_owned();
            message.remove_fields(move |field, value| {
                field == "Received-SPF" && may_be_of_receiver(value, &receiver)
            });
        }
        message.add_above_trace(RESULTS, &results.to_string())?;
        Ok(())
    }

    /// Checks a message, and does what DMARC asks for.
    async fn check(
        &self,
        message: &mut Message,
        address: IpAddr,
        session: &Session,
    ) -> Result<Vec<MethodResult>, Refusal> {
        let sender = message.envelope().sender.clone();
        let known = session.transaction_state().with(|outcomes: &Outcomes| outcomes.spf.clone());
        let spf = match known.flatten() {
            Some(spf) => spf,
            // The check at MAIL was left out, by a condition for example.
            None => self.check_sender(&sender, address, session).await,
        };
        let Read { query, dkim, arc, hashes } = read(message).await?;
        let (resolver, now) = (self.resolver(), SystemTime::now());
        let (dkim, arc) =
            join(dkim.verify(&hashes, &resolver, now), arc.verify(&hashes, &resolver, now)).await;
        let mut query = query.spf(&spf).draw(draw());
        for signature in &dkim.signatures {
            query = match (&signature.domain, signature.result) {
                (Some(domain), DkimResult::Pass) if signature.unsigned_bytes == 0 && !signature.is_test => {
                    query.dkim_pass(domain)
                }
                (Some(domain), DkimResult::TempError) => query.dkim_temp_error(domain),
                _ => query,
            };
        }
        let mut dmarc = dmarc::check(&query, &self.resolver()).await;
        let mut result = MethodResult::dmarc(&dmarc);
        let needs_voucher = dmarc.result == DmarcResult::Fail || dmarc.possible_disposition != Policy::None;
        if needs_voucher
            && let Some(author) = &dmarc.author
            && let Some(sealer) = voucher(&arc, author, &self.trusted_sealers)
        {
            let reason = format!("the trusted ARC sealer {sealer} vouches for it");
            dmarc.disposition = Policy::None;
            dmarc.possible_disposition = Policy::None;
            result = MethodResult::dmarc(&dmarc).reason(&reason);
        }

        session.add_finding("dkim", dkim.result().as_str());
        session.add_finding("arc", arc.result.as_str());
        session.add_finding("dmarc", dmarc.result.as_str());
        if self.adds_received_spf {
            let helo = session.helo_name();
            let helo = helo.as_ref().map_or("", |helo| helo.as_str());
            let value = received_spf(&spf, address, helo, sender.as_str(), session.hostname());
            message.add_above_trace("Received-SPF", &value)?;
        }
        let mut results = vec![MethodResult::spf(&spf)];
        results.extend(MethodResult::dkim(&dkim));
        results.extend([MethodResult::arc(&arc), result]);
        let enforced = self.enforce(message, &dmarc);
        keep(session, spf, dkim, arc, dmarc);
        enforced.map(|()| results)
    }

    /// Does what the author's domain asks for.
    fn enforce(&self, message: &mut Message, dmarc: &DmarcOutcome) -> Result<(), Refusal> {
        if self.dmarc == DmarcAction::Mark {
            return Ok(());
        }
        match dmarc.disposition {
            Policy::None if dmarc.possible_disposition == Policy::None => Ok(()),
            Policy::None => Err(refusal_for_now(dmarc)),
            Policy::Quarantine => Ok(message.file_into("Junk")?),
            Policy::Reject => Err(refusal(dmarc)),
        }
    }
}

/// A message that was read, and the verifiers of its signatures and seals.
struct Read {
    /// With the authors, and nothing else yet.
    query: DmarcQuery,
    dkim: DkimVerifier,
    arc: ArcVerifier,
    hashes: BodyHashes,
}

/// Reads a message once.
///
/// # Why
/// A header may have 1 MiB, and a client may take an hour for the body. So nothing of the header is held meanwhile, except
/// what the checks need of it.
async fn read(message: &mut Message) -> Result<Read, BodyError> {
    let mut original = message.original().await?;
    let header = original.read_header().await?;
    let fields = Fields::new(header.fields().iter().map(Field::raw));
    let mut hasher = BodyHasher::new();
    let dkim = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
    let arc = ArcVerifier::new(&fields, &mut hasher);
    let query = DmarcQuery::new(header.all("From").map(Field::raw_value));
    drop(fields);
    drop(header);
    while let Some(chunk) = original.chunk().await? {
        hasher.update(&chunk);
    }
    Ok(Read { query, dkim, arc, hashes: hasher.finish() })
}

/// Keeps the outcomes with the transaction.
fn keep(session: &Session, spf: Arc<spf::Outcome>, dkim: DkimOutcome, arc: ArcOutcome, dmarc: DmarcOutcome) {
    session.transaction_state().insert(Outcomes {
        spf: Some(spf),
        dkim: Some(Arc::new(dkim)),
        arc: Some(Arc::new(arc)),
        dmarc: Some(Arc::new(dmarc)),
    });
}

/// Draws a number from 0 to 99. Without a source of chance it is 0, so that policies apply.
fn draw() -> u8 {
    let mut bytes = [0; 4];
    let drawn = aws_lc_rs::rand::fill(&mut bytes).map_or(0, |()| u32::from_ne_bytes(bytes));
    u8::try_from(drawn % 100).unwrap_or_default()
}
