//! A web server that follows a script.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, UnixListener};

/// A web server on a port or a socket of its own. It answers each request with the next answer, and the last one again
/// and again.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    directory: Option<Arc<TempDir>>,
}

#[derive(Default)]
struct Script {
    answers: Vec<Answer>,
    requests: Vec<Request>,
    connections: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// 200 with this body.
    Ok(String),
    /// These bytes, after which the connection is closed.
    Raw(Vec<u8>),
    /// Nothing for ever.
    Hangs,
    /// The end of the connection, before the body is read.
    Closes,
    /// A body without an end.
    Endless,
    /// These bytes, one each second.
    Slow(Vec<u8>),
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) header: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.header.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        let named = self.header.iter().filter(move |(found, _)| found == name);
        named.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Web {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = Self::new(format!("http://{}", listener.local_addr().unwrap()), answers, None);
        let serving = web.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serving.connected(stream);
            }
        });
        web
    }

    /// Listens on a Unix socket.
    pub(crate) fn start_unix(answers: impl IntoIterator<Item = Answer>) -> Self {
        let directory = TempDir::new().unwrap();
        let path: PathBuf = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let web = Self::new(format!("unix:{}", path.display()), answers, Some(directory.into()));
        let serving = web.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serving.connected(stream);
            }
        });
        web
    }

    fn new(url: String, answers: impl IntoIterator<Item = Answer>, directory: Option<Arc<TempDir>>) -> Self {
        let script = Script { answers: answers.into_iter().collect(), ..Script::default() };
        Self { url, script: Arc::new(Mutex::new(script)), directory }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// The requests so far, and forgets them.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.script().requests)
    }

    /// The only request.
    pub(crate) fn one(&self) -> Request {
        let mut requests = self.take();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    pub(crate) fn connections(&self) -> usize {
        self.script().connections
    }

    fn connected(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        self.script().connections += 1;
        let serving = self.clone();
        tokio::spawn(async move { serving.serve(BufReader::new(stream)).await });
    }

    fn next(&self) -> Answer {
        let mut script = self.script();
        if script.answers.len() > 1 { script.answers.remove(0) } else { script.answers[0].clone() }
    }

    /// Returns `None` where the connection ends.
    async fn serve(&self, mut stream: BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> Option<()> {
        let _directory = self.directory.clone();
        loop {
            let mut lines = Vec::new();
            loop {
                let mut line = Vec::new();
                if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
                    return None;
                }
                if line == b"\r\n" {
                    break;
                }
                lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let path = lines[0].strip_prefix("POST ")?.strip_suffix(" HTTP/1.1")?.to_owned();
            let header = lines[1..].iter().map(|line| line.split_once(':').unwrap());
            let header = header.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
            let mut request = Request { path, header: header.collect(), body: Vec::new() };
            let answer = self.next();
            if let Answer::Closes = answer {
                return None;
            }
            request.body = vec![0; request.get("content-length").unwrap().parse().unwrap()];
            stream.read_exact(&mut request.body).await.ok()?;
            self.script().requests.push(request);
            match answer {
                Answer::Ok(body) => {
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                    stream.write_all(head.as_bytes()).await.ok()?;
                    stream.write_all(body.as_bytes()).await.ok()?;
                }
                Answer::Raw(bytes) => {
                    stream.write_all(&bytes).await.ok()?;
                    return None;
                }
                Answer::Hangs => std::future::pending::<()>().await,
                Answer::Closes => return None,
                Answer::Endless => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":\"").await.ok()?;
                    loop {
                        stream.write_all(&[b'x'; 4096]).await.ok()?;
                    }
                }
                Answer::Slow(bytes) => {
                    for byte in bytes {
                        stream.write_all(&[byte]).await.ok()?;
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                    return None;
                }
            }
        }
    }
}

/// Answers that are no answers, with what the log says of them. Each of them comes in time.
pub(crate) fn hostile() -> Vec<(Answer, &'static str)> {
    let deep = "[".repeat(100_000);
    let deep_object = "{\"milter\":".repeat(50_000);
    vec![
        (Answer::Ok(String::new()), "EOF"),
        (Answer::Ok("not JSON".to_owned()), "expected"),
        (Answer::Ok(format!("{{\"action\":{deep}")), "answer"),
        (Answer::Ok(format!("{{\"milter\":{deep}")), "answer"),
        (Answer::Ok(deep_object), "answer"),
        (Answer::Ok("[]".to_owned()), "answer"),
        (Answer::Ok("{}".to_owned()), "action"),
        (Answer::Ok("{\"action\":1}".to_owned()), "answer"),
        (Answer::Raw(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe".to_vec()), "answer"),
        (Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec()), "body"),
        (Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{".to_vec()), "body"),
        (Answer::Raw(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec()), "500"),
        (Answer::Raw(b"HTTP/1.1 404 Oh\r\n\r\n".to_vec()), "404"),
        (Answer::Raw(b"HTTP/1.1 302 Oh\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n".to_vec()), "302"),
        (Answer::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec()), "request"),
        (Answer::Raw(Vec::new()), "request"),
        (Answer::Closes, "request"),
        (Answer::Endless, "more than "),
    ]
}
