//! The page docs/protocol.md, proved: every transcript over real sockets, and an inventory that finds missing rows.

mod inventory;
mod page;
mod script;
#[path = "../../../proto/tests/session/mod.rs"]
mod session;
mod sockets;
#[path = "../support/mod.rs"]
mod support;
#[path = "../../../proto/tests/transcript/mod.rs"]
#[allow(dead_code, reason = "here the transcripts are run over sockets, and not against the bare machine")]
mod transcript;

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every transcript by its file stem, in order of names.
fn transcripts() -> Vec<(String, transcript::Transcript)> {
    let directory = root().join("crates/proto/tests/transcripts");
    let mut transcripts: Vec<_> = fs::read_dir(directory)
        .expect("the directory of transcripts")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a file of UTF-8");
            (stem, transcript::Transcript::parse(&text))
        })
        .collect();
    transcripts.sort_by(|(one, _), (other, _)| one.cmp(other));
    transcripts
}
