use super::*;

fn names(message: &str, context: &Context<'_>) -> Vec<&'static str> {
    let mail = Mail::parse(message.replace('\n', "\r\n").into_bytes());
    of(&mail, context).iter().map(|finding| finding.name).collect()
}

const HEAD: &str = "From: Ann <ann@example.com>\nDate: Sun, 29 Nov 2026 12:00:00 +0100\nSubject: Hi\n\
    Message-ID: <1@example.com>\nMIME-Version: 1.0\nDKIM-Signature: v=1; d=example.com; h=from:subject\n";

/// Returns the findings in a message with these further lines.
fn found_in(rest: &str) -> Vec<&'static str> {
    names(&format!("{HEAD}{rest}"), &Context::default())
}

#[test]
fn a_good_message_has_no_findings() {
    assert_eq!(found_in("\nHello\n"), [] as [&str; 0]);
    let html = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nHi\n--b\nContent-Type: text/html\n\n\
        <p>Hi <img src=\"data:image/png;base64,x\" alt=\"\"></p>\n--b--\n";
    assert_eq!(found_in(html), [] as [&str; 0]);
}

#[test]
fn each_fault_has_its_finding() {
    let html = |page: &str| format!("Content-Type: text/html\n\n{page}\n");
    for (rest, expected) in [
        ("\na\rb\n".to_owned(), "bare-line-ends"),
        (format!("\n{}\n", "x".repeat(999)), "long-line"),
        ("\na\0b\n".to_owned(), "nul-byte"),
        ("X: ä\n\n".to_owned(), "8bit-header"),
        ("\nä\n".to_owned(), "8bit-undeclared"),
        ("Subject: again\n\n".to_owned(), "duplicate-field"),
        ("no field\n\n".to_owned(), "malformed-field"),
        ("Reply-To: x@other.example\n\n".to_owned(), "reply-to-differs"),
        ("List-Id: <x.example.com>\n\n".to_owned(), "missing-list-unsubscribe"),
        ("List-Unsubscribe: <mailto:x@example.com>\n\n".to_owned(), "unsubscribe-without-https"),
        ("List-Unsubscribe: <https://example.com/u>\n\n".to_owned(), "missing-one-click"),
        (
            "List-Unsubscribe: <https://example.com/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n\n".to_owned(),
            "one-click-not-signed",
        ),
        (html("<p>Hi"), "html-without-text"),
        (html(&"<p>Hello there\n".repeat(10_000)), "html-clipped"),
        (html("<img src=https://example.com/a.png alt=''>"), "remote-images"),
        (html("<img src=https://example.com/a.png width=1 height=1 alt=''>"), "tracking-pixel"),
        (html("<img src='data:image/png;base64,x'>"), "missing-alt"),
        (html("<a href='/confirm'>x</a>"), "relative-link"),
        (html("<script>x</script>"), "active-html"),
        (html("<style>@import 'https://example.com/x.css'</style>"), "remote-styles"),
        ("Content-Type: application/x-msdownload; name=\"a.pdf.exe\"\n\nMZ\n".to_owned(), "executable-attachment"),
        ("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogCg==\n".to_owned(), "unreadable"),
    ] {
        let names = found_in(&rest);
        assert!(names.contains(&expected), "{expected}: {names:?}");
    }
}

#[test]
fn missing_fields_are_named() {
    let found = names("Content-Type: text/plain\n\nHi\n", &Context::default());
    for name in
        ["missing-date", "missing-from", "missing-message-id", "missing-subject", "missing-mime-version"]
    {
        assert!(found.contains(&name), "{name}: {found:?}");
    }
    let found = names("From: Ann\nDate: yesterday\nMessage-ID: 1\n\nHi\n", &Context::default());
    for name in ["malformed-date", "malformed-from", "malformed-message-id"] {
        assert!(found.contains(&name), "{name}: {found:?}");
    }
}

#[test]
fn authors_are_compared_with_envelope_and_signature() {
    let from = |from: &str, rest: &str| format!("From: {from}\n{rest}\nHi\n");
    let envelope = Context { envelope_from: Some("bounce@other.example"), ..Context::default() };
    assert!(names(&from("a@example.com", ""), &envelope).contains(&"envelope-not-aligned"));
    let below = Context { envelope_from: Some("bounce@mail.example.com"), ..Context::default() };
    assert!(!names(&from("a@example.com", ""), &below).contains(&"envelope-not-aligned"));
    let null = Context { envelope_from: Some(""), ..Context::default() };
    assert!(!names(&from("a@example.com", ""), &null).contains(&"envelope-not-aligned"));
    let none = Context::default();
    assert!(names(&from("a@example.com", ""), &none).contains(&"not-signed"));
    let other = from("a@example.com", "DKIM-Signature: v=1; d=notexample.com;\n");
    assert!(names(&other, &none).contains(&"signature-not-aligned"));
    assert!(names(&from("\"boss@bank.example\" <a@example.com>", ""), &none).contains(&"address-in-name"));
    assert!(!names(&from("\"a@example.com\" <a@example.com>", ""), &none).contains(&"address-in-name"));
    assert!(names(&from("a@example.com, b@example.com", ""), &none).contains(&"missing-sender"));
}

#[test]
fn only_results_of_this_server_count() {
    let message = "Authentication-Results: mx.example.org; spf=fail smtp.mailfrom=x; dkim=pass; dmarc=fail (p=none)\n\
        From: a@example.com\n\nHi\n";
    let ours = Context { hostname: Some("MX.example.org"), ..Context::default() };
    let found = names(message, &ours);
    assert!(found.contains(&"spf") && found.contains(&"dmarc") && !found.contains(&"dkim"), "{found:?}");
    let other = Context { hostname: Some("other.example.org"), ..Context::default() };
    let found = names(message, &other);
    assert!(!found.contains(&"spf"), "{found:?}");
}

#[test]
fn bare_line_ends_of_the_session_count() {
    let context = Context { had_bare_line_ends: true, ..Context::default() };
    assert_eq!(names(&format!("{HEAD}\nHi\n"), &context), ["bare-line-ends"]);
}
