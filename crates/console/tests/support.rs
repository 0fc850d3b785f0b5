//! A console on a loopback port, asked by literal bytes.

use std::net::SocketAddr;

use mailchute::{Server, testing};
use mailchute_console::{Console, ConsoleBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A console that is being served. It stops when this is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves the console of a server that keeps its messages in memory.
pub(crate) async fn serve(change: impl FnOnce(ConsoleBuilder) -> ConsoleBuilder) -> Served {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    serve_console(change(Console::builder(&server)).build()).await
}

pub(crate) async fn serve_console(console: Console) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { console.serve(listener, std::future::pending()).await.unwrap() });
    Served { address, task }
}

impl Served {
    /// Returns the whole answer to a request that is sent as it is.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Returns the answer to a GET of `localhost`, with more fields.
    pub(crate) async fn get(&self, path: &str, fields: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n"))
            .await
    }

    /// Returns the answer to a request with a body.
    pub(crate) async fn send(&self, method: &str, path: &str, fields: &str, body: &str) -> String {
        let length = body.len();
        self.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
        ))
        .await
    }
}

/// An answer to a request of a program or a form.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn of(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Self { status: status(answer), head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns where it leads.
    pub(crate) fn location(&self) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap()
    }
}

impl Served {
    /// Sends JSON, if there is any.
    pub(crate) async fn json(&self, method: &str, path: &str, json: Option<&Value>) -> Answer {
        let body = json.map(ToString::to_string).unwrap_or_default();
        let fields = if json.is_some() { "Content-Type: application/json\r\n" } else { "" };
        Answer::of(&self.send(method, path, fields, &body).await)
    }

    /// Sends a form as the page at `path` has it, with its token.
    pub(crate) async fn form(&self, path: &str, form: &str) -> Answer {
        let page = self.get(path, "").await;
        let (_, token) = page.split_once("name=\"token\" value=\"").unwrap();
        let body = format!("token={}&{form}", token.split('"').next().unwrap());
        let fields = "Content-Type: application/x-www-form-urlencoded\r\n";
        Answer::of(&self.send("POST", path, fields, &body).await)
    }
}

/// Returns the status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status: {answer:?}"))
}

/// Returns the value of a field of an answer.
pub(crate) fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let fields =
        answer.split("\r\n").take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(": "));
    fields.into_iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
