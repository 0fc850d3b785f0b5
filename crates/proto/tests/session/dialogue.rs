//! The client's side of a session, read slowly from its bytes alone: which reply belongs to which command, where a
//! message ends, and its content. It shares nothing with the machine but RFC 5321, RFC 3030 and RFC 2033.

use mailchute_proto::{BareLineEnds, Closing, Protocol};

use super::line_ends::{end_of_message, find, handed_on, has_bare, has_lone_dot, unstuffed};
use super::lines::{Chunk, address, chunk, is_oddly_spaced, verb};
use super::{Message, Record, shown};

/// A line of this many bytes counts as endless.
const ENDLESS: usize = 65_536;

/// Bytes of a challenge that every client has to accept (RFC 4954 §4.4).
const CHALLENGE: usize = 12_288;

/// One reply as it stands on the wire.
#[derive(Debug)]
pub(crate) struct WireReply {
    /// Where in the output it begins.
    pub(crate) at: usize,
    pub(crate) code: u16,
    /// Whether its lines carry an enhanced status code.
    pub(crate) is_enhanced: bool,
    /// The text of its first line after the code.
    pub(crate) text: String,
}

/// Cuts the output into replies, each of them well-formed.
pub(crate) fn replies(output: &[u8]) -> Vec<WireReply> {
    let (mut replies, mut rest, mut is_open) = (Vec::<WireReply>::new(), output, false);
    while !rest.is_empty() {
        let at = output.len() - rest.len();
        let end =
            find(rest, b"\r\n").unwrap_or_else(|| panic!("a reply without its end: {}", shown(rest))) + 2;
        let line = &rest[..end];
        rest = &rest[end..];
        // A challenge is as long as its mechanism has it (RFC 4954 §4): that of SCRAM repeats the client's nonce.
        let longest = if line.starts_with(b"334 ") { CHALLENGE } else { 512 };
        assert!(line.len() <= longest, "a reply line of {} bytes", line.len());
        assert!(line[..end - 2].iter().all(|byte| matches!(byte, b' '..=b'~')), "{}", shown(line));
        let text = std::str::from_utf8(&line[..end - 2]).expect("it is ASCII");
        assert!(text.len() >= 4 && matches!(&text[3..4], " " | "-"), "{text:?}");
        let code: u16 = text[..3].parse().expect("three digits");
        assert!((200..=559).contains(&code) && text.is_char_boundary(3), "{text:?}");
        let class = enhanced_class(&text[4..]);
        assert!(class.is_none_or(|class| class == text.as_bytes()[0]), "the classes differ: {text:?}");
        if is_open {
            let first = replies.last().expect("an open reply has a first line");
            assert_eq!(
                (first.code, first.is_enhanced),
                (code, class.is_some()),
                "one reply, two codes: {text:?}"
            );
        } else {
            replies.push(WireReply { at, code, is_enhanced: class.is_some(), text: text[4..].to_owned() });
        }
        is_open = &text[3..4] == "-";
    }
    assert!(!is_open, "the last reply is not at its end");
    replies
}

/// The first digit of an enhanced status code, if the text begins with one.
fn enhanced_class(text: &str) -> Option<u8> {
    let numbers: Vec<&str> = text.split(' ').next()?.split('.').collect();
    let are_numbers = numbers
        .iter()
        .all(|number| matches!(number.len(), 1..=3) && number.bytes().all(|b| b.is_ascii_digit()));
    (numbers.len() == 3 && are_numbers).then(|| text.as_bytes()[0])
}

/// Reads the session as its client would. It checks that every command has one reply and there are no others, that
/// every accepted message is the one sent, and that none came without MAIL and RCPT.
pub(crate) fn check(segments: &[Vec<u8>], record: &Record) {
    check_with(BareLineEnds::Refuse, segments, record);
}

