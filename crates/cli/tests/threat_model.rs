//! The threat model in SECURITY.md names tests. They exist and run.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A row of the table: the attack, and the texts between backquotes that prove it fails.
fn rows(page: &str) -> Vec<(&str, Vec<&str>)> {
    let table = page.split_once("| attack | defence | shown by |\n|---|---|---|\n").unwrap().1;
    let cells = table.lines().take_while(|line| line.starts_with('|')).map(|line| line.trim_matches('|'));
    cells
        .map(|line| {
            let (rest, shown) = line.rsplit_once('|').unwrap();
            (rest.split_once('|').unwrap().0.trim(), shown.split('`').skip(1).step_by(2).collect())
        })
        .filter(|(attack, _)| !attack.starts_with("**"))
        .collect()
}

/// Whether the source has a test of that name that is not ignored.
fn has_test(source: &str, name: &str) -> bool {
    let Some(at) = source.find(&format!("fn {name}(")) else { return false };
    let before = &source[..at];
    let attributes = &before[before.rfind("\n\n").unwrap_or_default()..];
    let is_test = attributes.contains("#[test]") || attributes.contains("#[tokio::test");
    is_test && !attributes.contains("#[ignore")
}

#[test]
fn every_attack_of_the_threat_model_names_existing_tests() {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows = rows(&page);
    assert!(rows.len() > 25, "only {} rows were found: is the test looking in the right place?", rows.len());
    for (attack, shown) in rows {
        assert!(!shown.is_empty(), "{attack}: name what shows the defence");
        let is_source = |name: &str| name.contains('/') && name.ends_with(".rs");
        for (index, name) in shown.iter().enumerate() {
            let next = shown.get(index + 1);
            assert!(
                !is_source(name) || next.is_some_and(|next| !next.contains('/')),
                "{attack}: name a test of {name}"
            );
        }
        let mut file = "";
        for name in shown {
            if name.contains('/') {
                assert!(root().join(name).exists(), "{attack}: {name} is not there");
                file = name;
            } else {
                let source = fs::read_to_string(root().join(file)).unwrap();
                assert!(has_test(&source, name), "{attack}: {file} has no test {name} that runs");
            }
        }
    }
}
