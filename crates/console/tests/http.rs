//! An HTTP client for tests.

use std::net::SocketAddr;

use mailchute_console::Console;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A console on a port of loopback. It stops when this is dropped.
pub struct Http {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// The response to a request.
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Http {
    pub async fn serve(console: &Console) -> Self {
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = http.local_addr().unwrap();
        let console = console.clone();
        let serving = tokio::spawn(async move { console.serve(http, std::future::pending()).await.unwrap() });
        Self { address, serving }
    }

    /// Sends a request, with JSON if there is any.
    pub async fn send(&self, method: &str, path: &str, json: Option<&Value>) -> Response {
        let body = json.map(ToString::to_string).unwrap_or_default();
        let kind = if json.is_some() { "Content-Type: application/json\r\n" } else { "" };
        self.request(method, path, kind, &body).await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, form: &str) -> Response {
        self.request("POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", form).await
    }

    async fn request(&self, method: &str, path: &str, fields: &str, body: &str) -> Response {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{fields}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head[9..12].parse().unwrap();
        Response { status, head: head.to_owned(), body: body.to_owned() }
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
