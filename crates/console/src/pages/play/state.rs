//! The state of a conversation, as a picture.

use mailchute::command::Verb;
use mailchute::syntax::escaped;
use maud::{Markup, html};

use super::log::purpose;
use crate::playground::{USER, Visit, Wanted};

/// The places on the way of a message, with the verbs that lead there.
const PLACES: [(&str, &str); 5] = [
    ("Connected", "220"),
    ("Greeted", "EHLO"),
    ("Sender", "MAIL"),
    ("Recipients", "RCPT"),
    ("Content", "DATA"),
];

/// Returns where the conversation is, by what its session says. `None` if it is over.
fn place(visit: &Visit) -> Option<usize> {
    let session = visit.conversation().session()?;
    if visit.conversation().wants_more() == Some(Wanted::Content) {
        return Some(4);
    }
    Some(match (session.helo_name(), session.envelope()) {
        (_, Some(envelope)) if envelope.recipients.is_empty() => 2,
        (_, Some(_)) => 3,
        (Some(_), None) => 1,
        (None, None) => 0,
    })
}

pub(super) fn panel(visit: &Visit) -> Markup {
    let (conversation, place) = (visit.conversation(), place(visit));
    let session = conversation.session();
    html! {
        aside.state aria-label="State" {
            section.card {
                h2 { "Where you are" }
                ol.places {
                    @for (index, (name, by)) in PLACES.iter().enumerate() {
                        li class=[(Some(index) == place).then_some("here")]
                            aria-current=[(Some(index) == place).then_some("step")] {
                            b { (name) } " " code { (by) }
                        }
                    }
                }
                p.badges {
                    @match session {
                        None => span.badge.bad { "connection closed" },
                        Some(session) => {
                            span.badge { (if visit.is_lmtp() { "LMTP" } else { "SMTP" }) }
                            " "
                            @match session.tls() {
                                Some(tls) => span.badge.good { "inside " (tls.version) },
                                None => span.badge.warn { "in the clear" },
                            }
                            " "
                            @if let Some(user) = session.identity() { span.badge.accent { "logged in as " (user) } }
                        }
                    }
                }
                h3 { "What may come next" }
                (next(visit))
            }
            @if let Some(envelope) = session.and_then(mailchute::Session::envelope) {
                section.card.envelope {
                    h2 { "Envelope" }
                    dl {
                        dt { "From" } dd { code { "<" (envelope.sender.as_str()) ">" } }
                        @for recipient in &envelope.recipients {
                            dt { "To" } dd { code { "<" (recipient.as_str()) ">" } }
                        }
                    }
                }
            }
            @for kept in conversation.kept.iter().rev() {
                details.card.mail {
                    summary { "Mail for " (kept.to.join(", ")) }
                    p.muted { "From <" (kept.from) ">, kept as " (kept.id) }
                    pre { (String::from_utf8_lossy(&kept.content)) }
                }
            }
            details.card {
                summary { "Raw bytes that you sent" }
                pre.raw { (raw(&conversation.raw)) }
            }
            details.card {
                summary { "Mailboxes" }
                ul {
                    li { code { "bob@play.example" } " and any other name: mail is kept." }
                    li { code { "nobody@play.example" } ": does not exist." }
                    li { code { "full@play.example" } ": the mailbox is full." }
                    li { code { "quota@play.example" } ": is full once the message is there." }
                    li { "Other domains need a login: " code { (USER.0) } ", password " code { (USER.1) } "." }
                }
            }
        }
    }
}

fn next(visit: &Visit) -> Markup {
    match visit.conversation().wants_more() {
        Some(Wanted::Content) => {
            return html! { p { "Lines of the message. A line with a single dot ends it." } };
        }
        Some(Wanted::AuthResponse) => {
            return html! { p { "The next part of the login in Base64, or " code { "*" } " to give up." } };
        }
        None => {}
    }
    let verbs = visit.in_order();
    html! {
        @if verbs.is_empty() { p { "Nothing: connect again." } }
        ul.verbs {
            @for verb in verbs {
                @let purpose = purpose(verb);
                li {
                    code data-type=(template(verb)) title=(purpose.title) { (verb.name()) }
                }
            }
        }
    }
}

/// Returns the beginning of a command, for the input.
fn template(verb: Verb) -> String {
    match verb {
        Verb::Mail => "MAIL FROM:<".to_owned(),
        Verb::Rcpt => "RCPT TO:<".to_owned(),
        Verb::StartTls | Verb::Data | Verb::Rset | Verb::Noop | Verb::Quit | Verb::Help => {
            verb.name().to_owned()
        }
        other => format!("{} ", other.name()),
    }
}

/// Shows each line with its end.
fn raw(bytes: &[u8]) -> String {
    bytes.split_inclusive(|byte| *byte == b'\n').map(|line| escaped(line) + "\n").collect()
}
