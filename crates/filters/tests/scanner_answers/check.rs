//! The answers of scanners, and what becomes of a message after them.

use std::sync::{Arc, Mutex};

use mailchute::testing::{self, NotPassedOn};
use mailchute::{Filter, Session};
use mailchute_filters::mta_hooks::MtaHooks;
use mailchute_filters::rspamd::Rspamd;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const BODY: &str = "body\r\n";

/// The most fields that an answer adds.
const MOST: usize = 256;

/// A web server and the two filters that ask it.
struct Scanners {
    runtime: Runtime,
    answer: Arc<Mutex<Vec<u8>>>,
    rspamd: Rspamd,
    hooks: MtaHooks,
}

thread_local! {
    static SCANNERS: Scanners = Scanners::start();
}

/// After any answer, a message is refused or discarded, or it is well-formed and has at most the edits that there may be.
pub(crate) fn is_harmless(answer: &[u8]) {
    SCANNERS.with(|scanners| scanners.try_answer(answer));
}

impl Scanners {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let answer = Arc::<Mutex<Vec<u8>>>::default();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let given = Arc::clone(&answer);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(BufReader::new(stream), Arc::clone(&given)));
            }
        });
        let rspamd = Rspamd::builder(&url).expect("a URL").result_field(true).open().expect("a client");
        let hooks = MtaHooks::builder(&url).expect("a URL").open().expect("a client");
        Self { runtime, answer, rspamd, hooks }
    }

    fn try_answer(&self, answer: &[u8]) {
        *self.answer.lock().expect("no panic") = answer.to_vec();
        self.runtime.block_on(async {
            after(&self.rspamd, answer, true).await;
            after(&self.hooks, answer, false).await;
        });
    }
}

/// Answers all requests of a connection.
async fn serve(mut stream: BufReader<TcpStream>, answer: Arc<Mutex<Vec<u8>>>) -> Option<()> {
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            let line = line.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let answer = answer.lock().expect("no panic").clone();
        let mut response =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len()).into_bytes();
        response.extend_from_slice(&answer);
        // In one write: the second of two would wait 40 ms for the other side to acknowledge the first.
        stream.write_all(&response).await.ok()?;
    }
}

fn session() -> Session {
    testing::session()
        .sender("alice@client.example")
        .recipient("bob@example.com")
        .recipient("eve@example.com")
        .build()
}

async fn after(filter: &impl Filter, answer: &[u8], keeps_body: bool) {
    let session = session();
    let content = format!("A: 1\r\nA: 2\r\nX-Spam: no\r\nSubject: x\r\n\r\n{BODY}");
    let mut message = testing::message(&session, content);
    let shown = answer.escape_ascii();
    if let Err(refusal) = filter.filter(&mut message, &session).await {
        assert!((400..600).contains(&refusal.code().get()), "{shown}");
        return;
    }
    let mut next = match testing::next_reader(&message) {
        Ok(next) => next,
        Err(NotPassedOn::Discarded) => return,
        Err(refused) => panic!("{refused}: {shown}"),
    };
    assert!(next.envelope().recipients.len() <= MOST + 2, "{shown}");
    let whole = next.bytes().await.expect("it is whole");
    let whole = str::from_utf8(&whole).expect("the message and JSON are UTF-8");
    let (header, body) = match whole.strip_prefix("\r\n") {
        Some(body) => ("", body),
        None => whole.split_once("\r\n\r\n").expect("an empty line"),
    };
    assert!(!keeps_body || body == BODY, "{shown}: {body:?}");
    assert!(body.is_empty() || body.ends_with("\r\n"), "{shown}: {body:?}");
    assert!(!body.replace("\r\n", "").contains(['\r', '\n']), "{shown}: {body:?}");
    let mut fields = 0;
    for (number, line) in header.split("\r\n").enumerate().filter(|_| !header.is_empty()) {
        assert!(line.len() <= 998, "{shown}: {line:?}");
        assert!(!line.contains(|c: char| c.is_control() && c != '\t'), "{shown}: {line:?}");
        let is_continuation = number > 0 && line.starts_with([' ', '\t']) && !line.trim().is_empty();
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic());
        let is_field = line.split_once(':').is_some_and(|(name, _)| is_name(name));
        assert!(is_continuation || is_field, "{shown}: {line:?}");
        fields += usize::from(!is_continuation);
    }
    assert!(fields <= MOST + 4, "{shown}: {fields} fields");
}
