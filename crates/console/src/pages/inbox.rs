//! The inbox: `/`.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use crate::mailbox::{Group, Groups, Id, Search};
use crate::pages::failure::Failure;
use crate::pages::layout::{At, Section};
use crate::pages::links::address;
use crate::pages::{list, undo, welcome};
use crate::state::State;

/// The messages of a page.
const PAGE: usize = 100;

/// The groups of a kind that are shown before a click.
const SHOWN: usize = 12;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/", get(show))
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    before: Option<String>,
    /// The number of a deletion that was just made, and how many messages it has.
    deletion: Option<u64>,
    deleted: Option<u64>,
}

async fn show(at: At, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let Some(mailbox) = &at.state.mailbox else {
        let content = html! { div.empty { h1 { "No inbox here" } p { "This server keeps no mail that the console can read." } } };
        return Ok(at.page(Section::Inbox, "Inbox", &content).into_response());
    };
    let before = asked.before.as_deref().and_then(|id| id.parse::<Id>().ok());
    let (search, mistake) = match Search::parse(&asked.q) {
        Ok(search) => (search, None),
        Err(mistake) => (Search::ids([]), Some(mistake.to_string())),
    };
    let (listing, groups) = mailbox.overview(&search, before, PAGE).await?;
    let content = html! {
        div.inbox {
            aside #groups aria-label="Mailboxes" { (sidebar(&groups, &asked.q)) }
            section.found aria-label="Messages" {
                (search_form(&asked.q, mistake.as_deref()))
                @if let (Some(deletion), Some(deleted)) = (asked.deletion, asked.deleted) {
                    (undo::note(&at, deletion, deleted, &asked.q, None))
                }
                div #list data-total=(groups.total) data-first[before.is_none()] {
                    @if groups.total == 0 && asked.q.is_empty() && listing.progress.is_none() {
                        (welcome::page(&at))
                    } @else if mistake.is_none() {
                        (list::list(&at, &listing, &asked.q, before.is_some()))
                    }
                }
            }
        }
    };
    let title = if groups.unread > 0 { format!("({}) Inbox", groups.unread) } else { "Inbox".to_owned() };
    Ok(at.page(Section::Inbox, &title, &content).into_response())
}

fn sidebar(groups: &Groups, search: &str) -> Markup {
    html! {
        nav aria-label="Mailboxes" {
            ul.groups {
                (entry("All messages", "", groups.total, groups.unread, search))
                (entry("Unread", "is:unread", groups.unread, groups.unread, search))
                (entry("With attachments", "has:attachment", 0, 0, search))
            }
            (section("Folders", &groups.folders, search))
            (section("Maildirs", &groups.mailboxes, search))
            (section("Recipients", &groups.recipients, search))
            @if groups.domains.len() > 1 { (section("Domains", &groups.domains, search)) }
            (section("Logins", &groups.logins, search))
            (section("Tags", &groups.tags, search))
        }
    }
}

fn section(title: &str, groups: &[Group], search: &str) -> Markup {
    let (first, rest) = groups.split_at(groups.len().min(SHOWN));
    let entries = |groups: &[Group]| {
        html! { ul.groups { @for one in groups { (entry(&one.name, &one.search, one.total, one.unread, search)) } } }
    };
    html! {
        @if !groups.is_empty() {
            details open data-key=(title) {
                summary { (title) }
                (entries(first))
                @if !rest.is_empty() { details data-key="more" { summary { (rest.len()) " more" } (entries(rest)) } }
            }
        }
    }
}

fn entry(name: &str, search: &str, total: u64, unread: u64, current: &str) -> Markup {
    html! {
        li data-key=(search) {
            a href=(address(search)) title=(name) aria-current=[(search == current).then_some("page")] {
                span.name { (name) }
                @if unread > 0 { span.badge.accent { (unread) span.visually-hidden { " unread" } } }
                @else if total > 0 { span.muted { (total) } }
            }
        }
    }
}

fn search_form(search: &str, mistake: Option<&str>) -> Markup {
    html! {
        form.finder role="search" action="/" {
            input #search type="search" name="q" value=(search) placeholder="Search: words, from:alice, has:attachment …"
                aria-label="Search" autocomplete="off" spellcheck="false";
            button { "Search" }
            @if !search.is_empty() { a.button.quiet href="/" { "Clear" } }
            details.help {
                summary { "Help" }
                dl {
                    @for (example, text) in HELP { dt { code { (example) } } dd { (text) } }
                }
            }
        }
        @if let Some(mistake) = mistake { p.error role="alert" { (mistake) } }
    }
}

const HELP: [(&str, &str); 9] = [
    ("invoice may", "words that begin like these, in any order"),
    ("\"your invoice\"", "exactly these words, one after the other"),
    ("from:alice  to:bob  subject:invoice", "words there"),
    ("has:attachment  is:unread  is:read", "with attachments; unread; read"),
    ("before:2026-01-31  after:2d", "by day, time or age"),
    ("mailbox:bob@example.com", "for a recipient; also @example.com, or bob"),
    ("folder:Junk", "in a directory of the Maildir"),
    ("login:alice  tag:welcome", "sent by a user; with a tag of the field X-Tags"),
    ("-invoice  -from:alice", "that do not match"),
];