/// Does the same as [`check`], where a bare CR or LF in a message may have other results than a refusal.
pub(crate) fn check_with(bare_line_ends: BareLineEnds, segments: &[Vec<u8>], record: &Record) {
    let replies = replies(&record.output);
    let mut reader = Reader {
        replies: replies.iter(),
        messages: record.messages.iter(),
        closing: record.closing,
        protocol: record.protocol,
        owed: 0,
        sender: None,
        recipients: Vec::new(),
        is_binary: false,
        bare_line_ends,
        chunks: None,
        place: Place::Command,
        pending: Vec::new(),
    };
    let greeting = reader.next().expect("there is a greeting");
    assert_eq!(
        greeting.is_enhanced,
        greeting.code != 220,
        "only a refusal in its place carries an enhanced code"
    );
    let mut is_over = reader.ends_with(greeting, &[]);
    for segment in segments {
        is_over = is_over || reader.read(segment);
    }
    assert_eq!(reader.replies.count(), 0, "replies that nobody asked for");
    assert_eq!(reader.messages.count(), 0, "messages that nobody sent");
    assert_eq!(is_over, record.closing.is_some(), "the connection closes when the conversation is over");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Command,
    Exchange,
    Body,
}

struct Reader<'r> {
    replies: std::slice::Iter<'r, WireReply>,
    messages: std::slice::Iter<'r, Message>,
    closing: Option<Closing>,
    protocol: Protocol,
    /// Replies due for the last chunk although an earlier one was refused.
    owed: usize,
    sender: Option<String>,
    recipients: Vec<String>,
    /// MAIL had BODY=BINARYMIME.
    is_binary: bool,
    bare_line_ends: BareLineEnds,
    /// The content of a message's chunks so far, if one is on its way.
    chunks: Option<Vec<u8>>,
    place: Place,
    /// Input that is not complete yet.
    pending: Vec<u8>,
}

