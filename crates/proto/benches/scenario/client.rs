//! The client's side, and hooks that say yes to everything.

use std::hint::black_box;

use bytes::BytesMut;
use mailchute_proto::{Machine, Step, Verdict};

/// A client, the machine that it talks to, and the buffers between them, as a server has them.
#[derive(Debug)]
pub(super) struct Client {
    machine: Machine,
    input: BytesMut,
    output: Vec<u8>,
    /// Octets of the message that is coming in.
    size: usize,
    /// Octets of the messages that were accepted.
    accepted: usize,
}

impl Client {
    pub(super) fn new(machine: Machine) -> Self {
        Self { machine, input: BytesMut::new(), output: Vec::new(), size: 0, accepted: 0 }
    }

    /// Connects anew.
    pub(super) fn meet(&mut self, machine: Machine) {
        self.machine = machine;
        self.listen();
    }

    /// Octets of the messages that were accepted since this was last asked.
    pub(super) fn take_accepted(&mut self) -> usize {
        std::mem::take(&mut self.accepted)
    }

    /// Sends `octets` and waits for all replies.
    pub(super) fn say(&mut self, octets: &[u8]) {
        // As a server does: room for a whole read, of the buffer that was there before if nobody holds it.
        self.input.reserve(super::READ);
        self.input.extend_from_slice(octets);
        self.listen();
    }

    /// Takes the replies that wait.
    pub(super) fn listen(&mut self) {
        loop {
            match self.machine.step(&mut self.input, &mut self.output) {
                Step::NeedInput | Step::Close(_) => break,
                Step::Answered => {}
                Step::Connect(ask) => ask.answer(Ok(Verdict::Accept)),
                Step::Ehlo(ask) => ask.answer(Ok(Verdict::Accept)),
                Step::Mail(ask) => {
                    black_box(ask.question());
                    ask.answer(Ok(Verdict::Accept));
                }
                Step::Rcpt(ask) => {
                    black_box(ask.question());
                    ask.answer(Ok(Verdict::Accept));
                }
                Step::Data(ask) => ask.answer(Ok(Verdict::Accept)),
                Step::Body(content) => self.size += black_box(content).len(),
                Step::EndOfChunk(ask) => ask.answer(Ok(Verdict::Accept)),
                Step::EndOfData(ask) => {
                    ask.answer(Ok(Verdict::Accept));
                    self.accepted += std::mem::take(&mut self.size);
                }
                Step::Command(ask) => ask.answer(Ok(Verdict::Accept)),
                other => unreachable!("no scenario leads here: {other:?}"),
            }
        }
        black_box(&self.output);
        self.output.clear();
    }
}
