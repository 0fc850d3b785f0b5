//! The client of filters that ask a server by HTTP.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::try_unfold;
use mailchute::Message;
use mailchute::message::BodyError;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Body, Certificate, Client, Url};
use serde::{Deserialize, Deserializer};
use tokio::sync::Semaphore;

/// Requests at a time, and so connections.
const AT_A_TIME: usize = 100;

/// Bytes of long answers that are read at a time.
const LONG_ANSWERS: usize = 64 * 1024 * 1024;

/// Bytes up to which an answer is short.
const SHORT: usize = 64 * 1024;

/// How long a connection may take, with TLS.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a connection waits for its next request: less than the 5 s after which common web servers close it.
const IDLE: Duration = Duration::from_secs(4);

/// The URL of a server that a scanner runs on: `http://HOST:PORT/PATH`, `https://HOST/PATH` or `unix:PATH`.
///
/// ```
/// use mailchute_filters::ScannerUrl;
///
/// let url: ScannerUrl = "http://127.0.0.1:11333".parse()?;
/// assert_eq!(url.host_and_port(), Some(("127.0.0.1", 11333)));
/// assert!(!url.is_tls());
/// # Ok::<(), mailchute_filters::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ScannerUrl {
    /// As it was written.
    text: String,
    url: Url,
    socket: Option<PathBuf>,
}

impl ScannerUrl {
    /// Returns host and port, or `None` for a Unix socket. An IPv6 address has no brackets.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        let host = self.url.host_str().filter(|_| self.socket.is_none())?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Some((host, self.url.port_or_known_default()?))
    }

    /// Returns the path of the Unix socket, if it is one.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Returns whether the connection is encrypted, and the server proves its name.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the URL of requests. One without a path gets `path`.
    fn with_path(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if url.path() == "/" {
            url.set_path(path);
        }
        url
    }
}

impl FromStr for ScannerUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let socket = text.strip_prefix("unix:").map(PathBuf::from);
        if socket.as_ref().is_some_and(|socket| !socket.is_absolute()) {
            return Err(UrlError(()));
        }
        // HTTP needs a host, though a socket has none.
        let url = if socket.is_some() { "http://localhost/" } else { text };
        let url = Url::parse(url).map_err(|_| UrlError(()))?;
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !is_http || has_user || url.fragment().is_some() {
            return Err(UrlError(()));
        }
        Ok(Self { text: text.to_owned(), url, socket })
    }
}

/// As it was written.
impl fmt::Display for ScannerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ScannerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The error of a text that is not the URL of a server. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlError(());

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write http://HOST:PORT/PATH, https://HOST/PATH or unix:/PATH, without user, password and #",
        )
    }
}

impl Error for UrlError {}

/// A client of one server. It follows no redirects and uses no proxy.
pub(crate) struct HttpClient {
    client: Client,
    /// Asks by a new connection. A server that was restarted may have closed any number of those that wait.
    again: Client,
    url: Url,
    slots: Semaphore,
    /// One permit for each byte of [`LONG_ANSWERS`].
    room: Semaphore,
    /// The longest answer in bytes.
    max_answer: usize,
}

impl HttpClient {
    /// Makes a client. A URL without a path gets `path`. `ca` is a PEM file of authorities that are trusted instead of those
    /// of the system. `max_answer` is the longest answer in bytes.
    pub(crate) fn open(
        server: &ScannerUrl,
        path: &str,
        ca: Option<&Path>,
        max_answer: usize,
    ) -> io::Result<Self> {
        let made = |waiting: usize| Self::client(server, ca, waiting);
        let (slots, room) = (Semaphore::new(AT_A_TIME), Semaphore::new(LONG_ANSWERS));
        Ok(Self {
            client: made(usize::MAX)?,
            again: made(0)?,
            url: server.with_path(path),
            slots,
            room,
            max_answer,
        })
    }

