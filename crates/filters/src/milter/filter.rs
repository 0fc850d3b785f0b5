//! The filter: its options, and the stages at which it is asked.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailchute::command::{Command, Ehlo, Verb};
use mailchute::{
    Answer, Builder, Disconnect, Envelope, Filter, Hooks, Install, Message, Recipient, Refusal, Sender,
    Session, Verdict,
};

use super::address::{MilterAddress, MilterAddressError};
use super::content::{Unjudged, judge};
use super::conversation::{Conversation, Decided, Question, Standing};
use super::decision::Meaning;
use super::kept::{self, Course};
use super::link::LinkError;
use super::options::Options;
use super::protocol::command::Stage;
use super::requests::Requests;
use crate::OnFailure;
use crate::bounds::failed;
use crate::dns::HostNames;
use crate::filter_id::FilterId;

/// A milter: a filter that speaks the protocol of Sendmail.
///
/// Register it with [`Builder::with`]. It is asked at each stage that it wants, in its place among the other hooks. The
/// message is streamed to it as the filters before it have edited it.
///
/// # Decisions
///
/// | decision | at CONNECT and EHLO | at MAIL, RCPT, DATA and in the message |
/// |---|---|---|
/// | accept | the milter is not asked about this client again | it is not asked about this message again |
/// | reject | `554` or `550 5.7.1` to all commands of the client | `550 5.7.1` to this command |
/// | tempfail | `451 4.7.1` to all commands of the client | `451 4.7.1` to this command |
/// | reply | that reply to all commands of the client | that reply to this command |
/// | discard | a failure | the message is accepted, and kept nowhere |
/// | quarantine | a failure | at the end: the message goes into a [directory](Self::quarantine_into) |
/// | shutdown | `421 4.7.0`, and the connection is closed | the same |
///
/// At RCPT a decision is about that recipient, except for accept and discard. A discard is done when the message has come. So
/// a [condition](Builder::when) on a milter should stay the same within a transaction.
///
/// # Edits
///
/// At the end of a message a milter may add, insert, change and remove fields, replace the body, add and remove recipients,
/// and change the sender. Fields count as in Postfix: a changed field by its name among those that the milter has seen, an
/// inserted one by its place in the message as it is delivered, with this server's `Received:`. A milter that is lost
/// before its decision leaves the message as it was. An edit that cannot be made is an error in the log.
///
/// # Failures
///
/// A milter has failed if it breaks the protocol or exceeds a time limit. The limits are 30 s for a connection, 30 s for an
/// answer to a command, and 120 s for an answer to a part of the message. Its PROGRESS renews the time, 1,000 times.
///
/// A failure at CONNECT or EHLO is only logged. After a failure at MAIL or later, [`on_failure`](Self::on_failure) decides
/// for the rest of the transaction. The next MAIL connects again, and first tells the milter what it has missed.
///
/// # Findings
///
/// `milter=pass` is a message that went through. `accept`, `discard`, `reject`, `tempfail` and `quarantine` are the
/// milter's decisions. `failed` means that there was no decision. [`name`](Self::name) tells several milters apart.
///
/// # Differences from Sendmail
///
/// Unknown commands are told outside of transactions only, as libmilter loses its place otherwise. A recipient that an
/// earlier hook refuses is not told. One that a later hook refuses has been told before, and the milter does not hear of
/// the refusal. The macro `i`, the id of the message, is known from the end of the header on.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_filters::milter::Milter;
/// # use mailchute_stores::Discard;
///
/// let server = Server::builder()
///     .with(Milter::new("unix:/run/clamav/clamav-milter.ctl".parse()?).name("clamav"))
///     .with(Milter::new("inet:127.0.0.1:8891".parse()?).name("opendkim"))
///     .store(Discard)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Milter {
    id: FilterId,
    options: Arc<Options>,
}

impl Milter {
    /// Makes a filter for the milter at this address. Nothing connects before the first client.
    #[must_use]
    pub fn new(address: MilterAddress) -> Self {
        Self { id: FilterId::next(), options: Arc::new(Options::new(address)) }
    }

    fn set(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(Arc::make_mut(&mut self.options));
        self
    }

