//! Requests, beside their content.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mailchute::Message;
use mailchute_stores::SecretSource;

use super::scripted::{MESSAGE, Web, client, front, front_with, response, send};

#[tokio::test]
async fn the_body_is_the_message_and_the_header_says_the_rest() {
    let web = Web::start().await;
    let server = front(web.webhook("/in"));
    let answer = send(&server, &["bob", "eve"], MESSAGE).await;
    let request = web.one();
    assert_eq!(request.body, format!("{MESSAGE}\r\n").as_bytes());
    let id = request.get("webhook-id").unwrap();
    assert_eq!(answer, format!("250 2.6.0 Posted as {id}"));
    assert_eq!(id.len(), 44);
    let length = (MESSAGE.len() + 2).to_string();
    for (name, value) in [
        ("content-type", "message/rfc822"),
        ("content-length", length.as_str()),
        ("host", &web.address.to_string()),
        ("mailchute-sender", "alice@client.example"),
        ("mailchute-recipients", "bob@example.com, eve@example.com"),
        ("mailchute-client", "192.0.2.1"),
        ("mailchute-helo", "client.example"),
        ("mailchute-protocol", "ESMTP"),
    ] {
        assert_eq!(request.get(name), Some(value), "{name}");
    }
    assert!(request.get("mailchute-message").unwrap().ends_with("-1"));
    for name in ["mailchute-time", "webhook-timestamp"] {
        assert!(request.get(name).unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    }
    for name in ["webhook-signature", "mailchute-tls", "mailchute-user", "mailchute-listener"] {
        assert_eq!(request.get(name), None);
    }
}

#[tokio::test]
async fn values_outside_ascii_are_percent_encoded() {
    let web = Web::start().await;
    let server = front(web.webhook("/{domain}/{user}/{detail}x"));
    let mut client = client(&server).await;
    client.command("MAIL FROM:<> SMTPUTF8").await.expect(250);
    client.command("RCPT TO:<bücher%@münchen.example>").await.expect(250);
    client.command("RCPT TO:<\"a, b\"@example.com>").await.expect(250);
    client.command("RCPT TO:<\"..\"@example.com>").await.expect(250);
    client.data(MESSAGE).await.expect(250);
    let mut requests = web.take();
    requests.sort_by(|one, other| one.path.cmp(&other.path));
    let places: Vec<_> =
        requests.iter().map(|one| (one.path.as_str(), one.get("mailchute-recipients").unwrap())).collect();
    assert_eq!(
        places,
        [
            ("/example.com/%252E./x", "\"..\"@example.com"),
            ("/example.com/a%2C%20b/x", "\"a%2C%20b\"@example.com"),
            ("/xn--mnchen-3ya.example/b%C3%BCcher%25/x", "b%C3%BCcher%25@m%C3%BCnchen.example"),
        ]
    );
    assert_eq!(requests[0].get("mailchute-sender"), Some(""));
    assert_eq!(requests[0].get("mailchute-protocol"), Some("UTF8SMTP"));
}

#[tokio::test]
async fn a_signature_is_that_of_the_body() {
    let web = Web::start().await;
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let source = SecretSource::File(secret.path().into());
    for content in [MESSAGE.to_owned(), format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(100_000))] {
        let server = front(web.webhook("/").secret(source.clone()).trace(true));
        assert!(send(&server, &["bob"], &content).await.starts_with("250 "));
        let request = web.one();
        assert!(request.body.starts_with(b"Return-Path: <alice@client.example>\r\n"));
        let signed = [
            format!("{}.{}.", request.get("webhook-id").unwrap(), request.get("webhook-timestamp").unwrap())
                .as_bytes(),
            &request.body,
        ]
        .concat();
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = BASE64_STANDARD.encode(hmac_sha256(&key, &signed));
        assert_eq!(request.get("webhook-signature").unwrap(), format!("v1,{signature}"));
    }
}

/// HMAC (RFC 2104) of a key that is shorter than a block.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test]
async fn the_name_stays_when_the_client_comes_again() {
    let web = Web::start().await;
    web.answer(response("503 Service Unavailable"));
    // A filter adds another field each time.
    let server = front_with(web.webhook("/").trace(true), |builder| {
        builder.on_message(|mut message: Message, _session| async move {
            let value = message.id().to_string();
            message.add_above_trace("X-Seen", &value)?;
            Ok(message)
        })
    });
    for recipients in [["bob", "eve"], ["eve", "bob"]] {
        send(&server, &recipients, MESSAGE).await;
    }
    let [first, second] = web.take().try_into().unwrap();
    assert_ne!(first.body, second.body);
    assert_eq!(first.get("webhook-id"), second.get("webhook-id"));
    for (recipients, content) in [(vec!["bob"], MESSAGE), (vec!["bob", "eve"], "Subject: x\r\n\r\nOther")] {
        send(&server, &recipients, content).await;
        assert_ne!(web.one().get("webhook-id"), first.get("webhook-id"));
    }
}

#[tokio::test]
async fn each_place_gets_a_copy_that_names_its_own_recipients() {
    let web = Web::start().await;
    let server = front(web.webhook("/{user}/{id}").trace(true));
    assert!(send(&server, &["bob", "eve", "BOB"], MESSAGE).await.starts_with("250 "));
    let mut requests = web.take();
    requests.sort_by(|one, other| one.path.cmp(&other.path));
    assert_eq!(requests.len(), 2);
    for (request, name) in requests.iter().zip(["bob", "eve"]) {
        assert_eq!(request.path, format!("/{name}/{}", request.get("webhook-id").unwrap()));
        assert_eq!(request.get("mailchute-recipients"), Some(format!("{name}@example.com").as_str()));
        let text = String::from_utf8(request.body.clone()).unwrap();
        assert!(text.contains(&format!("Delivered-To: {name}@example.com\r\n")), "{text}");
        let other = if name == "bob" { "eve@" } else { "bob@" };
        assert!(!text.contains(other), "{text}");
    }
}

#[tokio::test]
async fn more_recipients_than_a_header_holds_take_another_request() {
    let web = Web::start().await;
    let server = front(web.webhook("/"));
    let names: Vec<_> = (0..100).map(|number| format!("{}-{number}", "x".repeat(80))).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert!(send(&server, &names, MESSAGE).await.starts_with("250 "));
    let requests = web.take();
    assert_eq!(requests.len(), 2);
    let told: Vec<_> = requests.iter().map(|request| request.get("mailchute-recipients").unwrap()).collect();
    assert!(told.iter().all(|recipients| recipients.len() <= 6 * 1024));
    assert_eq!(told.iter().flat_map(|recipients| recipients.split(", ")).count(), 100);
    assert_ne!(requests[0].get("webhook-id"), requests[1].get("webhook-id"));
}
