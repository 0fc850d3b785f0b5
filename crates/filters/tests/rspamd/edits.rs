//! The edits that rspamd asks for.

use mailchute::{Filter as _, testing};

use super::{ask, checked, session};
use crate::web::{Answer, Web};

const CONTENT: &str = "X-Spam: no\r\nA: 1\r\nA: 2\r\nA: 2\r\nSubject: x\r\n\r\nbody\r\n";

/// The message after the edits of this block.
async fn milter(block: &str) -> String {
    checked(&format!(r#"{{"action":"no action","milter":{block}}}"#), CONTENT).await
}

/// A message with these lines of `CONTENT`.
fn with(fields: &str) -> String {
    format!("{}\r\n\r\nbody\r\n", fields.replace('|', "\r\n"))
}

#[tokio::test]
async fn fields_are_added_at_their_places() {
    for (block, fields) in [
        (r#"{"add_headers":{"B":"1"}}"#, "X-Spam: no|A: 1|A: 2|A: 2|Subject: x|B: 1"),
        (r#"{"add_headers":{"B":{"value":"1","order":0}}}"#, "B: 1|X-Spam: no|A: 1|A: 2|A: 2|Subject: x"),
        (r#"{"add_headers":{"B":{"value":"1","index":2}}}"#, "X-Spam: no|A: 1|B: 1|A: 2|A: 2|Subject: x"),
        (r#"{"add_headers":{"B":{"value":"1","order":-1}}}"#, "X-Spam: no|A: 1|A: 2|A: 2|Subject: x|B: 1"),
        (r#"{"add_headers":{"B":{"value":"1","order":-2}}}"#, "X-Spam: no|A: 1|A: 2|A: 2|B: 1|Subject: x"),
        (r#"{"add_headers":{"B":{"value":"1","order":-99}}}"#, "B: 1|X-Spam: no|A: 1|A: 2|A: 2|Subject: x"),
        (r#"{"add_headers":{"B":{"value":"1","order":99}}}"#, "X-Spam: no|A: 1|A: 2|A: 2|Subject: x|B: 1"),
        (
            r#"{"add_headers":{"C":["1",{"value":"2","order":0},"3"],"B":"4"}}"#,
            "C: 2|X-Spam: no|A: 1|A: 2|A: 2|Subject: x|C: 1|C: 3|B: 4",
        ),
        (r#"{"add_headers":{"B":"1\n\t2\r\n 3"}}"#, "X-Spam: no|A: 1|A: 2|A: 2|Subject: x|B: 1|\t2| 3"),
        (r#"{"add_headers":[],"remove_headers":[]}"#, "X-Spam: no|A: 1|A: 2|A: 2|Subject: x"),
    ] {
        assert_eq!(milter(block).await, with(fields), "{block}");
    }
}

#[tokio::test]
async fn fields_are_removed_by_number_from_both_ends() {
    for (number, fields) in [
        ("0", "X-Spam: no|Subject: x"),
        ("1", "X-Spam: no|A: 2|A: 2|Subject: x"),
        ("3", "X-Spam: no|A: 1|A: 2|Subject: x"),
        ("4", "X-Spam: no|A: 1|A: 2|A: 2|Subject: x"),
        ("-1", "X-Spam: no|A: 1|A: 2|Subject: x"),
        ("-3", "X-Spam: no|A: 2|A: 2|Subject: x"),
        ("-4", "X-Spam: no|A: 1|A: 2|A: 2|Subject: x"),
        ("9223372036854775807", "X-Spam: no|A: 1|A: 2|A: 2|Subject: x"),
        ("-9223372036854775808", "X-Spam: no|A: 1|A: 2|A: 2|Subject: x"),
    ] {
        let block = format!(r#"{{"remove_headers":{{"a":{number}}}}}"#);
        assert_eq!(milter(&block).await, with(fields), "{number}");
    }
}

#[tokio::test]
async fn rspamd_sees_the_edits_of_filters_before_it() {
    for (number, expected) in [
        (0, "A: ours\r\nB: x\r\n\r\n"),
        (1, "A: 2\r\nA: 3\r\nB: x\r\n\r\n"),
        (2, "A: ours\r\nA: 3\r\nB: x\r\n\r\n"),
        (-1, "A: ours\r\nA: 2\r\nB: x\r\n\r\n"),
        (-4, "A: ours\r\nA: 2\r\nA: 3\r\nB: x\r\n\r\n"),
    ] {
        let answer = format!(r#"{{"action":"no action","milter":{{"remove_headers":{{"A":{number}}}}}}}"#);
        let web = Web::start([Answer::Ok(answer)]).await;
        let session = session();
        let mut message = testing::message(&session, "A: 1\r\nA: 2\r\nA: 3\r\nB: x\r\n\r\n");
        message.remove_fields(|_, value| value == "1");
        message.add_above_trace("A", "ours").unwrap();
        let rspamd = mailchute_filters::rspamd::Rspamd::builder(&web.url).unwrap().open().unwrap();
        rspamd.filter(&mut message, &session).await.unwrap();
        let edited = "A: ours\r\nA: 2\r\nA: 3\r\nB: x\r\n\r\n";
        let request = web.one();
        assert_eq!(String::from_utf8_lossy(&request.body), edited);
        assert_eq!(request.get("content-length"), Some(&*edited.len().to_string()));
        let mut next = testing::next_reader(&message).unwrap();
        assert_eq!(next.bytes().await.unwrap(), expected, "{number}");
    }
}

#[tokio::test]
async fn one_subject_is_left_after_it_is_rewritten() {
    let answer = r#"{"action":"rewrite subject","subject":"[spam] a"}"#;
    let many = "subject: c\r\n".repeat(300);
    for (content, expected) in [
        (format!("B: x\r\nSubject: a\r\n{many}\r\n"), "Subject: [spam] a\r\nB: x\r\n\r\n"),
        ("B: x\r\nSubject: a\r\n\r\n".to_owned(), "B: x\r\nSubject: [spam] a\r\n\r\n"),
        ("B: x\r\n\r\n".to_owned(), "Subject: [spam] a\r\nB: x\r\n\r\n"),
    ] {
        assert_eq!(checked(answer, &content).await, expected);
    }
}

#[tokio::test]
async fn the_envelope_is_changed() {
    let answer = r#"{"action":"no action","milter":{"change_from":"<b@x.example>",
        "add_rcpt":["carol@example.com","<dave@example.com>"],"del_rcpt":["bob@example.com"]}}"#;
    let web = Web::start([Answer::Ok(answer.to_owned())]).await;
    let (session, message, concluded) = ask(&web, |builder| builder, CONTENT).await;
    concluded.unwrap();
    let next = testing::next_reader(&message).unwrap();
    assert_eq!(next.envelope().sender.as_str(), "b@x.example");
    let to: Vec<_> = next.envelope().recipients.iter().map(mailchute::Recipient::as_str).collect();
    assert_eq!(to, ["eve@example.com", "carol@example.com", "dave@example.com"]);
    drop(session);
}

#[tokio::test]
async fn signatures_stand_on_top() {
    let one = r#"{"action":"no action","dkim-signature":"v=1;\r\n\tb=x"}"#;
    assert_eq!(checked(one, "A: 1\r\n\r\n").await, "DKIM-Signature: v=1;\r\n\tb=x\r\nA: 1\r\n\r\n");
    let two = r#"{"action":"no action","dkim-signature":["v=1","v=2"]}"#;
    assert_eq!(
        checked(two, "A: 1\r\n\r\n").await,
        "DKIM-Signature: v=2\r\nDKIM-Signature: v=1\r\nA: 1\r\n\r\n"
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_an_error_in_the_log() {
    let (log, _guard) = crate::log::capture();
    for (block, told) in [
        (r#"{"add_headers":{"B":"1\r\nC: 2"}}"#, "insert-field"),
        (r#"{"add_headers":{"B\r\nC":"1"}}"#, "cannot be the name"),
        (r#"{"add_headers":{"B":7}}"#, "add_headers"),
        (r#"{"add_headers":{"B":{"value":"1","order":"top"}}}"#, "add_headers"),
        (r#"{"add_headers":{"B":{"order":1}}}"#, "add_headers"),
        (r#"{"add_headers":{"B":[["1"]]}}"#, "add_headers"),
        (r#"{"remove_headers":{"A":"all"}}"#, "remove_headers"),
        (r#"{"change_from":7}"#, "change_from"),
        (r#"{"change_from":"a b"}"#, "set-sender"),
        (r#"{"add_rcpt":{"a":"b"}}"#, "add_rcpt"),
        (r#"{"add_rcpt":["nobody"]}"#, "is not an address"),
        (r#"{"del_rcpt":["carol@example.com"]}"#, "there is no recipient"),
    ] {
        let before = log.text().len();
        assert_eq!(milter(block).await, CONTENT, "{block}");
        let text = log.text()[before..].to_owned();
        assert!(text.contains("ERROR") && text.contains("cannot be made"), "{block}: {text}");
        assert!(text.contains(told), "{block}: {text}");
    }
}

#[tokio::test]
async fn more_edits_than_there_may_be_are_a_failure() {
    let values = vec!["\"x\""; 300].join(",");
    let answer = format!(r#"{{"action":"no action","milter":{{"add_headers":{{"B":[{values}]}}}}}}"#);
    let web = Web::start([Answer::Ok(answer)]).await;
    let (session, _message, concluded) = ask(&web, |builder| builder, CONTENT).await;
    assert_eq!(concluded.unwrap_err().code().get(), 451);
    assert_eq!(session.finding("rspamd").unwrap().result(), "failed");
}
