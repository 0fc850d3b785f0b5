use mailchute_proto::next_hop::{BadReply, Capabilities, DotStuffer, ReplyReader, ServerReply};

use crate::data::{ENVELOPE, of_kind};
use crate::listener::cuts;
use crate::reply_reference::{self, Read};
use crate::session::{assert_bytes, dialogue};

/// The bytes of a next hop, and content on its way to it. The first two bytes select where to cut; the third says how
/// long a run of `x` is that a byte 1 stands for, so that short inputs reach the limits on lines and replies.
pub fn next_hop(octets: &[u8]) {
    let Some((&[first, second, run], rest)) = octets.split_first_chunk() else { return };
    content([first, second], rest);
    let run = vec![b'x'; usize::from(run) * 17];
    let mut bytes = Vec::new();
    for &octet in rest.iter().take(400) {
        if octet == 1 { bytes.extend_from_slice(&run) } else { bytes.push(octet) }
    }
    replies([first, second], &bytes);
}

/// The replies are those of the reference however the bytes are cut, and each is safe to pass on.
fn replies(places: [u8; 2], bytes: &[u8]) {
    let (expected, end) = reply_reference::replies(bytes);
    let whole = read([bytes]);
    for (name, pieces) in
        [("in three pieces", cut(places, bytes)), ("in pieces of 7", bytes.chunks(7).collect())]
    {
        assert_eq!(read(pieces), whole, "{name}: {}", bytes.escape_ascii());
    }
    assert_eq!(whole.1, end, "{}", bytes.escape_ascii());
    assert_eq!(whole.0.len(), expected.len(), "{}", bytes.escape_ascii());
    for (reply, expected) in whole.0.iter().zip(&expected) {
        assert_eq!(Read::of(reply), *expected, "{}", bytes.escape_ascii());
        passed_on(reply);
        announced(reply);
    }
}

fn read<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> (Vec<ServerReply>, Option<BadReply>) {
    let (mut reader, mut replies) = (ReplyReader::default(), Vec::new());
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next_reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => return (replies, Some(error)),
            }
        }
    }
    (replies, None)
}

fn cut(places: [u8; 2], bytes: &[u8]) -> Vec<&[u8]> {
    let [first, second] = cuts(places, bytes.len());
    vec![&bytes[..first], &bytes[first..second], &bytes[second..]]
}

/// Our client hears one well-formed reply that refuses.
fn passed_on(reply: &ServerReply) {
    let refusal = reply.refusal();
    let mut output = Vec::new();
    refusal.reply().encode(&mut output);
    let heard = dialogue::replies(&output);
    assert_eq!(heard.len(), 1, "{}", output.escape_ascii());
    let is_refusal = reply.code().get() >= 400 && !reply.is_farewell();
    assert_eq!(heard[0].code, if is_refusal { reply.code().get() } else { 451 });
    assert!(!refusal.hangs_up(), "the next hop ends its connection, not ours");
}

/// An extension is offered if a line after the first begins with it.
fn announced(reply: &ServerReply) {
    let capabilities = Capabilities::of_hello(reply);
    let lines: Vec<_> = reply.text().split('\n').skip(1).map(str::to_ascii_uppercase).collect();
    let keyword = |line: &str| line.split([' ', '=']).next().unwrap_or_default().to_owned();
    for line in &lines {
        let keyword = keyword(line.trim_end_matches('\r'));
        assert!(keyword.is_empty() || capabilities.offer(&keyword), "{line:?}");
    }
    for known in ["SIZE", "PIPELINING", "STARTTLS", "AUTH"] {
        assert!(
            !capabilities.offer(known) || lines.iter().any(|line| line.starts_with(known)),
            "{known}: {lines:?}"
        );
    }
    let _ = capabilities.offer_word("AUTH", "PLAIN");
    if let Some(size) = capabilities.max_size() {
        let has_it = |line: &String| {
            let digits =
                line.trim_start_matches("SIZE").trim_start_matches(['=', ' ']).trim().trim_start_matches('0');
            digits == size.to_string()
        };
        assert!(lines.iter().any(has_it), "{size}: {lines:?}");
    }
}

/// Content that is stuffed is the same content at a server that refuses bare line ends, however it was cut.
fn content(places: [u8; 2], content: &[u8]) {
    let whole = stuffed([content]);
    assert_bytes(&stuffed(cut(places, content)), &whole, "cut in two places");
    assert_bytes(&stuffed(content.chunks(1)), &whole, "byte by byte");
    let record = of_kind(0).cut(&[[ENVELOPE, &whole].concat()], &[]);
    let [message] = &record.messages[..] else { panic!("not one message: {}", record.output.escape_ascii()) };
    assert_bytes(&message.content, &with_crlf(content), "the content");
}

fn stuffed<'c>(pieces: impl IntoIterator<Item = &'c [u8]>) -> Vec<u8> {
    let (mut stuffer, mut output) = (DotStuffer::default(), Vec::new());
    for piece in pieces {
        stuffer.push(piece, &mut output);
    }
    stuffer.finish(&mut output);
    output
}

/// The content with CRLF instead of each CRLF, CR and LF, and at its end.
fn with_crlf(content: &[u8]) -> Vec<u8> {
    let (mut lines, mut line, mut rest) = (Vec::new(), Vec::new(), content.iter().copied().peekable());
    while let Some(octet) = rest.next() {
        match octet {
            b'\r' | b'\n' => {
                if octet == b'\r' {
                    let _ = rest.next_if_eq(&b'\n');
                }
                line.extend_from_slice(b"\r\n");
                lines.append(&mut line);
            }
            octet => line.push(octet),
        }
    }
    if !line.is_empty() {
        line.extend_from_slice(b"\r\n");
    }
    lines.append(&mut line);
    lines
}
