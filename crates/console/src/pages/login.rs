//! The login page.

use std::sync::Arc;

use axum::extract::{Extension, Form, Query, Request};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{RequestExt as _, Router};
use maud::html;
use serde::Deserialize;

use crate::guard::{Attempt, Guard, Listening, cookie, removed_cookie};
use crate::pages::layout::{At, alone};
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/login", get(show).post(log_in)).route("/logout", post(log_out))
}

#[derive(Debug, Deserialize)]
struct Next {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Fields {
    user: String,
    password: String,
    next: String,
}

async fn show(at: At, Query(query): Query<Next>) -> Response {
    form(&at, &own_path(query.next.as_deref().unwrap_or("/")), None)
}

async fn log_in(at: At, Extension(guard): Extension<Guard>, request: Request) -> Response {
    let (listening, headers) = (Listening::of(&request), request.headers().clone());
    let Ok(Form(fields)) = request.extract::<Form<Fields>, _>().await else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let next = own_path(&fields.next);
    let (status, text) = match guard.log_in(&fields.user, &fields.password, listening).await {
        Attempt::Right(text) => {
            return ([(SET_COOKIE, cookie(&text, &headers))], Redirect::to(&next)).into_response();
        }
        Attempt::Wrong => (StatusCode::UNAUTHORIZED, "The user is unknown, or the password is wrong."),
        Attempt::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts. Wait a minute."),
        Attempt::NotNow => (StatusCode::SERVICE_UNAVAILABLE, "Logins cannot be checked now. Try again."),
    };
    (status, form(&at, &next, Some(text))).into_response()
}

async fn log_out(Extension(guard): Extension<Guard>, headers: HeaderMap) -> Response {
    guard.log_out(&headers);
    ([(SET_COOKIE, removed_cookie())], Redirect::to("/login")).into_response()
}

fn form(at: &At, next: &str, error: Option<&str>) -> Response {
    let content = html! {
        h1 { img src="/icon.svg" alt="" width="32" height="32"; " Mailchute" }
        form.card method="post" action="/login" {
            (at.token())
            input type="hidden" name="next" value=(next);
            @if let Some(error) = error { p.error role="alert" { (error) } }
            label { "User" input name="user" autocomplete="username" required autofocus; }
            label { "Password" input type="password" name="password" autocomplete="current-password" required; }
            button.primary { "Log in" }
        }
    };
    alone("Log in", &content).into_response()
}

/// A path of this console, so that the login page leads nowhere else.
fn own_path(next: &str) -> String {
    let is_own = next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && next.bytes().all(|byte| byte.is_ascii_graphic());
    if is_own { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_leads_only_to_own_pages() {
        assert_eq!(own_path("/m/1?tab=html"), "/m/1?tab=html");
        for next in [
            "",
            "//evil.example",
            "/\\evil.example",
            "http://evil.example",
            "/a\r\nb",
            "/\u{e9}",
            "/\t/evil.example",
        ] {
            assert_eq!(own_path(next), "/", "{next:?}");
        }
    }
}
