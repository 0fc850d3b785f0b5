//! The time at the beginning of a line.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use super::values::write_six_digits;

/// A second, and its formatted time.
struct Second {
    since_1970: u64,
    text: String,
}

thread_local! {
    /// The second of the last line. On a busy server most lines share it.
    static LAST: RefCell<Second> = const { RefCell::new(Second { since_1970: 0, text: String::new() }) };
}

/// Writes the time as in RFC 3339, with microseconds.
pub(super) fn write(line: &mut String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    LAST.with_borrow_mut(|last| {
        if last.text.is_empty() || last.since_1970 != now.as_secs() {
            let seconds = i64::try_from(now.as_secs()).unwrap_or_default();
            let text = Timestamp::from_second(seconds).unwrap_or_default().to_string();
            *last = Second { since_1970: now.as_secs(), text: text.replace('Z', ".") };
        }
        line.push_str(&last.text);
    });
    write_six_digits(line, now.subsec_micros());
    line.push('Z');
}
