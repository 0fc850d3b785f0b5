use super::*;

fn mail(text: &str) -> Mail {
    Mail::parse(text.replace('\n', "\r\n").into_bytes())
}

#[test]
fn reads_header_parts_text_and_html() {
    let mail = mail(
        "Received: from a\n\tby b\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\nTo: a@example.com, b@example.com\n\
         Subject: =?utf-8?b?R3LDvMOfZQ==?=\nDate: Sun, 29 Nov 2026 12:00:00 +0100\nMessage-ID: <1@example.com>\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\
         Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\n\
         Content-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n--b\nContent-Type: text/html\n\n<p>Hi</p>\n--b--\n\
         --a\nContent-Type: application/pdf; name=\"a.pdf\"\nContent-Disposition: attachment\n\
         Content-Transfer-Encoding: base64\n\nJVBERg==\n--a--\n",
    );
    assert_eq!(mail.unreadable(), None);
    assert_eq!(mail.subject(), Some("Grüße"));
    assert_eq!(mail.from()[0].to_string(), "Jürgen <j@example.com>");
    assert_eq!(mail.to().len(), 2);
    assert_eq!(mail.date().map(|date| date.to_string()).as_deref(), Some("2026-11-29T11:00:00Z"));
    assert_eq!(mail.message_id(), Some("1@example.com"));
    assert_eq!(mail.plain().as_deref(), Some("Grüße"));
    assert_eq!(mail.html().as_deref(), Some("<p>Hi</p>"));
    let tree: Vec<_> =
        mail.parts().iter().map(|part| (part.number, part.depth, &*part.content_type)).collect();
    assert_eq!(
        tree,
        [
            (1, 0, "multipart/mixed"),
            (2, 1, "multipart/alternative"),
            (3, 2, "text/plain"),
            (4, 2, "text/html"),
            (5, 1, "application/pdf"),
        ]
    );
    let attached: Vec<_> = mail.attachments().collect();
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].file_name.as_deref(), Some("a.pdf"));
    assert_eq!(&attached[0].content()[..], b"%PDF");
    assert_eq!(mail.fields()[0].value, "from a by b");
    assert_eq!(mail.fields()[1].value, "Jürgen <j@example.com>");
    assert!(mail.fields().iter().all(|field| field.about().is_some()));
}

#[test]
fn a_message_in_a_message_has_its_own_parts() {
    let mail = mail(
        "Subject: out\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\nSee below\n--o\nContent-Type: message/rfc822\n\n\
         Subject: in\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nHello\n--i\nContent-Type: application/pdf\n\
         Content-Transfer-Encoding: base64\n\nJVBERg==\n--i--\n\n--o--\n",
    );
    let of = |kind| mail.parts().iter().filter(move |part| part.content_type == kind).map(Part::content);
    assert_eq!(of("text/plain").collect::<Vec<_>>(), [&b"See below"[..], b"Hello"]);
    assert_eq!(of("application/pdf").collect::<Vec<_>>(), [&b"%PDF"[..]]);
}

#[test]
fn finds_link_and_code_of_a_message() {
    let mail = mail(
        "Subject: Welcome\nContent-Type: text/html\n\n<style>p{color:red}</style><p>Your code is <b>481516</b>.</p>\
         <a href=\"https://example.com/confirm?t=1&amp;u=2\">Confirm</a>\n",
    );
    assert_eq!(
        mail.links(),
        [Link { url: "https://example.com/confirm?t=1&u=2".into(), text: "Confirm".into() }]
    );
    assert_eq!(mail.codes(), ["481516"]);
}
