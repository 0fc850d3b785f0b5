//! MTA Hooks: a web server decides, stage by stage.

mod builder;
mod content;
mod json_text;
mod request;
mod response;
mod stage;
mod waiting;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use mailchute::command::Ehlo;
use mailchute::{
    Answer, Builder, Envelope, Filter, Hooks, Install, Message, Recipient, Refusal, Sender, Session, Verdict,
};
use reqwest::Body;
use reqwest::header::CONTENT_LENGTH;

pub use builder::MtaHooksBuilder;
pub use stage::{HookStage, HookStageError};

use crate::http_client::{HttpClient, ScannerUrl, UrlError, size_of};
use crate::scanner_edits::TooManyEdits;
use content::{Measured, READERS};
use request::Request;
use response::{Action, Decided, Response};

/// Asks a web server, as the MTA Hooks of Stalwart do: `POST` with JSON, whose answer decides.
///
/// # The request
///
/// | key | content | stages |
/// |---|---|---|
/// | `context.stage` | `connect`, `ehlo`, `auth`, `mail`, `rcpt` or `data` | all |
/// | `context.client` | `ip`, `port`, `ptr`, `helo`; `activeConnections` is always 1 | all |
/// | `context.sasl.login` | the user | after AUTH |
/// | `context.tls` | `version` and `cipher` | with TLS |
/// | `context.server` | `name`, `ip` and `port` of this server | all |
/// | `context.queue.id` | the id of the message | `data` |
/// | `context.protocol.version` | 1 | all |
/// | `envelope.from.address`, `envelope.to[].address` | sender and recipients; at `rcpt` the last one is the new one | from `mail` on |
/// | `message.headers` | the fields, each as `[name, value]`, in their order and with the edits of filters before | `data` |
/// | `message.contents`, `message.size` | everything below the header; the size of the message in bytes | `data` |
/// | `message.raw` | the whole message in base64, **only** if the texts above do not have all its bytes | `data` |
///
/// A value of a field is everything between its colon and the end of its last line, with that line end. So name, colon and
/// value of all fields, an empty line and the contents are the message. Where a message is not UTF-8, or its header is
/// malformed, the texts have U+FFFD for what they cannot have, and `raw` is exact.
///
/// # The answer
///
/// | `action` | what happens | finding |
/// |---|---|---|
/// | `accept` | the session goes on | `http=accept` |
/// | `reject` | the client gets `response.status` (550), `response.enhancedStatus` (5.7.1) and `response.message`; with `response.disconnect` the connection is closed | `http=reject` |
/// | `discard` | the message is accepted and thrown away; at `rcpt` for this recipient only, who is named in the log (`recipient-discarded`) | `http=discard` |
/// | `quarantine` | the message goes to a [directory](MtaHooksBuilder::quarantine_into), for all recipients | `http=quarantine` |
///
/// | type in `modifications` | what changes |
/// |---|---|
/// | `changeFrom`, `addRecipient`, `deleteRecipient` | the envelope, to or by the address `value` |
/// | `replaceContents` | everything below the header |
/// | `addHeader` | a field is added on top |
/// | `insertHeader` | a field is added at the position `index`; 0 is the top |
/// | `changeHeader`, `deleteHeader` | the field `index` of this name; the first one is 1 |
///
/// Modifications, `discard` and `quarantine` of the stages `mail` and `rcpt` are kept until the message has come. Those of
/// `rcpt` are done only if the message then goes to that recipient. So nothing is done for a recipient that a later hook
/// refuses, or that a filter above drops. The modifications of a `discard` are not made. A [condition](Builder::when) on this
/// filter should stay the same within a transaction: what waits is lost if the filter is skipped when the message comes.
///
/// At most 256 modifications wait for a message, of all its recipients together, and a `quarantine` counts as one. One more
/// is a failure.
///
/// Before `mail` there is no message, and modifications, `discard` and `quarantine` are failures. So are answers with other
/// actions, other types or other statuses than 200. Then [`on_failure`](MtaHooksBuilder::on_failure) decides, and the
/// finding is `http=failed`. A modification that cannot be made is an error in the log (`edit-failed`), and the message goes
/// on without it.
///
/// Clones share the connections.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_filters::mta_hooks::MtaHooks;
/// # use mailchute_stores::Discard;
///
/// let hooks = MtaHooks::builder("http://127.0.0.1:8080/hook")?.open()?;
/// let server = Server::builder().with(hooks).store(Discard).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MtaHooks {
    options: MtaHooksBuilder,
    client: Arc<HttpClient>,
}

impl MtaHooks {
    /// Begins with the URL of the web server: `http://HOST:PORT/PATH`, `https://HOST/PATH` or `unix:PATH`.
    ///
    /// # Errors
    /// [`UrlError`] if it is not such a URL.
    pub fn builder(url: &str) -> Result<MtaHooksBuilder, UrlError> {
        url.parse().map(MtaHooksBuilder::new)
    }

    /// Begins with a URL that is parsed already.
    pub fn to(url: ScannerUrl) -> MtaHooksBuilder {
        MtaHooksBuilder::new(url)
    }

    /// Returns whether it is asked at a stage. If so, the client's name is known from then on.
    async fn asks_at(&self, stage: HookStage, session: &Session) -> bool {
        let asks = self.options.stages.contains(&stage);
        if let Some(names) = self.options.host_names.as_ref().filter(|_| asks) {
            names.find(session).await;
        }
        asks
    }

