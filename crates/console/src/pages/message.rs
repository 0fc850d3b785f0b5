//! The page of a message: `/m/{id}`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use maud::{Markup, html};

use crate::found::{Found, Missing};
use crate::mail::{Address, Link, Mail};
use crate::mailbox::{Id, Mailbox, MailboxError, Search, Summary};
use crate::pages::failure::Failure;
use crate::pages::layout::{At, Section};
use crate::pages::links::{address, around_address, message_address};
use crate::pages::list::verdicts;
use crate::pages::opened::{Opened, Wanted};
use crate::pages::tab::Tab;
use crate::pages::{release, tabs, undo};
use crate::quantity::size;
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/m/{id}", get(show)).route("/m/{id}/around", get(around))
}

async fn show(at: At, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let found = Found::get(&at.state, &id).await?;
    let mailbox = at.state.mailbox()?;
    let search = Search::parse(&wanted.q).unwrap_or_default();
    // Before the mark, which changes a directory: the next question would read it again.
    let [newer, older] = mailbox.neighbours(&search, found.summary.id).await?;
    let unread = unread(mailbox).await?.saturating_sub(found.summary.is_unread.into());
    found.mark_read(mailbox).await;
    let page = found.read(move |mail, summary| {
        let opened = Opened { summary, mail };
        let tab = wanted.tab.unwrap_or_else(|| Tab::first(mail));
        let content = html! {
            article.message-page data-id=(summary.id) data-around=(around_address(summary.id, &wanted.q)) {
                (buttons(&at, summary, &wanted.q, newer, older))
                (release::note(wanted.released))
                @if let Some(deletion) = wanted.deletion { (undo::note(&at, deletion, 1, &wanted.q, wanted.deleted.as_deref().and_then(|id| id.parse().ok()))) }
                (head(opened))
                (finds(mail))
                (tabs::bar(opened, tab, &wanted.q))
                section.tab aria-label=(tab.name()) { (tabs::content(opened, tab, &wanted, &at)) }
            }
        };
        at.page(Section::Inbox, &title(mail.subject(), unread), &content)
    });
    Ok(page.await?.into_response())
}

/// Returns the neighbours of a message and the count of the title, for a page that is open. The message itself stays as it
/// is, so its file is not read again.
async fn around(at: At, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Result<Markup, Failure> {
    let mailbox = at.state.mailbox()?;
    let search = Search::parse(&wanted.q).unwrap_or_default();
    let id = id.parse().map_err(|_| Missing::Message)?;
    let [newer, older] = mailbox.neighbours(&search, id).await?;
    let message = mailbox.get(Some(id)).await?;
    let subject = message.as_ref().and_then(|message| message.subject.as_deref());
    Ok(at.page(Section::Inbox, &title(subject, unread(mailbox).await?), &steps(&wanted.q, newer, older)))
}

async fn unread(mailbox: &Mailbox) -> Result<u64, MailboxError> {
    Ok(mailbox.list(&Search::all(), None, 1).await?.unread)
}

fn title(subject: Option<&str>, unread: u64) -> String {
    let subject = subject.unwrap_or("(no subject)");
    if unread > 0 { format!("({unread}) {subject}") } else { subject.to_owned() }
}

fn steps(query: &str, newer: Option<Id>, older: Option<Id>) -> Markup {
    let step = |name: &str, rel: &str, to: Option<Id>| {
        html! {
            @match to {
                Some(to) => a.button.small rel=(rel) href=(message_address(to, query)) { (name) },
                None => span.button.small.off aria-disabled="true" { (name) },
            }
        }
    };
    html! {
        div #around {
            (step("Newer", "prev", newer))
            (step("Older", "next", older))
        }
    }
}

