//! Messages that were made to do harm.

use super::*;

async fn listed(text: &str) -> (Summary, Duration) {
    let mails = Mails::new();
    mails.put("new", text);
    mails.put("new", &message("a@x.test", "b@x.test", "next", ""));
    let begin = std::time::Instant::now();
    let mailbox = mails.open();
    let listing = list(&mailbox, "").await;
    assert_eq!(listing.total, 2);
    (listing.messages[1].clone(), begin.elapsed())
}

#[tokio::test]
async fn headers_without_an_end_are_read_in_part() {
    for field in ["X: y\n", "To: a@b.test\n", "Received: x\n", " folded\n", "Subject: =?utf-8?q?a?=\n"] {
        let text = format!("From: alice@one.test\n{}", field.repeat(40_000));
        let (found, _) = listed(&text).await;
        assert_eq!(found.size, text.len() as u64, "{field}");
        assert!(found.to.len() <= 50 && found.recipients.len() <= 1_000, "{field}");
    }
}

#[tokio::test]
async fn nesting_and_many_parts_do_not_end_the_process() {
    let messages = "Content-Type: message/rfc822\n\n".repeat(40_000);
    let multipart: String =
        (0..2_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000));
    for text in [messages, multipart, parts] {
        let text = format!("Subject: deep\n{text}");
        let (found, _) = listed(&text).await;
        assert_eq!(found.subject.as_deref(), Some("deep"));
    }
}

#[tokio::test]
async fn text_that_is_cut_or_badly_encoded_is_still_listed() {
    for body in [
        "Content-Transfer-Encoding: base64\n\n".to_owned() + &"QUJD".repeat(100_000),
        "Content-Type: text/html\n\n".to_owned() + &"<p>hello ".repeat(100_000),
        "Content-Type: text/plain; charset=utf-16\n\n\u{0}\u{d8}x".to_owned(),
        "Content-Transfer-Encoding: quoted-printable\n\n=XX=\n=".to_owned(),
        "\n\0\u{1}\u{1e}\u{1f}\u{7f}".to_owned(),
    ] {
        let (found, _) = listed(&format!("Subject: a\u{1e}b\u{1f}c\nMIME-Version: 1.0\n{body}")).await;
        assert_eq!(found.subject.as_deref(), Some("a b c"));
        assert!(found.snippet.chars().count() <= 200);
    }
}

#[tokio::test]
async fn files_that_are_no_messages_are_listed() {
    for text in ["", "\n", "x", "\0\0\0", "\r\n\r\n", "Subject", ":"] {
        let (found, _) = listed(text).await;
        assert_eq!(found.size, text.len() as u64);
    }
}

#[tokio::test]
async fn many_files_of_one_moment_have_names_of_their_own() {
    let mails = Mails::new();
    for number in 0..3_000 {
        fs::write(mails.path().join(format!("new/1700000000.M1P{number}.x")), "Subject: x\n\n").unwrap();
    }
    let mailbox = mails.open();
    assert_eq!(list(&mailbox, "").await.total, 3_000);
}
