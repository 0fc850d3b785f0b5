//! Counters by kind: replies, logins, handshakes, connections that were turned away.

use std::time::Duration;

use mailchute_proto::{Code, Mechanism, Verb};

use crate::connection::slots::Full;
use crate::runtime::sharded::Sharded;
use crate::tls::TlsVersion;

/// The codes that have a counter of their own: those of the catalog, and those that RFCs give to SMTP. The others share
/// one, so that hooks cannot make any number of them.
pub(crate) const CODES: [u16; 41] = [
    200, 211, 214, 220, 221, 235, 250, 251, 252, 253, 334, 354, 421, 422, 430, 432, 450, 451, 452, 453, 454,
    455, 458, 459, 500, 501, 502, 503, 504, 521, 523, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555,
];

/// The row of each code: its position, or the number of codes.
#[allow(clippy::cast_possible_truncation, reason = "there are less than 256 codes")]
const ROWS: [u8; 600] = {
    let mut rows = [CODES.len() as u8; 600];
    let mut row = 0;
    while row < CODES.len() {
        rows[CODES[row] as usize] = row as u8;
        row += 1;
    }
    rows
};

/// The kind of input that a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answers {
    /// A command.
    Command(Verb),
    /// The end of a message. In LMTP there is a reply for each recipient.
    Message,
    /// Nothing: a greeting, or a farewell.
    Nothing,
}

/// How many verbs are known.
const KNOWN: usize = Verb::ALL.len();

impl Answers {
    fn column(self) -> usize {
        match self {
            // Commands without a verb of their own come last.
            Self::Command(verb) => Verb::ALL.iter().position(|known| *known == verb).unwrap_or(KNOWN),
            Self::Message => KNOWN + 1,
            Self::Nothing => KNOWN + 2,
        }
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let verbs = Verb::ALL.iter().copied().chain([Verb::Other]);
        verbs.map(Self::Command).chain([Self::Message, Self::Nothing])
    }
}

/// The versions of TLS that a server speaks.
pub(crate) const VERSIONS: [TlsVersion; 2] = [TlsVersion::Tls1_2, TlsVersion::Tls1_3];

const CODES_OF_EACH: usize = CODES.len() + 1;
const REPLIES: usize = (KNOWN + 3) * CODES_OF_EACH;
const LOGINS: usize = REPLIES;
const MECHANISMS: usize = Mechanism::ALL.len();
const HANDSHAKES: usize = LOGINS + 2 * MECHANISMS;
const TURNED_AWAY: usize = HANDSHAKES + VERSIONS.len();
const WAITED: usize = TURNED_AWAY + 2;
const FAILED: usize = WAITED + 1;
const ALL: usize = FAILED + 1;

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Kinds(Sharded<ALL>);

impl Kinds {
    fn of_reply(answers: Answers, row: usize) -> usize {
        answers.column() * CODES_OF_EACH + row
    }

    pub(crate) fn reply(&self, answers: Answers, code: Code) {
        let row = ROWS.get(usize::from(code.get())).map_or(CODES.len(), |row| usize::from(*row));
        self.0.add(Self::of_reply(answers, row), 1);
    }

    /// Returns the replies with each code, and those with other codes.
    pub(crate) fn replies(&self, answers: Answers) -> impl Iterator<Item = (Option<Code>, u64)> {
        let codes = CODES.iter().map(|code| Code::new(*code)).chain([None]);
        codes.enumerate().map(move |(row, code)| (code, self.0.sum(Self::of_reply(answers, row))))
    }

    fn of_login(mechanism: Mechanism, is_accepted: bool) -> usize {
        let row = Mechanism::ALL.iter().position(|known| *known == mechanism).unwrap_or_default();
        LOGINS + 2 * row + usize::from(is_accepted)
    }

    pub(crate) fn login(&self, mechanism: Mechanism, is_accepted: bool) {
        self.0.add(Self::of_login(mechanism, is_accepted), 1);
    }

    pub(crate) fn logins(&self, mechanism: Mechanism, are_accepted: bool) -> u64 {
        self.0.sum(Self::of_login(mechanism, are_accepted))
    }

    /// Returns the logins with all mechanisms.
    pub(crate) fn all_logins(&self, are_accepted: bool) -> u64 {
        Mechanism::ALL.iter().map(|&mechanism| self.logins(mechanism, are_accepted)).sum()
    }

    fn of_handshake(version: TlsVersion) -> usize {
        HANDSHAKES + usize::from(version == TlsVersion::Tls1_3)
    }

    pub(crate) fn handshake(&self, version: TlsVersion) {
        self.0.add(Self::of_handshake(version), 1);
    }

    pub(crate) fn handshakes(&self, version: TlsVersion) -> u64 {
        self.0.sum(Self::of_handshake(version))
    }

    /// Returns the handshakes of all versions.
    pub(crate) fn all_handshakes(&self) -> u64 {
        VERSIONS.map(|version| self.handshakes(version)).iter().sum()
    }

    fn of_full(full: Full) -> usize {
        TURNED_AWAY + usize::from(full == Full::FullForClient)
    }

    pub(crate) fn turn_away(&self, full: Full) {
        self.0.add(Self::of_full(full), 1);
    }

    pub(crate) fn turned_away(&self, full: Full) -> u64 {
        self.0.sum(Self::of_full(full))
    }

    /// Returns the connections that were turned away for whatever reason.
    pub(crate) fn all_turned_away(&self) -> u64 {
        self.turned_away(Full::Full) + self.turned_away(Full::FullForClient)
    }

    /// Counts the time between the end of a message and its verdict.
    pub(crate) fn wait(&self, time: Duration) {
        self.0.add(WAITED, u64::try_from(time.as_nanos()).unwrap_or_default());
    }

    pub(crate) fn waited(&self) -> Duration {
        Duration::from_nanos(self.0.sum(WAITED))
    }

    /// Counts a message that a filter or the store could not judge.
    pub(crate) fn fail(&self) {
        self.0.add(FAILED, 1);
    }

    pub(crate) fn failed(&self) -> u64 {
        self.0.sum(FAILED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_counter_of_its_own() {
        let kinds = Kinds::default();
        let answers =
            [Answers::Command(Verb::Ehlo), Answers::Command(Verb::Other), Answers::Message, Answers::Nothing];
        for answers in answers {
            for code in [200, 250, 555, 259] {
                kinds.reply(answers, Code::new(code).unwrap());
            }
        }
        for mechanism in Mechanism::ALL {
            kinds.login(*mechanism, true);
            kinds.login(*mechanism, false);
        }
        for version in VERSIONS {
            kinds.handshake(version);
        }
        kinds.turn_away(Full::Full);
        kinds.turn_away(Full::FullForClient);
        kinds.wait(Duration::from_nanos(1));
        kinds.fail();
        for counter in 0..ALL {
            assert!(kinds.0.sum(counter) <= 1, "{counter}");
        }
        assert_eq!((0..ALL).map(|counter| kinds.0.sum(counter)).sum::<u64>(), 16 + 16 + 2 + 2 + 2);
        let others = kinds.replies(Answers::Message).filter(|(code, _)| code.is_none());
        assert_eq!(others.map(|(_, count)| count).sum::<u64>(), 1, "259 has no counter of its own");
    }
}
