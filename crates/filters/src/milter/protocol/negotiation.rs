//! The negotiation (OPTNEG): the offer of the server and the choice of the milter.

use std::fmt;

use bytes::{Buf as _, Bytes};

use super::command::Stage;
use super::packet;

/// The version of the protocol.
const VERSION: u32 = 6;

/// The command, which is also the answer.
pub(crate) const OPTNEG: u8 = b'O';

/// The lowest version that a milter may choose. Sendmail 8.10 had it.
const OLDEST: u32 = 2;

/// The edits that a milter may ask for (SMFIF).
pub(crate) mod action {
    pub(crate) const ADD_FIELDS: u32 = 0x1;
    pub(crate) const CHANGE_BODY: u32 = 0x2;
    pub(crate) const ADD_RECIPIENTS: u32 = 0x4;
    pub(crate) const DELETE_RECIPIENTS: u32 = 0x8;
    pub(crate) const CHANGE_FIELDS: u32 = 0x10;
    pub(crate) const QUARANTINE: u32 = 0x20;
    pub(crate) const CHANGE_SENDER: u32 = 0x40;
    pub(crate) const ADD_RECIPIENTS_WITH_PARAMETERS: u32 = 0x80;
    /// The milter names the macros that it wants.
    pub(super) const CHOOSE_MACROS: u32 = 0x100;

    pub(super) const ALL: u32 = 0x1ff;
}

/// The steps of the protocol that a milter may change (SMFIP).
mod step {
    pub(super) const SKIP: u32 = 0x400;
    pub(super) const LEADING_SPACE: u32 = 0x10_0000;
    pub(super) const DATA_256K: u32 = 0x1000_0000;
    pub(super) const DATA_1M: u32 = 0x2000_0000;

    /// All that libmilter knows: steps that are left out or not answered, SKIP, refused recipients, leading space, and
    /// the two sizes of data.
    pub(super) const ALL: u32 = 0x1f_ffff | DATA_256K | DATA_1M;
}

/// The most macros that a milter may name for one stage.
const MOST_MACROS: usize = 100;

/// Adds the offer: all actions and all steps, since libmilter refuses to work with less than its milter needs.
pub(crate) fn put_offer(out: &mut Vec<u8>) {
    packet::put(out, OPTNEG, |out| {
        for number in [VERSION, action::ALL, step::ALL] {
            out.extend_from_slice(&number.to_be_bytes());
        }
    });
}

/// The choice of the milter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    version: u32,
    actions: u32,
    steps: u32,
    /// The macros that the milter wants at a stage, instead of the usual ones.
    macros: Vec<(Stage, Vec<String>)>,
}

impl Choice {
    /// Reads the milter's answer to the offer.
    ///
    /// # Errors
    /// The answer is too short, or the milter wants what was not offered.
    pub(crate) fn parse(mut data: Bytes) -> Result<Self, NegotiationError> {
        if data.len() < 12 {
            return Err(NegotiationError::TooShort(data.len()));
        }
        let (version, actions, steps) = (data.get_u32(), data.get_u32(), data.get_u32());
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(NegotiationError::Version(version));
        }
        if actions & !action::ALL != 0 {
            return Err(NegotiationError::Actions(actions));
        }
        // Steps that were not offered have no meaning here. Postfix ignores them too.
        let mut choice = Self { version, actions, steps: steps & step::ALL, macros: Vec::new() };
        while !data.is_empty() {
            let (stage, names) = chosen_macros(&mut data).ok_or(NegotiationError::Macros)?;
            if actions & action::CHOOSE_MACROS != 0
                && let Some(stage) = Stage::of_number(stage)
            {
                choice.macros.push((stage, names));
            }
        }
        Ok(choice)
    }

    /// Returns whether the milter wants the command of this stage.
    pub(crate) fn wants(&self, stage: Stage) -> bool {
        self.version >= stage.since() && self.steps & stage.left_out() == 0
    }

    /// Returns whether the milter answers the command of this stage.
    pub(crate) fn answers(&self, stage: Stage) -> bool {
        self.steps & stage.unanswered() == 0
    }

    /// Returns whether the milter may say that it has seen enough of the body.
    pub(crate) fn may_skip(&self) -> bool {
        self.steps & step::SKIP != 0
    }

    /// Returns whether values of fields have the space after the colon, in both directions.
    pub(crate) fn keeps_leading_space(&self) -> bool {
        self.steps & step::LEADING_SPACE != 0
    }

    /// Returns whether the milter has said that it may ask for these edits.
    pub(crate) fn allows(&self, action: u32) -> bool {
        self.actions & action != 0
    }

    /// Returns the most bytes of data that a command may have.
    pub(crate) fn longest_data(&self) -> usize {
        match self.steps {
            steps if steps & step::DATA_1M != 0 => 1024 * 1024 - 1,
            steps if steps & step::DATA_256K != 0 => 256 * 1024 - 1,
            _ => 64 * 1024 - 1,
        }
    }

    /// Returns the macros that the milter has named for this stage.
    pub(crate) fn macros(&self, stage: Stage) -> Option<&[String]> {
        self.macros.iter().rev().find(|(of, _)| *of == stage).map(|(_, names)| &**names)
    }
}

