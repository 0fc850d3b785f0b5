//! Each example has a test, an entry in the manifest and a comment that teaches.

use std::fs;
use std::path::{Path, PathBuf};

/// The examples: every source file in their directory except the library.
fn sources() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(directory).expect("the directory of the examples");
    let sources: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| path.file_name().is_some_and(|name| name != "lib.rs"))
        .collect();
    assert!(!sources.is_empty());
    sources
}

fn name(source: &Path) -> &str {
    source.file_stem().and_then(|name| name.to_str()).expect("a name in ASCII")
}

#[test]
fn every_example_has_a_test() {
    let tests = concat!(include_str!("main.rs"), include_str!("programs.rs"));
    for source in sources() {
        let name = name(&source);
        assert!(tests.contains(&format!("Example::start(\"{name}\")")), "nobody tests {name}");
    }
}

#[test]
fn every_example_stands_in_the_manifest() {
    let manifest = include_str!("../../Cargo.toml");
    for source in sources() {
        let name = name(&source);
        let entry = format!("[[example]]\nname = \"{name}\"\npath = \"{name}.rs\"\n");
        assert!(manifest.contains(&entry), "`cargo run --example {name}` does not find it");
    }
}

#[test]
fn every_example_is_short_and_says_what_it_shows_and_how_to_run() {
    for source in sources() {
        let name = name(&source);
        let text = fs::read_to_string(&source).expect("a source file");
        let comment = text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        assert!(comment.contains("To try it, in another terminal"), "{name} does not say how to try it");
        assert!(comment.contains("//! ```sh\n"), "{name} does not say what to type");
        assert!(text.lines().count() < 80, "{name} is too long to be read at once");
    }
}