    /// Sets the name in findings and in the log. The default is `milter`.
    #[must_use]
    pub fn name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set(|options| options.name = name.into())
    }

    /// Sets what happens when the milter cannot answer. The default is [`OnFailure::TempFail`].
    #[must_use]
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        self.set(|options| options.on_failure = on_failure)
    }

    /// Sets how long a connection may take. The default is 30 s, as in Postfix.
    #[must_use]
    pub fn connect_timeout(self, time: Duration) -> Self {
        self.set(|options| options.connect_timeout = time)
    }

    /// Sets how long the milter may take for the negotiation, and for each command before the message. The default is 30 s,
    /// as in Postfix.
    #[must_use]
    pub fn command_timeout(self, time: Duration) -> Self {
        self.set(|options| options.command_timeout = time)
    }

    /// Sets how long the milter may take for each part of the message, and for its decision at the end. The default is 120
    /// s. The server's [`store_timeout`](Builder::store_timeout) of 300 s bounds all filters and the store together. So a
    /// milter that hangs leaves time for [`on_failure`](Self::on_failure) and for the store.
    #[must_use]
    pub fn message_timeout(self, time: Duration) -> Self {
        self.set(|options| options.message_timeout = time)
    }

    /// Sets the directory for messages that the milter quarantines. The default is `Junk`. A store without directories
    /// keeps them among the others. See [`Message::file_into`].
    #[must_use]
    pub fn quarantine_into(self, directory: impl Into<Cow<'static, str>>) -> Self {
        self.set(|options| options.quarantine_into = directory.into())
    }

    /// Looks up the client's host name, and tells it at CONNECT. By default only a name is told that a proxy has told.
    #[must_use]
    pub fn host_names(self, names: HostNames) -> Self {
        self.set(|options| options.host_names = Some(names))
    }

    /// Finds out what a milter wants to know of the client.
    async fn prepare(&self, session: &Session) {
        if let Some(names) = &self.options.host_names {
            names.find(session).await;
        }
    }

    /// Asks at a stage before the message.
    async fn ask(&self, question: Question<'_>, session: &Session) -> Answer {
        let mut conversation = kept::take(self.id, session);
        let answer = self.ask_in(&mut conversation, question, session).await;
        kept::put_back(self.id, session, conversation);
        answer.map(|()| Verdict::Accept)
    }

    async fn ask_in(
        &self,
        conversation: &mut Conversation,
        question: Question<'_>,
        session: &Session,
    ) -> Result<(), Refusal> {
        let stage = question.stage();
        match &conversation.standing {
            Standing::Open => {}
            Standing::Accepted => return Ok(()),
            Standing::Refused(refusal) => return Err(refusal.clone()),
        }
        match (stage, kept::course(self.id, session)) {
            // MAIL begins a transaction, and connects again.
            (Stage::Mail, _) => conversation.has_failed = false,
            (Stage::Helo, _) if conversation.has_failed => return Ok(()),
            (Stage::Rcpt | Stage::Data, Some(Course::Failed)) => return self.options.on_failure.answer(),
            (Stage::Rcpt | Stage::Data, Some(_)) => return Ok(()),
            _ => {}
        }
        self.prepare(session).await;
        let began = Instant::now();
        match conversation.ask(&self.options, question, session).await {
            Ok(decided) => self.follow(conversation, decided, session).await,
            Err(error) => {
                conversation.link = None;
                conversation.has_failed = true;
                self.tell(&error, began);
                if matches!(stage, Stage::Connect | Stage::Helo | Stage::Unknown) {
                    return Ok(());
                }
                self.fail(session)
            }
        }
    }

    /// Does what the milter has decided.
    async fn follow(
        &self,
        conversation: &mut Conversation,
        decided: Decided,
        session: &Session,
    ) -> Result<(), Refusal> {
        let meaning = Meaning::of(decided);
        if let Some(word) = meaning.word() {
            let name = self.options.name.clone();
            match meaning {
                Meaning::AcceptClient | Meaning::RefuseClient(_) => session.add_client_finding(name, word),
                _ => session.add_finding(name, word),
            }
        }
        match meaning {
            Meaning::GoOn => {}
            Meaning::AcceptMessage => kept::settle(self.id, session, Course::Accepted),
            Meaning::Discard => kept::settle(self.id, session, Course::Discarded),
            Meaning::AcceptClient => {
                conversation.quit(&self.options).await;
                conversation.standing = Standing::Accepted;
            }
            Meaning::RefuseClient(refusal) => {
                conversation.quit(&self.options).await;
                conversation.standing = Standing::Refused(refusal.clone());
                return Err(refusal);
            }
            Meaning::Refuse(refusal) => return Err(refusal),
        }
        Ok(())
    }

    fn tell(&self, error: &LinkError, began: Instant) {
        failed(&self.options.name, error, began.elapsed());
    }

    /// Gives the milter up for this transaction.
    fn fail(&self, session: &Session) -> Result<(), Refusal> {
        kept::settle(self.id, session, Course::Failed);
        session.add_finding(self.options.name.clone(), "failed");
        self.options.on_failure.answer()
    }

    /// Tells the milter the message, and makes the edits that it asks for.
    async fn judge(
        &self,
        conversation: &mut Conversation,
        message: &mut Message,
        session: &Session,
    ) -> Result<(), Refusal> {
        self.prepare(session).await;
        let began = Instant::now();
        let mut requests = Requests::of(message);
        let judged = judge(conversation, &self.options, message, session, &mut requests).await;
        let edits = judged.and_then(|decided| {
            let is_over = decided.0 == Stage::EndOfBody;
            let reason = requests.quarantined.clone();
            let left_out = requests.left_out.clone();
            Ok((decided, is_over, reason, left_out, requests.into_edits(&self.options.quarantine_into)?))
        });
        let (decided, is_over, reason, left_out, edits) = match edits {
            Ok(edits) => edits,
            Err(Unjudged::Message(refusal)) => return Err(refusal),
            Err(Unjudged::Milter(error)) => {
                conversation.link = None;
                self.tell(&error, began);
                return self.fail(session);
            }
        };
        self.follow(conversation, decided, session).await?;
        if kept::course(self.id, session) == Some(Course::Discarded) {
            message.discard();
            return Ok(());
        }
        if !is_over {
            return Ok(());
        }
        let (name, id) = (&self.options.name, message.id());
        if let Some(reason) = reason {
            tracing::info!(name: "quarantined", %id, filter = &**name, reason, "a filter has quarantined a message");
            session.add_finding(name.clone(), "quarantine");
        } else if kept::course(self.id, session).is_none() {
            session.add_finding(name.clone(), "pass");
        }
        if let Some(parameters) = left_out {
            let error = format!("the parameters of a sender cannot be changed: {parameters:?}");
            crate::scanner_edits::report(name, message, "set-sender", &error);
        }
        edits.apply(name, message).await
    }
}

