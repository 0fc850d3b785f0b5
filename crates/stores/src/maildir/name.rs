//! Names of files that no other delivery uses, on this host or any other.

use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes names as <https://cr.yp.to/proto/maildir.html> requires: the time, a part that is unique in that
/// second, and the host.
#[derive(Debug)]
pub(super) struct Names {
    host: String,
}

/// Counted for the process, not for the store, since several stores may share a directory.
static DELIVERIES: AtomicU64 = AtomicU64::new(0);

impl Names {
    pub(super) fn new() -> Self {
        Self { host: escaped(&rustix::system::uname().nodename().to_string_lossy()) }
    }

    /// Returns a name that was never returned before.
    pub(super) fn next(&self) -> String {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let delivery = DELIVERIES.fetch_add(1, Ordering::Relaxed);
        format!(
            "{}.M{}P{}Q{delivery}.{}",
            time.as_secs(),
            time.subsec_micros(),
            std::process::id(),
            self.host
        )
    }

    /// Returns whether a name has the form of those that this or another process of this host makes.
    pub(super) fn has_form(&self, name: &str) -> bool {
        let numbers = || {
            let (time, rest) = name.split_once('.')?;
            let (micros, rest) = rest.strip_prefix('M')?.split_once('P')?;
            let (process, rest) = rest.split_once('Q')?;
            let (delivery, host) = rest.split_once('.')?;
            (host == self.host).then_some([time, micros, process, delivery])
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
        numbers().is_some_and(|numbers| numbers.into_iter().all(is_number))
    }
}

/// Returns the host's name without characters that have a meaning in a path or in the suffix of a file
/// (`:2,S`, `,S=512`). Such bytes become `\ooo`.
fn escaped(host: &str) -> String {
    let mut text = String::with_capacity(host.len());
    for byte in host.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => text.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(text, "\\{byte:03o}")),
        }
    }
    if text.is_empty() { "localhost".to_owned() } else { text }
}

/// How many names are tried. A name is taken only if another host has the same name, process ID and time.
const ATTEMPTS: usize = 16;

/// Runs `attempt` with a name that is not used yet.
pub(super) fn with_new_name<T>(
    names: &Names,
    mut attempt: impl FnMut(&str) -> io::Result<T>,
) -> io::Result<(String, T)> {
    let mut attempts = 1;
    loop {
        let name = names.next();
        match attempt(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < ATTEMPTS => {
                attempts += 1;
            }
            outcome => return Ok((name, outcome?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_path_is_escaped_in_a_host_name() {
        assert_eq!(escaped("mx-1.example.com"), "mx-1.example.com");
        assert_eq!(escaped("a/b:c"), "a\\057b\\072c");
        assert_eq!(escaped("..//,\0\\"), "..\\057\\057\\054\\000\\134");
        assert_eq!(escaped(""), "localhost");
    }

    #[test]
    fn a_name_has_the_time_what_is_unique_in_it_and_the_host() {
        let name = Names { host: "mx.example.com".to_owned() }.next();
        let (time, rest) = name.split_once('.').unwrap();
        let (unique, host) = rest.split_once('.').unwrap();
        assert!(time.parse::<u64>().unwrap() > 1_700_000_000);
        assert!(unique.starts_with('M') && unique.contains(&format!("P{}Q", std::process::id())), "{unique}");
        assert_eq!(host, "mx.example.com");
    }

    #[test]
    fn names_of_this_host_are_told_from_those_of_others() {
        let names = Names { host: "mx.example.com".to_owned() };
        assert!(names.has_form(&names.next()) && names.has_form("1700000000.M5P12Q0.mx.example.com"));
        for other in [
            "1700000000.M5P12Q0.example.com",
            "1700000000.M5P12Q0.mx.example.com,S=3",
            "1700000000.M5P12.mx.example.com",
            "1700000000.12_0.mx.example.com",
            "1700000000.M5P+12Q0.mx.example.com",
            "1700000000.M5P12Q.mx.example.com",
            ".M5P12Q0.mx.example.com",
            "mx.example.com",
            "",
        ] {
            assert!(!names.has_form(other), "{other}");
        }
    }

    #[test]
    fn two_stores_of_a_process_never_give_the_same_name() {
        let (one, other) = (Names::new(), Names::new());
        let names: std::collections::HashSet<_> =
            (0..1000).flat_map(|_| [one.next(), other.next()]).collect();
        assert_eq!(names.len(), 2000);
    }
}
