//! The release of a message: its form, and what became of it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use mailchute::Recipient;
use maud::{Markup, html};
use serde::Deserialize;

use crate::mailbox::Summary;
use crate::pages::layout::{At, Section};
use crate::pages::links::{message_path, released_address};
use crate::quantity::count;
use crate::release::{Outcome, Release};
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    // The login page leads back to the address of a form by GET.
    Router::new().route("/m/{id}/release", get(back).post(release))
}

async fn back(Path(id): Path<String>) -> Redirect {
    Redirect::to(&message_path(&id, ""))
}

#[derive(Debug, Deserialize)]
struct Asked {
    /// Addresses with commas or white space between them.
    #[serde(default)]
    to: String,
    #[serde(default)]
    q: String,
}

async fn release(at: At, Path(id): Path<String>, Form(asked): Form<Asked>) -> Response {
    let separated = asked.to.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    let to: Vec<_> = separated.filter(|address| !address.is_empty()).map(str::to_owned).collect();
    match at.state.release(&id, &to, at.visitor.user.as_deref()).await {
        // A page that is loaded again must not send the message again.
        Ok(outcome) if outcome.is_accepted() => {
            Redirect::to(&released_address(&id, outcome.0.len(), &asked.q)).into_response()
        }
        Ok(outcome) => {
            let again: Vec<_> = outcome.refused().map(|answer| &*answer.address).collect();
            let page = page(&at, &id, &asked.q, &outcome.in_words(), Some(&outcome), &again.join(", "));
            (StatusCode::BAD_GATEWAY, page).into_response()
        }
        Err(problem) => {
            let page = page(&at, &id, &asked.q, problem.detail(), None, &asked.to);
            (problem.status(), page).into_response()
        }
    }
}

fn page(at: &At, id: &str, search: &str, fault: &str, outcome: Option<&Outcome>, to: &str) -> Markup {
    let content = html! {
        p.crumbs { a href=(message_path(id, search)) { "← The message" } }
        h1 { "Release" }
        p.error role="alert" { (fault) }
        @if let Some(outcome) = outcome {
            div.card.scroll { table {
                thead { tr { th { "Recipient" } th { "Next hop" } th { "Its reply" } } }
                tbody { @for answer in &outcome.0 {
                    tr {
                        td.mono { (answer.address) }
                        td {
                            @if answer.accepted { span.badge.good { "accepted" } }
                            @else if answer.temporary { span.badge.warn { "not now" } }
                            @else { span.badge.bad { "refused" } }
                        }
                        td.mono { (answer.reply) }
                    }
                } }
            } }
        }
        @if let Some(release) = &at.state.release {
            h2 { "Try again" }
            div.card.release { (form(at, release, id, search, to)) }
        }
    };
    at.page(Section::Inbox, "Release", &content)
}

/// Returns the form in a menu, for the page of a message. Without a configuration there is none.
pub(crate) fn menu(at: &At, message: &Summary, search: &str) -> Markup {
    html! {
        @if let Some(release) = &at.state.release {
            details.menu {
                summary.button.small { "Release …" }
                div.card.release { (form(at, release, &message.id.to_string(), search, &usual(release, message))) }
            }
        }
    }
}

/// Returns the recipients of a message who may get it.
fn usual(release: &Release, message: &Summary) -> String {
    let is_allowed =
        |text: &&String| text.parse::<Recipient>().is_ok_and(|recipient| release.allows(&recipient));
    let allowed: Vec<_> = message.recipients.iter().filter(is_allowed).map(String::as_str).collect();
    allowed.join(", ")
}

fn form(at: &At, release: &Release, id: &str, search: &str, to: &str) -> Markup {
    let allowed: Vec<_> = release.allowed().iter().map(ToString::to_string).collect();
    html! {
        form method="post" action={ (message_path(id, "")) "/release" } {
            (at.token())
            input type="hidden" name="q" value=(search);
            label for="release-to" { "Send this message on to" }
            input #release-to name="to" value=(to) placeholder="bob@example.com, eve@example.com" required autocomplete="off" spellcheck="false";
            p.muted {
                "It leaves this machine through " span.mono { (release.next_hop()) } ". Allowed: "
                @if allowed.is_empty() { "nobody" } @else { span.mono { (allowed.join(", ")) } } "."
            }
            button.small.primary { "Release" }
        }
    }
}

/// Returns the note after a release, for the page of the message.
pub(crate) fn note(released: Option<u64>) -> Markup {
    html! {
        @if let Some(released) = released {
            p.undone role="status" { "The next hop took the message for " (count(released, "recipient", "recipients")) "." }
        }
    }
}