/// Parses the [address](MilterAddress) of a milter with the standard options.
impl FromStr for Milter {
    type Err = MilterAddressError;

    fn from_str(address: &str) -> Result<Self, MilterAddressError> {
        Ok(Self::new(address.parse()?))
    }
}

impl Hooks for Milter {
    async fn connect(&self, session: &Session) -> Answer {
        self.ask(Question::Connect, session).await
    }

    async fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> Answer {
        self.ask(Question::Helo(ehlo.name.as_ref()), session).await
    }

    async fn mail_from(&self, from: &Sender, session: &Session) -> Answer {
        self.ask(Question::Mail(from), session).await
    }

    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        self.ask(Question::Rcpt(to), session).await
    }

    async fn data(&self, _envelope: &Envelope, session: &Session) -> Answer {
        self.ask(Question::Data, session).await
    }

    async fn command(&self, command: &Command, session: &Session) -> Answer {
        let mut conversation = kept::take(self.id, session);
        let answer = match command.verb {
            Verb::Rset => {
                conversation.end_transaction(&self.options).await;
                Ok(())
            }
            Verb::Other if conversation.link.is_some() && session.envelope().is_none() => {
                let line = format!("{} {}", command.word, command.argument);
                self.ask_in(&mut conversation, Question::Unknown(line.trim_end()), session).await
            }
            _ => Ok(()),
        };
        kept::put_back(self.id, session, conversation);
        answer.map(|()| Verdict::Accept)
    }

    async fn disconnect(&self, _cause: Disconnect, session: &Session) {
        kept::take(self.id, session).quit(&self.options).await;
    }
}

impl Filter for Milter {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        match kept::course(self.id, session) {
            Some(Course::Discarded) => {
                message.discard();
                return Ok(());
            }
            Some(Course::Accepted) => return Ok(()),
            Some(Course::Failed) => return self.options.on_failure.answer(),
            None => {}
        }
        let mut conversation = kept::take(self.id, session);
        let judged = match &conversation.standing {
            Standing::Open => self.judge(&mut conversation, message, session).await,
            Standing::Accepted => Ok(()),
            Standing::Refused(refusal) => Err(refusal.clone()),
        };
        kept::put_back(self.id, session, conversation);
        judged
    }
}

impl Install for Milter {
    fn install(self, builder: Builder) -> Builder {
        let milter = Arc::new(self);
        builder.hooks(Arc::clone(&milter)).filter(milter)
    }
}
