//! The content of a message, as it is told to a milter.

use bytes::{Bytes, BytesMut};
use mailchute::message::Field;
use mailchute::{Message, Refusal, Session};

use super::conversation::{Conversation, Decided};
use super::link::{Link, LinkError, NoEdits};
use super::options::Options;
use super::protocol::command::{self, Stage};
use super::protocol::reply::Decision;
use super::requests::Requests;

/// Bytes of a part of the body. Filters need not expect more, whatever they have negotiated.
const CHUNK: usize = 65_535;

/// Why a message could not be judged.
pub(super) enum Unjudged {
    /// The milter has failed.
    Milter(LinkError),
    /// The message cannot be read.
    Message(Refusal),
}

impl From<LinkError> for Unjudged {
    fn from(error: LinkError) -> Self {
        Self::Milter(error)
    }
}

/// Tells a milter the message as earlier filters have edited it, and returns its decision. `requests` gets the edits that
/// it asks for.
pub(super) async fn judge(
    conversation: &mut Conversation,
    options: &Options,
    message: &mut Message,
    session: &Session,
    requests: &mut Requests,
) -> Result<Decided, Unjudged> {
    conversation.drop_dead_link(Stage::EndOfBody).await;
    if let Some(decided) = conversation.catch_up(options, Stage::EndOfBody, session).await? {
        return Ok(decided);
    }
    let mut telling = Telling { conversation, options, session };
    let decision = telling.header(message).await?;
    if decision != Decision::Continue {
        return Ok((Stage::Header, decision));
    }
    let decision = telling.bytes(Stage::EndOfHeader, message, b"").await?;
    if decision != Decision::Continue {
        return Ok((Stage::EndOfHeader, decision));
    }
    let decision = telling.body(message).await?;
    if decision != Decision::Continue {
        return Ok((Stage::Body, decision));
    }
    let link = telling.link_with_macros(Stage::EndOfBody, message)?;
    let write = |out: &mut Vec<u8>| command::put_bytes(out, Stage::EndOfBody, b"");
    let decision = link.ask(Stage::EndOfBody, options.message_timeout, write, requests).await?;
    telling.conversation.transaction_has_ended();
    Ok((Stage::EndOfBody, decision))
}

fn of_message(error: mailchute::message::BodyError) -> Unjudged {
    Unjudged::Message(error.into())
}

struct Telling<'t> {
    conversation: &'t mut Conversation,
    options: &'t Options,
    session: &'t Session,
}

impl Telling<'_> {
    fn link(&mut self) -> Result<&mut Link, LinkError> {
        self.conversation.link.as_mut().ok_or(LinkError::Closed)
    }

    fn link_with_macros(&mut self, stage: Stage, message: &Message) -> Result<&mut Link, LinkError> {
        let sender = &message.envelope().sender;
        self.conversation.link_with_macros(stage, self.session, sender, message.id())
    }

    /// Tells all fields. None is held afterwards, as the body may take an hour.
    async fn header(&mut self, message: &mut Message) -> Result<Decision, Unjudged> {
        let header = message.read_header().await.map_err(of_message)?;
        for field in &header {
            let decision = self.field(field).await?;
            if decision != Decision::Continue {
                return Ok(decision);
            }
        }
        Ok(Decision::Continue)
    }

    /// Tells a field. A long one, such as a list of two thousand recipients, is cut to what the milter takes: the message
    /// itself stays whole.
    async fn field(&mut self, field: &Field) -> Result<Decision, LinkError> {
        let time = self.options.message_timeout;
        let link = self.link()?;
        let (name, value) = (field.name().as_str(), field.raw_value());
        let value = match value.strip_prefix(b" ") {
            Some(rest) if !link.choice().keeps_leading_space() => rest,
            _ => value,
        };
        // A zero follows each of the two.
        let most = link.choice().longest_data().saturating_sub(name.len() + 2);
        let value = &value[..value.len().min(most)];
        let write = |out: &mut Vec<u8>| command::put_field(out, name, value);
        link.ask(Stage::Header, time, write, &mut NoEdits).await
    }

    async fn bytes(&mut self, stage: Stage, message: &Message, bytes: &[u8]) -> Result<Decision, LinkError> {
        let time = self.options.message_timeout;
        let link = match stage {
            Stage::EndOfHeader => self.link_with_macros(stage, message)?,
            _ => self.link()?,
        };
        link.ask(stage, time, |out| command::put_bytes(out, stage, bytes), &mut NoEdits).await
    }

    /// Tells the body in parts, until the milter has seen enough. The message is read to its end in any case: it counts
    /// when it is whole.
    async fn body(&mut self, message: &mut Message) -> Result<Decision, Unjudged> {
        let mut is_wanted = self.link()?.choice().wants(Stage::Body);
        let mut part = BytesMut::new();
        loop {
            let chunk = message.chunk().await.map_err(of_message)?;
            let is_end = chunk.is_none();
            if is_wanted {
                part.extend_from_slice(&chunk.unwrap_or_else(Bytes::new));
            }
            while is_wanted && (part.len() >= CHUNK || is_end && !part.is_empty()) {
                let bytes = part.split_to(part.len().min(CHUNK));
                match self.bytes(Stage::Body, message, &bytes).await? {
                    Decision::Continue => {}
                    Decision::Skip => {
                        is_wanted = false;
                        part = BytesMut::new();
                    }
                    decision => return Ok(decision),
                }
            }
            if is_end {
                return Ok(Decision::Continue);
            }
        }
    }
}
