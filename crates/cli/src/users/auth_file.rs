//! The file of `--auth-file`: one `USER:VERIFIER` a line, optionally followed by a seed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use mailchute::auth::{ScramVerifier, saslprep};

use crate::failure::Failure;
use crate::text_file;
use crate::users::decoys::Decoys;
use crate::users::seed::Seed;
use crate::users::verifier::Verifier;

/// The users of a password file, in the order of its lines.
#[derive(Debug)]
pub(crate) struct AuthFile {
    users: Vec<Verifier>,
    /// The line of each user, by the name after SASLprep.
    by_name: HashMap<String, usize>,
    /// The decoys of unknown users.
    decoys: Decoys,
}

/// The result of a lookup. All of it comes from the prepared name: otherwise only unknown users would differ by spelling.
#[derive(Debug)]
pub(crate) struct Found<'f> {
    name: Cow<'f, str>,
    /// The verifier of the user, if it exists.
    pub(crate) known: Option<&'f Verifier>,
    /// For an unknown user, a verifier that takes as long to check.
    pub(crate) like: Option<&'f Verifier>,
    scram: Option<(&'f ScramVerifier, Seed)>,
}

impl Found<'_> {
    /// Returns the decoy that SCRAM shows for an unknown user: a user's verifier with another salt. `None` if the file has
    /// no SCRAM verifier.
    pub(crate) fn scram_decoy(&self) -> Option<ScramVerifier> {
        let (verifier, seed) = self.scram?;
        Some(verifier.imitate(seed.bytes(), &self.name))
    }
}

impl AuthFile {
    /// Reads a password file. Errors name the line. `before` is the file that it replaces, if any: unknown users keep
    /// their salts if neither file has a seed.
    pub(crate) fn read(path: &Path, before: Option<&Self>) -> Result<Self, Failure> {
        let text = text_file::read(path, Failure::unusable)?;
        warn_if_others_can_read(path);
        let seed = before.and_then(|before| before.decoys.seed()).map(Seed::unkept);
        let file = Self::parse(&text, seed).map_err(|Mistake { line, text }| match line {
            0 => Failure::unusable(format!("{}: {text}", path.display())),
            line => Failure::unusable(format!("{}:{line}: {text}", path.display())),
        })?;
        if file.has_scram() && !file.decoys.seed().is_some_and(|seed| seed.is_kept()) {
            tracing::warn!(
                name: "no-seed",
                file = %path.display(),
                "clients that try names before and after a restart can tell users from unknown users, because no \
                 line of the password file has a seed; make one line again with `mailchute hash-password \
                 --with-seed USER`, or write a space and 32 random hexadecimal digits after it"
            );
        }
        Ok(file)
    }

    /// Reads the text of a password file. If no line has a seed, it uses `seed`, or makes one.
    pub(crate) fn parse(text: &str, seed: Option<Seed>) -> Result<Self, Mistake> {
        let mut lines: Vec<(Verifier, Option<Seed>)> = Vec::new();
        let mut by_name = HashMap::new();
        for (line, text) in text.lines().enumerate().map(|(index, text)| (index + 1, text.trim())) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mistake = |text: String| Mistake { line, text };
            let (user, verifier) =
                text.split_once(':').filter(|(user, _)| !user.is_empty()).ok_or_else(|| {
                    mistake(
                        "this is not USER:VERIFIER; write a line that `mailchute hash-password USER` prints"
                            .to_owned(),
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
                    "{user:?}: SASLprep (RFC 4013) forbids one of its characters, so no client could log in with \
                     this name; write another one"
                ))
            })?;
            if by_name.insert(name.into_owned(), lines.len()).is_some() {
                return Err(mistake(format!("{user}: this user has two lines; keep one of them")));
            }
            lines.push((verifier, seed));
        }
        let of_file = |text: String| Mistake { line: 0, text };
        if lines.is_empty() {
            return Err(of_file(
                "the file has no users; add a line that `mailchute hash-password USER` prints".to_owned(),
            ));
        }
        let seeds = lines.iter().filter_map(|(_, seed)| *seed);
        let verifiers = lines.iter().map(|(verifier, _)| verifier);
        let made = || seed.map_or_else(|| Seed::make().map_err(|failure| failure.to_string()), Ok);
        let decoys = Decoys::of(verifiers, seeds, made).map_err(of_file)?;
        let users = lines.into_iter().map(|(verifier, _)| verifier).collect();
        Ok(Self { users, by_name, decoys })
    }

    /// Whether any user can authenticate by SCRAM.
    pub(crate) fn has_scram(&self) -> bool {
        self.users.iter().any(|verifier| verifier.for_scram().is_some())
    }

    /// Looks up a name in any spelling. It takes as long for an unknown user as for a known one.
    pub(crate) fn find<'f>(&'f self, user: &'f str) -> Found<'f> {
        let name = prepared(user);
        let known = self.by_name.get(&*name).map(|&line| &self.users[line]);
        let like = self.decoys.of_name(&name);
        let scram = like.and_then(|like| Some((self.users[like.scram?].for_scram()?, like.seed)));
        Found { name, known, like: like.map(|like| &self.users[like.line]), scram }
    }

    /// Returns the number of users.
    pub(crate) fn count(&self) -> usize {
        self.users.len()
    }
}

