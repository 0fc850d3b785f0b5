//! A connection to a milter: commands out, replies in.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::timeout;

use super::address::{Io, MilterAddress};
use super::protocol::command::{self, Stage};
use super::protocol::edit::Edit;
use super::protocol::negotiation::{self, Choice, NegotiationError};
use super::protocol::packet::{Packet, PacketError};
use super::protocol::reply::{Decision, Reply, ReplyError};

/// The most PROGRESS replies and edits after one command. Each gives the milter its time again.
const MOST_PROGRESS: usize = 1_000;

/// Bytes after which commands that are not answered are sent.
const ENOUGH: usize = 64 * 1024;

/// The state of a connection between two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulse {
    /// The milter waits, as it should.
    Silent,
    /// It has sent something that nobody asked for.
    Spoke,
    /// It has closed the connection.
    Gone,
}

/// A connection to a milter, after the negotiation.
pub(super) struct Link {
    stream: Box<dyn Io>,
    read: BytesMut,
    /// Commands that are not yet sent.
    out: Vec<u8>,
    choice: Choice,
}

impl Link {
    /// Connects and negotiates.
    pub(super) async fn open(
        address: &MilterAddress,
        connect: Duration,
        command: Duration,
    ) -> Result<Self, LinkError> {
        let stream = within(connect, "connect", address.connect()).await?.map_err(LinkError::Connect)?;
        let (read, choice) = (BytesMut::new(), Choice::default());
        let mut link = Self { stream, read, out: Vec::new(), choice };
        negotiation::put_offer(&mut link.out);
        link.send(command).await?;
        let packet = link.packet(command).await?;
        if packet.command != negotiation::OPTNEG {
            return Err(LinkError::NotAllowed("a reply", "the negotiation"));
        }
        link.choice = Choice::parse(packet.data)?;
        Ok(link)
    }

    /// Returns what the milter has chosen.
    pub(super) fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Returns whether the milter is still there, and has said nothing unasked. After anything but silence the connection
    /// cannot be used any more.
    pub(super) async fn pulse(&mut self) -> Pulse {
        // The runtime learns meanwhile what has come to the socket.
        tokio::task::yield_now().await;
        let mut byte = [0];
        let pulse = poll_fn(|context| {
            let mut buffer = ReadBuf::new(&mut byte);
            Poll::Ready(match Pin::new(&mut *self.stream).poll_read(context, &mut buffer) {
                Poll::Pending => Pulse::Silent,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    // It is the begin of a packet, so the next command fails at once.
                    self.read.extend_from_slice(buffer.filled());
                    Pulse::Spoke
                }
                Poll::Ready(_) => Pulse::Gone,
            })
        })
        .await;
        if self.read.is_empty() { pulse } else { Pulse::Spoke }
    }

    /// Adds macros for the command of a stage, if the milter gets the command. Otherwise they would pile up.
    pub(super) fn put_macros(&mut self, stage: Stage, macros: &[(String, String)]) {
        if !macros.is_empty() && self.choice.wants(stage) {
            let macros = macros.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            command::put_macros(&mut self.out, stage, macros);
        }
    }

    /// Adds a command without an answer, and sends it.
    pub(super) async fn tell(
        &mut self,
        time: Duration,
        put: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), LinkError> {
        put(&mut self.out);
        self.send(time).await
    }

    /// Sends the command of a stage, unless the milter has left it out. Returns its decision. At the end of the message,
    /// `edits` gets what it asks for.
    pub(super) async fn ask(
        &mut self,
        stage: Stage,
        time: Duration,
        put: impl FnOnce(&mut Vec<u8>),
        edits: &mut impl TakeEdits,
    ) -> Result<Decision, LinkError> {
        if !self.read.is_empty() {
            return Err(LinkError::NotAllowed("a reply", "no command"));
        }
        if !self.choice.wants(stage) {
            return Ok(Decision::Continue);
        }
        let start = self.out.len();
        put(&mut self.out);
        let data = self.out.len() - start - 5;
        if data > self.choice.longest_data() {
            self.out.truncate(start);
            return Err(LinkError::TooLong { stage, data, longest: self.choice.longest_data() });
        }
        if self.choice.answers(stage) {
            self.send(time).await?;
            return self.decision(stage, time, edits).await;
        }
        if stage != Stage::Header || self.out.len() >= ENOUGH {
            self.send(time).await?;
        }
        Ok(Decision::Continue)
    }

    /// Reads replies up to the decision.
    async fn decision(
        &mut self,
        stage: Stage,
        time: Duration,
        edits: &mut impl TakeEdits,
    ) -> Result<Decision, LinkError> {
        let mut progress = 0;
        loop {
            match Reply::parse(self.packet(time).await?)? {
                Reply::Progress => {
                    progress += 1;
                    if progress > MOST_PROGRESS {
                        return Err(LinkError::Progress);
                    }
                }
                Reply::Edit(edit) if stage != Stage::EndOfBody => {
                    return Err(LinkError::NotAllowed(edit.name(), stage.name()));
                }
                Reply::Edit(edit) if !self.choice.allows(edit.action()) => {
                    return Err(LinkError::NotAnnounced(edit.name()));
                }
                Reply::Edit(edit) => {
                    // A new body is bounded by its bytes. Empty parts would come for ever.
                    let is_bounded = matches!(&edit, Edit::ReplaceBody(part) if !part.is_empty());
                    progress += usize::from(!is_bounded);
                    if progress > MOST_PROGRESS {
                        return Err(LinkError::Progress);
                    }
                    edits.take(edit).await?;
                }
                Reply::Decision(decision) => {
                    let is_allowed = match decision {
                        Decision::Skip => stage == Stage::Body && self.choice.may_skip(),
                        Decision::Discard => !matches!(stage, Stage::Connect | Stage::Helo | Stage::Unknown),
                        _ => true,
                    };
                    let name = if decision == Decision::Skip { "SKIP" } else { "DISCARD" };
                    return is_allowed.then_some(decision).ok_or(LinkError::NotAllowed(name, stage.name()));
                }
            }
        }
    }

    async fn send(&mut self, time: Duration) -> Result<(), LinkError> {
        within(time, "take a command", self.stream.write_all(&self.out)).await??;
        self.out.clear();
        self.out.shrink_to(ENOUGH);
        Ok(())
    }

    async fn packet(&mut self, time: Duration) -> Result<Packet, LinkError> {
        within(time, "answer", async {
            loop {
                if let Some(packet) = Packet::take(&mut self.read)? {
                    return Ok(packet);
                }
                if self.stream.read_buf(&mut self.read).await? == 0 {
                    return Err(LinkError::Closed);
                }
            }
        })
        .await?
    }
}