impl<'r> Reader<'r> {
    fn next(&mut self) -> Option<&'r WireReply> {
        self.replies.next()
    }

    /// Reads all of a segment, and returns whether the conversation is over.
    fn read(&mut self, segment: &[u8]) -> bool {
        let stream = [std::mem::take(&mut self.pending), segment.to_vec()].concat();
        let mut rest = &stream[..];
        loop {
            let end = match self.place {
                Place::Body => end_of_message(rest).map(|end| (end, None)),
                Place::Command if rest.first() == Some(&0x16) && self.speaks_tls() => return true,
                Place::Command => end_of_line(rest).and_then(|end| self.with_chunk(end, rest)),
                Place::Exchange => end_of_line(rest).map(|end| (end, None)),
            };
            let Some((end, chunk)) = end else {
                self.pending = rest.to_vec();
                return false;
            };
            let (unit, behind) = rest.split_at(end);
            rest = behind;
            let reply = self.next().unwrap_or_else(|| panic!("no reply to {}", shown(unit)));
            let was = self.place;
            let last = self.last_of(reply, was, chunk);
            match (was, chunk) {
                (Place::Body, _) => self.data(unit, reply),
                (_, Some(chunk)) => self.chunk(chunk, unit, reply),
                _ => self.line(unit, reply),
            }
            if self.ends_with(last, if was == Place::Body { b"" } else { unit }) {
                return true;
            }
            if was == Place::Command && verb(unit) == "STARTTLS" && reply.code == 220 {
                self.forget();
                return false;
            }
        }
    }

    /// Returns the last of the replies that belong together. There is one, or after a message in LMTP one for each
    /// recipient, and a 421 is the last.
    fn last_of(&mut self, first: &'r WireReply, place: Place, chunk: Option<Chunk>) -> &'r WireReply {
        let of_message = if self.protocol == Protocol::Lmtp { self.recipients.len().max(1) } else { 1 };
        let times = match (place, chunk) {
            (Place::Body, _) => of_message,
            (_, Some(Chunk { is_last: true, .. })) => of_message.max(std::mem::take(&mut self.owed)),
            (_, Some(_)) if self.recipients.is_empty() => 1,
            (_, Some(_)) => {
                self.owed = if first.code == 250 { 0 } else { of_message };
                1
            }
            (_, None) => {
                self.owed = 0;
                1
            }
        };
        let mut last = first;
        for _ in 1..times {
            if last.code != 421 {
                last = self.next().unwrap_or_else(|| panic!("a recipient without a reply behind {last:?}"));
                assert!(last.is_enhanced, "the reply for a recipient has an enhanced code: {last:?}");
            }
        }
        last
    }

    /// Forgets the transaction.
    fn forget(&mut self) {
        (self.sender, self.recipients, self.is_binary, self.chunks) = (None, Vec::new(), false, None);
    }

    /// Returns whether the client sent a `ClientHello` instead of a command: the connection closes without a reply.
    fn speaks_tls(&self) -> bool {
        self.closing == Some(Closing::Violation) && self.replies.len() == 0
    }

    fn line(&mut self, line: &[u8], reply: &WireReply) {
        let verb = if self.place == Place::Exchange { String::new() } else { verb(line) };
        let was_exchange = self.place == Place::Exchange;
        self.place = Place::Command;
        let is_hello = self.is_hello(&verb);
        // The line is not read if it is too long, ends wrongly, or was one error too many.
        let is_unread = matches!(reply.code, 421 | 500) || is_oddly_spaced(line);
        let lacks_code =
            matches!(reply.code, 220 | 334 | 354) && verb != "STARTTLS" || (is_hello && !is_unread);
        assert!(
            reply.is_enhanced != lacks_code || (is_hello && is_unread),
            "enhanced code: {reply:?} to {}",
            shown(line)
        );
        if line.len() < ENDLESS && !line.ends_with(b"\r\n") {
            assert_eq!((reply.code, self.closing), (500, Some(Closing::Violation)), "{}", shown(line));
        }
        match (verb.as_str(), reply.code) {
            ("EHLO" | "HELO" | "LHLO" | "RSET", 250) => self.forget(),
            ("XCLIENT", 220) => assert!(self.sender.is_none(), "another client inside a transaction"),
            ("MAIL", 250) => {
                assert!(self.sender.is_none(), "a sender inside a transaction");
                self.sender = Some(address(line));
                let mut words = line.trim_ascii_end().split(|byte| matches!(byte, b' ' | b'\t'));
                self.is_binary = words.any(|word| word.eq_ignore_ascii_case(b"BODY=BINARYMIME"));
            }
            ("RCPT", 250 | 251) => {
                assert!(self.sender.is_some(), "a recipient without a sender");
                assert!(self.chunks.is_none(), "a recipient between two chunks");
                self.recipients.push(address(line));
            }
            ("DATA", 354) => {
                assert!(self.sender.is_some() && !self.recipients.is_empty(), "354 without a whole envelope");
                assert!(!self.is_binary && self.chunks.is_none(), "354 where only BDAT can go on");
                self.place = Place::Body;
            }
            ("DATA", 400..) if self.is_binary || self.chunks.is_some() => {}
            // Without a recipient DATA changes nothing; after a hook's refusal the transaction is over.
            ("DATA", 400..) if !self.recipients.is_empty() && line.trim_ascii().len() == "DATA".len() => {
                self.forget();
            }
            ("BDAT", _) => {
                let closing = if reply.code == 421 { Closing::Limit } else { Closing::Violation };
                assert!(matches!(reply.code, 421 | 500 | 501), "{reply:?} to {}", shown(line));
                assert_eq!((self.closing, self.replies.len()), (Some(closing), 0), "{}", shown(line));
            }
            ("AUTH", 334) => self.place = Place::Exchange,
            (_, 334) if was_exchange => self.place = Place::Exchange,
            (_, 300..400) => panic!("{} to {}", reply.code, shown(line)),
            _ => {}
        }
    }

    fn is_hello(&self, verb: &str) -> bool {
        match self.protocol {
            Protocol::Lmtp => verb == "LHLO",
            _ => matches!(verb, "EHLO" | "HELO"),
        }
    }

    /// Takes the bytes after a BDAT, wanted or not, to its line, which ends here; other lines have none.
    fn with_chunk(&self, end: usize, bytes: &[u8]) -> Option<(usize, Option<Chunk>)> {
        // A line that is too long is refused as one that cannot be read.
        let is_unread = self.replies.as_slice().first().is_some_and(|next| matches!(next.code, 500 | 501));
        let Some(chunk) = chunk(&bytes[..end]).filter(|_| !is_unread) else { return Some((end, None)) };
        let size = usize::try_from(chunk.size).ok()?;
        (size <= bytes.len() - end).then(|| (end + size, Some(chunk)))
    }

    fn chunk(&mut self, chunk: Chunk, unit: &[u8], reply: &WireReply) {
        let bytes = &unit[end_of_line(unit).expect("a chunk has a line before it")..];
        assert!(reply.is_enhanced, "the reply to a chunk has an enhanced code: {reply:?}");
        if self.recipients.is_empty() {
            assert!(reply.code >= 400, "a chunk without a whole envelope was taken");
            return;
        }
        if matches!(reply.code, 502 | 503) {
            // If BDAT is not offered, or the client said HELO instead of EHLO, it changes nothing.
            return;
        }
        let content = [self.chunks.take().unwrap_or_default(), bytes.to_vec()].concat();
        if reply.code != 250 || chunk.is_last {
            return self.message(&content, false, reply);
        }
        assert_eq!(reply.text, format!("2.0.0 {} octets received", chunk.size));
        // It is not known yet whether a CR or a dot at the end stands alone.
        let end = content.iter().rposition(|byte| !matches!(byte, b'.' | 0)).map_or(0, |last| last + 1);
        let known = content[..end].strip_suffix(b"\r").unwrap_or(&content[..end]);
        assert!(self.is_binary || !self.is_refused(known), "a bare CR or LF was taken: {}", shown(&content));
        self.chunks = Some(content);
    }

    fn data(&mut self, unit: &[u8], reply: &WireReply) {
        self.place = Place::Command;
        let content = unstuffed(&unit[..unit.len() - 3]);
        if self.is_refused(&content) {
            assert_eq!((reply.code, self.closing), (550, Some(Closing::Violation)));
        }
        self.message(&content, true, reply);
    }

    /// Ends the transaction with the message, or with the part that came before it was refused.
    fn message(&mut self, content: &[u8], by_data: bool, reply: &WireReply) {
        let sender = self.sender.take().expect("a message has a sender");
        let (recipients, is_binary) = (std::mem::take(&mut self.recipients), self.is_binary);
        self.forget();
        assert!(reply.is_enhanced, "the reply to a message has an enhanced code: {reply:?}");
        if reply.code == 550 && self.closing == Some(Closing::Violation) && self.replies.len() == 0 {
            assert!(!is_binary && self.is_refused(content), "no bare CR or LF in {}", shown(content));
        }
        let next = self.messages.as_slice().first();
        let Some(message) = next.filter(|message| message.replied_at == reply.at) else {
            assert_ne!(reply.code, 250, "a message was accepted that nobody has seen");
            return;
        };
        self.messages.next();
        let content = if is_binary { content.to_vec() } else { self.handed_on(content, by_data) };
        assert_eq!(shown(&message.content), shown(&content));
        assert_eq!((&message.sender, &message.recipients), (&sender, &recipients));
        assert!(is_binary || !self.is_refused(&content), "a message with a bare CR or LF has come through");
    }

    /// Returns whether a message of these bytes must be refused for its line ends.
    fn is_refused(&self, content: &[u8]) -> bool {
        match self.bare_line_ends {
            BareLineEnds::Refuse => has_bare(content),
            BareLineEnds::Tolerate | BareLineEnds::Normalize => has_lone_dot(content),
        }
    }

    fn handed_on(&self, content: &[u8], by_data: bool) -> Vec<u8> {
        match self.bare_line_ends {
            BareLineEnds::Refuse => content.to_vec(),
            setting => handed_on(content, setting == BareLineEnds::Normalize, by_data),
        }
    }

    /// Returns whether the server closes the connection after this reply to this line.
    fn ends_with(&self, reply: &WireReply, line: &[u8]) -> bool {
        let is_last = self.replies.len() == 0;
        let must_close = reply.code == 421 || reply.code == 221;
        assert!(!must_close || (is_last && self.closing.is_some()), "{reply:?} does not close");
        if self.closing == Some(Closing::Quit) && is_last {
            return verb(line) == "QUIT" && reply.code != 501;
        }
        // A ClientHello closes without a reply, so the last reply is not the last word.
        // Blanks at the front of a line that is too long may hide a BDAT.
        let is_violation = matches!(reply.code, 221 | 500 | 550 | 554)
            || (reply.code == 501 && reply.text.contains("BDAT size"));
        let is_tls = self.closing == Some(Closing::Violation) && !is_violation;
        self.closing.is_some() && is_last && !is_tls
    }
}

/// Returns where the line ends, or where it counts as endless.
fn end_of_line(bytes: &[u8]) -> Option<usize> {
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(feed) => Some(feed + 1),
        None => (bytes.len() >= ENDLESS).then_some(bytes.len()),
    }
}
