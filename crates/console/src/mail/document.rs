//! The HTML of a message, as a document for a frame.
//!
//! # Why
//!
//! The text of the author is not cleaned: people come to see it. The sandbox of the frame and the policy of the response
//! keep it harmless. They forbid scripts, forms, frames and, until the reader asks, all that comes from elsewhere.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use memchr::memmem;
use percent_encoding::percent_decode_str;

use super::{Mail, Part};

/// Whether a document may load images from elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Images {
    #[default]
    Blocked,
    /// The reader asked for them.
    Remote,
}

/// A document, and the `Content-Security-Policy` that its response must have.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) html: String,
    pub(crate) policy: &'static str,
}

/// The policy without images from elsewhere; between them stands what images may be.
macro_rules! policy {
    ($images:literal) => {
        concat!(
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src ",
            $images,
            "; style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
        )
    };
}

const BLOCKED: &str = policy!("data:");
const REMOTE: &str = policy!("https: http: data:");

/// Images that a browser paints, and nothing else. SVG is a whole document.
const RASTER: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The bytes that parts may add to a document.
const MOST_DATA: usize = 32 * 1024 * 1024;

/// Links open next to the console, never in its frame.
const BASE: &str = "<base target=\"_blank\">";

impl Images {
    const fn policy(self) -> &'static str {
        match self {
            Self::Blocked => BLOCKED,
            Self::Remote => REMOTE,
        }
    }
}

impl Part {
    /// Returns whether a browser may show the content instead of downloading it.
    pub(crate) fn is_raster_image(&self) -> bool {
        RASTER.contains(&&*self.content_type)
    }
}

impl Mail {
    /// Returns the HTML for a frame, or `None` if there is none.
    pub(crate) fn html_document(&self, images: Images) -> Option<Document> {
        let html = self.html()?;
        let html = without_link_elements(&with_parts(self, &html));
        let head = after_doctype(&html);
        let mut document = String::with_capacity(html.len() + BASE.len());
        document.push_str(&html[..head]);
        document.push_str(BASE);
        document.push_str(&html[head..]);
        Some(Document { html: document, policy: images.policy() })
    }
}

/// Returns the HTML with another element, which does nothing, in place of each `link`: a policy that lets images be loaded
/// lets `rel=prefetch` load anything.
fn without_link_elements(html: &str) -> String {
    const LINK: &str = "<link";
    let mut without = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        let (before, tag) = rest.split_at(at);
        without.push_str(before);
        let is_link =
            tag.as_bytes().get(..LINK.len()).is_some_and(|name| name.eq_ignore_ascii_case(LINK.as_bytes()));
        let (replaced, length) = if is_link { ("<bgsound", LINK.len()) } else { ("<", 1) };
        without.push_str(replaced);
        rest = &tag[length..];
    }
    without.push_str(rest);
    without
}

/// Returns the HTML with each `cid:` of an image replaced by the image, wherever it stands: in tags and styles.
fn with_parts(mail: &Mail, html: &str) -> String {
    const CID: &[u8] = b"cid:";
    let images = mail.parts().iter().filter(|part| part.is_raster_image());
    let images: HashMap<&str, &Part> =
        images.filter_map(|part| Some((part.content_id.as_deref()?, part))).collect();
    if images.is_empty() {
        return html.to_owned();
    }
    let mut left = MOST_DATA;
    let mut contents: HashMap<usize, Bytes> = HashMap::new();
    let mut shown = String::with_capacity(html.len());
    let mut done = 0;
    for at in memmem::find_iter(html.as_bytes(), CID) {
        let begin = at + CID.len();
        let Some(rest) = html.get(begin..).filter(|_| at >= done) else { continue };
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '>' | '<' | '&');
        // An identifier fits in a line of a header.
        let rest = &rest[..rest.floor_char_boundary(1_000)];
        let id = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let decoded = percent_decode_str(id).decode_utf8_lossy();
        let Some(part) = images.get(id).or_else(|| images.get(&*decoded)) else { continue };
        // Base64 has four bytes for three.
        let length = part.size / 3 * 4 + 64;
        if length > left {
            continue;
        }
        left -= length;
        let content = contents.entry(part.number).or_insert_with(|| part.content());
        shown.push_str(&html[done..at]);
        shown.push_str("data:");
        shown.push_str(&part.content_type);
        shown.push_str(";base64,");
        STANDARD.encode_string(content, &mut shown);
        done = begin + id.len();
    }
    shown.push_str(&html[done..]);
    shown
}

