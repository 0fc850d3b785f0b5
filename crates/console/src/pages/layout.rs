//! The frame of all pages.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use maud::{DOCTYPE, Markup, html};

use crate::guard::Visitor;
use crate::pages::banners::banners;
use crate::state::State;

/// A place in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Inbox,
    Sessions,
    Play,
    Chaos,
}

const SECTIONS: [(Section, &str, &str); 4] = [
    (Section::Inbox, "/", "Inbox"),
    (Section::Sessions, "/sessions", "Sessions"),
    (Section::Play, "/play", "Playground"),
    (Section::Chaos, "/chaos", "Chaos"),
];

/// The argument of each handler of a page: the services, and the visitor who asks.
#[derive(Debug, Clone)]
pub(crate) struct At {
    pub(crate) state: Arc<State>,
    pub(crate) visitor: Visitor,
}

impl FromRequestParts<Arc<State>> for At {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, Infallible> {
        // The guard puts a visitor into each request that it admits.
        let visitor = parts.extensions.get().cloned().unwrap_or(Visitor { user: None, token: String::new() });
        Ok(Self { state: Arc::clone(state), visitor })
    }
}

impl At {
    /// Returns a page: `content` is inside of `main`.
    pub(crate) fn page(&self, section: Section, title: &str, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                (head(title))
                body data-token=(self.visitor.token) {
                    a.skip href="#main" { "Skip to the content" }
                    header.top {
                        a.brand href="/" { img src="/icon.svg" alt="" width="24" height="24"; "Mailchute" }
                        nav aria-label="Pages" {
                            @for (one, path, name) in SECTIONS {
                                a href=(path) aria-current=[(one == section).then_some("page")] { (name) }
                            }
                        }
                        div.tools {
                            span #live .live hidden { "live" }
                            button.quiet type="button" #keys-button hidden aria-label="Keys" title="Keys (?)" { "?" }
                            @if let Some(user) = &self.visitor.user {
                                span.user { (user) }
                                form method="post" action="/logout" { (self.token()) button.quiet { "Log out" } }
                            }
                        }
                    }
                    div #banners role="status" aria-live="polite" {
                        (banners(&self.state))
                    }
                    main #main tabindex="-1" { (content) }
                    div #toasts role="status" aria-live="polite" { }
                    script src="/console.js" { }
                }
            }
        }
    }

    /// Returns the field that each form with `method="post"` needs.
    pub(crate) fn token(&self) -> Markup {
        html! { input type="hidden" name="token" value=(self.visitor.token); }
    }
}

/// Returns a page of one thought, without navigation.
pub(crate) fn alone(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.alone { main #main { (content) } }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " – Mailchute" }
            link rel="icon" href="/icon.svg";
            link rel="stylesheet" href="/style.css";
        }
    }
}
