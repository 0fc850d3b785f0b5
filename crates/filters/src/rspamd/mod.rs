//! rspamd by HTTP: a message goes to a worker of rspamd, and the answer decides.

mod answer;
mod builder;
mod edits;
mod pairs;
mod request;
mod result_field;
mod verdict;

use std::fmt;
use std::sync::Arc;

use mailchute::{Builder, Filter, Install, Message, Refusal, Session};

pub use builder::RspamdBuilder;
pub use verdict::{RspamdAction, RspamdVerdict, Symbol};

use crate::http_client::{HttpClient, ScannerUrl, UrlError, size_of, streamed};
use crate::scanner_edits::{Edit, Edits, TooManyEdits};
use answer::Answer;

/// The name of the filter in the log.
const NAME: &str = "rspamd";

/// The longest name of an action or symbol in bytes.
const LONGEST_NAME: usize = 128;

/// Asks [rspamd](https://rspamd.com) about each message, by HTTP: `POST /checkv2`.
///
/// The URL names a worker of the kind `normal` or `rspamd_proxy`: `http://127.0.0.1:11333`, `https://HOST` or
/// `unix:PATH`. rspamd gets the message with the edits of the filters before this one, once all of it has come. So a
/// signature of rspamd is one of the message that is delivered, unless a later filter changes it. It gets these facts too:
/// sender, recipients, the client's address, name and EHLO, the user, TLS, this host and the id of the message. The
/// recipients that fit into 32 KiB are named.
///
/// # The answer
///
/// | action | what happens | finding |
/// |---|---|---|
/// | `no action` | the message passes | `rspamd=no-action` |
/// | `greylist` | the message passes: to put a client off, rspamd says `soft reject` | `rspamd=greylist` |
/// | `add header` | the message passes with `X-Spam: Yes` | `rspamd=add-header` |
/// | `rewrite subject` | the message passes with the subject of rspamd | `rspamd=rewrite-subject` |
/// | `soft reject` | the client gets `451 4.7.1`, with the text of rspamd | `rspamd=soft-reject` |
/// | `reject` | the client gets `550 5.7.1`, with the text of rspamd | `rspamd=reject` |
/// | `quarantine` | the message goes to a [directory](RspamdBuilder::quarantine_into) | `rspamd=quarantine` |
/// | `discard` | the message is accepted and thrown away | `rspamd=discard` |
/// | any other | the message passes | its name |
///
/// The edits of `milter` and `dkim-signature` are made too: fields added and removed, recipients, the sender, and another
/// fate for what is to be refused. The finding then is that fate, such as `rspamd=discard`. An edit that cannot be made is an
/// error in the log (`edit-failed`), and the message goes on without it.
///
/// Without an answer, [`on_failure`](RspamdBuilder::on_failure) decides, and the finding is `rspamd=failed`. Messages above
/// [`max_size`](RspamdBuilder::max_size) are not checked: `rspamd=skipped`.
///
/// The [`RspamdVerdict`] is in the [state of the transaction](mailchute::Session::transaction_state), for filters after
/// this one and for the store.
///
/// Clones share the connections.
///
/// # Examples
/// ```
/// use mailchute::{Filter, Message, Refusal, Server, Session};
/// use mailchute_filters::rspamd::{RspamdVerdict, Rspamd};
/// # use mailchute_stores::Discard;
///
/// /// Files what looks a little like spam.
/// struct Suspicious;
///
/// impl Filter for Suspicious {
///     async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
///         let score = session.transaction_state().with(|verdict: &RspamdVerdict| verdict.score);
///         if score.is_some_and(|score| score > 3.0) {
///             message.file_into("Junk")?;
///         }
///         Ok(())
///     }
/// }
///
/// let rspamd = Rspamd::builder("http://127.0.0.1:11333")?.open()?;
/// let server = Server::builder().with(rspamd).filter(Suspicious).store(Discard).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Rspamd {
    options: RspamdBuilder,
    client: Arc<HttpClient>,
}

impl Rspamd {
    /// Begins with the URL of a worker: `http://HOST:PORT`, `https://HOST` or `unix:PATH`.
    ///
    /// # Errors
    /// [`UrlError`] if it is not such a URL.
    pub fn builder(url: &str) -> Result<RspamdBuilder, UrlError> {
        url.parse().map(RspamdBuilder::new)
    }