    /// Makes a client with so many connections that wait for their next request.
    fn client(server: &ScannerUrl, ca: Option<&Path>, waiting: usize) -> io::Result<Client> {
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("Mailchute/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(waiting)
            .http1_only()
            .tcp_nodelay(true);
        if let Some(socket) = &server.socket {
            builder = builder.unix_socket(socket.as_path());
        }
        if let Some(ca) = ca {
            builder = builder.tls_certs_only(authorities(ca)?);
        } else if !server.is_tls() {
            // Without TLS no authority is needed, and the system may have none.
            builder = builder.tls_certs_only([]);
        }
        builder.build().map_err(io::Error::other)
    }

    /// Posts a body and returns the answer. The second body is sent if the server has closed a connection that waited for
    /// its next request.
    ///
    /// # Cancel safety
    /// If the future is dropped, the request is given up.
    pub(crate) async fn post(&self, header: HeaderMap, bodies: [Body; 2]) -> Result<Vec<u8>, HttpError> {
        let _slot = self.slots.acquire().await.map_err(|error| HttpError(error.to_string()))?;
        let [first, second] = bodies;
        match self.post_once(&self.client, header.clone(), first).await {
            Err(Failure::Lost(_)) => self.post_once(&self.again, header, second).await,
            answer => answer,
        }
        .map_err(|(Failure::Lost(error) | Failure::Final(error))| error)
    }

    async fn post_once(&self, client: &Client, header: HeaderMap, body: Body) -> Result<Vec<u8>, Failure> {
        let sent = client.post(self.url.clone()).headers(header).body(body).send().await;
        let mut response = sent.map_err(|error| {
            let is_lost = !error.is_timeout() && !error.is_connect() && !error.is_builder();
            if is_lost { Failure::Lost(error.into()) } else { Failure::Final(error.into()) }
        })?;
        let status = response.status();
        if status != reqwest::StatusCode::OK {
            return Err(Failure::Final(HttpError(format!("the server answered {status}"))));
        }
        let mut answer = Vec::new();
        // All at once, as answers that have a part each would wait for one another.
        let longest = u32::try_from(self.max_answer.min(LONG_ANSWERS)).unwrap_or(u32::MAX);
        let mut room = None;
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::Final(error.into()))? {
            if answer.len() + chunk.len() > self.max_answer {
                let error = format!("the answer has more than {} bytes", self.max_answer);
                return Err(Failure::Final(HttpError(error)));
            }
            if answer.len() + chunk.len() > SHORT && room.is_none() {
                let taken = self.room.acquire_many(longest).await;
                room = Some(taken.map_err(|error| Failure::Final(HttpError(error.to_string())))?);
            }
            answer.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

/// A request without an answer.
enum Failure {
    /// The connection was lost before the answer began.
    Lost(HttpError),
    Final(HttpError),
}

fn authorities(path: &Path) -> io::Result<Vec<Certificate>> {
    let of_file = |error: String| io::Error::other(format!("{}: {error}", path.display()));
    let pem = std::fs::read(path).map_err(|error| of_file(error.to_string()))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(all) if all.is_empty() => Err(of_file("it holds no certificate".to_owned())),
        all => all.map_err(|error| of_file(error.to_string())),
    }
}

/// The reason why there is no answer, for the log.
#[derive(Debug)]
pub(crate) struct HttpError(String);

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold a password in its query.
        let error = error.without_url();
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        Self(text)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a key of an answer. `null` is like a missing key: web servers write it for numbers that are not finite, and for
/// lists and objects that they do not have.
pub(crate) fn null_is_missing<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a message to its end, and returns its bytes.
pub(crate) async fn size_of(mut reader: Message) -> Result<u64, BodyError> {
    let mut size = 0;
    while let Some(chunk) = reader.chunk().await? {
        size += chunk.len() as u64;
    }
    Ok(size)
}

/// Returns a body that streams the message from where its reader stands.
pub(crate) fn streamed(reader: Message) -> Body {
    Body::wrap_stream(try_unfold(reader, |mut reader| async {
        let chunk: Option<Bytes> = reader.chunk().await?;
        Ok::<_, BodyError>(chunk.map(|chunk| (chunk, reader)))
    }))
}

/// Returns a text as the value of a header. Control characters become `?`.
pub(crate) fn header_value(text: &str) -> HeaderValue {
    let bytes: Vec<u8> = text.bytes().map(|byte| if byte.is_ascii_control() { b'?' } else { byte }).collect();
    HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_server_and_never_a_password() {
        for (text, requested, server) in [
            ("http://127.0.0.1:11333", "http://127.0.0.1:11333/checkv2", Some(("127.0.0.1", 11333))),
            ("http://[::1]:80/", "http://[::1]/checkv2", Some(("::1", 80))),
            (
                "https://scan.example/hook?key=1",
                "https://scan.example/hook?key=1",
                Some(("scan.example", 443)),
            ),
            ("unix:/run/rspamd/rspamd.sock", "http://localhost/checkv2", None),
        ] {
            let url: ScannerUrl = text.parse().expect(text);
            assert_eq!((url.to_string(), url.with_path("/checkv2").as_str()), (text.to_owned(), requested));
            assert_eq!((url.host_and_port(), url.socket().is_none()), (server, server.is_some()));
        }
        for text in [
            "",
            "http:",
            "http://",
            "127.0.0.1:11333",
            "ftp://host/",
            "unix:",
            "unix:relative",
            "http://a/#b",
            "http://us:hunter2@host/",
            "http://hunter2@host/",
            "file:///etc/passwd",
        ] {
            let error = text.parse::<ScannerUrl>().expect_err(text).to_string();
            assert!(error.contains("write http://HOST") && !error.contains("hunter2"));
        }
    }

    #[test]
    fn a_header_of_a_request_has_no_control_characters() {
        assert_eq!(header_value("a\r\nb\0\u{7f}c"), "a??b??c");
        assert_eq!(header_value("grün").as_bytes(), "grün".as_bytes());
    }
}