/// The receiver of a milter's edits.
pub(super) trait TakeEdits {
    /// Takes an edit. An error makes the milter fail.
    fn take(&mut self, edit: Edit) -> impl Future<Output = Result<(), LinkError>> + Send;
}

/// Before the end of the message there are no edits.
pub(super) struct NoEdits;

impl TakeEdits for NoEdits {
    async fn take(&mut self, edit: Edit) -> Result<(), LinkError> {
        Err(LinkError::NotAllowed(edit.name(), "this stage"))
    }
}

async fn within<T>(
    time: Duration,
    action: &'static str,
    work: impl Future<Output = T>,
) -> Result<T, LinkError> {
    timeout(time, work).await.map_err(|_| LinkError::TimedOut { action, time })
}

/// Why a milter cannot be asked.
#[derive(Debug)]
pub(super) enum LinkError {
    Connect(io::Error),
    Io(io::Error),
    Closed,
    TimedOut {
        action: &'static str,
        time: Duration,
    },
    Packet(PacketError),
    Negotiation(NegotiationError),
    Reply(ReplyError),
    /// A reply where it must not be.
    NotAllowed(&'static str, &'static str),
    /// An edit for which the milter has not asked at the negotiation.
    NotAnnounced(&'static str),
    Progress,
    TooLong {
        stage: Stage,
        data: usize,
        longest: usize,
    },
    /// The milter's edits cannot be kept.
    Edits(String),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "no connection to the milter: {error}"),
            Self::Io(error) => write!(f, "the connection to the milter failed: {error}"),
            Self::Closed => f.write_str("the milter closed the connection"),
            Self::TimedOut { action, time } => {
                write!(f, "the milter did not {action} within {} s", time.as_secs_f64())
            }
            Self::Packet(error) => write!(f, "the milter sent {error}"),
            Self::Negotiation(error) => error.fmt(f),
            Self::Reply(error) => error.fmt(f),
            Self::NotAllowed(reply, stage) => write!(f, "the milter sent {reply} to {stage}"),
            Self::NotAnnounced(edit) => {
                write!(f, "the milter asks for {edit}, which it has not announced in the negotiation")
            }
            Self::Progress => write!(f, "the milter sent PROGRESS and edits more than {MOST_PROGRESS} times"),
            Self::TooLong { stage, data, longest } => {
                write!(f, "the {} command has {data} bytes, and the milter takes {longest}", stage.name())
            }
            Self::Edits(error) => f.write_str(error),
        }
    }
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<PacketError> for LinkError {
    fn from(error: PacketError) -> Self {
        Self::Packet(error)
    }
}

impl From<NegotiationError> for LinkError {
    fn from(error: NegotiationError) -> Self {
        Self::Negotiation(error)
    }
}

impl From<ReplyError> for LinkError {
    fn from(error: ReplyError) -> Self {
        Self::Reply(error)
    }
}
