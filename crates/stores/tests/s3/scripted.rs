//! A server of S3 that follows a script, and clients of ours.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mailchute::Server;
use mailchute::testing::{self, Client};
use mailchute_stores::{S3, S3Builder, Template};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as the server has read it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `PUT /mail/key`, with the query.
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// The answer to a kind of requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Says {
    Status(u16, &'static str),
    /// Nothing, for ever.
    Nothing,
    /// Nothing: the connection ends.
    End,
}

#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) requests: Vec<Request>,
    /// By kind: `put`, `begin`, `part`, `complete`, `abort` or `delete`.
    pub(crate) says: HashMap<&'static str, Says>,
    /// Keys with this text in them are refused: the bucket is full.
    pub(crate) refuses_keys_with: Option<&'static str>,
    /// The beginning of an upload is answered after half a second.
    pub(crate) delays_begin: bool,
    uploads: usize,
}

impl Scripted {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(BufReader::new(stream)).await });
            }
        });
        server
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn says(&self, kind: &'static str, says: Says) {
        self.state().says.insert(kind, says);
    }

    /// The requests so far, and forgets them.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().requests)
    }

    /// The kinds of requests so far.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.state().requests.iter().map(|request| kind(&request.line)).collect()
    }

    async fn serve(&self, mut stream: BufReader<TcpStream>) -> Option<()> {
        loop {
            let request = read(&mut stream).await?;
            let kind = kind(&request.line);
            let (says, upload, is_delayed) = {
                let mut state = self.state();
                state.uploads += usize::from(kind == "begin");
                let is_full =
                    kind == "put" && state.refuses_keys_with.is_some_and(|text| request.line.contains(text));
                let says = if is_full { Some(Says::Status(507, "")) } else { state.says.get(kind).copied() };
                state.requests.push(request);
                (says, state.uploads, state.delays_begin && kind == "begin")
            };
            if is_delayed {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            let (status, body) = match says {
                Some(Says::Status(status, body)) => (status, body.to_owned()),
                Some(Says::Nothing) => std::future::pending().await,
                Some(Says::End) => return None,
                None => usual(kind, upload),
            };
            let head =
                format!("HTTP/1.1 {status} X\r\nETag: \"tag\"\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
        }
    }
}

fn usual(kind: &str, upload: usize) -> (u16, String) {
    let xml = match kind {
        "begin" => format!(
            "<InitiateMultipartUploadResult><UploadId>up{upload}</UploadId></InitiateMultipartUploadResult>"
        ),
        "complete" => {
            "<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>".to_owned()
        }
        "abort" | "delete" => return (204, String::new()),
        _ => String::new(),
    };
    (200, xml)
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0);
    let line = line.strip_suffix(" HTTP/1.1").unwrap();
    let headers: HashMap<_, _> = lines
        .iter()
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line: line.to_owned(), headers, body })
}

pub(crate) fn kind(line: &str) -> &'static str {
    let is_part_of_upload = line.contains("uploadId=");
    match line.split(' ').next() {
        Some("PUT") if is_part_of_upload => "part",
        Some("PUT") => "put",
        Some("POST") if is_part_of_upload => "complete",
        Some("POST") => "begin",
        Some("DELETE") if is_part_of_upload => "abort",
        Some("DELETE") => "delete",
        _ => "other",
    }
}

/// The directory of the secret must outlive the opening only.
pub(crate) fn options(server: &Scripted, key: &str) -> (S3Builder, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    let secret = format!("file:{}", secret.display()).parse().unwrap();
    let builder = S3::builder("mail", Template::parse(key).unwrap())
        .endpoint(format!("http://{}", server.address))
        .region("eu-north-1")
        .credentials("us", secret)
        .request_timeout(Duration::from_secs(5));
    (builder, directory)
}

pub(crate) fn mail_server(server: &Scripted, key: &str) -> Server {
    let (builder, _directory) = options(server, key);
    Server::builder().hostname("mx.example.com").store(builder.open().unwrap()).build().unwrap()
}

/// A client that has sent the envelope and got 354.
pub(crate) async fn begun(server: &Server, recipients: &[&str]) -> Client {
    let mut client = testing::connect(server).open();
    client.greeting().await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    crate::common::begin(&mut client, recipients).await;
    client
}

/// Content of so many bytes, in lines.
pub(crate) fn content(bytes: usize) -> Vec<u8> {
    let line = format!("{}\r\n", "x".repeat(98));
    let mut content = b"Subject: large\r\n\r\n".to_vec();
    let mut number = 0;
    while content.len() + line.len() <= bytes {
        // Each line differs, so that misplaced parts are found.
        content.extend_from_slice(format!("{number:010}").as_bytes());
        content.extend_from_slice(&line.as_bytes()[10..]);
        number += 1;
    }
    content
}
