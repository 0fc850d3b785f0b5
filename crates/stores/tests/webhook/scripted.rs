//! A web server that follows a script, and clients of ours.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use mailchute::testing::{self, Client};
use mailchute::{Builder, Server};
use mailchute_stores::{Webhook, WebhookBuilder};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A web server on a port of its own.
#[derive(Clone)]
pub(super) struct Web {
    pub(super) address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

pub(super) struct Script {
    /// The responses to paths that begin with these; the last that fits counts.
    pub(super) responses: Vec<(&'static str, String)>,
    pub(super) requests: Vec<Request>,
    pub(super) connections: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) path: String,
    /// Names in lower case.
    pub(super) header: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let field = self.header.iter().find(|(found, _)| found == name);
        field.map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The response that hangs.
pub(super) const HANGS: &str = "hangs";

/// The response that closes the connection before the body is read.
pub(super) const CLOSES: &str = "closes";

pub(super) fn response(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\nX: y\r\n\r\nsecret 42")
}

impl Web {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script =
            Script { responses: vec![("/", response("200 OK"))], requests: Vec::new(), connections: 0 };
        let web = Self { address: listener.local_addr().unwrap(), script: Arc::new(Mutex::new(script)) };
        let serving = web.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serving.script().connections += 1;
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(BufReader::new(stream)).await });
            }
        });
        web
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Answers all requests from here on.
    pub(super) fn answer(&self, response: impl Into<String>) {
        self.answer_at("/", response);
    }

    pub(super) fn answer_at(&self, path: &'static str, response: impl Into<String>) {
        self.script().responses.push((path, response.into()));
    }

    /// The requests so far, and forgets them.
    pub(super) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.script().requests)
    }

    /// The only request.
    pub(super) fn one(&self) -> Request {
        let mut requests = self.take();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn webhook(&self, path: &str) -> WebhookBuilder {
        Webhook::builder(&self.url(path)).unwrap()
    }

    /// Returns `None` where the connection ends.
    async fn serve(&self, mut stream: BufReader<TcpStream>) -> Option<()> {
        loop {
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.ok()? == 0 {
                    return None;
                }
                if line == "\r\n" {
                    break;
                }
                lines.push(line.trim_end().to_owned());
            }
            let path = lines[0].strip_prefix("POST ")?.strip_suffix(" HTTP/1.1")?.to_owned();
            let header = lines[1..].iter().map(|line| line.split_once(':').unwrap());
            let header = header.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
            let mut request = Request { path, header: header.collect(), body: Vec::new() };
            let responses = self.script().responses.clone();
            let fits = |(path, _): &&(&'static str, String)| request.path.starts_with(path);
            let response = responses.iter().rev().find(fits).unwrap().1.clone();
            if response == CLOSES {
                return None;
            }
            request.body = vec![0; request.get("content-length").unwrap().parse().unwrap()];
            stream.read_exact(&mut request.body).await.ok()?;
            self.script().requests.push(request);
            if response == HANGS {
                std::future::pending::<()>().await;
            }
            stream.write_all(response.as_bytes()).await.ok()?;
        }
    }
}

/// A server of ours in front of a web server.
pub(super) fn front(webhook: WebhookBuilder) -> Server {
    front_with(webhook, |builder| builder)
}

pub(super) fn front_with(webhook: WebhookBuilder, options: impl FnOnce(Builder) -> Builder) -> Server {
    let builder = Server::builder().hostname("mx.example.com").store(webhook.open().unwrap());
    options(builder).build().unwrap()
}

pub(super) async fn client(server: &Server) -> Client {
    let mut client = testing::connect(server).from(SocketAddr::from(([192, 0, 2, 1], 1025))).open();
    client.ready().await.expect(250);
    client
}

/// Sends a message. Returns the reply to the content.
pub(super) async fn send(server: &Server, recipients: &[&str], content: &str) -> String {
    let mut client = client(server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in recipients {
        client.command(&format!("RCPT TO:<{recipient}@example.com>")).await.expect(250);
    }
    client.data(content).await.to_string()
}

pub(super) const MESSAGE: &str = "Subject: x\r\nMessage-ID: <1@client.example>\r\n\r\nHello\r\n.dot";
