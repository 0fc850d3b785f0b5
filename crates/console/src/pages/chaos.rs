//! `/chaos`: the rules of chaos, set by forms.

use std::sync::Arc;

use axum::Router;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use crate::chaos::{Chaos, Document, PRESETS, RuleDocument, Stage, Status};
use crate::pages::layout::{At, Section};
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/chaos", get(show).post(act))
}

async fn show(at: At) -> Markup {
    page(&at, None)
}

fn page(at: &At, mistake: Option<&str>) -> Markup {
    let content = match &at.state.chaos {
        Some(chaos) => content(at, &chaos.status(), mistake),
        None => html! {
            div.empty {
                h1 { "Chaos" }
                p { "This server was built without chaos, so nothing makes it fail on purpose." }
            }
        },
    };
    at.page(Section::Chaos, "Chaos", &content)
}

fn content(at: &At, status: &Status, mistake: Option<&str>) -> Markup {
    html! {
        div.chaos {
            div {
                h1 { "Chaos" }
                p.lead {
                    "Make this server fail on purpose, to see what your program does. Rules refuse, delay or cut off real "
                    "clients, for a limited time. A refused message is never kept."
                }
                @if let Some(mistake) = mistake { p.error role="alert" { (mistake) } }
            }
            section.card {
                h2 { "Active" }
                @if status.rules.is_empty() {
                    p.muted { "No rule: the server works as usual." }
                } @else {
                    (in_force(at, status))
                }
            }
            section.card {
                h2 { "Presets" }
                div.presets { @for preset in &PRESETS {
                    form method="post" action="/chaos" {
                        (at.token())
                        input type="hidden" name="preset" value=(preset.name);
                        h3 { (preset.title) }
                        p.muted { (preset.text) }
                        button aria-label={ "For ten minutes: " (preset.title) } { "For ten minutes" }
                    }
                } }
            }
            section.card {
                h2 { "Custom rule" }
                (rule_form(at))
            }
        }
    }
}

fn in_force(at: &At, status: &Status) -> Markup {
    html! {
        p {
            "Ends in " strong { (time(status.seconds_left)) }
            @if let Some(ends) = &status.ends { ", at " time datetime=(ends) data-as="full" { (ends) } }
            "."
        }
        div.scroll { table {
            thead { tr { th { "At" } th { "If" } th { "Then" } th { "Applied" } } }
            tbody { @for rule in &status.rules {
                tr {
                    td { code { (rule.rule.stage.name()) } }
                    td { (conditions(&rule.rule)) }
                    td { (effect(&rule.rule)) }
                    td { (rule.applied) }
                }
            } }
        } }
        form method="post" action="/chaos" {
            (at.token())
            input type="hidden" name="clear" value="1";
            button.danger { "End it now" }
        }
    }
}

fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}

fn conditions(rule: &RuleDocument) -> String {
    let pattern =
        |name, pattern: &Option<String>| pattern.as_ref().map(|pattern| format!("{name} {pattern}"));
    let all = [
        pattern("from", &rule.from),
        pattern("to", &rule.to),
        pattern("client", &rule.client),
        rule.every.map(|every| format!("one in {every}")),
        rule.first.map(|first| format!("the first {first} attempts")),
        rule.probability.map(|probability| format!("with probability {probability}")),
    ];
    let all: Vec<_> = all.into_iter().flatten().collect();
    if all.is_empty() { "always".to_owned() } else { all.join(", ") }
}

fn effect(rule: &RuleDocument) -> String {
    let delay = (rule.delay_ms > 0).then(|| format!("wait {} ms", rule.delay_ms));
    let hang_up = rule.hang_up.then(|| "hang up".to_owned());
    [delay, rule.reply.clone(), hang_up].into_iter().flatten().collect::<Vec<_>>().join(", then ")
}

fn rule_form(at: &At) -> Markup {
    let field = |name: &str, label: &str, example: &str| {
        html! { label { (label) input name=(name) placeholder=(example); } }
    };
    html! {
        form.rule-form method="post" action="/chaos" {
            (at.token())
            label { "At" select name="stage" {
                @for stage in Stage::ALL { option value=(stage.name()) selected[stage == Stage::Rcpt] { (stage.name()) } }
            } }
            (field("from", "Sender", "*@example.com"))
            (field("to", "Recipient", "bob@*"))
            (field("client", "Client", "192.0.2.*"))
            (field("probability", "Probability", "1"))
            (field("every", "Every … time", "1"))
            (field("first", "Only the first … attempts", "all"))
            (field("delay_ms", "Wait (milliseconds)", "0"))
            (field("seconds", "Duration (seconds)", "600"))
            div.wide { (field("reply", "Reply", "450 4.2.1 Mailbox busy")) }
            label.wide { input type="checkbox" name="hang_up" value="1"; " Hang up, without a word if there is no reply" }
            div.wide { button.primary { "Start" } }
        }
    }
}

/// The fields of the forms. Empty ones say nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Act {
    clear: Option<String>,
    preset: Option<String>,
    stage: Option<Stage>,
    from: String,
    to: String,
    client: String,
    probability: String,
    every: String,
    first: String,
    delay_ms: String,
    seconds: String,
    reply: String,
    hang_up: Option<String>,
}

impl Act {
    fn document(self) -> Result<Document, String> {
        if let Some(name) = self.preset {
            let preset = PRESETS.iter().find(|preset| preset.name == name).ok_or("There is no such rule.")?;
            return Ok(Document { seconds: 600, rules: vec![preset.rule()] });
        }
        let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let rule = RuleDocument {
            from: text(self.from),
            to: text(self.to),
            client: text(self.client),
            probability: number("Probability", &self.probability)?,
            every: number("Every", &self.every)?,
            first: number("First", &self.first)?,
            delay_ms: number("Wait", &self.delay_ms)?.unwrap_or_default(),
            reply: text(self.reply),
            hang_up: self.hang_up.is_some(),
            ..RuleDocument::at(self.stage.ok_or("Choose a stage.")?)
        };
        Ok(Document { seconds: number("In force", &self.seconds)?.unwrap_or(600), rules: vec![rule] })
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<Option<T>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("{name}: write a number, not {text:?}."))
}

async fn act(at: At, Form(form): Form<Act>) -> Response {
    let Some(chaos) = &at.state.chaos else { return page(&at, None).into_response() };
    if form.clear.is_some() {
        chaos.clear();
        return Redirect::to("/chaos").into_response();
    }
    match set(chaos, form) {
        Ok(()) => Redirect::to("/chaos").into_response(),
        Err(mistake) => (StatusCode::UNPROCESSABLE_ENTITY, page(&at, Some(&mistake))).into_response(),
    }
}

fn set(chaos: &Chaos, form: Act) -> Result<(), String> {
    chaos.set(&form.document()?).map(drop).map_err(|invalid| invalid.to_string())
}
