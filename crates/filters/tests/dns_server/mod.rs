//! A DNS server on loopback, by UDP and TCP, that holds a zone and counts the questions. It can behave badly.

mod message;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::zone::Zone;

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By the zone.
    Well,
    /// With this code, and nothing else.
    Says(ResponseCode),
    /// Not at all.
    Silent,
    /// By UDP, that the answer is too long.
    Truncates,
    /// That the answer is too long, by TCP too.
    TruncatesAlways,
    /// With the header of an answer, and other bytes after it.
    Garbage,
    /// First with another ID, then by the zone.
    ForgesId,
    /// First with another question, then by the zone.
    ForgesQuestion,
    /// With the next CNAME record only, as a server does that knows one zone.
    OneAlias,
    /// With servers to ask instead.
    Refers,
}

/// A question that came: its name in lower case, its type, and whether it came by TCP.
pub(crate) type Asked = (String, String, bool);

pub(crate) struct DnsServer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    /// The server ends with it.
    _tasks: JoinSet<()>,
}

struct Shared {
    zone: Zone,
    state: Mutex<State>,
    is_held: watch::Sender<bool>,
}

struct State {
    manner: Manner,
    /// The TTL of all records, in seconds.
    ttl: u32,
    asked: Vec<Asked>,
}

impl DnsServer {
    /// Starts a server with a zone of lines: a name, a type and the data.
    pub(crate) async fn start(lines: &str) -> Self {
        let (udp, tcp) = sockets().await;
        let address = tcp.local_addr().unwrap();
        let state = Mutex::new(State { manner: Manner::Well, ttl: 300, asked: Vec::new() });
        let zone = Zone::parse(lines.as_bytes());
        let shared = Arc::new(Shared { zone, state, is_held: watch::Sender::new(false) });
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&shared).serve_udp(udp));
        tasks.spawn(Arc::clone(&shared).serve_tcp(tcp));
        Self { address, shared, _tasks: tasks }
    }

    pub(crate) fn set_manner(&self, manner: Manner) {
        self.shared.state.lock().unwrap().manner = manner;
    }

    pub(crate) fn set_ttl(&self, ttl: u32) {
        self.shared.state.lock().unwrap().ttl = ttl;
    }

    /// Holds all answers back, or sends them.
    pub(crate) fn hold(&self, is_held: bool) {
        self.shared.is_held.send_replace(is_held);
    }

    /// Returns the questions that came, and forgets them.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.state.lock().unwrap().asked)
    }

    /// Returns the questions that came.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.state.lock().unwrap().asked.clone()
    }

    /// Returns how many questions came.
    pub(crate) fn count(&self) -> usize {
        self.shared.state.lock().unwrap().asked.len()
    }
}

/// Binds both transports to one port.
async fn sockets() -> (Arc<UdpSocket>, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            return (Arc::new(udp), tcp);
        }
    }
}

impl Shared {
    async fn serve_udp(self: Arc<Self>, socket: Arc<UdpSocket>) {
        let mut clients = JoinSet::new();
        let mut bytes = [0; 4096];
        loop {
            let Ok((length, client)) = socket.recv_from(&mut bytes).await else { continue };
            let (shared, socket, question) =
                (Arc::clone(&self), Arc::clone(&socket), bytes[..length].to_vec());
            clients.spawn(async move {
                for answer in shared.answers(&question, false).await {
                    let _ = socket.send_to(&answer, client).await;
                }
            });
        }
    }

    async fn serve_tcp(self: Arc<Self>, listener: TcpListener) {
        let mut clients = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            clients.spawn(Arc::clone(&self).talk(stream));
        }
    }

    async fn talk(self: Arc<Self>, mut stream: TcpStream) {
        let mut next = async || -> io::Result<()> {
            let mut question = vec![0; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut question).await?;
            for answer in self.answers(&question, true).await {
                stream.write_u16(u16::try_from(answer.len()).unwrap()).await?;
                stream.write_all(&answer).await?;
            }
            Ok(())
        };
        while next().await.is_ok() {}
    }

    /// Returns the messages that answer a question.
    async fn answers(&self, question: &[u8], is_tcp: bool) -> Vec<Vec<u8>> {
        let question = Message::from_vec(question).unwrap();
        let query = &question.queries[0];
        let (name, kind) = (message::text(query.name()), query.query_type().to_string());
        let (manner, ttl) = {
            let mut state = self.state.lock().unwrap();
            state.asked.push((name.clone(), kind.clone(), is_tcp));
            (state.manner, state.ttl)
        };
        let _ = self.is_held.subscribe().wait_for(|is_held| !is_held).await;
        message::answers(&self.zone, &question, manner, ttl, is_tcp)
    }
}
