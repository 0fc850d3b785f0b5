//! Canonicalization of a body that streams (RFC 6376 §3.4.3 and §3.4.4).

use memchr::{memchr, memchr3};

use super::canonicalization::Canonicalization;

/// An output of this size is passed on.
const FULL: usize = 8 * 1024;

/// Canonicalizes a body in chunks of any size. Empty lines are held back, as a number, until it is known whether they end
/// the body. So is white space, until it is known whether it ends a line.
///
/// A line ends with CRLF. A CR or LF alone is a byte like any other.
#[derive(Debug)]
pub(super) struct BodyCanonicalizer {
    kind: Canonicalization,
    output: Vec<u8>,
    /// Line ends that were not passed on.
    line_ends: u64,
    has_space: bool,
    has_cr: bool,
    /// Whether anything but line ends was passed on.
    has_text: bool,
}

impl BodyCanonicalizer {
    pub(super) fn new(kind: Canonicalization) -> Self {
        Self { kind, output: Vec::new(), line_ends: 0, has_space: false, has_cr: false, has_text: false }
    }

    /// Takes the next bytes of the body. `sink` gets the canonical bytes that are certain.
    pub(super) fn update(&mut self, mut bytes: &[u8], sink: &mut impl FnMut(&[u8])) {
        while let Some(&first) = bytes.first() {
            if self.has_cr {
                self.has_cr = false;
                if first == b'\n' {
                    self.line_ends += 1;
                    self.has_space = false;
                    bytes = &bytes[1..];
                } else {
                    self.push(b"\r", sink);
                }
                continue;
            }
            let run = match self.kind {
                Canonicalization::Simple => memchr(b'\r', bytes),
                Canonicalization::Relaxed => memchr3(b'\r', b' ', b'\t', bytes),
            };
            let (run, rest) = bytes.split_at(run.unwrap_or(bytes.len()));
            if !run.is_empty() {
                self.push(run, sink);
            }
            bytes = rest;
            if let Some((&special, rest)) = bytes.split_first() {
                self.has_cr = special == b'\r';
                self.has_space |= special != b'\r';
                bytes = rest;
            }
        }
        sink(&self.output);
        self.output.clear();
    }

    /// Ends the body.
    pub(super) fn finish(mut self, sink: &mut impl FnMut(&[u8])) {
        if self.has_cr {
            self.push(b"\r", sink);
        }
        // White space and empty lines at the end are dropped. One line end stays, and an empty body has one if it is
        // simple.
        if self.has_text || self.kind == Canonicalization::Simple {
            self.output.extend_from_slice(b"\r\n");
        }
        sink(&self.output);
    }

    /// Passes on what was held back, and text.
    fn push(&mut self, text: &[u8], sink: &mut impl FnMut(&[u8])) {
        for _ in 0..std::mem::take(&mut self.line_ends) {
            self.output.extend_from_slice(b"\r\n");
            self.drain_if_full(sink);
        }
        if std::mem::take(&mut self.has_space) {
            self.output.push(b' ');
        }
        self.has_text = true;
        if text.len() >= FULL {
            sink(&self.output);
            self.output.clear();
            sink(text);
            return;
        }
        self.output.extend_from_slice(text);
        self.drain_if_full(sink);
    }

    fn drain_if_full(&mut self, sink: &mut impl FnMut(&[u8])) {
        if self.output.len() >= FULL {
            sink(&self.output);
            self.output.clear();
        }
    }
}
