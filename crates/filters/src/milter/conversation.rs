//! The session as a milter knows it, and its decision about the client.
//!
//! # Why
//!
//! A milter may come late: it was restarted, or a condition of the server lets it be asked at RCPT only. It is then told
//! first what came before: CONNECT, HELO, MAIL and the recipients that were accepted. A decision on one of these is
//! taken as the answer to the question at hand. The values do not depend on the time at which they are told, so the
//! milter judges the same session as if it had been there.
//!
//! A milter that fails within a transaction is not asked again before the next MAIL. So a message on which it crashes
//! costs one crash, and a milter that is gone costs one time limit.

use mailchute::message::MessageId;
use mailchute::{Recipient, Refusal, Sender, Session};

use super::link::{Link, LinkError, NoEdits, Pulse};
use super::macros::{Facts, client_name};
use super::options::Options;
use super::protocol::command::{self, Stage};
use super::protocol::reply::Decision;

/// A question at a stage before the message.
#[derive(Clone, Copy)]
pub(super) enum Question<'q> {
    Connect,
    Helo(&'q str),
    Mail(&'q Sender),
    Rcpt(&'q Recipient),
    Data,
    Unknown(&'q str),
}

impl Question<'_> {
    pub(super) const fn stage(&self) -> Stage {
        match self {
            Self::Connect => Stage::Connect,
            Self::Helo(_) => Stage::Helo,
            Self::Mail(_) => Stage::Mail,
            Self::Rcpt(_) => Stage::Rcpt,
            Self::Data => Stage::Data,
            Self::Unknown(_) => Stage::Unknown,
        }
    }
}

/// A decision, with the stage that it is about.
pub(super) type Decided = (Stage, Decision);

/// The session of a milter.
#[derive(Default)]
pub(super) struct Conversation {
    pub(super) link: Option<Link>,
    /// Whether the milter is in a transaction.
    is_in_mail: bool,
    pub(super) standing: Standing,
    /// Whether a link was given up in this transaction, because of a packet that nobody asked for.
    has_resumed: bool,
    /// Whether the milter has failed since the last transaction began.
    pub(super) has_failed: bool,
}

/// The decision of a milter about the client.
#[derive(Default, Clone)]
pub(super) enum Standing {
    /// Nothing yet.
    #[default]
    Open,
    /// It wants to see no more of this client.
    Accepted,
    /// Each command of this client is refused.
    Refused(Refusal),
}

impl Conversation {
    /// Asks the milter.
    pub(super) async fn ask(
        &mut self,
        options: &Options,
        question: Question<'_>,
        session: &Session,
    ) -> Result<Decided, LinkError> {
        let stage = question.stage();
        if matches!(stage, Stage::Helo | Stage::Mail) {
            self.end_transaction(options).await;
            self.has_resumed = false;
        }
        self.drop_dead_link(stage).await;
        if let Some(decided) = self.catch_up(options, stage, session).await? {
            return Ok(decided);
        }
        Ok((stage, self.put(options, question, session).await?))
    }

    /// Connects and tells the milter what came before, if it has not been told. Returns a decision about that, if it is
    /// not to go on.
    pub(super) async fn catch_up(
        &mut self,
        options: &Options,
        stage: Stage,
        session: &Session,
    ) -> Result<Option<Decided>, LinkError> {
        if self.link.is_none() {
            self.is_in_mail = false;
            let link = Link::open(&options.address, options.connect_timeout, options.command_timeout).await?;
            self.link = Some(link);
            if stage == Stage::Connect {
                return Ok(None);
            }
            let helo = session.helo_name().map(|name| name.to_string());
            let helo = helo.as_deref().filter(|_| stage != Stage::Helo).map(Question::Helo);
            for question in [Some(Question::Connect), helo].into_iter().flatten() {
                let decided = self.put(options, question, session).await?;
                if decided != Decision::Continue {
                    return Ok(Some((question.stage(), decided)));
                }
            }
        }
        let is_in_mail = !matches!(stage, Stage::Connect | Stage::Helo | Stage::Mail | Stage::Unknown);
        let Some(envelope) = session.envelope().filter(|_| is_in_mail && !self.is_in_mail) else {
            return Ok(None);
        };
        let recipients = envelope.recipients.iter().map(Question::Rcpt);
        for question in std::iter::once(Question::Mail(&envelope.sender)).chain(recipients) {
            let decided = self.put(options, question, session).await?;
            if decided != Decision::Continue {
                return Ok(Some((question.stage(), decided)));
            }
        }
        Ok(None)
    }

    async fn put(
        &mut self,
        options: &Options,
        question: Question<'_>,
        session: &Session,
    ) -> Result<Decision, LinkError> {
        let link = self.link.as_mut().ok_or(LinkError::Closed)?;
        let envelope = session.envelope();
        let mut facts = Facts::of(session);
        facts.sender = envelope.as_ref().map(|envelope| &envelope.sender);
        match question {
            Question::Mail(sender) => {
                facts.sender = Some(sender);
                self.is_in_mail = true;
            }
            Question::Rcpt(recipient) => facts.recipient = Some(recipient),
            _ => {}
        }
        let stage = question.stage();
        let macros = facts.macros(stage, link.choice());
        link.put_macros(stage, &macros);
        let write = |out: &mut Vec<u8>| match question {
            Question::Connect => {
                let client = (!session.is_over_unix_socket()).then(|| session.client_addr());
                command::put_connect(out, &client_name(session), client);
            }
            Question::Helo(text) | Question::Unknown(text) => command::put_texts(out, stage, [text]),
            Question::Mail(sender) => {
                let path = [format!("<{}>", sender.as_str())];
                command::put_texts(
                    out,
                    stage,
                    path.into_iter().chain(sender.parameters().iter().map(parameter)),
                );
            }
            Question::Rcpt(recipient) => {
                let path = [format!("<{}>", recipient.as_str())];
                let parameters = recipient.parameters().iter().map(parameter);
                command::put_texts(out, stage, path.into_iter().chain(parameters));
            }
            Question::Data => command::put_bytes(out, stage, b""),
        };
        link.ask(stage, options.command_timeout, write, &mut NoEdits).await
    }

    /// Returns the link, with the macros of a stage of the message added.
    pub(super) fn link_with_macros(
        &mut self,
        stage: Stage,
        session: &Session,
        sender: &Sender,
        message: MessageId,
    ) -> Result<&mut Link, LinkError> {
        let link = self.link.as_mut().ok_or(LinkError::Closed)?;
        let facts = Facts { sender: Some(sender), message: Some(message), ..Facts::of(session) };
        let macros = facts.macros(stage, link.choice());
        link.put_macros(stage, &macros);
        Ok(link)
    }

    /// Tells the milter that the transaction is over, unless it has ended it. A link that fails is dropped.
    pub(super) async fn end_transaction(&mut self, options: &Options) {
        if std::mem::take(&mut self.is_in_mail)
            && let Some(link) = &mut self.link
            && link.tell(options.command_timeout, command::put_abort).await.is_err()
        {
            self.link = None;
        }
    }

    /// Notes that the milter has ended the transaction by its decision on the message.
    pub(super) fn transaction_has_ended(&mut self) {
        self.is_in_mail = false;
    }

    /// Ends the connection politely.
    pub(super) async fn quit(&mut self, options: &Options) {
        if let Some(mut link) = self.link.take() {
            // The connection is closed in any case.
            let _ = link.tell(options.command_timeout, command::put_quit).await;
        }
    }

    /// Drops a link that cannot be used any more, so that a new one is opened. A milter that was restarted between two
    /// transactions is not noticed by the client. Neither is a packet that nobody asked for, once in a transaction. Within a
    /// transaction a milter that has gone has failed.
    pub(super) async fn drop_dead_link(&mut self, stage: Stage) {
        let Some(link) = &mut self.link else { return };
        match link.pulse().await {
            Pulse::Spoke if !self.has_resumed => {
                self.has_resumed = true;
                self.link = None;
            }
            Pulse::Gone | Pulse::Spoke if matches!(stage, Stage::Helo | Stage::Mail) => self.link = None,
            Pulse::Silent | Pulse::Gone | Pulse::Spoke => {}
        }
    }
}

fn parameter((keyword, value): (&str, Option<std::borrow::Cow<'_, str>>)) -> String {
    value.map_or_else(|| keyword.to_owned(), |value| format!("{keyword}={value}"))
}
