//! The documents name only what exists, and cover every crate. `rooms.rs` checks that ARCHITECTURE.md covers all rooms.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// Texts between backquotes that look like a path from the root.
fn paths(text: &str) -> Vec<&str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| {
            ["crates/", "docs/", "examples", "fuzz", "interop", "scripts/", "torture", "dist", "bench"]
                .iter()
                .any(|start| quoted.starts_with(start))
        })
        .filter(|quoted| !quoted.contains(' '))
        .collect()
}

#[test]
fn every_path_that_the_documents_name_exists() {
    let mut seen = 0;
    for document in ["ARCHITECTURE.md", "docs/design.md", "SECURITY.md", "CONTRIBUTING.md"] {
        for path in paths(&read(document)) {
            assert!(root().join(path).exists(), "{document} names {path}, which is not there");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} paths were found: is the test looking in the right place?");
}

#[test]
fn every_crate_is_named_in_architecture_md() {
    let text = read("ARCHITECTURE.md");
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(text.contains(&format!("`crates/{name}`")), "ARCHITECTURE.md does not name crates/{name}");
    }
}

#[test]
fn the_readme_shows_every_example_and_no_other() {
    let readme = read("README.md");
    let mut files: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".rs").filter(|stem| *stem != "lib").map(str::to_owned))
        .collect();
    files.sort();
    assert!(files.len() >= 10);
    for name in &files {
        assert!(readme.contains(&format!("(examples/{name}.rs)")), "README.md does not show {name}");
    }
    assert_eq!(
        readme.matches("(examples/").count(),
        files.len(),
        "README.md shows an example that is not there"
    );
}

#[test]
fn every_file_of_tests_belongs_to_a_test_binary() {
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let directory = entry.unwrap().path();
        let main = std::fs::read_to_string(directory.join("tests/main.rs")).unwrap();
        let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).unwrap();
        for file in std::fs::read_dir(directory.join("tests")).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let Some(stem) = name.strip_suffix(".rs").filter(|stem| *stem != "main") else { continue };
            let is_run = main.contains(&format!("mod {stem};\n"))
                || manifest.contains(&format!("name = \"{stem}\"\n"));
            assert!(is_run, "{}: tests/main.rs does not declare {stem}", directory.display());
        }
    }
}
