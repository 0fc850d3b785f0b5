//! Rules that are ready to use.

use super::document::RuleDocument;
use super::stage::Stage;

/// A rule that is ready to use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    rule: fn() -> RuleDocument,
}

impl Preset {
    /// Returns the rule.
    pub(crate) fn rule(&self) -> RuleDocument {
        (self.rule)()
    }
}

fn reply(stage: Stage, reply: &str) -> RuleDocument {
    RuleDocument { reply: Some(reply.to_owned()), ..RuleDocument::at(stage) }
}

/// All presets, in the order of the page.
pub(crate) const PRESETS: [Preset; 6] = [
    Preset {
        name: "greylist",
        title: "Greylist once",
        text: "The first attempt of each client, sender and recipient gets a 451. The retry passes.",
        rule: || RuleDocument {
            first: Some(1),
            ..reply(Stage::Rcpt, "451 4.7.1 Greylisted, please try again later")
        },
    },
    Preset {
        name: "full",
        title: "Mailbox full",
        text: "Recipients whose name is full, such as full@example.com, get a 452. Others are served.",
        rule: || RuleDocument {
            to: Some("full@*".to_owned()),
            ..reply(Stage::Rcpt, "452 4.2.2 Mailbox full")
        },
    },
    Preset {
        name: "slow",
        title: "Slow server",
        text: "Each stage takes five seconds longer.",
        rule: || RuleDocument { delay_ms: 5_000, ..RuleDocument::at(Stage::Any) },
    },
    Preset {
        name: "drop",
        title: "Connection lost at the end of DATA",
        text: "The connection is cut off after the content, without a reply. The message is not kept.",
        rule: || RuleDocument { hang_up: true, ..RuleDocument::at(Stage::Message) },
    },
    Preset {
        name: "second",
        title: "Every second RCPT fails",
        text: "Every second recipient gets a 450, so a message goes to some of its recipients only.",
        rule: || RuleDocument {
            every: Some(2),
            ..reply(Stage::Rcpt, "450 4.2.1 Mailbox busy, please try again later")
        },
    },
    Preset {
        name: "tls",
        title: "TLS refused",
        text: "STARTTLS gets a 454. A client that demands TLS must not go on in the clear.",
        rule: || reply(Stage::Starttls, "454 4.7.0 TLS not available due to temporary reason"),
    },
];
