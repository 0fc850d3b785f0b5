//! Writes what the clients of the transcripts send as the beginning of a corpus: `cargo run -p mailchute-fuzz --example
//! seed` puts it into the folder that is named, or into `fuzz/corpus/octets`.

use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = std::env::args_os().nth(1).map_or_else(|| here.join("corpus/octets"), PathBuf::from);
    std::fs::create_dir_all(&corpus)?;
    mailchute_fuzz::seed(&here.join("../crates/proto/tests/transcripts"), &corpus)
}
