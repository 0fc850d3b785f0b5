//! A next hop that follows a script, and clients of ours.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use mailchute::testing::{self, Client};
use mailchute::{Builder, Server};
use mailchute_stores::{Forward, ForwardBuilder, NextHop};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A next hop on a port of its own.
#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    script: Arc<Mutex<Script>>,
    /// A connection that hangs goes on with a permit.
    pub(crate) released: Arc<Semaphore>,
}

/// Each reply can be set; the rest is as a server says it.
pub(crate) struct Script {
    pub(crate) is_lmtp: bool,
    pub(crate) greeting: String,
    /// Lines after the first.
    pub(crate) extensions: Vec<&'static str>,
    pub(crate) mail: String,
    pub(crate) data: String,
    /// By address.
    pub(crate) rcpt: HashMap<&'static str, &'static str>,
    /// After the content, by address.
    pub(crate) end: HashMap<&'static str, &'static str>,
    /// The beginning of a line at which the connection ends; `.` is the end of the content.
    pub(crate) closes_at: &'static str,
    pub(crate) hangs_at: &'static str,
    /// The beginning of a line of the content at which it says 421.
    pub(crate) leaves_at: &'static str,
    pub(crate) lines: Vec<String>,
    /// Recipients and content of each message that was accepted for anybody.
    pub(crate) messages: Vec<(Vec<String>, String)>,
    pub(crate) connections: usize,
    /// Contents that ended without a dot.
    pub(crate) cut_off: usize,
}

impl Scripted {
    pub(crate) async fn lmtp() -> Self {
        Self::start(true).await
    }

    pub(crate) async fn smtp() -> Self {
        Self::start(false).await
    }

    async fn start(is_lmtp: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Script {
            is_lmtp,
            greeting: "220 hop.example".into(),
            extensions: vec!["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"],
            mail: "250 2.1.0 Ok".into(),
            data: "354 Go on".into(),
            rcpt: HashMap::new(),
            end: HashMap::new(),
            closes_at: "never",
            hangs_at: "never",
            leaves_at: "never",
            lines: Vec::new(),
            messages: Vec::new(),
            connections: 0,
            cut_off: 0,
        };
        let hop = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(script)),
            released: Arc::new(Semaphore::new(0)),
        };
        let serving = hop.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serving.script().connections += 1;
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(BufReader::new(stream)).await });
            }
        });
        hop
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// The numbers of connections and of accepted messages so far.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let script = self.script();
        (script.connections, script.messages.len())
    }

    /// The commands so far, and forgets them.
    pub(crate) fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.script().lines)
    }

    pub(crate) fn next_hop(&self) -> NextHop {
        NextHop::tcp(self.address.ip().to_string(), self.address.port())
    }

    /// Returns `None` where the connection ends.
    async fn serve(&self, mut stream: BufReader<TcpStream>) -> Option<()> {
        let greeting = self.script().greeting.clone();
        stream.write_all(format!("{greeting}\r\n").as_bytes()).await.ok()?;
        let mut recipients: Vec<String> = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            self.script().lines.push(line.clone());
            self.follow(&line).await?;
            let reply = match line.split([' ', ':']).next().unwrap() {
                "LHLO" | "EHLO" => {
                    let extensions = self.script().extensions.clone();
                    let lines = extensions.iter().map(|line| format!("250-{line}\r\n"));
                    format!("250-hop.example\r\n{}250 HELP", lines.collect::<String>())
                }
                "MAIL" => self.script().mail.clone(),
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap().to_owned();
                    let reply = *self.script().rcpt.get(address.as_str()).unwrap_or(&"250 2.1.5 Ok");
                    if reply.starts_with('2') {
                        recipients.push(address);
                    }
                    reply.into()
                }
                "DATA" if self.script().data.starts_with("354") => {
                    stream.write_all(b"354 Go on\r\n").await.ok()?;
                    let content = self.content(&mut stream).await?;
                    self.follow(".").await?;
                    self.keep(std::mem::take(&mut recipients), content)
                }
                "DATA" => self.script().data.clone(),
                "BDAT" => {
                    let length: usize = line.split(' ').nth(1).unwrap().parse().unwrap();
                    let mut content = vec![0; length];
                    stream.read_exact(&mut content).await.ok()?;
                    let content = String::from_utf8_lossy(&content).into_owned();
                    if line.ends_with("LAST") {
                        self.keep(std::mem::take(&mut recipients), content)
                    } else {
                        "250 2.0.0 Go on".into()
                    }
                }
                "RSET" => {
                    recipients.clear();
                    "250 2.0.0 Reset".into()
                }
                "QUIT" => "221 2.0.0 Bye".into(),
                _ => "250 2.0.0 Ok".into(),
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        }
    }

    /// Hangs or ends as the script says.
    async fn follow(&self, line: &str) -> Option<()> {
        let (hangs, closes) = {
            let script = self.script();
            (line.starts_with(script.hangs_at), line.starts_with(script.closes_at))
        };
        if hangs {
            self.released.acquire().await.unwrap().forget();
        }
        (!closes).then_some(())
    }

    /// The content as it was sent, with stuffed dots and without the last.
    async fn content(&self, stream: &mut BufReader<TcpStream>) -> Option<String> {
        let mut content = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                self.script().cut_off += 1;
                return None;
            }
            if line.starts_with(self.script().leaves_at) {
                stream.write_all(b"421 4.4.2 The content is too slow\r\n").await.ok()?;
                self.script().cut_off += 1;
                return None;
            }
            if line == ".\r\n" {
                return Some(content);
            }
            content.push_str(&line);
        }
    }

    fn keep(&self, recipients: Vec<String>, content: String) -> String {
        let mut script = self.script();
        let reply = |address: &String| *script.end.get(address.as_str()).unwrap_or(&"250 2.0.0 Saved");
        let replies: Vec<_> = recipients.iter().map(reply).collect();
        let kept: Vec<_> = recipients
            .iter()
            .zip(&replies)
            .filter(|(_, reply)| reply.starts_with('2'))
            .map(|(address, _)| address.clone())
            .collect();
        let reply = if script.is_lmtp { replies.join("\r\n") } else { replies[0].to_owned() };
        if !kept.is_empty() {
            script.messages.push((kept, content));
        }
        reply
    }
}

