//! The tabs of a message. Each is a link, so they need no script.

use maud::{Markup, html};

use crate::checks::Severity;
use crate::mail::{Kind, LineEnd, Mail, Outline, Piece, source};
use crate::pages::layout::At;
use crate::pages::links::tab_address;
use crate::pages::opened::{Opened, Wanted};
use crate::pages::tab::{ALL, Tab};
use crate::quantity::size;
use crate::sessions::session_fragment;

/// The bytes of the source on one page.
const SOURCE: usize = 256 << 10;

/// The longest text that is shown at once.
const TEXT: usize = 1 << 20;

pub(crate) fn bar(opened: Opened<'_>, current: Tab, query: &str) -> Markup {
    let attachments = opened.mail.attachments().count();
    html! {
        nav.tabs aria-label="Views of the message" {
            @for tab in ALL {
                @if tab != Tab::Html || opened.mail.html().is_some() {
                    a href=(tab_address(opened.summary.id, tab, query)) aria-current=[(tab == current).then_some("page")] {
                        (tab.name())
                        @if tab == Tab::Parts && attachments > 0 { " " span.badge { (attachments) } }
                    }
                }
            }
        }
    }
}

pub(crate) fn content(opened: Opened<'_>, tab: Tab, wanted: &Wanted, at: &At) -> Markup {
    match tab {
        Tab::Html => frame(opened, wanted),
        Tab::Text => text(opened.mail),
        Tab::Source => source_lines(opened, wanted),
        Tab::Headers => headers(opened.mail),
        Tab::Parts => parts(opened),
        Tab::Session => session(opened, at),
        Tab::Checks => findings(opened, at),
    }
}

/// The frame that holds the HTML. It has no script, no forms, no cookies, and an origin of its own.
fn frame(opened: Opened<'_>, wanted: &Wanted) -> Markup {
    let id = opened.summary.id;
    let with_images = wanted.images.is_some();
    let has_remote = opened.mail.outline().is_some_and(Outline::has_remote);
    html! {
        div.toolbar.frame-tools {
            fieldset.widths {
                legend.visually-hidden { "Width" }
                @for (name, value, is_first) in [("Phone", "phone", false), ("Tablet", "tablet", false), ("Desktop", "desktop", true)] {
                    label { input type="radio" name="width" value=(value) checked[is_first]; span.button.small { (name) } }
                }
            }
            @if has_remote && !with_images {
                span.muted { "Images from elsewhere are not loaded." }
                a.button.small href=(format!("{}&images=1", tab_address(id, Tab::Html, &wanted.q))) { "Load images" }
            }
            @if with_images {
                span.muted { "Images from elsewhere are loaded." }
                a.button.small href=(tab_address(id, Tab::Html, &wanted.q)) { "Without images" }
            }
        }
        div.frame {
            iframe title="The message" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"
                src=(format!("/m/{id}/html{}", if with_images { "?images=1" } else { "" })) { }
        }
    }
}

fn text(mail: &Mail) -> Markup {
    let text = mail.text().unwrap_or_default();
    let shown = &text[..text.floor_char_boundary(TEXT)];
    html! {
        @if text.is_empty() { p.muted { "The message has no text." } }
        @else { pre.text.card { (shown) } }
        @if shown.len() < text.len() { p { "The text is longer. Its source has all of it." } }
    }
}

fn source_lines(opened: Opened<'_>, wanted: &Wanted) -> Markup {
    let from = wanted.from.as_deref().and_then(|from| from.parse().ok()).unwrap_or_default();
    let found = source(opened.mail.raw(), from, SOURCE);
    html! {
        p.muted { "Line ends are marked: " span.eol { "CRLF" } " " span.eol { "LF" } " " span.eol.bad { "CR" } ". The Maildir may hold all line ends as LF." }
        pre.source.card tabindex="0" {
            @for line in &found.lines {
                @for piece in &line.pieces {
                    @match piece {
                        Piece::Text(text) => (text),
                        Piece::Mark(name) => span.byte { (name) },
                    }
                }
                @match line.end {
                    LineEnd::Crlf => span.eol { "CRLF" },
                    LineEnd::Lf => span.eol { "LF" },
                    LineEnd::Cr => span.eol.bad { "CR" },
                    LineEnd::None => @if line.is_continued { span.eol { "the line goes on" } },
                }
                "\n"
            }
        }
        @if let Some(next) = found.next {
            a.button href=(format!("{}&from={next}", tab_address(opened.summary.id, Tab::Source, &wanted.q))) { "Go on" }
        }
    }
}

fn headers(mail: &Mail) -> Markup {
    html! {
        div.card.scroll {
            table.headers {
                thead { tr { th { "Field" } th { "Value" } } }
                tbody {
                    @for field in mail.fields() {
                        tr {
                            th scope="row" { (field.name) @if let Some(about) = field.about() { small.muted { (about) } } }
                            td.mono { (field.value) @if field.is_cut { span.muted { " … cut; the source has all of it" } } }
                        }
                    }
                }
            }
        }
        @if mail.has_more_fields() { p.muted { "There are more fields. The source has all of them." } }
    }
}

fn parts(opened: Opened<'_>) -> Markup {
    let id = opened.summary.id;
    html! {
        @if opened.mail.parts().is_empty() { p.muted { "The message has no parts that can be shown." } }
        ul.parts {
            @for part in opened.mail.parts() {
                li.card data-depth=(part.depth.min(8)) {
                    div {
                        strong.mono { (part.content_type) }
                        @if let Some(name) = &part.file_name { " " (name) }
                        @if part.is_attachment { " " span.badge.accent { "attachment" } }
                        @if part.has_encoding_problem { " " span.badge.bad { "broken encoding" } }
                        div.muted {
                            (size(part.size as u64))
                            @if let Some(charset) = &part.charset { ", " (charset) }
                            @if let Some(encoding) = &part.encoding { ", " (encoding) }
                            @if let Some(content_id) = &part.content_id { ", cid:" (content_id) }
                        }
                    }
                    @if !matches!(part.kind, Kind::Multipart) {
                        a.button.small href=(format!("/m/{id}/parts/{}", part.number)) download { "Download" }
                    }
                    @if part.is_raster_image() {
                        div.whole { img.picture loading="lazy" alt=(part.file_name.as_deref().unwrap_or("Attached image")) src=(format!("/m/{id}/parts/{}?show=1", part.number)); }
                    }
                }
            }
        }
    }
}

/// The session that brought the message, as long as it is remembered.
fn session(opened: Opened<'_>, at: &At) -> Markup {
    html! {
        @match &at.state.session_of(opened.summary) {
            Ok(session) => (session_fragment(session)),
            Err(_) => p.muted { "The session that brought this message is not remembered any more." },
        }
    }
}

fn findings(opened: Opened<'_>, at: &At) -> Markup {
    let findings = at.state.findings(opened.mail, opened.summary);
    html! {
        @if findings.is_empty() { p { span.badge.good { "ok" } " A strict receiver would not object to anything." } }
        ul.findings {
            @for finding in &findings {
                li.card {
                    @match finding.severity {
                        Severity::Error => span.badge.bad { "error" },
                        Severity::Warning => span.badge.warn { "warning" },
                        Severity::Note => span.badge { "note" },
                    }
                    div {
                        strong { (finding.text) }
                        p { (finding.advice) }
                        @if let Some(clause) = finding.clause { small.muted { (clause) } }
                    }
                }
            }
        }
    }
}
