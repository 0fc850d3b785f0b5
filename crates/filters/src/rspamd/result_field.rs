//! The field that shows score and symbols.

use std::fmt::Write as _;

use bytes::Bytes;

use super::{RspamdAction, RspamdVerdict};
use crate::scanner_edits::Edit;

const FIELD: &str = "X-Spamd-Result";

/// The symbols that the field shows.
const MOST_SYMBOLS: usize = 100;

/// Returns the edits that put the field on top, instead of those of the client.
pub(super) fn edits(verdict: &RspamdVerdict) -> [Edit; 2] {
    let value = Bytes::from(value(verdict));
    [
        Edit::RemoveFields { name: FIELD.to_owned() },
        Edit::InsertField { position: 0, name: FIELD.to_owned(), value },
    ]
}

/// Returns the value as rspamd writes it, with one symbol a line.
fn value(verdict: &RspamdVerdict) -> String {
    let is_spam = if verdict.action == RspamdAction::Reject { "True" } else { "False" };
    // rspamd writes `nan`.
    let required = format!("{:.2}", verdict.required_score).to_ascii_lowercase();
    let mut text = format!("default: {is_spam} [{:.2} / {required}]", verdict.score);
    for symbol in verdict.symbols.iter().take(MOST_SYMBOLS) {
        let is_plain = |c: char| c.is_ascii_graphic() && c != ';';
        let name: String = symbol.name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        // Writing to a String cannot fail.
        let _ = write!(text, ";\r\n\t{name}({:.2})[]", symbol.score);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Symbol;
    use super::*;

    #[test]
    fn the_field_has_a_line_for_each_symbol() {
        let symbol = |name: &str| Symbol { name: name.to_owned(), score: 1.5 };
        let verdict = RspamdVerdict {
            action: RspamdAction::AddHeader,
            score: 6.0,
            required_score: 15.0,
            symbols: vec![symbol("R_SPF_FAIL"), symbol("a\r\nB: c")],
        };
        let expected = "default: False [6.00 / 15.00];\r\n\tR_SPF_FAIL(1.50)[];\r\n\ta__B:_c(1.50)[]";
        assert_eq!(value(&verdict), expected);
    }
}
