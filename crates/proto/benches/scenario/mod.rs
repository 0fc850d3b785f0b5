//! The measured conversations: the client's side is fixed, and so are the replies.
//!
//! Each scenario is set up once and then run any number of times. A run costs the machine's work, and the copy of the
//! client's bytes into the input, which a server leaves to the kernel.

mod client;
mod text;

use std::sync::Arc;

use mailchute_proto::{BareLineEnds, Machine, Settings};

use client::Client;
use text::Text;

/// The bytes of one read by a server.
const READ: usize = 65_536;
/// The bytes of a short message, about the median in practice.
const SHORT: usize = 1_024;
/// The bytes of a long message, so that the envelope does not matter.
const LONG: usize = 1_048_576;

const HELLO: &[&str] = &["EHLO client.example.net\r\n"];
const ENVELOPE: &[&str] =
    &["MAIL FROM:<sender@client.example.net>\r\n", "RCPT TO:<recipient@mx.example.com>\r\n"];
const ENVELOPE_WITH_PARAMETERS: &[&str] = &[
    "MAIL FROM:<sender@client.example.net> SIZE=1024 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159\r\n",
    "RCPT TO:<recipient@mx.example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;recipient@mx.example.com\r\n",
];

/// The names of all scenarios.
pub(crate) const NAMES: &[&str] = &[
    "session",
    "session-pipelined",
    "hello",
    "transaction",
    "transaction-pipelined",
    "parameters",
    "recipients",
    "refusals",
    "lines-of-1",
    "lines-of-20",
    "lines-of-72",
    "lines-of-998",
    "dots",
    "tolerate",
    "normalize",
    "normalize-bare",
    "chunk",
    "chunk-binary",
];

/// A conversation that can be repeated.
#[derive(Debug)]
pub(crate) struct Scenario {
    settings: Arc<Settings>,
    client: Client,
    /// The client's bytes, by reads; whole sessions, or input that one session repeats.
    reads: Vec<Vec<u8>>,
    /// Whether each run is its own session.
    sessions: Sessions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sessions {
    New,
    Same,
}

impl Scenario {
    /// The scenario of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let short = Text::Lines(72).stuffed(SHORT);
        let long = |text: Text| Self::within(dotted(ENVELOPE, &text.stuffed(LONG)), BareLineEnds::Refuse);
        let lines = || Text::Lines(72).bytes(LONG);
        let mut scenario = match name {
            "session" => Self::whole(single([HELLO, ENVELOPE].concat(), &short)),
            "session-pipelined" => {
                let mut reads = vec![HELLO.concat().into_bytes()];
                reads.extend(dotted(ENVELOPE, &short));
                reads.push(b"QUIT\r\n".to_vec());
                Self::whole(reads)
            }
            "hello" => Self::whole(apart(&[HELLO, &["QUIT\r\n"]].concat())),
            "transaction" => Self::within(single(ENVELOPE.to_vec(), &short), BareLineEnds::Refuse),
            "transaction-pipelined" => Self::within(dotted(ENVELOPE, &short), BareLineEnds::Refuse),
            "parameters" => {
                Self::within(single(ENVELOPE_WITH_PARAMETERS.to_vec(), &short), BareLineEnds::Refuse)
            }
            "recipients" => {
                let envelope = [&ENVELOPE[..1], &ENVELOPE[1..].repeat(100)].concat();
                Self::within(dotted(&envelope, &short), BareLineEnds::Refuse)
            }
            "refusals" => Self::within(
                apart(&["RCPT TO:<a@b.example>\r\n", "MAIL FROM:<a@b@c>\r\n", "XYZZY\r\n", "DATA now\r\n"]),
                BareLineEnds::Refuse,
            ),
            "lines-of-1" => long(Text::Lines(1)),
            "lines-of-20" => long(Text::Lines(20)),
            "lines-of-72" => long(Text::Lines(72)),
            "lines-of-998" => long(Text::Lines(998)),
            "dots" => long(Text::Dots),
            "tolerate" => Self::within(dotted(ENVELOPE, &lines()), BareLineEnds::Tolerate),
            "normalize" => Self::within(dotted(ENVELOPE, &lines()), BareLineEnds::Normalize),
            "normalize-bare" => {
                Self::within(dotted(ENVELOPE, &Text::FeedsOnly.bytes(LONG)), BareLineEnds::Normalize)
            }
            "chunk" => Self::within(chunked("", &lines()), BareLineEnds::Refuse),
            "chunk-binary" => Self::within(chunked(" BODY=BINARYMIME", &lines()), BareLineEnds::Refuse),
            _ => return None,
        };
        let is_delivered = scenario.run() > 0;
        assert_eq!(is_delivered, !matches!(name, "hello" | "refusals"), "whether {name} delivers a message");
        Some(scenario)
    }

    fn new(reads: Vec<Vec<u8>>, bare_line_ends: BareLineEnds, sessions: Sessions) -> Self {
        let mut settings = Settings::new("mx.example.com");
        settings.bare_line_ends = bare_line_ends;
        settings.limits.transactions = 0;
        settings.limits.errors = 0;
        let settings = Arc::new(settings);
        let mut client = Client::new(Machine::new(settings.clone()));
        if sessions == Sessions::Same {
            client.listen();
            client.say(HELLO[0].as_bytes());
        }
        Self { settings, client, reads, sessions }
    }

    fn whole(reads: Vec<Vec<u8>>) -> Self {
        Self::new(reads, BareLineEnds::Refuse, Sessions::New)
    }

    fn within(reads: Vec<Vec<u8>>, bare_line_ends: BareLineEnds) -> Self {
        Self::new(reads, bare_line_ends, Sessions::Same)
    }

    /// The bytes that the client sends in one run.
    pub(crate) fn bytes(&self) -> usize {
        self.reads.iter().map(Vec::len).sum()
    }

    /// Runs the conversation once, and returns the bytes of the accepted message.
    pub(crate) fn run(&mut self) -> usize {
        if self.sessions == Sessions::New {
            self.client.meet(Machine::new(self.settings.clone()));
        }
        for read in &self.reads {
            self.client.say(read);
        }
        self.client.take_accepted()
    }
}

/// Each command in its own read.
fn apart(commands: &[&str]) -> Vec<Vec<u8>> {
    commands.iter().map(|command| command.as_bytes().to_vec()).collect()
}

/// Each command and the message in their own reads.
fn single(commands: Vec<&str>, message: &[u8]) -> Vec<Vec<u8>> {
    let mut reads = apart(&commands);
    reads.push(b"DATA\r\n".to_vec());
    reads.extend(message.chunks(READ).map(<[u8]>::to_vec));
    reads.push(b".\r\n".to_vec());
    reads
}

/// The envelope in one read, and the message in as few as possible.
fn dotted(envelope: &[&str], message: &[u8]) -> Vec<Vec<u8>> {
    let message = [message, b".\r\n"].concat();
    let envelope = envelope.concat() + "DATA\r\n";
    std::iter::once(envelope.into_bytes()).chain(message.chunks(READ).map(<[u8]>::to_vec)).collect()
}

/// The same by BDAT, in one chunk.
fn chunked(parameters: &str, message: &[u8]) -> Vec<Vec<u8>> {
    let commands = format!(
        "MAIL FROM:<sender@client.example.net>{parameters}\r\nRCPT TO:<recipient@mx.example.com>\r\nBDAT {} LAST\r\n",
        message.len()
    );
    let stream = [commands.as_bytes(), message].concat();
    stream.chunks(READ).map(<[u8]>::to_vec).collect()
}
