//! Messages as JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mailchute_stores::WebhookFormat;
use serde_json::{Value, json};

use super::scripted::{Web, front, send};

async fn posted(content: &str) -> Value {
    let web = Web::start().await;
    let server = front(web.webhook("/").format(WebhookFormat::Json));
    let answer = send(&server, &["bob"], content).await;
    assert!(answer.starts_with("250 "), "{answer}");
    let request = web.one();
    assert_eq!(request.get("content-type"), Some("application/json"));
    assert_eq!(request.get("mailchute-sender"), None, "headers are bounded, JSON is not");
    request.json()
}

#[tokio::test]
async fn json_has_envelope_facts_and_parts() {
    let json = posted(
        "From: =?utf-8?q?Al=C3=ADce?= <alice@client.example>\r\nTo: bob@example.com, Eve <eve@example.com>\r\n\
         Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nDate: Sat, 31 Jan 2026 12:00:00 +0100\r\n\
         Message-ID: <1@client.example>\r\nReferences: <0@x> <00@x>\r\nX-Folded: a\r\n b\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n\
         --m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
         --a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         Gr=FC=DFe\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n--a--\r\n\
         --m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n\
         --m\r\nContent-Type: text/csv; charset=iso-8859-1\r\nContent-Disposition: attachment; filename=\"t.csv\"\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n=FC;1\r\n\
         --m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nInner\r\n--m--\r\n",
    )
    .await;
    for (name, value) in [
        ("sender", json!("alice@client.example")),
        ("recipients", json!(["bob@example.com"])),
        ("client", json!("192.0.2.1")),
        ("helo", json!("client.example")),
        ("protocol", json!("ESMTP")),
        ("subject", json!("Grüße")),
        ("date", json!("2026-01-31T12:00:00+01:00")),
        ("message_id", json!("1@client.example")),
        ("in_reply_to", json!([])),
        ("references", json!(["0@x", "00@x"])),
        ("from", json!([{"name": "Alíce", "address": "alice@client.example"}])),
        (
            "to",
            json!([{"name": null, "address": "bob@example.com"}, {"name": "Eve", "address": "eve@example.com"}]),
        ),
        ("cc", json!([])),
        ("reply_to", json!([])),
        ("text", json!("Grüße")),
        ("html", json!("<p>Hi</p>")),
    ] {
        assert_eq!(json[name], value, "{name}");
    }
    assert_eq!(json["header"][2], json!({"name": "Subject", "value": "Grüße"}));
    assert_eq!(json["header"][6], json!({"name": "X-Folded", "value": "a b"}));
    let names: Vec<_> = json.as_object().unwrap().keys().collect();
    assert!(!names.iter().any(|name| ["raw", "unparsed"].contains(&name.as_str())), "{names:?}");
    let attachments = json["attachments"].as_array().unwrap();
    let of = |number: usize| {
        let content = BASE64_STANDARD.decode(attachments[number]["content"].as_str().unwrap()).unwrap();
        assert_eq!(attachments[number]["size"], content.len());
        (attachments[number]["name"].clone(), attachments[number]["type"].clone(), content)
    };
    assert_eq!(attachments.len(), 3);
    assert_eq!(of(0), (json!("a.pdf"), json!("application/pdf"), vec![0, 1, 2, 3]));
    assert_eq!(of(1), (json!("t.csv"), json!("text/csv"), b"\xfc;1".to_vec()));
    assert_eq!(attachments[1]["charset"], json!("iso-8859-1"));
    let (_, kind, content) = of(2);
    assert_eq!(kind, json!("message/rfc822"));
    assert!(content.starts_with(b"Subject: inner\r\n\r\nInner"), "{content:?}");
}

#[tokio::test]
async fn a_plain_message_has_text_and_no_more() {
    let json = posted("Subject: x\r\n\r\nHello\r\n\u{1}\"\\\r\n").await;
    assert_eq!(json["text"], json!("Hello\r\n\u{1}\"\\\r\n"));
    assert_eq!((&json["html"], &json["attachments"], &json["from"]), (&Value::Null, &json!([]), &json!([])));
    assert_eq!(json["date"], Value::Null);
}

#[tokio::test]
async fn hostile_nesting_goes_on_unparsed() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(40_000);
    for (content, why) in [
        (nested.as_str(), "it has more than 100 nested messages"),
        (
            &format!(
                "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                BASE64_STANDARD
                    .encode(&nested)
                    .as_bytes()
                    .chunks(76)
                    .map(|line| String::from_utf8_lossy(line) + "\r\n")
                    .collect::<String>()
            ),
            "it has an encoded message in it",
        ),
        (
            &format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\n".repeat(2_000)),
            "it has more than 1,000 parts",
        ),
        ("No header\r\n", "it has no header"),
    ] {
        let json = posted(content).await;
        assert_eq!(json["unparsed"], json!(why));
        let raw = BASE64_STANDARD.decode(json["raw"].as_str().unwrap()).unwrap();
        let end = if content.ends_with("\r\n") { "" } else { "\r\n" };
        assert!(raw == format!("{content}{end}").as_bytes());
        assert_eq!((&json["sender"], &json["subject"]), (&json!("alice@client.example"), &Value::Null));
    }
}

/// A parser of a debug build panics at this message; others find some parts in it.
#[tokio::test]
async fn a_panic_of_the_parser_loses_no_message() {
    let json = posted(
        "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\nmultipart/mixed; boundary=b\r\n))\r\n\r\n\
         Content-Type:message/rfc822\r\n--b----)X: y\r\n--b--\r\n\t\r\n--b\r\n\r\n\t--b--b--\r\n\t\r\n",
    )
    .await;
    if cfg!(debug_assertions) {
        assert_eq!(json["unparsed"], json!("the parser failed"));
        assert!(json["raw"].as_str().unwrap().starts_with("Q29udGVudC1UeXBlOi"));
    }
}

#[tokio::test]
async fn nesting_within_the_bounds_is_parsed() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(100);
    let json = posted(&format!("{nested}Subject: x\r\n\r\nHello\r\n")).await;
    assert_eq!(json["unparsed"], Value::Null);
    assert_eq!(json["attachments"][0]["type"], json!("message/rfc822"));
}

#[tokio::test]
async fn a_long_message_is_whole_in_json() {
    let attachment: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let lines: String = BASE64_STANDARD
        .encode(&attachment)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line) + "\r\n")
        .collect();
    let json = posted(&format!(
        "Subject: x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}"
    ))
    .await;
    let content = BASE64_STANDARD.decode(json["attachments"][0]["content"].as_str().unwrap()).unwrap();
    assert!(content == attachment);
    assert_eq!(json["text"], Value::Null);
}
