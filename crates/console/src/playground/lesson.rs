//! Lessons: steps that are checked against what the server really did. The texts are data, a file for each lesson.

use std::sync::LazyLock;

use mailchute::command::Verb;
use serde::Deserialize;

use super::fact::Fact;
use super::input::Input;

/// A lesson.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lesson {
    pub(crate) id: String,
    pub(crate) title: String,
    /// The topic, in a sentence or two.
    pub(crate) about: String,
    /// Speaks LMTP.
    #[serde(default)]
    pub(crate) lmtp: bool,
    /// Shows how a strict and a tolerant server read the same bytes.
    #[serde(default)]
    pub(crate) readings: bool,
    #[serde(rename = "step")]
    pub(crate) steps: Vec<Step>,
}

/// A step of a lesson.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// The task of the reader.
    pub(crate) task: String,
    /// One or several inputs that pass the step.
    hint: Vec<Typed>,
    /// Inputs that do not pass it.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests play it"))]
    wrong: Vec<Typed>,
    /// The events that must happen, in any order.
    expect: Vec<Expected>,
    /// The lesson of the step.
    pub(crate) learned: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Typed {
    Lines(String),
    Input(Input),
}

impl Typed {
    fn input(&self) -> Input {
        match self {
            Self::Lines(text) => Input::of(text),
            Self::Input(input) => input.clone(),
        }
    }
}

/// An event that must happen. Each field that is given must hold of the same fact.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Expected {
    Reply(Reply),
    /// MAIL named this sender, such as `<>`.
    Sender(String),
    /// MAIL told the size of the message.
    Size(bool),
    Tls(bool),
    Auth(Auth),
    Message(Message),
    /// At least so many commands of one input were answered together.
    Together(usize),
    Ended(bool),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    /// A verb; `content` for the reply to a message.
    to: String,
    code: u16,
    enhanced: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    mechanism: Option<String>,
    succeeded: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Message {
    recipients: Option<usize>,
    /// A line of the content, after dot-stuffing is undone.
    line: Option<String>,
    /// A part of the content.
    contains: Option<String>,
    chunked: Option<bool>,
}

impl Expected {
    fn is_met_by(&self, fact: &Fact) -> bool {
        match (self, fact) {
            (Self::Reply(wanted), Fact::Reply { to, code, enhanced }) => {
                let verb = (wanted.to != "content").then(|| Verb::of(wanted.to.as_bytes()));
                *to == verb
                    && *code == wanted.code
                    && wanted.enhanced.as_ref().is_none_or(|wanted| enhanced.as_ref() == Some(wanted))
            }
            (Self::Sender(wanted), Fact::Sender { path, .. }) => path == wanted,
            (Self::Size(wanted), Fact::Sender { has_size, .. }) => has_size == wanted,
            (Self::Tls(wanted), Fact::Tls) | (Self::Ended(wanted), Fact::Ended) => *wanted,
            (Self::Auth(wanted), Fact::Auth { mechanism, succeeded }) => {
                *succeeded == wanted.succeeded
                    && wanted.mechanism.as_ref().is_none_or(|wanted| mechanism == wanted)
            }
            (Self::Message(wanted), Fact::Message { recipients, content, is_chunked }) => {
                let content = String::from_utf8_lossy(content);
                wanted.recipients.is_none_or(|wanted| wanted == *recipients)
                    && wanted.chunked.is_none_or(|wanted| wanted == *is_chunked)
                    && wanted.contains.as_ref().is_none_or(|part| content.contains(part))
                    && wanted.line.as_ref().is_none_or(|line| content.lines().any(|has| has == line))
            }
            (Self::Together(wanted), Fact::Together(count)) => count >= wanted,
            _ => false,
        }
    }
}

impl Step {
    /// Returns whether the facts since the step began pass it.
    pub(super) fn is_passed_by(&self, facts: &[Fact]) -> bool {
        self.expect.iter().all(|expected| facts.iter().any(|fact| expected.is_met_by(fact)))
    }

    /// Returns inputs that pass the step.
    pub(crate) fn hint(&self) -> impl Iterator<Item = Input> {
        self.hint.iter().map(Typed::input)
    }
}

const FILES: [&str; 12] = [
    include_str!("lessons/send.toml"),
    include_str!("lessons/ehlo.toml"),
    include_str!("lessons/starttls.toml"),
    include_str!("lessons/bare-lf.toml"),
    include_str!("lessons/dots.toml"),
    include_str!("lessons/auth.toml"),
    include_str!("lessons/pipelining.toml"),
    include_str!("lessons/bdat.toml"),
    include_str!("lessons/size.toml"),
    include_str!("lessons/lmtp.toml"),
    include_str!("lessons/codes.toml"),
    include_str!("lessons/bounces.toml"),
];

/// The lessons, in their order. A test reads every file.
static LESSONS: LazyLock<Vec<Lesson>> =
    LazyLock::new(|| FILES.iter().filter_map(|file| toml::from_str(file).ok()).collect());

/// Returns all lessons, in their order.
pub(crate) fn lessons() -> &'static [Lesson] {
    &LESSONS
}

/// Returns a lesson by its id.
pub(crate) fn lesson(id: &str) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.id == id)
}

#[cfg(test)]
mod tests {
    use super::super::{Handle, Playground};
    use super::*;

    #[test]
    fn every_file_is_a_lesson() {
        for file in FILES {
            let lesson: Lesson = toml::from_str(file).unwrap();
            assert!(!lesson.steps.is_empty() && super::lesson(&lesson.id).is_some());
            for step in &lesson.steps {
                assert!(!step.expect.is_empty() && !step.wrong.is_empty(), "{}: {}", lesson.id, step.task);
            }
        }
    }

    /// Returns a visit that has come to this step.
    async fn at_step(playground: &Playground, lesson: &'static Lesson, number: usize) -> Handle {
        let handle = playground.begin(Some(lesson), false).await.unwrap();
        let mut visit = handle.lock().await;
        for hint in lesson.steps[..number].iter().flat_map(Step::hint) {
            visit.send(&hint).await.unwrap();
        }
        drop(visit);
        handle
    }

    #[tokio::test]
    async fn hints_pass_each_lesson_and_wrong_input_does_not() {
        let playground = Playground::default();
        let mut faults = Vec::new();
        for lesson in lessons() {
            for (number, step) in lesson.steps.iter().enumerate() {
                for wrong in step.wrong.iter().map(Typed::input).chain([Input::of("")]) {
                    let handle = at_step(&playground, lesson, number).await;
                    let mut visit = handle.lock().await;
                    let _ = visit.send(&wrong).await;
                    if visit.step() != number {
                        faults.push(format!("{} {number}: passed by {:?}", lesson.id, wrong.text));
                    }
                }
                let handle = at_step(&playground, lesson, number).await;
                let mut visit = handle.lock().await;
                for hint in step.hint() {
                    assert!(
                        !visit.has_passed() && visit.step() == number,
                        "{} {number}: too early",
                        lesson.id
                    );
                    visit.send(&hint).await.unwrap();
                }
                if visit.step() != number + 1 {
                    let said = &visit.conversation().entries;
                    faults.push(format!("{} {number}: not passed by its hint: {said:#?}", lesson.id));
                }
                assert_eq!(visit.has_passed(), visit.step() == lesson.steps.len());
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
