//! Names of files in a Maildir: `1769860800.M42P917Q0.mx.example.com,S=1024:2,FS`.

/// The name of a message's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MailName<'n> {
    /// The part that stays when flags change.
    pub(super) unique: &'n [u8],
    flags: &'n [u8],
}

/// The text before the flags.
const FLAGS: &[u8] = b":2,";

/// Times after this are no times: the year 2286.
const LATEST_SECOND: i64 = 9_999_999_999;

impl<'n> MailName<'n> {
    pub(super) fn parse(name: &'n [u8]) -> Self {
        let colon = name.iter().position(|byte| *byte == b':').unwrap_or(name.len());
        let (unique, info) = name.split_at(colon);
        Self { unique, flags: info.strip_prefix(FLAGS).unwrap_or_default() }
    }

    pub(super) fn has_flag(self, flag: u8) -> bool {
        self.flags.contains(&flag)
    }

    /// Returns the time of the delivery in microseconds since 1970. A name with seconds only gets the rest from the hash,
    /// so that it is nearly unique.
    pub(super) fn micros(self, hash: u64) -> Option<i64> {
        let dot = self.unique.iter().position(|byte| *byte == b'.')?;
        let seconds = number(&self.unique[..dot]).filter(|seconds| *seconds <= LATEST_SECOND)?;
        let micros = self.unique[dot + 1..].strip_prefix(b"M").and_then(|rest| {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            number(&rest[..digits]).filter(|micros| *micros < 1_000_000)
        });
        let by_hash = || i64::try_from(hash / 256 % 1_000_000).unwrap_or_default();
        Some(seconds * 1_000_000 + micros.unwrap_or_else(by_hash))
    }

    /// Returns the size that the name says: `,S=SIZE`.
    pub(super) fn size(self) -> Option<u64> {
        let mut parts = self.unique.split(|byte| *byte == b',');
        let size = parts.find_map(|part| part.strip_prefix(b"S="))?;
        number(size).and_then(|size| size.try_into().ok())
    }

    /// Returns the name in `cur/` with or without a flag. Flags of others stay; they are in the order of their letters.
    pub(super) fn with_flag(self, flag: u8, is_set: bool) -> Vec<u8> {
        let mut flags: Vec<u8> = self.flags.iter().copied().filter(|other| *other != flag).collect();
        if is_set {
            let at = flags.partition_point(|other| *other < flag);
            flags.insert(at, flag);
        }
        [self.unique, FLAGS, &flags].concat()
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if is_number { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_of_many_programs() {
        for (name, micros, size, is_seen) in [
            ("1769860800.M42P917Q0.mx.example.com,S=1024", Some(1_769_860_800_000_042), Some(1024), false),
            ("1769860800.M42P917Q0.mx,S=1024,W=1040:2,FS", Some(1_769_860_800_000_042), Some(1024), true),
            ("1769860800.M999999P1.mx:2,", Some(1_769_860_800_999_999), None, false),
            ("1769860800.12345_0.mx:2,RS", Some(1_769_860_800_000_003), None, true),
            ("1769860800.M1000000P1.mx", Some(1_769_860_800_000_003), None, false),
            ("99999999999.M1.mx", None, None, false),
            ("letter.eml", None, None, false),
            ("x:1,S", None, None, false),
            ("", None, None, false),
        ] {
            let read = MailName::parse(name.as_bytes());
            assert_eq!(
                (read.micros(3 * 256), read.size(), read.has_flag(b'S')),
                (micros, size, is_seen),
                "{name}"
            );
        }
        let odd = MailName::parse(b"1.M2\xff,S=3");
        assert_eq!((odd.micros(0), odd.size()), (Some(1_000_002), Some(3)));
    }

    #[test]
    fn flags_of_others_stay_in_order() {
        for (name, is_set, new) in [
            ("1.a", true, "1.a:2,S"),
            ("1.a:2,FTab", true, "1.a:2,FSTab"),
            ("1.a:2,FSab", false, "1.a:2,Fab"),
            ("1.a:2,S", true, "1.a:2,S"),
            ("1.a:2,", false, "1.a:2,"),
            ("1.a:1,x", true, "1.a:2,S"),
        ] {
            let read = MailName::parse(name.as_bytes());
            assert_eq!(read.with_flag(b'S', is_set), new.as_bytes(), "{name}");
        }
    }
}
