//! Replies of other servers.

use mailchute_proto::next_hop::{BadReply, Capabilities, ReplyReader, ServerReply};
use proptest::prelude::*;

fn read(bytes: &[u8]) -> ServerReply {
    let mut reader = ReplyReader::default();
    reader.push(bytes);
    let reply = reader.next_reply().expect("a reply").expect("a whole reply");
    assert!(reader.is_empty());
    reply
}

#[test]
fn reads_code_enhanced_code_and_text_of_all_lines() {
    let reply = read(b"550-5.1.1 <bob@example.com>\r\n550-5.1.1 User unknown\r\n550 5.1.1 here\r\n");
    assert_eq!(reply.code().get(), 550);
    assert_eq!(reply.enhanced().map(|enhanced| enhanced.to_string()).as_deref(), Some("5.1.1"));
    assert_eq!(reply.text(), "<bob@example.com>\nUser unknown\nhere");
    let refusal = reply.refusal();
    assert_eq!(
        refusal.to_string(),
        "550 5.1.1 <bob@example.com> / 550-5.1.1 User unknown / 550 5.1.1 here"
            .replace("550 5.1.1 <", "550-5.1.1 <")
    );
}

#[test]
fn takes_what_servers_send() {
    for (bytes, code, text) in [
        (&b"250\r\n"[..], 250, ""),
        (b"250 \r\n", 250, ""),
        (b"250 ok\n", 250, "ok"),
        (b"250-one\r\n250\r\n", 250, "one\n"),
        (b"250 2.1.5\r\n", 250, ""),
        (b"250-one\r\n550 two\r\n", 550, "one\ntwo"),
        (b"571 Blocked\r\n", 551, "Blocked"),
        (b"250 4.2.0 of another class\r\n", 250, "4.2.0 of another class"),
        (b"354 3.0.0 go\r\n", 354, "3.0.0 go"),
        (b"250 caf\xe9\r\n", 250, "caf\u{fffd}"),
    ] {
        let reply = read(bytes);
        assert_eq!((reply.code().get(), reply.text()), (code, text), "{}", bytes.escape_ascii());
    }
}

#[test]
fn refuses_what_is_not_a_reply() {
    for (bytes, error) in [
        (&b"hello\r\n"[..], BadReply::NoCode),
        (b"\r\n", BadReply::NoCode),
        (b"99 short\r\n", BadReply::NoCode),
        (b"120 too low\r\n", BadReply::NoCode),
        (b"650 too high\r\n", BadReply::NoCode),
        (b"250_x\r\n", BadReply::NoCode),
        (b"199-x\r\n250 y\r\n", BadReply::NoCode),
        (&[b'2'; 5_000], BadReply::TooLong),
        (&b"250-x\r\n".repeat(20_000), BadReply::TooLong),
    ] {
        let mut reader = ReplyReader::default();
        reader.push(bytes);
        assert_eq!(reader.next_reply(), Err(error), "{}", bytes[..bytes.len().min(20)].escape_ascii());
    }
}

#[test]
fn a_refusal_says_what_the_server_said() {
    for (reply, refusal) in [
        ("550 5.1.1 No such user", "550 5.1.1 No such user"),
        ("452 4.2.2 Quota exceeded", "452 4.2.2 Quota exceeded"),
        ("550 No such user", "550 5.0.0 No such user"),
        ("421 4.3.2 Shutting down", "451 4.3.2 Shutting down"),
        ("354 Go on", "451 4.5.0 The next server gave an unexpected answer"),
    ] {
        assert_eq!(read(format!("{reply}\r\n").as_bytes()).refusal().to_string(), refusal);
    }
}

#[test]
fn capabilities_are_words_after_keywords() {
    let hello = read(
        b"250-mx.example.com PIPELINING\r\n250-size 1000\r\n250-AUTH PLAIN login\r\n250-AUTH=XOAUTH2\r\n250 8BITMIME\r\n",
    );
    let capabilities = Capabilities::of_hello(&hello);
    assert_eq!(capabilities.max_size(), Some(1_000));
    assert!(capabilities.offer("8BITMIME") && !capabilities.offer("PIPELINING"));
    assert!(capabilities.offer_word("AUTH", "LOGIN") && capabilities.offer_word("AUTH", "xoauth2"));
    assert!(!capabilities.offer_word("AUTH", "EXTERNAL"));
    let carriage_returns = read(b"250-x\r\r\n250-DSN\r\r\n250 PIPELINING\r\r\n");
    let capabilities = Capabilities::of_hello(&carriage_returns);
    assert!(capabilities.offer("DSN") && capabilities.offer("PIPELINING"));
    for size in ["0", "+5", "-5", "1 000", "18446744073709551616"] {
        let hello = read(format!("250-x\r\n250 SIZE {size}\r\n").as_bytes());
        assert_eq!(Capabilities::of_hello(&hello).max_size(), None, "{size}");
    }
}

/// Bytes of which many look like replies.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[2-5][0-5][0-9][ -][245]\\.[0-9]{1,3}\\.[0-9]{1,3} [a-z ]{0,9}\r?\n",
        "[0-9]{2,4}[ -]?[a-z]{0,5}\r?\n",
        "[2-5][0-9][0-9][ -]\\PC{0,9}\r\n",
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat().into_bytes())
}

/// All replies, up to the first mistake.
fn all(reader: &mut ReplyReader, replies: &mut Vec<Result<ServerReply, BadReply>>) -> bool {
    loop {
        match reader.next_reply() {
            Ok(Some(reply)) => replies.push(Ok(reply)),
            Ok(None) => return true,
            Err(error) => {
                replies.push(Err(error));
                return false;
            }
        }
    }
}

proptest! {
    #[test]
    fn pieces_of_any_length_give_the_same_replies(bytes in bytes(), cuts in prop::collection::vec(1..9_usize, 1..40)) {
        let (mut whole, mut expected) = (ReplyReader::default(), Vec::new());
        whole.push(&bytes);
        all(&mut whole, &mut expected);
        let (mut reader, mut replies, mut rest) = (ReplyReader::default(), Vec::new(), &bytes[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            reader.push(piece);
            if !all(&mut reader, &mut replies) {
                break;
            }
            rest = after;
        }
        prop_assert_eq!(replies, expected);
    }

    #[test]
    fn a_refusal_is_one_whatever_a_server_sends(bytes in bytes()) {
        let (mut reader, mut replies) = (ReplyReader::default(), Vec::new());
        reader.push(&bytes);
        all(&mut reader, &mut replies);
        for reply in replies.into_iter().flatten() {
            prop_assert!((400..560).contains(&reply.refusal().code().get()));
        }
    }
}
