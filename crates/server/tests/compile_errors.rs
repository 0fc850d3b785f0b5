//! Common mistakes in closures: the first lines of the compiler's error say what to write instead.
//!
//! One run of the compiler checks all of them, against the library that this test is linked with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The lines of an error that people read.
const FIRST: usize = 16;

/// The library as this test was built with it: the newest one next to the test.
fn library(directory: &Path) -> PathBuf {
    let files = std::fs::read_dir(directory).expect("the directory of the test can be read");
    let libraries = files.filter_map(|file| {
        let path = file.ok()?.path();
        let name = path.file_name()?.to_str()?;
        let is_library = name.starts_with("libmailchute-") && name.ends_with(".rlib");
        let made = path.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        is_library.then_some((made, path))
    });
    libraries.max().expect("the library stands beside the test").1
}

/// The first lines of each error, and the source line that it is about.
fn errors(rendered: &str) -> Vec<(usize, String)> {
    let errors = rendered.split("\n\n").filter(|text| text.starts_with("error"));
    errors
        .filter_map(|text| {
            let place = text.split_once("cases.rs:")?.1;
            let line = place.split(':').next()?.parse().ok()?;
            Some((line, text.lines().take(FIRST).collect::<Vec<_>>().join("\n")))
        })
        .collect()
}

/// The name of each case, its lines, and the expected error.
fn cases(source: &str) -> Vec<(&str, std::ops::RangeInclusive<usize>, Vec<&str>)> {
    let mut cases = Vec::new();
    let mut begun: Option<(&str, usize, Vec<&str>)> = None;
    for (index, line) in source.lines().enumerate() {
        if let Some(name) = line.strip_prefix("fn ") {
            begun = Some((name.split('(').next().unwrap_or_default(), index + 1, Vec::new()));
        } else if let (Some(text), Some((_, _, expected))) = (line.trim().strip_prefix("//~ "), &mut begun) {
            expected.push(text);
        } else if line == "}" {
            let case = begun.take().filter(|(_, _, expected)| !expected.is_empty());
            cases.extend(case.map(|(name, first, expected)| (name, first..=index + 1, expected)));
        }
    }
    cases
}

#[test]
fn each_common_mistake_is_told_with_what_to_write() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_errors/cases.rs");
    let test = std::env::current_exe().expect("the test knows its path");
    let directory = test.parent().expect("the test has a directory");
    let scratch = tempfile::tempdir().expect("there is room for a directory");
    let compiled = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--color=never", "-Awarnings"])
        .arg("--extern")
        .arg(format!("mailchute={}", library(directory).display()))
        .arg("-L")
        .arg(format!("dependency={}", directory.display()))
        .arg("--out-dir")
        .arg(scratch.path())
        .arg(&source)
        .output()
        .expect("the compiler runs");
    let rendered = String::from_utf8_lossy(&compiled.stderr);
    let errors = errors(&rendered);
    let text = std::fs::read_to_string(&source).expect("the cases can be read");
    let cases = cases(&text);
    assert!(cases.len() >= 10, "{cases:?}");
    for (name, lines, expected) in cases {
        let error = errors.iter().find(|(line, _)| lines.contains(line));
        let (_, error) = error.unwrap_or_else(|| panic!("{name} has no error in:\n{rendered}"));
        for expected in expected {
            assert!(error.contains(expected), "{name}: {expected:?} is not in:\n{error}");
        }
    }
}
