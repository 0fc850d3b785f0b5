//! One conversation: a client of the page, and a session of the playground's server.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::Poll;
use std::time::Duration;

use mailchute::command::Verb;
use mailchute::events::{Event, Events};
use mailchute::listen::Arrival;
use mailchute::{Server, Session};
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::decode;
use super::entry::{Entries, Entry};
use super::fact::Fact;
use super::input::Input;
use super::pipe::{ClientEnd, pipe};
use super::tls::handshake;

/// Bytes of one input.
const MOST_AT_ONCE: usize = 16 * 1024;

/// Bytes of all inputs of a conversation.
const MOST_IN_ALL: usize = 256 * 1024;

/// How long the server may take to answer. Refusals of guesses are delayed by a second each.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most messages that are shown.
const MOST_KEPT: usize = 20;

/// The client's side.
#[derive(Debug)]
enum Io {
    Clear(ClientEnd),
    Tls(Box<TlsStream<ClientEnd>>),
    Over,
}

/// A message that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) content: Vec<u8>,
}

/// A conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    io: Io,
    serving: JoinHandle<()>,
    connector: Arc<ClientConfig>,
    session: Option<Session>,
    events: Events,
    sent: usize,
    pub(crate) entries: Entries,
    pub(crate) kept: Vec<Kept>,
    /// The bytes of each input, if there were any since the connection began.
    pub(crate) raw: Vec<u8>,
    /// The events since the last call of [`take_facts`](Self::take_facts).
    facts: Vec<Fact>,
    content: Vec<u8>,
    last_verb: Option<Verb>,
    /// The last reply asks for more: content, or a part of an AUTH exchange.
    wants_more: Option<Wanted>,
    /// The last reply ends the session.
    is_over: bool,
}

/// The input that the server waits for, besides commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Content,
    AuthResponse,
}

/// Why an input was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSent {
    TooLong,
    TooMuch,
    Over,
}

impl NotSent {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::TooLong => "One input has at most 16 KiB.",
            Self::TooMuch => "A conversation has at most 256 KiB. Connect again to go on.",
            Self::Over => "The connection is closed. Connect again to go on.",
        }
    }
}

