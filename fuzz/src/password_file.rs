use crate::users::auth_file::{AuthFile, Mistake};
use crate::users::verifier::Verifier;

/// A password file contains the users of its lines, or an error names a line, and all lines before that one are valid.
pub fn password_file(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_entry = |line: &&&str| !line.is_empty() && !line.starts_with('#');
    let entries: Vec<&str> = lines.iter().filter(is_entry).copied().collect();
    match AuthFile::parse(text, None) {
        Ok(file) => {
            assert_eq!(file.count(), entries.len());
            for entry in entries {
                let (user, verifier) = entry.split_once(':').expect("an entry has a colon");
                let kept = file.find(user).known.unwrap_or_else(|| panic!("{user:?} is not there"));
                let again: Verifier = kept.to_string().parse().expect("what is printed can be read");
                assert_eq!(again.to_string(), kept.to_string());
                assert_eq!(kept.for_scram().is_some(), verifier.starts_with("SCRAM-SHA-256$"));
            }
        }
        Err(Mistake { line: 0, text }) => assert!(entries.is_empty() && !text.is_empty(), "{text}"),
        Err(Mistake { line, text }) => {
            assert!(is_entry(&&lines[line - 1]) && !text.is_empty(), "line {line}: {text}");
            let before = lines[..line - 1].join("\n");
            let mistake = AuthFile::parse(&before, None).err().filter(|mistake| mistake.line > 0);
            assert!(mistake.is_none(), "line {line} is wrong, and before it {mistake:?}");
        }
    }
}
