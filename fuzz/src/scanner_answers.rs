use crate::scanner_check::is_harmless;

/// Any answer of rspamd or of a web server of MTA Hooks leaves a message well-formed, or refuses or discards it.
pub fn scanner_answers(octets: &[u8]) {
    is_harmless(octets);
}
