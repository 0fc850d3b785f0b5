//! The client's side, and hooks that accept everything.

use std::hint::black_box;

use bytes::BytesMut;
use mailchute_proto::{Machine, Step, Verdict};

/// A client, its machine, and the buffers between them, as in a server.
#[derive(Debug)]
pub(super) struct Client {
    machine: Machine,
    input: BytesMut,
    output: Vec<u8>,
    /// The bytes of the current message.
    size: usize,
    /// The bytes of the accepted messages.
    accepted: usize,
}

impl Client {
    pub(super) fn new(machine: Machine) -> Self {
        Self { machine, input: BytesMut::new(), output: Vec::new(), size: 0, accepted: 0 }
    }

    /// Connects again.
    pub(super) fn meet(&mut self, machine: Machine) {
        self.machine = machine;
        self.listen();
    }

    /// Returns the bytes of the messages accepted since the last call.
    pub(super) fn take_accepted(&mut self) -> usize {
        std::mem::take(&mut self.accepted)
    }

    /// Sends `bytes` and waits for all replies.
    pub(super) fn say(&mut self, bytes: &[u8]) {
        // As in a server: room for a whole read, from the old buffer if it is unshared.
        self.input.reserve(super::READ);
        self.input.extend_from_slice(bytes);
        self.listen();
    }

    /// Takes the pending replies.
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
