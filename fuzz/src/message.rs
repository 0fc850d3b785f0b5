//! A message as the console reads it.

use std::collections::HashSet;

use bytes::Bytes;

use crate::checks;
use crate::mail::{Images, LineEnd, Mail, Piece, source};

/// Checks that everything that a page shows is in the message, and that nothing of it is lost.
pub fn mail(data: &[u8]) {
    let raw = Bytes::copy_from_slice(data);
    let mail = Mail::parse(raw.clone());
    header(&raw, &mail);
    parts(&mail);
    html(&mail);
    found(&mail);
    lines(&raw, 1 + data.len() % 100);
    let findings = checks::of(&mail, &checks::Context::default());
    assert!(findings.is_sorted_by_key(|finding| finding.severity));
    let again = Mail::parse(raw);
    assert_eq!(checks::of(&again, &checks::Context::default()), findings);
    assert_eq!((again.links(), again.codes()), (mail.links(), mail.codes()));
}

/// The fields are the lines before the first empty one, each with the lines that continue it.
fn header(raw: &[u8], mail: &Mail) {
    let mut expected: Vec<Vec<u8>> = Vec::new();
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
        match expected.last_mut() {
            Some(field) if matches!(line[0], b' ' | b'\t') => field.extend(line),
            _ => expected.push(line.to_vec()),
        }
    }
    let fields: Vec<Vec<u8>> = mail.fields().iter().map(|field| raw[field.range.clone()].to_vec()).collect();
    if mail.has_more_fields() {
        assert!(expected.starts_with(&fields));
    } else {
        assert_eq!(fields, expected);
    }
}

fn parts(mail: &Mail) {
    assert_eq!(mail.parts().is_empty(), mail.unreadable().is_some());
    let mut depth = 0;
    for (number, part) in (1..).zip(mail.parts()) {
        assert_eq!(part.number, number);
        assert!(part.depth <= depth + usize::from(number > 1), "a part hangs in the air");
        depth = part.depth;
        assert_eq!(part.content().len(), part.size);
        assert!(part.size <= mail.raw().len());
    }
}

/// Besides images and where links open, a document is what the author wrote.
fn html(mail: &Mail) {
    let Some(html) = mail.html() else {
        assert!(mail.html_document(Images::Blocked).is_none());
        return;
    };
    let document = mail.html_document(Images::Blocked).expect("there is HTML");
    assert_eq!(
        document.html.matches("<base target=\"_blank\">").count(),
        html.matches("<base target=\"_blank\">").count() + 1
    );
    if !html.contains("cid:") {
        assert_eq!(document.html.replacen("<base target=\"_blank\">", "", 1).len(), html.len());
    }
    assert!(document.policy.contains("default-src 'none'") && !document.policy.contains("script"));
}

/// Links and codes are in what the reader sees.
fn found(mail: &Mail) {
    let links = mail.links();
    let urls: HashSet<_> = links.iter().map(|link| &link.url).collect();
    assert_eq!(urls.len(), links.len(), "a link comes twice");
    let text = format!("{}\n{}", mail.subject().unwrap_or_default(), mail.text().unwrap_or_default());
    for code in mail.codes() {
        assert!(text.contains(&code), "{code:?} is not in {text:?}");
        assert!(code.len() >= 4 && code.bytes().any(|byte| byte.is_ascii_alphanumeric()));
    }
}

/// Pages of the source, put together, are the message.
fn lines(raw: &[u8], size: usize) {
    let (mut from, mut pages) = (Some(0), Vec::new());
    while let Some(at) = from {
        let page = source(raw, at, size);
        assert!(page.next.is_none_or(|next| next > at));
        pages.extend(page.lines);
        from = page.next;
    }
    let mut written = Vec::new();
    for line in pages {
        for piece in line.pieces {
            match piece {
                Piece::Text(text) => written.extend(text.into_bytes()),
                Piece::Mark(name) => written.extend(bytes_of(&name)),
            }
        }
        written.extend(match line.end {
            LineEnd::Crlf => &b"\r\n"[..],
            LineEnd::Lf => b"\n",
            LineEnd::Cr => b"\r",
            LineEnd::None => b"",
        });
    }
    // A control character beyond ASCII has the same mark as a byte.
    let plain = |bytes: &[u8]| -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        text.bytes().filter(|byte| byte.is_ascii()).collect()
    };
    assert_eq!(plain(&written), plain(raw));
}

/// Returns the bytes that a mark stands for, if they are ASCII.
fn bytes_of(name: &str) -> Vec<u8> {
    match name {
        "NUL" => vec![0],
        "BS" => vec![8],
        "ESC" => vec![0x1b],
        "DEL" => vec![0x7f],
        _ => {
            let hex = name.strip_prefix("0x").and_then(|hex| u8::from_str_radix(hex, 16).ok());
            hex.filter(u8::is_ascii).into_iter().collect()
        }
    }
}