/// Returns where the document may begin with an element: anything before the doctype puts browsers into quirks mode.
fn after_doctype(html: &str) -> usize {
    let mut at = html.len() - html.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\x0c']).len();
    while let Some(comment) = html[at..].strip_prefix("<!--") {
        let Some(end) = comment.find("-->") else { return 0 };
        let after = &comment[end + 3..];
        at = html.len() - after.trim_start().len();
    }
    let is_doctype = html[at..].get(..9).is_some_and(|begin| begin.eq_ignore_ascii_case("<!doctype"));
    match html[at..].find('>') {
        Some(end) if is_doctype => at + end + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn related(html: &str) -> Mail {
        Mail::parse(
            format!(
                "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n{html}\n\
                 --b\nContent-Type: image/png\nContent-ID: <a@b>\nContent-Transfer-Encoding: base64\n\niVBORw==\n\
                 --b\nContent-Type: image/svg+xml\nContent-ID: <s@b>\n\n<svg onload=alert(1)/>\n--b--\n"
            )
            .into_bytes(),
        )
    }

    #[test]
    fn shows_raster_parts_as_data() {
        for (html, expected) in [
            ("<img src=\"cid:a@b\">", "<img src=\"data:image/png;base64,iVBORw==\">"),
            ("<img src=cid:a%40b>", "<img src=data:image/png;base64,iVBORw==>"),
            (
                "<p style='background:url(cid:a@b)'>",
                "<p style='background:url(data:image/png;base64,iVBORw==)'>",
            ),
            ("<img src=cid:s@b>", "<img src=cid:s@b>"),
            ("<img src=cid:other>cid:", "<img src=cid:other>cid:"),
            ("cid:cid:a@b", "cid:data:image/png;base64,iVBORw=="),
        ] {
            let document = related(html).html_document(Images::Blocked).expect("HTML");
            assert_eq!(document.html, format!("{BASE}{expected}"));
        }
    }

    #[test]
    fn many_copies_of_a_part_are_bounded() {
        let html = "<img src=cid:a@b>".repeat(1_000_000);
        let document = related(&html).html_document(Images::Blocked).expect("HTML");
        assert!(document.html.len() < html.len() + MOST_DATA, "{}", document.html.len());
    }

    #[test]
    fn the_base_stands_after_the_doctype() {
        for (html, head) in [
            ("<p>", ""),
            ("<!DOCTYPE html><p>", "<!DOCTYPE html>"),
            (
                "\u{feff} \n<!-- > --> <!doctype html PUBLIC \"x\">\n<p>",
                "\u{feff} \n<!-- > --> <!doctype html PUBLIC \"x\">",
            ),
            ("<!-- ", ""),
            ("<!doctype", ""),
            ("", ""),
        ] {
            assert_eq!(&html[..after_doctype(html)], head, "{html}");
        }
    }

    #[test]
    fn only_asked_for_images_come_from_elsewhere() {
        let policy = |images| related("<p>").html_document(images).expect("HTML").policy;
        assert!(policy(Images::Blocked).contains("img-src data:;"));
        assert!(policy(Images::Remote).contains("img-src https: http: data:;"));
        for policy in [policy(Images::Blocked), policy(Images::Remote)] {
            assert!(
                policy
                    .starts_with("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
            );
            assert!(!policy.contains("script"));
        }
    }
}