/// Reads the number of a stage, and the names of macros as one text with spaces or commas between them.
fn chosen_macros(data: &mut Bytes) -> Option<(u32, Vec<String>)> {
    let stage = data.try_get_u32().ok()?;
    let end = data.iter().position(|byte| *byte == 0)?;
    let names = data.split_to(end);
    data.advance(1);
    let names = str::from_utf8(&names).ok()?;
    let names = names.split([' ', ',', '\t']).filter(|name| !name.is_empty());
    Some((stage, names.take(MOST_MACROS).map(str::to_owned).collect()))
}

/// An answer to the offer that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NegotiationError {
    TooShort(usize),
    Version(u32),
    Actions(u32),
    Macros,
}

impl fmt::Display for NegotiationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(bytes) => write!(f, "the negotiation has {bytes} bytes instead of 12"),
            Self::Version(version) => {
                write!(f, "the milter speaks version {version} instead of {OLDEST} to {VERSION}")
            }
            Self::Actions(actions) => {
                write!(f, "the milter wants actions that are not offered: {actions:#x}")
            }
            Self::Macros => f.write_str("the list of macros in the negotiation is cut off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(data: &'static [u8]) -> Result<Choice, NegotiationError> {
        Choice::parse(Bytes::from_static(data))
    }

    #[test]
    fn offers_all_actions_and_all_steps() {
        let mut out = Vec::new();
        put_offer(&mut out);
        assert_eq!(out, b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\x30\x1f\xff\xff");
    }

    #[test]
    fn reads_the_steps_that_a_milter_leaves_out_or_does_not_answer() {
        // As rspamd answers: no unknown commands, DATA or answers before the end of the message.
        let choice = parse(b"\0\0\0\x06\0\0\x01\xff\0\x0f\xf3\x80").unwrap();
        assert!(!choice.wants(Stage::Unknown) && !choice.wants(Stage::Data) && choice.wants(Stage::Mail));
        assert!(
            !choice.answers(Stage::Header)
                && !choice.answers(Stage::Body)
                && choice.answers(Stage::EndOfBody)
        );
        assert!(!choice.may_skip() && !choice.keeps_leading_space());
        assert_eq!(choice.longest_data(), 65_535);
    }

    #[test]
    fn reads_the_macros_that_a_milter_chooses() {
        let choice =
            parse(b"\0\0\0\x06\0\0\x01\0\0\0\0\0\0\0\0\x03{rcpt_addr}, i\0\0\0\0\x09x\0\0\0\0\0\0").unwrap();
        assert_eq!(choice.macros(Stage::Rcpt), Some(&["{rcpt_addr}".to_owned(), "i".to_owned()][..]));
        assert_eq!(choice.macros(Stage::Connect), Some(&[][..]));
        assert_eq!(choice.macros(Stage::Mail), None);
    }

    #[test]
    fn an_old_milter_gets_only_commands_that_it_knows() {
        let choice = parse(b"\0\0\0\x02\0\0\0\x01\0\0\0\0").unwrap();
        assert!(!choice.wants(Stage::Data) && !choice.wants(Stage::Unknown) && choice.wants(Stage::Rcpt));
        let choice = parse(b"\0\0\0\x03\0\0\0\x01\0\0\0\0").unwrap();
        assert!(!choice.wants(Stage::Data) && choice.wants(Stage::Unknown));
    }

    #[test]
    fn refuses_choices_that_were_not_offered() {
        assert_eq!(parse(b"\0\0\0\x06"), Err(NegotiationError::TooShort(4)));
        assert_eq!(parse(b"\0\0\0\x07\0\0\0\0\0\0\0\0"), Err(NegotiationError::Version(7)));
        assert_eq!(parse(b"\0\0\0\x01\0\0\0\0\0\0\0\0"), Err(NegotiationError::Version(1)));
        assert_eq!(parse(b"\0\0\0\x06\0\0\x02\0\0\0\0\0"), Err(NegotiationError::Actions(0x200)));
        assert_eq!(parse(b"\0\0\0\x06\0\0\x01\0\0\0\0\0\0\0\0\x01i"), Err(NegotiationError::Macros));
    }
}
