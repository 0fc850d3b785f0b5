//! The time at the beginning of a line.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// A second, and its formatted time.
#[derive(Default)]
struct Second {
    since_1970: i64,
    text: String,
}

thread_local! {
    /// The second of the last line. On a busy server most lines share it.
    static LAST: RefCell<Second> = RefCell::default();
}

/// Writes the time as in RFC 3339, with microseconds.
pub(super) fn write(line: &mut String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(now.as_secs()).unwrap_or_default();
    LAST.with_borrow_mut(|last| {
        if last.text.is_empty() || last.since_1970 != seconds {
            let text = Timestamp::from_second(seconds).unwrap_or_default().to_string();
            *last = Second { since_1970: seconds, text: text.trim_end_matches('Z').to_owned() };
        }
        line.push_str(&last.text);
    });
    write_fraction(line, now.subsec_micros());
    line.push('Z');
}

/// Writes microseconds as six decimals.
pub(super) fn write_fraction(line: &mut String, micros: u32) {
    line.push('.');
    for unit in [100_000, 10_000, 1_000, 100, 10, 1] {
        line.push(char::from(b'0' + (micros / unit % 10) as u8));
    }
}
