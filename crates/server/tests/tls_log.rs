//! The text about certificates in the log and the trace fields. Each test captures the log before the first line.

use crate::support::clients::{Authority, named, tls, with};
use crate::support::talk::listen;
use crate::support::tls::{Identity, NAME, start};
use crate::support::{MESSAGE, Seen, StoreBy as _, build, builder, traced};
use rustls::version::TLS13;

#[tokio::test]
async fn certificate_names_cannot_inject_into_logs_or_trace_fields() {
    let (log, _guard) = crate::support::log::capture();
    let authority = Authority::new();
    let fields = Seen::<String>::default();
    let note = fields.clone();
    let server = build(builder().tls(tls(authority.asked())).store_by(move |message, _| {
        let note = note.clone();
        async move {
            note.push(traced(message).await?);
            Ok(())
        }
    }));
    let address = listen(&server).await;
    let evil = format!("evil)\r\nBcc: <x@y.example>\x1b[31m{}", "x".repeat(500));
    for (shown, expected) in [
        (authority.sign(&named("mail.client.example")), "verify=OK client=mail.client.example)"),
        (Identity::of(&["self.example"]), "verify=FAIL client=rcgen?self?signed?cert)"),
        (authority.sign(&named(&evil)), "verify=OK client=evil???Bcc:??x?y.example??[31mxxx"),
    ] {
        let mut talk = start(address, &with(&shown, &[&TLS13]), NAME).await.unwrap();
        for line in ["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"] {
            talk.ask(line, "250").await;
        }
        talk.ask("DATA", "354").await;
        talk.ask(MESSAGE, "250").await;
        let fields = fields.all().pop().unwrap();
        let line = format!("\r\n\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 {expected}");
        assert!(fields.contains(&line), "{fields}");
        assert!(fields.lines().all(|line| line.len() < 300), "{fields}");
    }
    log.expect(
        "secured version=\"TLSv1.3\" cipher=\"TLS_AES_256_GCM_SHA384\" sni=\"mx.example.com\" resumed=false",
    );
    log.expect("client_certificate=\"mail.client.example\" client_verified=true");
    assert!(!log.text().contains("\r\nBcc"));
}

#[test]
fn an_expired_certificate_is_taken_with_a_warning() {
    let (log, _guard) = crate::support::log::capture();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["old.example".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
    Identity::new(&parameters.self_signed(&key).unwrap(), &key).config();
    log.expect("WARN");
    log.expect("the TLS certificate has expired names=\"old.example\"");
    parameters.not_before = rcgen::date_time_ymd(4001, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(4002, 1, 1);
    Identity::new(&parameters.self_signed(&key).unwrap(), &key).config();
    log.expect("is not valid yet");
}
