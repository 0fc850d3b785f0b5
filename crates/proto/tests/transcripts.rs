//! Runs every transcript of the directory `transcripts`.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use crate::transcript::Transcript;

/// All transcripts, in the order of their names.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let entries = fs::read_dir(folder).expect("the folder of transcripts");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn every_transcript_holds_word_for_word_at_every_cut() {
    let (mut run, mut failures) = (0, Vec::new());
    for file in files() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let check = || Transcript::parse(&fs::read_to_string(&file).expect("a file of UTF-8")).check();
        run += 1;
        if panic::catch_unwind(check).is_err() {
            eprintln!("^ this was {name}\n");
            failures.push(name);
        }
    }
    assert_eq!(failures, Vec::<String>::new(), "transcripts that do not hold");
    assert_eq!(run, files().len(), "every file of the folder is run");
    assert!(run >= 40, "only {run} transcripts");
}

#[test]
fn every_file_in_the_directory_is_a_named_transcript() {
    for file in files() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".txt").unwrap_or_else(|| panic!("{name} is no transcript"));
        assert!(stem.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')), "{name}");
        assert!(stem.contains('_'), "{name} says little");
    }
}

#[test]
#[should_panic(expected = "output")]
fn a_transcript_that_expects_another_reply_fails() {
    Transcript::parse("# Wrong.\nhello\nC: NOOP\nS: 250 2.0.0 Okay\n").check();
}

#[test]
#[should_panic(expected = "closing")]
fn a_transcript_that_expects_another_end_fails() {
    Transcript::parse("# Wrong.\nhello\nC: QUIT\nS: 221 2.0.0 Closing connection\n").check();
}

#[test]
#[should_panic(expected = "messages")]
fn a_transcript_that_expects_another_message_fails() {
    let start = "# Wrong.\nhello\nC: MAIL FROM:<>\nS: 250 2.1.0 Sender OK\nC: RCPT TO:<a@b.example>\n";
    let end = "S: 250 2.1.5 Recipient OK\nC: DATA\nS: 354 End data with <CR><LF>.<CR><LF>\nC: ..\nC: .\n";
    let text = format!("{start}{end}S: 250 2.6.0 Message accepted\nmessage ..\\r\\n\n");
    Transcript::parse(&text).check();
}
