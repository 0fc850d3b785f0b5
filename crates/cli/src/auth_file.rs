//! `--auth-file`: who may authenticate, one `USER:VERIFIER` a line, with a seed behind it or without.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use mailchute::saslprep;

use crate::failure::Failure;
use crate::seed::Seed;
use crate::text_file;
use crate::verifier::Verifier;

/// The users of a password file, in the order of its lines.
#[derive(Debug)]
pub(crate) struct AuthFile {
    users: Vec<User>,
    /// Where each stands, by the name as `SASLprep` has it.
    by_name: HashMap<String, usize>,
    /// What the seeds of lines without one are made of.
    seed: Seed,
}

/// What a line says of its user.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) verifier: Verifier,
    pub(crate) seed: Seed,
}

impl AuthFile {
    /// Reads a password file; what is wrong with it is told with the number of the line. `before` is what it takes the
    /// place of, if anything: strangers keep their salts where neither file has a seed.
    pub(crate) fn read(path: &Path, before: Option<&Self>) -> Result<Self, Failure> {
        let text = text_file::read(path, Failure::unusable)?;
        warn_if_others_can_read(path);
        let seed = before.map(|before| before.seed.unkept());
        let file = Self::parse(&text, seed).map_err(|Mistake { line, text }| match line {
            0 => Failure::unusable(format!("{}: {text}", path.display())),
            line => Failure::unusable(format!("{}:{line}: {text}", path.display())),
        })?;
        if file.has_scram() && !file.users.iter().any(|user| user.seed.is_kept()) {
            tracing::warn!(
                file = %path.display(),
                "whoever tries names before and after a restart can tell which are users, as no verifier in the \
                 password file has a seed behind it; make one of these lines anew with `mailchute hash-password \
                 --with-seed USER`, or write a space and 32 random hexadecimal digits behind it"
            );
        }
        Ok(file)
    }

    /// Reads the text of a password file; if no line has a seed it is `seed`, or made now.
    pub(crate) fn parse(text: &str, seed: Option<Seed>) -> Result<Self, Mistake> {
        let mut lines: Vec<(&str, Verifier, Option<Seed>)> = Vec::new();
        let mut by_name = HashMap::new();
        for (line, text) in text.lines().enumerate().map(|(index, text)| (index + 1, text.trim())) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mistake = |text: String| Mistake { line, text };
            let (user, verifier) =
                text.split_once(':').filter(|(user, _)| !user.is_empty()).ok_or_else(|| {
                    mistake(
                        "write USER:VERIFIER, a line that `mailchute hash-password USER` prints".to_owned(),
                    )
                })?;
            let of_user = |error: String| mistake(format!("{user}: {error}"));
            let (verifier, seed) = match verifier.split_once(' ') {
                Some((verifier, seed)) => (verifier, Some(seed.trim_start().parse().map_err(of_user)?)),
                None => (verifier, None),
            };
            let verifier = verifier.parse().map_err(of_user)?;
            let name = saslprep(user).filter(|name| !name.is_empty()).ok_or_else(|| {
                mistake(format!(
                    "{user:?}: SASLprep (RFC 4013) does not allow one of its characters, so no client could log in by \
                     this name; write another"
                ))
            })?;
            if by_name.insert(name.into_owned(), lines.len()).is_some() {
                return Err(mistake(format!("{user}: is there twice; keep one of the two lines")));
            }
            lines.push((user, verifier, seed));
        }
        let of_file = |text: String| Mistake { line: 0, text };
        if lines.is_empty() {
            return Err(of_file(
                "holds no user; add a line that `mailchute hash-password USER` prints".to_owned(),
            ));
        }
        let first_seed = match lines.iter().find_map(|(_, _, seed)| *seed).or(seed) {
            Some(seed) => seed,
            None => Seed::make().map_err(|failure| of_file(failure.to_string()))?,
        };
        let users = lines
            .into_iter()
            .map(|(user, verifier, seed)| User {
                verifier,
                seed: seed.unwrap_or_else(|| first_seed.for_line_of(user)),
            })
            .collect();
        Ok(Self { users, by_name, seed: first_seed })
    }

    /// Whether anybody in it can authenticate by SCRAM.
    pub(crate) fn has_scram(&self) -> bool {
        self.users.iter().any(|user| user.verifier.for_scram().is_some())
    }

    /// The verifier of a user, if there is one.
    pub(crate) fn of(&self, user: &str) -> Option<&Verifier> {
        self.by_name.get(&prepared(user)).map(|&index| &self.users[index].verifier)
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        self.users.iter()
    }
}

