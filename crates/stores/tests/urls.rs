//! Store URLs.

use crate::common::{Mail, begin, client};
use mailchute::Server;
use mailchute_stores::{AnyStore, StoreUrl, StoreUrlError, check_url, from_url};

#[tokio::test]
async fn a_maildir_url_makes_a_maildir_that_takes_mail() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("the mail");
    for (number, scheme) in ["maildir:", "MailDir:", "maildir://"].iter().enumerate() {
        let store = from_url(&format!("{scheme}{}", path.display())).unwrap();
        assert!(matches!(store, AnyStore::Maildir(_)), "{store:?}");
        let server = Server::builder().store(store).build().unwrap();
        let mut client = client(&server, 1).await;
        begin(&mut client, &["bob@example.com"]).await;
        client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
        assert_eq!(Mail(path.clone()).messages().len(), number + 1);
    }
}

#[test]
fn a_store_is_printed_as_a_url_that_makes_it() {
    let directory = tempfile::tempdir().unwrap();
    for options in ["", "?mode=0660", "?mode=0600", "?line-ends=crlf", "?mode=0640&line-ends=crlf"] {
        let url = format!("maildir:{}{options}", directory.path().display());
        assert_eq!(from_url(&url).unwrap().to_string(), url);
    }
    assert_eq!(from_url("discard:").unwrap().to_string(), "discard:");
}

#[tokio::test]
async fn a_discarded_message_is_read_to_its_end_and_accepted() {
    let server = Server::builder().store(from_url("discard:").unwrap()).build().unwrap();
    let mut client = client(&server, 1).await;
    for _ in 0..2 {
        begin(&mut client, &["bob@example.com"]).await;
        client.send_bytes(format!("{}\r\n", "x".repeat(998)).repeat(1000).as_bytes()).await;
        let answer = client.command(".").await.expect(250);
        assert!(answer.to_string().starts_with("250 2.6.0 Message discarded as "), "{answer}");
    }
}

#[test]
fn a_url_that_makes_no_store_is_answered_with_what_to_write() {
    for (url, answer) in [
        (
            "",
            "the store has no URL; write maildir:PATH, lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:",
        ),
        (
            "./mail",
            "\"./mail\" does not begin with a kind of store; write maildir:./mail, lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:",
        ),
        (
            "/var:mail",
            "\"/var:mail\" does not begin with a kind of store; write maildir:/var:mail, lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:",
        ),
        (
            ":mail",
            "\":mail\" does not begin with a kind of store; write maildir::mail, lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:",
        ),
        (
            "mbox:/var/mail",
            "there is no store of the kind \"mbox\"; write maildir:PATH, lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:",
        ),
        ("maildir:", "maildir: names no directory; write maildir:PATH, such as maildir:./mail"),
        ("maildir://", "maildir: names no directory; write maildir:PATH, such as maildir:./mail"),
        (
            "maildir://var/mail",
            "\"maildir://var/mail\" names a host, but a Maildir is a directory on this one; write maildir:PATH, \
             such as maildir:/var/mail/in or maildir:./mail",
        ),
        ("maildir:?mode=0660", "maildir: names no directory; write maildir:PATH, such as maildir:./mail"),
        ("discard:all", "discard: takes no path and no options, but \"all\" follows it; write discard:"),
    ] {
        assert_eq!(from_url(url).unwrap_err().to_string(), answer, "{url:?}");
    }
}

#[test]
fn an_option_that_a_store_does_not_have_is_named() {
    for option in [
        "",
        "mode",
        "mode=",
        "mode=0777",
        "mode=1660",
        "mode=0060",
        "mode=0400",
        "mode=66",
        "mode=00660",
        "mode=+660",
        "mode=rw-",
        "mode=0668",
        "Mode=0660",
        "colour=red",
        "line-ends=cr",
        "line-ends=LF",
    ] {
        let error = check_url(&format!("maildir:/x?{option}")).unwrap_err();
        assert!(matches!(&error, StoreUrlError::BadOption(named) if named == option), "{option}: {error}");
        assert!(
            error.to_string().contains(&format!(
                "does not know the option {option:?}, or has it twice; write line-ends=lf, "
            )),
            "{error}"
        );
    }
    assert!(check_url("maildir:/x?mode=0660&mode=0660").is_err());
    assert!(check_url("discard:?mode=0660").is_err());
    assert_eq!(StoreUrl::parse("maildir:/x?mode=660").unwrap().directory_mode(), 0o770);
    assert_eq!(StoreUrl::parse("maildir:/x?mode=0640").unwrap().directory_mode(), 0o750);
    assert_eq!(StoreUrl::parse("maildir:/x").unwrap().directory_mode(), 0o700);
}

#[test]
fn a_maildir_that_cannot_be_opened_names_its_path() {
    let error = from_url("maildir:/dev/null/mail").unwrap_err();
    assert!(matches!(error, StoreUrlError::Open(_)));
    assert!(error.to_string().contains("/dev/null"), "{error}");
    assert!(from_url("maildir:a\0b").unwrap_err().to_string().starts_with("the store cannot be opened: "));
}

#[test]
fn doubled_braces_in_a_path_are_braces() {
    for (url, directory) in [
        ("maildir:/mail/./${{HOME:-x}}/%{{y}}", "/mail/./${HOME:-x}/%{y}"),
        ("maildir:./{{x}}", "./{x}"),
        ("maildir:/{{x}}/{domain}/{user}", "/{x}/"),
        ("maildir:{user}", "."),
    ] {
        assert_eq!(StoreUrl::parse(url).unwrap().directory(), Some(directory.as_ref()), "{url}");
    }
    let error = check_url("maildir:/mail/{usr}").unwrap_err().to_string();
    assert!(
        error.starts_with("the path after maildir: is wrong: {usr} cannot be filled in; write {user}, "),
        "{error}"
    );
    let error = check_url("maildir:/mail/{user}/{detail}").unwrap_err().to_string();
    assert!(error.starts_with("the path after maildir: is wrong: {detail} cannot be in the path"), "{error}");
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_store_that_is_not_in_this_build_names_its_feature() {
    let error = check_url("nats://127.0.0.1/mail.in").unwrap_err();
    assert!(matches!(error, StoreUrlError::NotBuilt { feature: "nats", .. }), "{error:?}");
    assert!(error.to_string().ends_with("build it with the feature nats, or with full"), "{error}");
}