/// A mistake in a line; line 0 is the file itself.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Prepares a name as the names in the file are prepared. A name that cannot be prepared stays as it is, and matches no
/// user.
fn prepared(user: &str) -> Cow<'_, str> {
    saslprep(user).unwrap_or(Cow::Borrowed(user))
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS_READ: u32 = 0o004;
    if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS_READ != 0) {
        tracing::warn!(
            name: "passwords-readable",
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
    fn skips_comments_and_empty_lines_and_prepares_names() {
        let file =
            AuthFile::parse(&format!("# users\n\nuser:{SCRAM}\n  \n\u{2168}:{SCRAM}\n"), None).unwrap();
        assert!(file.find("user").known.is_some_and(|verifier| verifier.is_of("pencil", &mut Vec::new())));
        assert!(file.find("IX").known.is_some() && file.find("I\u{AD}X").known.is_some());
        assert!(file.find("nobody").known.is_none() && file.find("USER").known.is_none());
    }

    #[test]
    fn unknown_users_keep_salts_when_a_seedless_file_is_reread() {
        let text = format!("alice:{SCRAM}\n");
        let seed_of = |file: &AuthFile| file.decoys.seed().unwrap();
        let before = AuthFile::parse(&text, None).unwrap();
        let again =
            AuthFile::parse(&format!("{text}bob:{SCRAM}\n"), Some(seed_of(&before).unkept())).unwrap();
        assert!(seed_of(&again) == seed_of(&before) && !seed_of(&again).is_kept());
        let seeded = format!("alice:{SCRAM} 00112233445566778899aabbccddeeff\n");
        let seeded = AuthFile::parse(&seeded, Some(seed_of(&before).unkept())).unwrap();
        assert!(seed_of(&seeded).is_kept());
        let without = AuthFile::parse(&text, Some(seed_of(&seeded).unkept())).unwrap();
        assert!(!seed_of(&without).is_kept());
        assert!(seed_of(&AuthFile::parse(&text, None).unwrap()) != seed_of(&before));
    }

    #[test]
    fn reports_a_mistake_with_its_line_and_a_hint() {
        for (text, line, expected) in [
            (String::new(), 0, "has no users"),
            ("# only this\n".to_owned(), 0, "hash-password USER"),
            ("user pencil\n".to_owned(), 1, "write a line that `mailchute hash-password USER` prints"),
            (format!("# one\n:{SCRAM}\n"), 2, "write a line that `mailchute hash-password USER` prints"),
            ("user:pencil\n".to_owned(), 1, "user: "),
            (format!("user:{SCRAM}\n\nuser:{SCRAM}\n"), 3, "two lines"),
            (format!("user:{}\n", SCRAM.replace("4096", "100")), 1, "4096"),
            (format!("us\ter:{SCRAM}\n"), 1, "SASLprep (RFC 4013)"),
            (format!("user:{SCRAM}\n\u{AD}:{SCRAM}\n"), 2, "SASLprep (RFC 4013)"),
            (format!("\u{1F600}:{SCRAM}\n"), 1, "SASLprep (RFC 4013)"),
            (format!("IX:{SCRAM}\nI\u{AD}X:{SCRAM}\n"), 2, "two lines"),
            (format!("user:{SCRAM} 0123\n"), 1, "32 hexadecimal digits"),
            ("user:$argon2id$v=19$m=19456,t=2,p=1$c2FsdA\n".to_owned(), 1, "user: "),
        ] {
            let mistake = AuthFile::parse(&text, None).unwrap_err();
            assert_eq!(mistake.line, line, "{text:?}: {mistake:?}");
            assert!(mistake.text.contains(expected), "{text:?}: {mistake:?}");
        }
    }
}