/// What is wrong in a line; line 0 is the file itself.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// As the names of lines are; one that cannot be prepared is as it is, and nobody's.
fn prepared(user: &str) -> String {
    saslprep(user).map_or_else(|| user.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS_READ: u32 = 0o004;
    if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS_READ != 0) {
        tracing::warn!(
            file = %path.display(),
            "everybody on this host can read the password file; write: chmod 600 {}",
            path.display()
        );
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAM: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                         wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn comments_and_empty_lines_are_passed_over_and_names_are_prepared() {
        let file =
            AuthFile::parse(&format!("# users\n\nuser:{SCRAM}\n  \n\u{2168}:{SCRAM}\n"), None).unwrap();
        assert!(file.of("user").is_some_and(|verifier| verifier.is_of("pencil", &mut Vec::new())));
        assert!(file.of("IX").is_some() && file.of("I\u{AD}X").is_some());
        assert!(file.of("nobody").is_none() && file.of("USER").is_none());
    }

    #[test]
    fn strangers_keep_their_salts_when_a_file_without_a_seed_is_read_again_and_no_file_is_then_said_to_have_one()
     {
        let text = format!("alice:{SCRAM}\n");
        let seed_of = |file: &AuthFile| file.users[0].seed;
        let before = AuthFile::parse(&text, None).unwrap();
        let again = AuthFile::parse(&format!("{text}bob:{SCRAM}\n"), Some(before.seed.unkept())).unwrap();
        assert!(seed_of(&again) == seed_of(&before) && !seed_of(&again).is_kept());
        let seeded = format!("alice:{SCRAM} 00112233445566778899aabbccddeeff\n");
        let seeded = AuthFile::parse(&seeded, Some(before.seed.unkept())).unwrap();
        assert!(seed_of(&seeded).is_kept());
        let without = AuthFile::parse(&text, Some(seeded.seed.unkept())).unwrap();
        assert!(!seed_of(&without).is_kept());
        assert!(seed_of(&AuthFile::parse(&text, None).unwrap()) != seed_of(&before));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_what_to_write() {
        for (text, line, expected) in [
            (String::new(), 0, "holds no user"),
            ("# only this\n".to_owned(), 0, "hash-password USER"),
            ("user pencil\n".to_owned(), 1, "write USER:VERIFIER"),
            (format!("# one\n:{SCRAM}\n"), 2, "write USER:VERIFIER"),
            ("user:pencil\n".to_owned(), 1, "user: "),
            (format!("user:{SCRAM}\n\nuser:{SCRAM}\n"), 3, "twice"),
            (format!("user:{}\n", SCRAM.replace("4096", "100")), 1, "4096"),
            (format!("us\ter:{SCRAM}\n"), 1, "SASLprep (RFC 4013)"),
            (format!("user:{SCRAM}\n\u{AD}:{SCRAM}\n"), 2, "SASLprep (RFC 4013)"),
            (format!("\u{1F600}:{SCRAM}\n"), 1, "SASLprep (RFC 4013)"),
            (format!("IX:{SCRAM}\nI\u{AD}X:{SCRAM}\n"), 2, "twice"),
            (format!("user:{SCRAM} 0123\n"), 1, "32 hexadecimal digits"),
            ("user:$argon2id$v=19$m=19456,t=2,p=1$c2FsdA\n".to_owned(), 1, "user: "),
        ] {
            let mistake = AuthFile::parse(&text, None).unwrap_err();
            assert_eq!(mistake.line, line, "{text:?}: {mistake:?}");
            assert!(mistake.text.contains(expected), "{text:?}: {mistake:?}");
        }
    }
}