fn buttons(at: &At, summary: &Summary, query: &str, newer: Option<Id>, older: Option<Id>) -> Markup {
    html! {
        div.toolbar {
            a.button.small #back href=(address(query)) { "← Inbox" }
            (steps(query, newer, older))
            span.space { }
            form #delete method="post" action="/messages" {
                (at.token())
                input type="hidden" name="q" value=(query);
                input type="hidden" name="id" value=(summary.id);
                input type="hidden" name="message" value=(summary.id);
                button.small name="action" value="unread" { "Mark unread" }
                " "
                button.small.danger name="action" value="delete" { "Delete" }
            }
            (release::menu(at, summary, query))
            a.button.small href=(format!("/m/{}/raw", summary.id)) { "Download" }
        }
    }
}

fn head(Opened { summary, mail }: Opened<'_>) -> Markup {
    html! {
        header.message-head {
            h1 { @match mail.subject() { Some(subject) if !subject.trim().is_empty() => (subject), _ => span.muted { "(no subject)" } } }
            dl.about {
                (addresses("From", mail.from()))
                (addresses("To", mail.to()))
                (addresses("Cc", mail.cc()))
                (addresses("Bcc", mail.bcc()))
                (addresses("Reply to", mail.reply_to()))
                dt { "Received" }
                dd { time datetime=(summary.received) data-as="full" { (summary.received.strftime("%Y-%m-%d %H:%M:%S UTC")) } ", " (size(summary.size)) }
                @if summary.envelope_from.is_some() || !summary.recipients.is_empty() {
                    dt { "Envelope" }
                    dd.mono { "<" (summary.envelope_from.as_deref().unwrap_or_default()) "> → " (summary.recipients.join(", ")) }
                }
                @if let Some(client) = &summary.client {
                    dt { "Client" }
                    dd { (client.helo) " [" (client.address) "], " (client.protocol) }
                }
                @if let Some(login) = &summary.login { dt { "Login" } dd { (login) } }
                @if !summary.tags.is_empty() { dt { "Tags" } dd { @for tag in &summary.tags { span.badge { (tag) } " " } } }
                @if !summary.findings.is_empty() { dt { "Checks" } dd { (verdicts(&summary.findings)) } }
            }
            @if let Some(reason) = mail.unreadable() {
                p.error { "The parts of this message are not shown: " (reason) ". Its source is complete." }
            }
        }
    }
}

fn addresses(name: &str, all: &[Address]) -> Markup {
    html! {
        @if !all.is_empty() {
            dt { (name) }
            dd {
                @for (index, one) in all.iter().enumerate() {
                    @if index > 0 { ", " }
                    @if let Some(name) = &one.name { (name) " " span.muted { "<" (one.address) ">" } } @else { (one.address) }
                }
            }
        }
    }
}

/// The links and codes that people and tests look for.
fn finds(mail: &Mail) -> Markup {
    const SHOWN: usize = 6;
    let (links, codes) = (mail.links(), mail.codes());
    let item = |link: &Link| {
        let text = if link.text.is_empty() { &link.url } else { &link.text };
        let is_page = link.url.starts_with("https://") || link.url.starts_with("http://");
        html! {
            li {
                @if is_page { a href=(link.url) target="_blank" rel="noopener noreferrer nofollow" title=(link.url) { (text) } } @else { span title=(link.url) { (text) } }
                @if !link.text.is_empty() { " " span.url.muted { (link.url) } }
                button.small.quiet type="button" data-script hidden data-copy=(link.url) { "Copy" }
            }
        }
    };
    html! {
        @if !links.is_empty() || !codes.is_empty() {
            section.card.finds aria-label="Codes and links" {
                @if !codes.is_empty() {
                    ul.codes {
                        @for code in codes.iter().take(SHOWN) {
                            li { strong.mono { (code) } button.small.quiet type="button" data-script hidden data-copy=(code) { "Copy code" } }
                        }
                    }
                }
                @if !links.is_empty() {
                    ul.links { @for link in links.iter().take(3) { (item(link)) } }
                    @if links.len() > 3 {
                        details { summary { (links.len() - 3) " more links" } ul.links { @for link in links.iter().skip(3) { (item(link)) } } }
                    }
                }
            }
        }
    }
}
