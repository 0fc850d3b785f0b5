//! Messages that are written to take the reader down: each is read in bounded time, or refused with a sentence.

use std::time::{Duration, Instant};

use super::{Context, of};
use crate::mail::{Images, Mail, source};

/// Reads all that a page shows. The bound is far above what is needed even without optimization, and far below what
/// quadratic work takes.
fn read(raw: Vec<u8>) -> Mail {
    let began = Instant::now();
    let mail = Mail::parse(raw);
    let _ = (mail.text(), mail.links(), mail.codes());
    let _ = mail.html_document(Images::Blocked);
    let _ = source(mail.raw(), 0, 64 * 1024);
    let _ = of(&mail, &Context::default());
    let took = began.elapsed();
    println!("{took:?} for {} bytes", mail.raw().len());
    assert!(took < Duration::from_secs(60), "{took:?} for {} bytes", mail.raw().len());
    mail
}

#[test]
fn forty_thousand_nested_messages_are_refused() {
    let mail = read(b"Content-Type: message/rfc822\r\n\r\n".repeat(40_000));
    assert_eq!(mail.unreadable(), Some("it has more than 100 nested messages"));
    assert_eq!(mail.fields().len(), 1);
    assert!(mail.parts().is_empty());
}

#[test]
fn a_hundred_thousand_parts_are_refused() {
    let mut raw = b"Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
    raw.extend(b"--b\r\n\r\nx\r\n".repeat(100_000));
    let mail = read(raw);
    assert_eq!(mail.unreadable(), Some("it has more than 1,000 parts"));
    assert_eq!(mail.subject(), Some("parts"));
}

#[test]
fn many_encoded_words_are_read() {
    let words = b"=?utf-8?b?w7Y=?=\r\n ".repeat(200_000);
    let mail = read([b"Subject: ", &words[..], b"\r\nTo: a@example.com\r\n\r\nx\r\n"].concat());
    assert!(mail.fields()[0].is_cut && mail.fields()[0].value.starts_with("öööö"));
}

#[test]
fn a_header_line_of_ten_megabytes_is_cut() {
    for name in ["Subject: ", "To: ", "From: ", "Content-Type: text/plain; a=", "Date: ", "Message-ID: <", ""]
    {
        for filling in ["x", "\"", "(", "<", ",", "=?", ";", "a@b,"] {
            let line = filling.repeat(1_000_000 / filling.len());
            let mail = read(format!("{name}{line}\r\nX: y\r\n\r\nHi\r\n").into_bytes());
            assert!(mail.fields()[0].is_cut);
            assert!(mail.fields()[0].value.len() < 200_000);
        }
    }
    let mail = read([b"Subject: ", &b"x".repeat(10_000_000)[..], b"\r\n\r\nHi\r\n"].concat());
    assert!(mail.fields()[0].is_cut);
}

#[test]
fn html_of_many_pieces_is_read() {
    // A tenth, since this is unoptimized; what is quadratic takes hours even so.
    const SIZE: usize = 25 * 1024 * 1024 / 10;
    for piece in ["<a href=x>", "<b></i>", "<", "<a b=\"", "&amp;", "<!--", "<style>", "url(", "text cid: "] {
        let page = piece.repeat(SIZE / piece.len());
        let mail = read(format!("Content-Type: text/html\r\n\r\n{page}\r\n").into_bytes());
        assert_eq!(mail.unreadable(), None);
        assert!(mail.links().len() <= 1_000);
    }
    let attributes = (0..200_000).map(|number| format!("a{number}=x ")).collect::<String>();
    read(format!("Content-Type: text/html\r\n\r\n<a {attributes}>x</a>").into_bytes());
}

#[test]
fn text_of_many_addresses_is_read() {
    const SIZE: usize = 25 * 1024 * 1024 / 10;
    let brackets = format!("http://x{} ", ")".repeat(8_000));
    for piece in ["http://", "http://x", "://", &brackets, "http://x(] "] {
        let mail = read(format!("Subject: x\r\n\r\n{}\r\n", piece.repeat(SIZE / piece.len())).into_bytes());
        assert!(mail.links().len() <= 1_000, "{piece}");
    }
}

#[test]
fn malformed_messages_are_shown() {
    for raw in [
        &b""[..],
        b"\r\n",
        b"\n\nx",
        b":\n",
        b"\0\0\0\n\xff\xfe",
        b"Subject\r\n folded\r\n\r\n",
        b" leading\r\nSubject: x\r\n",
        b"From: =?utf-8?b?////?= <\xff@\xff>\r\nDate: Sun, 99 Foo 99999 99:99:99 +9999\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\n--\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n--b\r\n",
        b"Content-Type: text/html; charset=nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\ny\r\n--b--",
    ] {
        let mail = read(raw.to_vec());
        let shown: usize = mail.fields().iter().map(|field| field.range.len()).sum();
        assert!(shown <= raw.len());
        for part in mail.parts() {
            assert_eq!(part.content().len(), part.size);
        }
    }
}