    /// Begins with a URL that is parsed already.
    pub fn to(url: ScannerUrl) -> RspamdBuilder {
        RspamdBuilder::new(url)
    }

    /// Returns the verdict, and what is to be done with the message.
    async fn ask(
        &self,
        message: &mut Message,
        session: &Session,
        size: u64,
        bodies: [Message; 2],
    ) -> Result<Answered, String> {
        let header = request::header(&self.options, message, session, size);
        let bodies = bodies.map(streamed);
        let json = self.client.post(header, bodies).await.map_err(text)?;
        let answer =
            Answer::parse(&json).map_err(|error| format!("the answer is not that of rspamd: {error}"))?;
        let verdict = answer.verdict();
        let header = message.header().await.map_err(text)?;
        let edits = edits::edits(&answer, &verdict.action, &header).map_err(text)?;
        let action = effective(&answer, &verdict);
        let fate = self.fate(&answer, &action, &verdict, edits).map_err(text)?;
        Ok(Answered { verdict, action, fate })
    }

    /// Returns the refusal of a message, or all edits of it.
    fn fate(
        &self,
        answer: &Answer,
        action: &RspamdAction,
        verdict: &RspamdVerdict,
        mut edits: Edits,
    ) -> Result<Result<Edits, Refusal>, TooManyEdits> {
        if self.options.has_result_field {
            result_field::edits(verdict).into_iter().try_for_each(|edit| edits.push(edit))?;
        }
        let quarantine = || Edit::FileInto(self.options.quarantine_into.clone());
        match action {
            RspamdAction::SoftReject => {
                let text = answer.text().unwrap_or("Try again later").to_owned();
                return Ok(Err(Refusal::new(451, (4, 7, 1), text)));
            }
            RspamdAction::Reject => {
                let text = answer.text().unwrap_or("This message looks like spam").to_owned();
                return Ok(Err(Refusal::new(550, (5, 7, 1), text)));
            }
            RspamdAction::Quarantine => edits.push(quarantine())?,
            RspamdAction::Discard => edits.push(Edit::Discard)?,
            RspamdAction::AddHeader | RspamdAction::RewriteSubject => {
                if let Some(directory) = &self.options.spam_into {
                    edits.push(Edit::FileInto(directory.clone()))?;
                }
            }
            RspamdAction::NoAction | RspamdAction::Greylist | RspamdAction::Other(_) => {}
        }
        Ok(Ok(edits))
    }
}

/// Returns the action that is carried out, where the answer sets another fate for what is to be refused.
fn effective(answer: &Answer, verdict: &RspamdVerdict) -> RspamdAction {
    match (&verdict.action, answer.milter.reject.as_str()) {
        _ if answer.milter.no_action => RspamdAction::NoAction,
        (RspamdAction::Reject, Some("discard")) => RspamdAction::Discard,
        (RspamdAction::Reject, Some("quarantine")) => RspamdAction::Quarantine,
        (action, _) => action.clone(),
    }
}

/// The answer of rspamd about a message.
struct Answered {
    verdict: RspamdVerdict,
    /// The action that is carried out.
    action: RspamdAction,
    /// The edits, or the refusal.
    fate: Result<Edits, Refusal>,
}

impl Filter for Rspamd {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        // The time of rspamd begins when the client has sent all.
        let all: Vec<usize> = (0..message.envelope().recipients.len()).collect();
        let [reader, first, second] = <[Message; 3]>::try_from(message.split(&[&*all; 3]))
            .map_err(|_| Refusal::internal("a message cannot be split"))?;
        let size = size_of(reader).await?;
        if size > self.options.max_size {
            session.add_finding(NAME, "skipped");
            return Ok(());
        }
        if let Some(names) = &self.options.host_names {
            names.find(session).await;
        }
        let asked = self.ask(message, session, size, [first, second]);
        let answered = self.options.bounds.wait(NAME, session, asked).await?;
        let Some(Answered { verdict, action, fate }) = answered else { return Ok(()) };
        session.add_finding(NAME, action.to_string());
        session.transaction_state().insert(verdict);
        fate?.apply(NAME, message).await
    }
}

impl Install for Rspamd {
    fn install(self, builder: Builder) -> Builder {
        builder.filter(self)
    }
}

impl fmt::Debug for Rspamd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rspamd").field(&self.options).finish()
    }
}

/// Returns the beginning of a text, at most this many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}
