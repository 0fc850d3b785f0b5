//! Command lines in both settings: a line that the strict one accepts means the same in the lenient one.

use std::sync::LazyLock;

use crate::operations::vocabulary::COMMANDS;
use crate::session::tempers::Tempers;
use crate::session::{Record, Session, dialogue};
use mailchute_proto::{BareLineEnds, EnvelopeSyntax, Mechanism, PlaintextAuth, Settings};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The input before the line.
const PHASES: [&str; 3] = [
    "EHLO client.example\r\n",
    "EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\n",
    "EHLO client.example\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<bob@example.com>\r\n",
];

fn listener(envelope: EnvelopeSyntax) -> Session {
    let mut settings = Settings::new("mx.example.com");
    settings.envelope = envelope;
    settings.mechanisms = Mechanism::ALL.to_vec();
    settings.plaintext_auth = PlaintextAuth::Anywhere;
    Session::of_every_temper(settings, Tempers { trusted: true, ..Tempers::default() })
}

static STRICT: LazyLock<Session> = LazyLock::new(|| listener(EnvelopeSyntax::Strict));
static LENIENT: LazyLock<Session> = LazyLock::new(|| listener(EnvelopeSyntax::Lenient));

fn run(session: &Session, phase: &str, line: &[u8]) -> Record {
    let segments = [[phase.as_bytes(), line, b"\r\n"].concat()];
    let record = session.cut(&segments, &[]);
    dialogue::check_with(BareLineEnds::Refuse, &segments, &record);
    record
}

const SIGNS: &[&[u8]] = &[b"\t", b" ", b"\t\t", b"<", b">", b"\"", b".", b"@", b"=", b"\\", b"\xff", b"\0"];

/// A line with white space and signs put into it.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let sign = select(SIGNS);
    (select(COMMANDS), prop::collection::vec((any::<Index>(), sign), 0..4)).prop_map(|(line, signs)| {
        let mut line = line.as_bytes().to_vec();
        for (index, sign) in signs {
            let at = index.index(line.len() + 1);
            line.splice(at..at, sign.iter().copied());
        }
        line
    })
}

/// Returns the last code. A chunk whose bytes are not sent leaves its line without a reply.
fn last_code(record: &Record, phase: &str) -> Option<u16> {
    let before = 1 + phase.matches('\n').count();
    dialogue::replies(&record.output).get(before).map(|reply| reply.code)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn a_line_that_strict_takes_is_read_the_same(phase in select(&PHASES[..]), line in line()) {
        let (strict, lenient) = (run(&STRICT, phase, &line), run(&LENIENT, phase, &line));
        if last_code(&strict, phase).is_none_or(|code| code < 400) {
            prop_assert_eq!(&lenient.output, &strict.output);
            // HELO keeps the result of EHLO, and tells the hook so.
            if !line.to_ascii_uppercase().starts_with(b"HELO") {
                prop_assert_eq!(lenient, strict);
            }
        }
    }

    #[test]
    fn a_lenient_line_asks_one_question(phase in select(&PHASES[..]), line in line()) {
        let (before, record) = (run(&LENIENT, phase, b""), run(&LENIENT, phase, &line));
        let asked = record.questions.len() - before.questions.len();
        prop_assert!(asked <= 1, "{:?}", record.questions);
    }
}
