//! A server of NATS that answers each message by a script.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The payload that an acknowledgement has.
pub(crate) const ACCEPTED: &str = r#"{"stream":"MAIL","seq":1}"#;

/// The answer of a server in which no stream has the subject.
pub(crate) const NO_STREAM: &str = "";

/// No answer at all.
pub(crate) const SILENCE: &str = "-";

/// A message that the server has got.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) subject: String,
    pub(crate) headers: Vec<String>,
    pub(crate) payload: Vec<u8>,
}

impl Published {
    /// Returns the values of a header, in their order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let value = |line: &'_ str| line.strip_prefix(name)?.strip_prefix(": ").map(str::len);
        self.headers.iter().filter_map(|line| Some(&line[line.len() - value(line)?..])).collect()
    }
}

/// The server, and what it has got.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    published: Arc<Mutex<Vec<Published>>>,
}

impl Scripted {
    /// Listens. `answer` returns the payload of the answer to a message.
    pub(crate) async fn listen(answer: impl Fn(&Published) -> &'static str + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let published = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new(answer), Arc::clone(&published));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                tokio::spawn(async move { serve(stream, &*answer, &all).await });
            }
        });
        Self { address, published }
    }

    pub(crate) fn published(&self) -> Vec<Published> {
        self.published.lock().unwrap().clone()
    }
}

/// Speaks with one client until it goes.
async fn serve(
    stream: TcpStream,
    answer: &(impl Fn(&Published) -> &'static str + Sync),
    all: &Mutex<Vec<Published>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let info = r#"INFO {"server_id":"S","server_name":"s","version":"2.9.10","proto":1,"go":"go1","host":"127.0.0.1","port":4222,"headers":true,"max_payload":4096,"client_id":1}"#;
    stream.write_all(format!("{info}\r\n").as_bytes()).await.ok()?;
    let mut inbox = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        match *words {
            ["PING"] => stream.write_all(b"PONG\r\n").await.ok()?,
            ["SUB", _, id] => id.clone_into(&mut inbox),
            [command @ ("HPUB" | "PUB"), subject, reply, ref lengths @ ..] => {
                let lengths: Vec<usize> = lengths.iter().map(|length| length.parse().unwrap()).collect();
                let headers = if command == "HPUB" { lengths[0] } else { 0 };
                let total = *lengths.last()?;
                let mut bytes = vec![0; total + 2];
                stream.read_exact(&mut bytes).await.ok()?;
                let text = String::from_utf8(bytes[..headers].to_vec()).ok()?;
                let message = Published {
                    subject: subject.to_owned(),
                    headers: text.lines().skip(1).map(str::to_owned).collect(),
                    payload: bytes[headers..total].to_vec(),
                };
                let said = answer(&message);
                all.lock().unwrap().push(message);
                if said == SILENCE {
                    continue;
                }
                let status = "NATS/1.0 503\r\n\r\n";
                let answer = match said {
                    NO_STREAM => format!("HMSG {reply} {inbox} {0} {0}\r\n{status}\r\n", status.len()),
                    said => format!("MSG {reply} {inbox} {}\r\n{said}\r\n", said.len()),
                };
                stream.write_all(answer.as_bytes()).await.ok()?;
            }
            _ => {}
        }
    }
}
