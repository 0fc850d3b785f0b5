//! MTA Hooks: a web server decides, stage by stage.

mod builder;
mod content;
mod json_text;
mod request;
mod response;
mod stage;

use std::borrow::Cow;
use std::collections::HashMap;
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

use crate::http_client::{HttpClient, ScannerUrl, UrlError};
use crate::scanner_edits::Edits;
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
/// | `context.queue.id` | the name of the message | `data` |
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
/// | `discard` | the message is accepted and thrown away | `http=discard` |
/// | `quarantine` | the message goes to a [directory](MtaHooksBuilder::quarantine_into) | `http=quarantine` |
///
/// | type in `modifications` | what changes |
/// |---|---|
/// | `changeFrom`, `addRecipient`, `deleteRecipient` | the envelope, to or by the address `value` |
/// | `replaceContents` | everything below the header |
/// | `addHeader` | a field is added on top |
/// | `insertHeader` | a field is added at the position `index`; 0 is the top |
/// | `changeHeader`, `deleteHeader` | the field `index` of this name; the first one is 1 |
///
/// Modifications, `discard` and `quarantine` of the stages `mail` and `rcpt` are kept until the message has come. Before
/// `mail` there is no message, and they are failures. So are answers with other actions, other types or other statuses than
/// 200. Then [`on_failure`](MtaHooksBuilder::on_failure) decides, and the finding is `http=failed`. A modification that
/// cannot be made is an error in the log (`edit-failed`), and the message goes on without it.
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

/// The edits of the stages before the message, of each filter by its name.
#[derive(Debug, Default)]
struct Waiting(HashMap<Cow<'static, str>, Edits>);

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

    fn asks_at(&self, stage: HookStage) -> bool {
        self.options.stages.contains(&stage)
    }

    /// Asks about anything other than a message.
    async fn stage(&self, stage: HookStage, session: &Session, request: Request) -> Answer {
        let asked = async {
            let body = Bytes::from(request.json().map_err(text)?);
            let length = body.len() as u64;
            let decided = self.post(stage, length, [body.clone().into(), body.into()]).await?;
            self.keep(decided, session)
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

    /// Keeps the edits until the message has come, and returns the answer for the client.
    fn keep(&self, decided: Decided, session: &Session) -> Result<(Action, Answer), String> {
        let Decided { action, fate } = decided;
        let edits = match fate {
            Ok(edits) => edits,
            Err(refusal) => return Ok((action, Err(refusal))),
        };
        if !edits.is_empty() {
            session
                .transaction_state()
                .update(|Waiting(waiting)| {
                    let before = waiting.entry(self.options.name.clone());
                    before.or_insert_with(|| Edits::up_to(self.options.max_answer)).append(edits)
                })
                .map_err(text)?;
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
        let header = message.header().await?;
        let all: Vec<usize> = (0..message.envelope().recipients.len()).collect();
        let mut readers = message.split(&vec![all; READERS]).into_iter();
        let mut next = || readers.next().ok_or_else(|| Refusal::internal("a message cannot be split"));
        // The time of the web server begins when the client has sent all.
        let measured = Measured::new(&header, next()?).await?;
        if measured.size() > self.options.max_size {
            session.add_finding(self.options.name.clone(), "skipped");
            return Ok(());
        }
        let request = Request::new(HookStage::Data, session);
        let mut json = request.message(message.id().to_string(), message.envelope()).json()?;
        // The message follows in the same object.
        json.pop();
        json.push(',');
        let head = Bytes::from(json);
        let length = measured.length(&head);
        let mut body = || Ok::<_, Refusal>(measured.body(head.clone(), next()?, next()?));
        let asked = self.post(HookStage::Data, length, [body()?, body()?]);
        let decided = self.options.bounds.wait(self.options.name.clone(), session, asked).await?;
        let Some(Decided { action, fate }) = decided else { return Ok(()) };
        session.add_finding(self.options.name.clone(), action.name());
        fate?.apply(&self.options.name, message).await
    }

    /// Makes the edits of earlier stages.
    async fn make_waiting(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        let name = &self.options.name;
        let own = session.transaction_state().with_mut(|Waiting(waiting)| waiting.remove(name)).flatten();
        match own {
            Some(edits) => edits.apply(name, message).await,
            None => Ok(()),
        }
    }
}

impl Hooks for MtaHooks {
    async fn connect(&self, session: &Session) -> Answer {
        let stage = HookStage::Connect;
        if !self.asks_at(stage) {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, session, Request::new(stage, session)).await
    }

    async fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> Answer {
        let stage = HookStage::Ehlo;
        if !self.asks_at(stage) {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, session, Request::new(stage, session).helo(ehlo.name.as_str())).await
    }

    async fn authenticated(&self, identity: &str, session: &Session) -> Answer {
        let stage = HookStage::Auth;
        if !self.asks_at(stage) {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, session, Request::new(stage, session).login(identity)).await
    }

    async fn mail_from(&self, from: &Sender, session: &Session) -> Answer {
        let stage = HookStage::Mail;
        if !self.asks_at(stage) {
            return Ok(Verdict::Accept);
        }
        self.stage(stage, session, Request::new(stage, session).envelope(from, &[])).await
    }

    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let stage = HookStage::Rcpt;
        if !self.asks_at(stage) {
            return Ok(Verdict::Accept);
        }
        let envelope: Option<Arc<Envelope>> = session.envelope();
        let Some(envelope) = envelope else { return Ok(Verdict::Accept) };
        let recipients: Vec<_> = envelope.recipients.iter().chain([to]).collect();
        let request = Request::new(stage, session).envelope(&envelope.sender, &recipients);
        self.stage(stage, session, request).await
    }
}

impl Filter for MtaHooks {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        self.make_waiting(message, session).await?;
        if self.asks_at(HookStage::Data) { self.message(message, session).await } else { Ok(()) }
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