impl Conversation {
    /// Connects to the server, and reads its greeting.
    pub(super) async fn begin(server: &Server, connector: Arc<ClientConfig>, is_lmtp: bool) -> Self {
        // Each conversation has an address of its own, by which its session is found.
        static PORTS: AtomicU16 = AtomicU16::new(1);
        let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), PORTS.fetch_add(1, Ordering::Relaxed)));
        let arrival = Arrival::new(address);
        let arrival = if is_lmtp { arrival.lmtp() } else { arrival };
        let events = server.events();
        let (client, theirs) = pipe();
        let server_of_it = server.clone();
        let turn = theirs.turn();
        let serving = turn.tell_idle(async move { server_of_it.serve_connection(theirs, arrival).await });
        // Mail of the playground is not real, so it is not logged.
        let serving = tokio::spawn(serving.with_subscriber(NoSubscriber::new()));
        let mut client = client;
        let is_open = timeout(PATIENCE, client.until_idle()).await.unwrap_or(false);
        let session = server.sessions().into_iter().find(|session| session.client_addr() == address);
        let mut conversation = Self {
            serving,
            io: if is_open { Io::Clear(client) } else { Io::Over },
            connector,
            events: match &session {
                Some(session) => events.of_session(session.id()),
                None => events,
            },
            session,
            sent: 0,
            entries: Entries::default(),
            kept: Vec::new(),
            raw: Vec::new(),
            facts: Vec::new(),
            content: Vec::new(),
            last_verb: None,
            wants_more: None,
            is_over: false,
        };
        conversation.drain().await;
        conversation.take_events(&Input::default());
        conversation
    }

    /// Returns the session, while it is open.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_ref().filter(|_| self.is_open())
    }

    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.io, Io::Over)
    }

    pub(crate) fn wants_more(&self) -> Option<Wanted> {
        self.wants_more
    }

    pub(super) fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// Sends an input, and reads all that the server says to it.
    pub(super) async fn send(&mut self, input: &Input) -> Result<(), NotSent> {
        let bytes = input.bytes();
        if bytes.len() > MOST_AT_ONCE {
            return Err(NotSent::TooLong);
        }
        if self.sent + bytes.len() > MOST_IN_ALL {
            return Err(NotSent::TooMuch);
        }
        self.sent += bytes.len();
        self.raw.extend_from_slice(&bytes);
        let is_tls = matches!(self.io, Io::Tls(_));
        let written = match &mut self.io {
            Io::Over => return Err(NotSent::Over),
            Io::Clear(client) => {
                timeout(PATIENCE, client.write_all(&bytes)).await.is_ok_and(|sent| sent.is_ok())
            }
            Io::Tls(client) => {
                client.get_mut().0.take_tap();
                let sent = async { client.write_all(&bytes).await.and(client.flush().await) };
                timeout(PATIENCE, sent).await.is_ok_and(|sent| sent.is_ok())
            }
        };
        self.show_typed(input);
        if let (true, Io::Tls(client)) = (is_tls, &mut self.io) {
            let bytes = client.get_mut().0.take_tap();
            self.entries.push(Entry::Wire { bytes });
        }
        if !written {
            self.io = Io::Over;
        }
        self.until_idle().await;
        self.take_events(input);
        if self.last_verb == Some(Verb::StartTls) && self.facts.iter().rev().any(is_ready_for_tls) {
            self.last_verb = None;
            self.begin_tls().await;
            self.take_events(input);
        }
        if self.is_over {
            // The server waits for the client's end, so that its reply is not lost.
            self.io = Io::Over;
            let _ = timeout(PATIENCE, &mut self.serving).await;
            self.take_events(input);
        }
        Ok(())
    }

    /// Shows content and responses of AUTH as they were typed. Events have neither.
    fn show_typed(&mut self, input: &Input) {
        if self.wants_more.is_some() {
            for line in input.lines() {
                self.entries.push(Entry::Typed { line: shown(line) });
            }
        }
        if let [line] = input.lines()[..] {
            let response = match (self.wants_more, line.get(..11)) {
                (Some(Wanted::AuthResponse), _) => Some(line),
                (None, Some(start)) if start.eq_ignore_ascii_case("AUTH PLAIN ") => line.get(11..),
                _ => None,
            };
            if let Some(parts) = response.and_then(decode::plain) {
                self.entries.push(Entry::Decoded { parts });
            }
        }
    }

    async fn begin_tls(&mut self) {
        let Io::Clear(client) = std::mem::replace(&mut self.io, Io::Over) else { return };
        match timeout(PATIENCE, handshake(self.connector.clone(), client)).await {
            Ok(Ok(stream)) => self.io = Io::Tls(Box::new(stream)),
            Ok(Err(error)) => {
                self.entries.push(Entry::Note { text: format!("The handshake failed: {error}") });
            }
            Err(_) => self.entries.push(Entry::Note { text: "The handshake took too long.".to_owned() }),
        }
        self.until_idle().await;
    }

    /// Waits until the server has said all that it has to say, and drops the bytes: its events say the same.
    async fn until_idle(&mut self) {
        let client = match &mut self.io {
            Io::Over => return,
            Io::Clear(client) => client,
            Io::Tls(client) => client.get_mut().0,
        };
        let is_open = timeout(PATIENCE, client.until_idle()).await.unwrap_or(false);
        self.drain().await;
        if !is_open {
            self.io = Io::Over;
        }
    }

    async fn drain(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            let read = poll_fn(|context| {
                let mut buffer = ReadBuf::new(&mut buffer);
                let outcome = match &mut self.io {
                    Io::Over => return Poll::Ready(0),
                    Io::Clear(client) => Pin::new(client).poll_read(context, &mut buffer),
                    Io::Tls(client) => Pin::new(client).poll_read(context, &mut buffer),
                };
                Poll::Ready(if outcome.is_ready() { buffer.filled().len() } else { 0 })
            });
            if read.await == 0 {
                return;
            }
        }
    }

    /// Turns the events of the session into rows and facts.
    fn take_events(&mut self, input: &Input) {
        let (mut replies, mut is_first) = (0, true);
        while let Some(event) = self.events.try_next() {
            self.facts.extend(Fact::of(&event));
            match event {
                Event::Command { line, .. } => {
                    self.last_verb = self.verb_of(&line);
                    if self.last_verb == Some(Verb::Mail) {
                        self.content.clear();
                    }
                    if self.wants_more != Some(Wanted::AuthResponse) {
                        let typed = input.lines();
                        // Events have no credentials. Here they are the visitor's own.
                        let line = if typed.len() == 1 && is_first && !input.escapes {
                            shown(typed[0])
                        } else {
                            line
                        };
                        self.entries.push(Entry::Command { line });
                    }
                    is_first = false;
                }
                Event::Reply { reply, .. } => {
                    replies += 1;
                    self.add_reply(&reply);
                }
                Event::DataChunk { chunk, .. } => self.content.extend_from_slice(&chunk),
                Event::Secure { tls, .. } => self.entries.push(Entry::Secure { facts: tls }),
                Event::Message { id, envelope, .. } => self.keep(&id.to_string(), &envelope),
                Event::Disconnect { cause, .. } => {
                    self.io = Io::Over;
                    self.entries.push(Entry::Ended { cause });
                }
                Event::Missed { count, .. } => {
                    let text =
                        format!("The input was too long to be followed: {count} events are missing here.");
                    self.entries.push(Entry::Note { text });
                }
                Event::HandshakeFailed { cause, .. } => self.entries.push(Entry::Note { text: cause }),
                _ => {}
            }
        }
        self.facts.push(Fact::Together(replies));
    }

    fn verb_of(&self, line: &str) -> Option<Verb> {
        match self.wants_more {
            Some(Wanted::AuthResponse) => Some(Verb::Auth),
            _ => Some(Verb::of(line.split(' ').next().unwrap_or_default().as_bytes())),
        }
    }

    fn add_reply(&mut self, reply: &mailchute::Reply) {
        let code = reply.code().get();
        self.is_over |= reply.hangs_up();
        if self.wants_more == Some(Wanted::Content) {
            // In LMTP more replies to the same content may follow.
            self.last_verb = None;
        }
        let to = self.last_verb;
        let mut wire = Vec::new();
        reply.encode(&mut wire);
        let lines = String::from_utf8_lossy(&wire).lines().map(shown).collect();
        self.entries.push(Entry::Reply { lines, to });
        let enhanced = reply.enhanced().map(|enhanced| enhanced.to_string());
        self.facts.push(Fact::Reply { to, code, enhanced });
        self.wants_more = match code {
            354 => Some(Wanted::Content),
            334 => Some(Wanted::AuthResponse),
            _ => None,
        };
    }

    fn keep(&mut self, id: &str, envelope: &mailchute::Envelope) {
        let content = std::mem::take(&mut self.content);
        let is_chunked = self.last_verb == Some(Verb::Bdat);
        self.facts.push(Fact::Message {
            recipients: envelope.recipients.len(),
            content: content.clone(),
            is_chunked,
        });
        self.entries.push(Entry::Kept { id: id.to_owned(), bytes: content.len() });
        if self.kept.len() == MOST_KEPT {
            self.kept.remove(0);
        }
        self.kept.push(Kept {
            id: id.to_owned(),
            from: envelope.sender.as_str().to_owned(),
            to: envelope.recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect(),
            content,
        });
    }
}

fn is_ready_for_tls(fact: &Fact) -> bool {
    matches!(fact, Fact::Reply { to: Some(Verb::StartTls), code: 220, .. })
}

fn shown(line: &str) -> String {
    mailchute::syntax::escaped(line.as_bytes())
}
