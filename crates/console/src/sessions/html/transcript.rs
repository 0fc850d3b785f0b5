//! A session, line by line.

use mailchute::session::Protocol;
use mailchute::syntax::escaped;
use maud::{Markup, html};

use super::format::{clause, clock, span};
use super::refusal::{failed_handshake, refusals};
use crate::quantity::{count, size};
use crate::sessions::explain::Meaning;
use crate::sessions::row::{Row, Speaker};
use crate::sessions::{Summary, Transcript};

/// Returns a session with its facts, why something was refused, the transcript, and what can be copied. The page of a
/// session has it, and the page of a message.
pub(crate) fn session_fragment(session: &Transcript) -> Markup {
    html! {
        div.session data-session=(session.summary.id) data-open[session.summary.is_open] {
            div #session-head { (head(session)) }
            (copies(session))
            section aria-labelledby="transcript" {
                div.toolbar {
                    h2 #transcript { "Transcript" }
                    button.small type="button" data-explain-all data-script hidden { "Explain every line" }
                }
                @if session.dropped > 0 || !session.is_whole {
                    p.muted { "Earlier lines are not kept." }
                }
                table.transcript.card {
                    thead {
                        tr {
                            th.at scope="col" { "Time" }
                            th.who scope="col" { "From" }
                            th.line scope="col" { "Line and meaning" }
                            th.bytes scope="col" { "Bytes" }
                        }
                    }
                    tbody #rows { (transcript_rows(&session.rows)) }
                }
            }
        }
    }
}

/// The part that changes while the session goes on, without its lines.
pub(crate) fn head(session: &Transcript) -> Markup {
    html! {
        (facts(&session.summary, session))
        (refusals(&session.refusals))
        @if let Some(failed) = &session.failed_handshake { (failed_handshake(failed)) }
    }
}

fn facts(summary: &Summary, session: &Transcript) -> Markup {
    let messages = u64::from(summary.messages);
    html! {
        dl.facts.card {
            div { dt { "Client" } dd {
                (summary.client)
                @if let Some(helo) = &summary.helo { span.muted { ", says " (helo) } }
                @if let Some(proxy) = &summary.proxy { span.muted { ", through " (proxy) } }
            } }
            div { dt { "Began" } dd { (clock(summary.began)) } }
            div { dt { "Lasted" } dd {
                (span(summary.duration))
                @if summary.is_open { " " span.badge.accent.live-dot { "open" } }
            } }
            div { dt { "Listener" } dd {
                (summary.listener.as_deref().unwrap_or("unknown"))
                @if summary.protocol == Protocol::Lmtp { " " span.badge { "LMTP" } }
            } }
            div { dt { "Login" } dd {
                @if let Some(user) = &summary.user {
                    (user)
                    @if let Some(mechanism) = &session.mechanism { span.muted { ", by " (mechanism) } }
                } @else { span.muted { "none" } }
            } }
            div { dt { "Outcome" } dd {
                (count(messages, "message", "messages")) " accepted, " (summary.refusals) " refused"
            } }
            @if !summary.is_open {
                div { dt { "End" } dd { (summary.end.as_deref().unwrap_or("missed")) } }
            }
            div.tls { dt { "TLS" } dd { (tls(session)) } }
        }
    }
}

fn tls(session: &Transcript) -> Markup {
    let Some(facts) = &session.tls else {
        return html! { span.muted { "none: anyone on the network path could read it" } };
    };
    html! {
        (facts.version) ", " (facts.cipher)
        @if session.is_tls_first { ", from the first byte" } @else { ", by STARTTLS" }
        @if let Some(name) = &facts.sni { ", for " (name) }
        @if facts.is_resumed { ", resumed" }
        @if let Some(client) = facts.client.as_deref() {
            br;
            "certificate of "
            (client.name().map_or("a client without a name".to_owned(), |name| escaped(name.as_bytes())))
            @if client.is_verified() { " " span.badge.good { "verified" } }
            @else { " " span.badge.warn { "not verified" } }
        }
    }
}

/// Returns the rows of a table with four columns.
pub(crate) fn transcript_rows(rows: &[Row]) -> Markup {
    let first_of = |index: usize| index == 0 || rows[index - 1].record != rows[index].record;
    html! { @for (index, one) in rows.iter().enumerate() { (row(one, first_of(index))) } }
}

fn row(row: &Row, is_first: bool) -> Markup {
    let (class, who, speaker) = match row.speaker {
        Speaker::Client | Speaker::Content => ("client", "C", "client"),
        Speaker::Server if row.is_refusal => ("server refused", "S", "server"),
        Speaker::Server => ("server", "S", "server"),
        Speaker::Note => ("note", "·", "note"),
    };
    html! {
        tr id=[is_first.then(|| format!("r{}", row.record))] class=(class) data-record=(row.record) {
            td.at title={ (span(row.at)) " after the start" } {
                @if is_first { "+" (span(row.since_last)) }
            }
            td.who { abbr title=(speaker) { (who) } }
            td.line {
                code { (row.text) }
                @if !row.meanings.is_empty() { (meanings(&row.meanings)) }
            }
            td.bytes { @if let Some(bytes) = row.bytes { (size(bytes)) } }
        }
    }
}

fn meanings(meanings: &[Meaning]) -> Markup {
    html! {
        details.meaning {
            summary {
                @for (index, meaning) in meanings.iter().enumerate() {
                    @if index > 0 { " · " } (meaning.explanation.title)
                }
            }
            dl {
                @for meaning in meanings {
                    // The summary has the title of a line that has one part.
                    @if meanings.len() > 1 {
                        dt {
                            @if !meaning.part.is_empty() { code { (meaning.part) } " " }
                            (meaning.explanation.title)
                        }
                    }
                    dd { (meaning.explanation.text) (clause(&meaning.explanation)) }
                }
            }
        }
    }
}

fn copies(session: &Transcript) -> Markup {
    let id = session.summary.id;
    html! {
        details.copies {
            summary { "Copy as swaks, curl, text or JSON" }
            @if let Some(swaks) = session.swaks() { (copy("swaks", "swaks", &swaks)) }
            @if let Some(curl) = session.curl() { (copy("curl", "curl", &curl)) }
            (copy("text", "Text", &session.text()))
            p {
                a href={ "/sessions/" (id) "/transcript.txt" } { "transcript.txt" } " "
                a href={ "/api/v1/sessions/" (id) } { "JSON" }
            }
        }
    }
}

fn copy(id: &str, title: &str, text: &str) -> Markup {
    html! {
        section.copy {
            div.toolbar {
                h3 { (title) }
                button.small type="button" data-copy-of={ "#copy-" (id) } data-script hidden { "Copy " (title) }
            }
            pre tabindex="0" id={ "copy-" (id) } { (text) }
        }
    }
}
