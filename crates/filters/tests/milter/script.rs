//! A milter that follows a script: which packets it expects, and which it sends.

use std::time::Duration;

use mailchute_filters::milter::{Milter, MilterAddress};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A line of a script.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// The server sends this packet: a command and its data, without the length.
    Server(Vec<u8>),
    /// The milter sends this packet, without the length.
    Milter(Vec<u8>),
    /// The milter sends these bytes at once, such as several packets with their lengths.
    Bytes(Vec<u8>),
    /// The milter closes the connection, whatever the server sends.
    Close,
}

/// The server sends this packet.
pub(crate) fn server(packet: impl AsRef<[u8]>) -> Line {
    Line::Server(packet.as_ref().to_vec())
}

/// The milter sends this packet.
pub(crate) fn milter(packet: impl AsRef<[u8]>) -> Line {
    Line::Milter(packet.as_ref().to_vec())
}

/// The offer of the server.
pub(crate) const OFFER: &[u8] = b"O\0\0\0\x06\0\0\x01\xff\x30\x1f\xff\xff";

/// Begins a script with the negotiation: these steps, all actions, and no macros at any stage.
pub(crate) fn negotiated(steps: u32, rest: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let mut choice = b"O\0\0\0\x06\0\0\x01\xff".to_vec();
    choice.extend_from_slice(&steps.to_be_bytes());
    for stage in 0..7_u32 {
        choice.extend_from_slice(&stage.to_be_bytes());
        choice.push(0);
    }
    [server(OFFER), milter(choice)].into_iter().chain(rest).collect()
}

/// A script in which each command up to the end of the message is answered by `c`. `end` follows the end of the body.
pub(crate) fn passing(end: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let steps: [&[u8]; 8] = [
        b"C[192.0.2.1]\x004\x9c\x40192.0.2.1\0",
        b"Hclient.example\0",
        b"M<alice@client.example>\0",
        b"R<bob@example.com>\0",
        b"T",
        b"LSubject\0hello\0",
        b"N",
        b"Bhi\r\n",
    ];
    let steps = steps.into_iter().flat_map(|step| [server(step), milter("c")]);
    negotiated(0, steps.chain([server("E")]).chain(end))
}

/// A milter that serves one connection after the other, each by a script.
pub(crate) struct Scripted {
    pub(crate) address: MilterAddress,
    running: JoinHandle<()>,
}

impl Scripted {
    /// Listens, and follows the scripts.
    pub(crate) async fn start(scripts: impl IntoIterator<Item = Vec<Line>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = MilterAddress::tcp("127.0.0.1", listener.local_addr().unwrap().port());
        let scripts: Vec<_> = scripts.into_iter().collect();
        let running = tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                follow(stream, script).await;
            }
        });
        Self { address, running }
    }

    /// Returns a filter for this milter.
    pub(crate) fn filter(&self) -> Milter {
        Milter::new(self.address.clone())
    }

    /// Waits until the scripts are done.
    ///
    /// # Panics
    /// Panics if the server has sent anything else.
    pub(crate) async fn done(self) {
        timeout(Duration::from_secs(20), self.running).await.expect("the script ends").unwrap();
    }
}

async fn follow(mut stream: TcpStream, script: Vec<Line>) {
    for (number, line) in script.into_iter().enumerate() {
        match line {
            Line::Server(expected) => {
                let mut length = [0; 4];
                stream.read_exact(&mut length).await.unwrap_or_else(|error| {
                    panic!("line {number}: {} did not come: {error}", expected.escape_ascii())
                });
                let mut packet = vec![0; u32::from_be_bytes(length) as usize];
                stream.read_exact(&mut packet).await.unwrap();
                assert_eq!(
                    packet.escape_ascii().to_string(),
                    expected.escape_ascii().to_string(),
                    "line {number}"
                );
            }
            Line::Milter(packet) => {
                let length = u32::try_from(packet.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length[..], &packet].concat()).await.unwrap();
            }
            Line::Bytes(bytes) => stream.write_all(&bytes).await.unwrap(),
            Line::Close => return,
        }
    }
    let mut rest = Vec::new();
    // A server that drops the connection may reset it.
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest.escape_ascii().to_string(), "", "after the script");
}
