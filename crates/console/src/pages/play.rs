//! `/play`: the lessons, and the conversations of visitors.

mod lesson;
mod log;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use crate::pages::layout::{At, Section};
use crate::playground::{Input, LineEnd, Visit, lesson as find_lesson, lessons};
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/play", get(index).post(begin)).route("/play/{id}", get(show).post(act))
}

async fn index(at: At) -> Markup {
    let content = html! {
        div.play-start {
            h1 { "Playground" }
            p.lead {
                "Type SMTP commands, and the real code of Mailchute answers. It runs in memory: no mail leaves this page, so "
                "you can try everything. Each line is explained."
            }
            div.toolbar {
                form method="post" action="/play" { (at.token()) button.primary { "Talk SMTP" } }
                form method="post" action="/play" {
                    (at.token())
                    input type="hidden" name="protocol" value="lmtp";
                    button { "Talk LMTP" }
                }
            }
            h2 { "Lessons" }
            ol.lessons {
                @for lesson in lessons() {
                    li.card #(lesson.id) data-lesson=(lesson.id) {
                        form method="post" action="/play" {
                            (at.token())
                            input type="hidden" name="lesson" value=(lesson.id);
                            h3 { (lesson.title) " " span.badge.good data-done hidden { "passed" } }
                            p { (lesson.about) }
                            button aria-label={ "Start the lesson: " (lesson.title) } { "Start" }
                            span.muted { " " (lesson.steps.len()) " steps" }
                        }
                    }
                }
            }
        }
    };
    at.page(Section::Play, "Playground", &content)
}

/// The fields of the form of `/play`. The field `token` belongs to the guard.
#[derive(Debug, Deserialize)]
struct Begin {
    #[serde(default)]
    lesson: String,
    #[serde(default)]
    protocol: String,
}

async fn begin(at: At, Form(form): Form<Begin>) -> Response {
    match at.state.playground.enter(find_lesson(&form.lesson), form.protocol == "lmtp").await {
        Some(id) => Redirect::to(&format!("/play/{id}")).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "The playground could not start. The log says why.\n")
            .into_response(),
    }
}

async fn show(at: At, Path(id): Path<String>) -> Response {
    let Some(visit) = at.state.playground.get(&id) else { return gone(&at) };
    let visit = visit.lock().await;
    page(&at, &id, &visit, None).await.into_response()
}

fn gone(at: &At) -> Response {
    let content = html! {
        div.empty {
            h1 { "This conversation has ended" }
            p { "A conversation ends after 15 minutes without input, or when too many others are open." }
            p { a.button href="/play" { "Begin another one" } }
        }
    };
    (StatusCode::NOT_FOUND, at.page(Section::Play, "Playground", &content)).into_response()
}

/// The fields of the forms of a conversation.
#[derive(Debug, Deserialize)]
struct Act {
    #[serde(default)]
    action: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    end: LineEnd,
    #[serde(default)]
    escapes: Option<String>,
}

async fn act(at: At, Path(id): Path<String>, headers: HeaderMap, Form(form): Form<Act>) -> Response {
    let Some(visit) = at.state.playground.get(&id) else { return gone(&at) };
    if form.action == "leave" {
        at.state.playground.leave(&id);
        return Redirect::to("/play").into_response();
    }
    let mut visit = visit.lock().await;
    let not_sent = if form.action == "again" {
        visit.again().await;
        None
    } else {
        let input = Input { text: form.text, end: form.end, escapes: form.escapes.is_some() };
        visit.send(&input).await.err().map(crate::playground::NotSent::text)
    };
    // The script of the page replaces the content; without it, the page is loaded again.
    if headers.contains_key("x-fragment") {
        return content(&at, &id, &visit, not_sent).await.into_response();
    }
    match not_sent {
        Some(_) => (StatusCode::CONFLICT, page(&at, &id, &visit, not_sent).await).into_response(),
        None => Redirect::to(&format!("/play/{id}#input")).into_response(),
    }
}

async fn page(at: &At, id: &str, visit: &Visit, not_sent: Option<&str>) -> Markup {
    let title = visit.lesson().map_or("Playground", |lesson| &lesson.title);
    at.page(Section::Play, title, &content(at, id, visit, not_sent).await)
}

async fn content(at: &At, id: &str, visit: &Visit, not_sent: Option<&str>) -> Markup {
    let readings = match visit.lesson() {
        Some(lesson) if lesson.readings && visit.has_passed() => {
            at.state.playground.readings(&visit.conversation().raw).await
        }
        _ => None,
    };
    html! {
        div #play .play data-play=(id) {
            div.play-head {
                h1 { (visit.lesson().map_or("Playground", |lesson| &lesson.title)) }
                div.toolbar {
                    (button(at, id, "again", "Connect again"))
                    (button(at, id, "leave", "All lessons"))
                }
            }
            @if let Some(lesson) = visit.lesson() { (lesson::panel(lesson, visit)) }
            div.play-grid {
                section.card.talk aria-label="Conversation" {
                    (log::list(visit))
                    @if let Some(text) = not_sent { p.error role="alert" { (text) } }
                    (form(at, id, visit))
                }
                (state::panel(visit))
            }
            @if let Some(readings) = readings { (lesson::readings(&readings)) }
        }
    }
}

fn button(at: &At, id: &str, action: &str, text: &str) -> Markup {
    html! {
        form method="post" action={ "/play/" (id) } {
            (at.token())
            input type="hidden" name="action" value=(action);
            button.small { (text) }
        }
    }
}

fn form(at: &At, id: &str, visit: &Visit) -> Markup {
    let is_open = visit.conversation().is_open();
    html! {
        form.say method="post" action={ "/play/" (id) } data-say {
            (at.token())
            label.visually-hidden for="input" { "Your line" }
            span.who aria-hidden="true" { "C:" }
            textarea #input name="text" rows="1" autocomplete="off" autocapitalize="off" spellcheck="false"
                placeholder=(if is_open { "Type a line" } else { "The connection is closed" })
                disabled[!is_open] autofocus[is_open] {}
            button.primary disabled[!is_open] { "Send" }
            details.options {
                summary { "Line ends and escapes" }
                div.toolbar {
                    label { "Each line ends with "
                        select name="end" {
                            option value="crlf" { "CRLF" }
                            option value="lf" { "LF alone" }
                            option value="none" { "nothing" }
                        }
                    }
                    label { input type="checkbox" name="escapes" value="1"; " escapes: \\r \\n \\0 \\xHH are bytes" }
                }
                p.muted { "Several lines go out together. With a script: Enter sends, Shift+Enter begins a new line, and the arrow keys bring earlier lines back." }
            }
        }
    }
}