    /// Asks about anything other than a message. At RCPT it is about a recipient.
    async fn stage(
        &self,
        stage: HookStage,
        to: Option<&Recipient>,
        session: &Session,
        request: Request,
    ) -> Answer {
        let asked = async {
            let body = Bytes::from(request.json().map_err(text)?);
            let length = body.len() as u64;
            let decided = self.post(stage, length, [body.clone().into(), body.into()]).await?;
            self.keep(decided, to, session).map_err(text)
        };
        let decided = self.options.bounds.wait(self.options.name.clone(), session, asked).await?;
        let Some((action, answer)) = decided else { return Ok(Verdict::Accept) };
        if stage.has_transaction() {
            session.add_finding(self.options.name.clone(), action.name());
        } else {
            session.add_client_finding(self.options.name.clone(), action.name());
        }
        answer
    }

    /// Keeps a decision until the message has come, and returns the answer for the client.
    fn keep(
        &self,
        decided: Decided,
        to: Option<&Recipient>,
        session: &Session,
    ) -> Result<(Action, Answer), TooManyEdits> {
        let Decided { action, fate } = decided;
        let edits = match fate {
            Ok(edits) => edits,
            Err(refusal) => return Ok((action, Err(refusal))),
        };
        match to {
            // The message goes on for the others, so nothing else of this answer counts.
            Some(to) if action == Action::Discard => waiting::discard(self.options.name.clone(), to),
            to => waiting::keep(self.options.name.clone(), edits, to, session)?,
        }
        Ok((action, Ok(Verdict::Accept)))
    }

    async fn post(&self, stage: HookStage, length: u64, bodies: [Body; 2]) -> Result<Decided, String> {
        let mut header = self.options.header.clone();
        header.insert(CONTENT_LENGTH, length.into());
        let json = self.client.post(header, bodies).await.map_err(text)?;
        Response::parse(&json)?.decide(stage, &self.options)
    }

    /// Asks about a message.
    async fn message(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        let all: Vec<usize> = (0..message.envelope().recipients.len()).collect();
        let mut readers = message.split(&vec![all; READERS]).into_iter();
        let mut next = || readers.next().ok_or_else(|| Refusal::internal("a message cannot be split"));
        // The time of the web server begins when the client has sent all.
        let size = size_of(next()?).await?;
        if size > self.options.max_size {
            session.add_finding(self.options.name.clone(), "skipped");
            return Ok(());
        }
        let measured = Measured::new(size, next()?).await?;
        let request = Request::new(HookStage::Data, session);
        let mut json = request.message(message.id().to_string(), message.envelope()).json()?;
        // The message follows in the same object.
        json.pop();
        json.push(',');
        let head = Bytes::from(json);
        let length = measured.length(&head);
        let mut body = || Ok::<_, Refusal>(measured.body(head.clone(), [next()?, next()?, next()?]));
        let asked = self.post(HookStage::Data, length, [body()?, body()?]);
        let decided = self.options.bounds.wait(self.options.name.clone(), session, asked).await?;
        let Some(Decided { action, fate }) = decided else { return Ok(()) };
        session.add_finding(self.options.name.clone(), action.name());
        fate?.apply(&self.options.name, message).await
    }
}

impl Hooks for MtaHooks {
    async fn connect(&self, session: &Session) -> Answer {
        let stage = HookStage::Connect;
        if !self.asks_at(stage, session).await {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, None, session, Request::new(stage, session)).await
    }

    async fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> Answer {
        let stage = HookStage::Ehlo;
        if !self.asks_at(stage, session).await {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, None, session, Request::new(stage, session).helo(ehlo.name.as_str())).await
    }

    async fn authenticated(&self, identity: &str, session: &Session) -> Answer {
        let stage = HookStage::Auth;
        if !self.asks_at(stage, session).await {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, None, session, Request::new(stage, session).login(identity)).await
    }

    async fn mail_from(&self, from: &Sender, session: &Session) -> Answer {
        let stage = HookStage::Mail;
        if !self.asks_at(stage, session).await {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, None, session, Request::new(stage, session).envelope(from, &[])).await
    }

    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let stage = HookStage::Rcpt;
        if !self.asks_at(stage, session).await {
            return Ok(Verdict::Accept);
        }
        let envelope: Option<Arc<Envelope>> = session.envelope();
        let Some(envelope) = envelope else { return Ok(Verdict::Accept) };
        let recipients: Vec<_> = envelope.recipients.iter().chain([to]).collect();
        let request = Request::new(stage, session).envelope(&envelope.sender, &recipients);
        self.stage(stage, Some(to), session, request).await
    }
}

impl Filter for MtaHooks {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        waiting::apply(&self.options.name, message, session).await?;
        // Without a recipient it is discarded.
        if message.envelope().recipients.is_empty() || !self.asks_at(HookStage::Data, session).await {
            return Ok(());
        }
        self.message(message, session).await
    }
}

impl Install for MtaHooks {
    fn install(self, builder: Builder) -> Builder {
        if self.options.stages == [HookStage::Data] {
            return builder.filter(self);
        }
        let hooks = Arc::new(self);
        builder.hooks(Arc::clone(&hooks)).filter(hooks)
    }
}

impl fmt::Debug for MtaHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MtaHooks").field(&self.options).finish()
    }
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}
