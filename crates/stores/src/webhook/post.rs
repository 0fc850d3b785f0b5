//! One POST request.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use mailchute::{Message, Receipt, Refusal};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::body::{Body, Sent};
use super::content::Digest;
use super::facts::{Fact, Facts, seconds};
use super::id::webhook_id;
use super::json::Json;
use super::place::Parcel;
use super::signature::Signer;
use super::{escape, outcome};

/// How long a message waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long, and how much, is read of a response so that its connection can be used again.
const REST: (Duration, usize) = (Duration::from_secs(5), 64 * 1024);

/// Posts messages to one URL.
pub(super) struct Poster {
    pub(super) client: Client,
    pub(super) signer: Option<Signer>,
    pub(super) connections: Arc<Semaphore>,
    /// `None` posts the message itself.
    pub(super) json: Option<Json>,
    pub(super) has_trace: bool,
    /// Scheme, host and port, for the log.
    pub(super) target: String,
}

impl Poster {
    /// Posts a message. It is read twice.
    pub(super) async fn post(
        &self,
        parcel: &Parcel,
        facts: &Facts,
        digest: &Digest,
        readers: [Message; 2],
    ) -> Result<Receipt, Refusal> {
        let connection = timeout(PATIENCE, Arc::clone(&self.connections).acquire_owned()).await;
        let connection = connection.map_err(|_| outcome::BUSY)?.map_err(Refusal::internal)?;
        let id = webhook_id(parcel, &digest.hash);
        let timestamp = seconds(SystemTime::now());
        let mut signing = self.signer.as_ref().map(|signer| signer.begin(&id, timestamp));
        let (body, content_type, facts_in_header) = match &self.json {
            Some(json) => {
                let [message, _] = readers;
                let (body, signed) =
                    json.body(message, self.has_trace, digest.size, parcel, facts, signing).await?;
                signing = signed;
                (body, "application/json", None)
            }
            None => {
                let body = Body::raw(readers, self.has_trace, &mut signing).await?;
                (body, "message/rfc822", Some(facts))
            }
        };
        let mut header = HeaderMap::new();
        header.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        header.insert(CONTENT_LENGTH, body.length.into());
        header.insert("webhook-timestamp", timestamp.into());
        insert(&mut header, "webhook-id", &id)?;
        if let Some(signing) = signing {
            insert(&mut header, "webhook-signature", &signing.finish())?;
        }
        if let Some(facts) = facts_in_header {
            add_facts(&mut header, parcel, facts)?;
        }
        let began = Instant::now();
        let (length, sent) = (body.length, Sent::default());
        let request = self.client.post(parcel.url_for(&id)).headers(header).body(body.into_request(&sent));
        let id_in_log = facts.message();
        let took = || began.elapsed().as_secs_f64();
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                let refusal = outcome::refusal(status).or((sent.bytes() < length).then_some(outcome::EARLY));
                tokio::spawn(read_rest(response, connection));
                let Some(refusal) = refusal else { return Ok(Receipt::new(format!("Posted as {id}"))) };
                let (target, took, status) = (&*self.target, took(), status.as_u16());
                if refusal.code().get() >= 500 {
                    tracing::info!(name: "webhook-refused", id = id_in_log, target, webhook = id, status, took, "the web server refuses a message");
                } else {
                    tracing::warn!(name: "webhook-failed", id = id_in_log, target, webhook = id, status, took, "the web server does not take a message now");
                }
                Err(refusal)
            }
            Err(error) => {
                let (refusal, error) = outcome::failed(error);
                let (target, took) = (&*self.target, took());
                tracing::warn!(name: "webhook-failed", id = id_in_log, target, webhook = id, error, took, "the web server does not take a message now");
                Err(refusal)
            }
        }
    }
}

fn add_facts(header: &mut HeaderMap, parcel: &Parcel, facts: &Facts) -> Result<(), Refusal> {
    insert(header, "mailchute-sender", &escape::for_header(&parcel.sender))?;
    let recipients: Vec<_> = parcel.recipients.iter().map(|to| escape::for_header(to)).collect();
    insert(header, "mailchute-recipients", &recipients.join(", "))?;
    for (name, fact) in facts.iter() {
        let value = match fact {
            Fact::Text(text) => escape::for_header(text),
            Fact::Number(number) => number.to_string().into(),
        };
        insert(header, &format!("mailchute-{name}"), &value)?;
    }
    Ok(())
}

fn insert(header: &mut HeaderMap, name: &str, value: &str) -> Result<(), Refusal> {
    let name: HeaderName = name.parse().map_err(Refusal::internal)?;
    header.insert(name, value.parse().map_err(Refusal::internal)?);
    Ok(())
}

/// Reads what a response has besides its status, as far as that is short, and gives the connection back.
pub(crate) async fn read_rest(mut response: Response, connection: OwnedSemaphorePermit) {
    let (time, most) = REST;
    let read = async {
        let mut length = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            length += chunk.len();
            if length > most {
                break;
            }
        }
    };
    let _ = timeout(time, read).await;
    drop(connection);
}
