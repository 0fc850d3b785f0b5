//! Rules that hold for a check in any zone. The fuzz target `spf` holds zones of its own against it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use mailchute_filters::spf::{self, Limits, Outcome, Query, SpfResult};

use super::zone::Zone;

/// The bound that `spf::check` promises for the default limits.
const MAX_QUESTIONS: usize = 123;

/// Reads a client, its EHLO and a sender from the first line, and a zone from the others: a name, a type, the data.
/// Then it checks the sender, twice.
pub(crate) fn stays_within_limits(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |&byte| byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let zone = Zone::parse(lines.next().unwrap_or_default());
    let mut words = first.splitn(3, ' ');
    let client: IpAddr =
        words.next().and_then(|word| word.parse().ok()).unwrap_or(IpAddr::from([192, 0, 2, 1]));
    let (helo, sender) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let query = Query::new(client, helo, sender).at(SystemTime::UNIX_EPOCH);
    let outcome = check(&query, &zone);
    let asked = zone.asked.swap(0, Ordering::Relaxed);
    assert!(asked <= MAX_QUESTIONS, "{asked} questions");
    assert_eq!(format!("{:?}", check(&query, &zone)), format!("{outcome:?}"));
    assert_eq!(zone.asked.load(Ordering::Relaxed), asked);
    is_consistent(&outcome);
}

/// A resolver that need not wait makes a check that need not.
fn check(query: &Query, zone: &Zone) -> Outcome {
    let limits = Limits::default();
    let check = pin!(spf::check(query, zone, &limits));
    let Poll::Ready(outcome) = check.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the zone answers at once")
    };
    outcome
}

fn is_consistent(outcome: &Outcome) {
    let is_error = matches!(outcome.result, SpfResult::TempError | SpfResult::PermError);
    assert_eq!(outcome.problem.is_some(), is_error, "{outcome:?}");
    if let Some(problem) = &outcome.problem {
        let shown = problem.to_string();
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
    if let Some(text) = &outcome.explanation {
        assert_eq!(outcome.result, SpfResult::Fail);
        assert!(
            text.len() <= 400 && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()),
            "{text:?}"
        );
    }
    let decides = !is_error && outcome.result != SpfResult::None;
    assert!(decides || outcome.mechanism.is_none(), "{outcome:?}");
    assert!(outcome.mechanism.is_some() || !decides || outcome.result == SpfResult::Neutral, "{outcome:?}");
}