/// A server of ours in front of next hops.
pub(crate) struct Front {
    pub(crate) server: Server,
    pub(crate) forward: Forward,
    pub(crate) state: TempDir,
}

impl Front {
    pub(crate) fn of(builder: ForwardBuilder) -> Self {
        Self::with(builder, |builder| builder)
    }

    pub(crate) fn with(builder: ForwardBuilder, options: impl FnOnce(Builder) -> Builder) -> Self {
        Self::after(builder, tempfile::tempdir().unwrap(), options)
    }

    /// With what an earlier one has left.
    pub(crate) fn after(
        builder: ForwardBuilder,
        state: TempDir,
        options: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let forward = builder.state(state.path().join("state")).open().unwrap();
        let builder = Server::builder().hostname("mx.example.com");
        Self { server: options(builder).with(forward.clone()).build().unwrap(), forward, state }
    }

    pub(crate) async fn client(&self) -> Client {
        let mut client = testing::connect(&self.server).open();
        client.ready().await.expect(250);
        client
    }

    /// Sends a message to all of these, each of whom is accepted at RCPT. Returns the reply to the content.
    pub(crate) async fn send(&self, recipients: &[&str]) -> String {
        let mut client = self.client().await;
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        for recipient in recipients {
            client.command(&format!("RCPT TO:<{recipient}@example.com>")).await.expect(250);
        }
        client.data("Subject: x\r\n\r\nHello\r\n.dot\r\n").await.to_string()
    }
}

pub(crate) fn lmtp(hop: &Scripted) -> ForwardBuilder {
    Forward::lmtp([hop.next_hop()])
}

pub(crate) fn smtp(hop: &Scripted) -> ForwardBuilder {
    Forward::smtp([hop.next_hop()])
}

/// A port at which nothing listens.
pub(crate) async fn nobody() -> NextHop {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    NextHop::tcp("127.0.0.1", listener.local_addr().unwrap().port())
}
