//! Every transcript over TCP, and inside TLS where it says so: the same bytes as from the machine alone.

use mailchute::Listener;
use mailchute::listen::Io;
use mailchute::session::Protocol;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::script::{MachineOnly, Script};
use crate::session::{assert_bytes, shown};
use crate::support::tls;
use crate::transcript::{Event, Transcript};
use crate::transcripts;

/// How the client's bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// All lines up to the next expected reply at once.
    LineByLine,
    /// Everything between two handshakes at once.
    AtOnce,
    /// Each byte in its own segment.
    ByteByByte,
}

/// Longer sessions are not sent byte by byte.
const SHORT: usize = 2_500;

type Stream = Box<dyn Io>;

async fn connect(script: &Script, transcript: &Transcript) -> Stream {
    let any = "127.0.0.1:0";
    let serving = match (transcript.session.protocol, transcript.session.is_inside_tls) {
        (Protocol::Lmtp, _) => script.server.listen(Listener::new(any).lmtp()).await,
        (_, true) => script.server.listen(Listener::new(any).implicit_tls()).await,
        (_, false) => script.server.listen(any).await,
    };
    let serving = serving.expect("a port is free");
    let address = serving.addrs()[0];
    tokio::spawn(serving.into_future());
    let stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("it is a socket");
    if transcript.session.is_inside_tls { secured(Box::new(stream), script).await } else { Box::new(stream) }
}

async fn secured(stream: Stream, script: &Script) -> Stream {
    let shaken = tls::shake(stream, &script.client, tls::NAME).await;
    Box::new(shaken.expect("the handshake succeeds").into_inner())
}

/// Sends bytes that a closed connection may not take any more.
async fn send(stream: &mut Stream, bytes: &mut Vec<u8>, way: Way) {
    let piece = if way == Way::ByteByByte { 1 } else { bytes.len().max(1) };
    for piece in bytes.chunks(piece) {
        if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    bytes.clear();
}

async fn hear(stream: &mut Stream, bytes: usize, heard: &mut Vec<u8>) {
    let mut reply = vec![0; bytes];
    if stream.read_exact(&mut reply).await.is_ok() {
        heard.extend_from_slice(&reply);
    }
}

/// Runs a transcript over its own connection; returns what the server sent and stored.
async fn run(name: &str, transcript: &Transcript, script: &Script, way: Way) {
    let mut stream = connect(script, transcript).await;
    let (mut heard, mut expected, mut unsent) = (Vec::new(), Vec::new(), Vec::new());
    let mut awaited = 0;
    // A client that does not wait for the greeting, or within AUTH, is disconnected.
    let (mut must_wait, mut is_asked) = (true, false);
    for event in &transcript.events {
        match event {
            Event::Client(bytes) => {
                if (way == Way::LineByLine || must_wait) && awaited > 0 {
                    must_wait = false;
                    send(&mut stream, &mut unsent, way).await;
                    hear(&mut stream, std::mem::take(&mut awaited), &mut heard).await;
                    assert_bytes(&heard, &expected, name);
                }
                must_wait |= is_asked || bytes.to_ascii_uppercase().starts_with(b"AUTH");
                unsent.extend_from_slice(bytes);
            }
            Event::Server(line) => {
                if way == Way::LineByLine {
                    send(&mut stream, &mut unsent, way).await;
                }
                is_asked = line.starts_with(b"334");
                expected.extend_from_slice(line);
                awaited += line.len();
            }
            Event::Secured => {
                send(&mut stream, &mut unsent, way).await;
                hear(&mut stream, std::mem::take(&mut awaited), &mut heard).await;
                assert_bytes(&heard, &expected, name);
                stream = secured(stream, script).await;
            }
            _ => {}
        }
    }
    send(&mut stream, &mut unsent, way).await;
    if transcript.closing.is_none() {
        // The server closes as soon as it has answered everything.
        let _ = stream.shutdown().await;
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    heard.extend_from_slice(&rest);
    assert_bytes(&heard, &expected, &format!("{name}, {way:?}"));
}

/// The content that the store receives, according to the transcript.
fn compare_messages(name: &str, transcript: &Transcript, script: &Script) {
    let kept = script.kept.all();
    let contents: Vec<String> = kept.iter().map(|(_, _, content)| shown(content)).collect();
    let (mut expected, mut envelopes) = (Vec::new(), Vec::new());
    for event in &transcript.events {
        match event {
            Event::Message(content) => expected.push(shown(content)),
            Event::Envelope(envelope) => envelopes.push((expected.len(), envelope)),
            _ => {}
        }
    }
    assert_eq!(contents, expected, "{name}: messages");
    for (index, envelope) in envelopes {
        let (sender, recipients, _) = &kept[index];
        let to: String = recipients.iter().map(|recipient| format!(" <{recipient}>")).collect();
        assert_eq!(&format!("<{sender}>{to}"), envelope, "{name}: envelope");
    }
}

async fn over_sockets(way: Way) {
    let (mut runs, mut count, mut failures) = (JoinSet::new(), 0, Vec::new());
    for (name, transcript) in transcripts() {
        let bytes: usize = transcript
            .events
            .iter()
            .map(|event| if let Event::Client(o) = event { o.len() } else { 0 })
            .sum();
        if way == Way::ByteByByte && bytes > SHORT {
            continue;
        }
        let Ok(script) = Script::of(&transcript) else { continue };
        count += 1;
        runs.spawn(async move {
            let session = tokio::spawn({
                let name = name.clone();
                async move {
                    run(&name, &transcript, &script, way).await;
                    compare_messages(&name, &transcript, &script);
                }
            });
            session.await.err().map(|_| name)
        });
    }
    while let Some(outcome) = runs.join_next().await {
        failures.extend(outcome.expect("it only waits"));
    }
    failures.sort();
    assert_eq!(failures, Vec::<String>::new(), "transcripts that do not hold over a socket");
    assert!(count >= 80, "only {count} transcripts");
}

#[tokio::test]
async fn every_transcript_holds_over_a_socket_line_by_line() {
    over_sockets(Way::LineByLine).await;
}

#[tokio::test]
async fn every_transcript_holds_over_a_socket_sent_at_once() {
    over_sockets(Way::AtOnce).await;
}

#[tokio::test]
async fn every_transcript_holds_over_a_socket_byte_by_byte() {
    over_sockets(Way::ByteByByte).await;
}

#[test]
fn few_transcripts_are_for_the_bare_machine_only() {
    let left_out: Vec<(String, MachineOnly)> = transcripts()
        .into_iter()
        .filter_map(|(name, transcript)| Some((name, Script::of(&transcript).err()?)))
        .collect();
    assert!(left_out.len() <= 80, "{left_out:#?}");
}
