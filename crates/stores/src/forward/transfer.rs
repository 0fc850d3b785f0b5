//! The content on its way to the next hop, and the answers to it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mailchute::message::{BodyError, Copies};
use mailchute::session::Protocol;
use mailchute::{Receipt, Refusal};
use mailchute_proto::next_hop::{DotStuffer, ServerReply};
use sha2::{Digest as _, Sha256};

use super::connection::Connection;
use super::error::HopError;
use super::pool::Pool;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 32 * 1024;

/// The answer to the content for one recipient.
pub(crate) type Answer = Result<Receipt, Refusal>;

/// How long the next hop may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// To take some bytes of the content.
    pub(crate) block: Duration,
    /// To answer after the last one.
    pub(crate) end: Duration,
}

/// How the content is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// After DATA, in lines, with stuffed dots.
    Lines,
    /// By BDAT, as it is.
    Chunks,
}

/// Why the content did not get to its end.
pub(super) enum Broken {
    /// Our client has not sent it all.
    Content(BodyError),
    /// The next hop does not take it.
    Hop(Refusal),
}

/// Sends the content after its top and a mark below it, and returns the hash of the content. It is not complete before
/// [`answers`] are asked for: if this future is dropped, the next hop keeps nothing.
pub(super) async fn send(
    connection: &mut Connection,
    form: Form,
    mark: &str,
    mut copies: Copies,
    limits: Limits,
) -> Result<Sha256, Broken> {
    let mut hash = Sha256::new();
    let mut writer = Writer::new(connection, form, limits);
    for top in copies.tops().to_vec() {
        writer.push(&top);
    }
    writer.push(mark.as_bytes());
    while let Some(chunk) = copies.chunk().await.map_err(Broken::Content)? {
        hash.update(&chunk);
        writer.push(&chunk);
        // Chunks may be small, and a write costs more than to gather them.
        drop::<Bytes>(chunk);
        writer.flush_if_full().await.map_err(Broken::Hop)?;
    }
    writer.finish().await.map_err(Broken::Hop)?;
    Ok(hash)
}

/// Sends content in the pieces in which it comes.
pub(crate) struct Writer<'c> {
    connection: &'c mut Connection,
    stuffer: DotStuffer,
    form: Form,
    output: Vec<u8>,
    limits: Limits,
}

impl<'c> Writer<'c> {
    pub(crate) fn new(connection: &'c mut Connection, form: Form, limits: Limits) -> Self {
        Self { connection, stuffer: DotStuffer::default(), form, output: Vec::new(), limits }
    }

    /// Adds bytes, which are not sent yet.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        match self.form {
            Form::Lines => self.stuffer.push(bytes, &mut self.output),
            Form::Chunks => self.output.extend_from_slice(bytes),
        }
    }

    /// Sends what was added, if it is worth a write.
    pub(crate) async fn flush_if_full(&mut self) -> Result<(), Refusal> {
        if self.output.len() >= BUFFER { self.flush(false).await } else { Ok(()) }
    }

    /// Sends the rest, and says that it is the end.
    pub(crate) async fn finish(mut self) -> Result<(), Refusal> {
        if self.form == Form::Lines {
            std::mem::take(&mut self.stuffer).finish(&mut self.output);
        }
        self.flush(true).await
    }

    async fn flush(&mut self, is_last: bool) -> Result<(), Refusal> {
        if self.form == Form::Chunks {
            let head = format!("BDAT {}{}\r\n", self.output.len(), if is_last { " LAST" } else { "" });
            self.output.splice(..0, head.into_bytes());
        }
        let written = self.connection.write(&self.output, "the content", self.limits.block).await;
        self.output.clear();
        if let Err(error) = written {
            return Err(self.last_words(error).await);
        }
        if self.form == Form::Chunks && !is_last {
            self.connection.owed += 1;
            let reply = self.connection.reply("BDAT", self.limits.block).await.map_err(lost)?;
            if !reply.is_positive() {
                return Err(reply.refusal());
            }
        }
        Ok(())
    }

    /// The last reply of the next hop before it went, if there is one.
    async fn last_words(&mut self, error: HopError) -> Refusal {
        match self.connection.reply("the content", Duration::from_millis(100)).await {
            Ok(reply) if !reply.is_positive() && !reply.is_intermediate() => reply.refusal(),
            Err(HopError::Refused(_, farewell)) => farewell.refusal(),
            _ => lost(error),
        }
    }
}

/// Reads the answer for each of the recipients: in SMTP one holds for all. Then others can use the connection.
pub(super) async fn answers(
    pool: &Arc<Pool>,
    mut connection: Connection,
    recipients: usize,
    limits: Limits,
) -> Vec<Answer> {
    let replies = if pool.dial.protocol == Protocol::Lmtp { recipients } else { 1 };
    let (mut answers, is_over) = read_answers(&mut connection, replies, limits.end).await;
    if let (Some(answer), true) = (answers.last().cloned(), answers.len() < recipients) {
        answers.resize(recipients, answer);
    }
    if !is_over {
        pool.put(connection, false);
    }
    answers
}

/// Reads so many answers to the content. Returns them, and whether the connection is over.
pub(crate) async fn read_answers(
    connection: &mut Connection,
    replies: usize,
    limit: Duration,
) -> (Vec<Answer>, bool) {
    connection.owed = replies;
    let mut answers = Vec::with_capacity(replies);
    while answers.len() < replies {
        match connection.reply("the end of the content", limit).await {
            Ok(reply) if reply.is_positive() => answers.push(Ok(receipt_of(&reply))),
            Ok(reply) => answers.push(Err(reply.refusal())),
            Err(error) => {
                // No other answer comes. An answer for some that says 421 is one for all that are left.
                let refusal = match error {
                    HopError::Refused(_, farewell) => farewell.refusal(),
                    error => lost(error),
                };
                answers.resize(replies, Err(refusal));
                return (answers, true);
            }
        }
    }
    (answers, false)
}

/// The refusal that our client gets when the next hop goes in the middle.
fn lost(error: HopError) -> Refusal {
    Refusal::new(451, (4, 4, 2), "The connection to the next server was lost").with_cause(error)
}

/// The next hop's word for our client.
fn receipt_of(reply: &ServerReply) -> Receipt {
    let receipt = Receipt::new(reply.text().to_owned());
    match reply.enhanced() {
        Some(enhanced) => receipt.with_enhanced(enhanced.subject(), enhanced.detail()),
        None => receipt,
    }
}
