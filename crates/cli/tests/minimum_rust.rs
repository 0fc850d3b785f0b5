//! The documents state the same lowest Rust version as Cargo.toml, and no dependency needs a later one.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `1.88.0` as numbers that can be compared.
fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap()).collect()
}

/// The text between `start` and the next quotation mark.
fn quoted<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.split_once(start)?.1.split('"').next()
}

fn stated() -> &'static str {
    env!("CARGO_PKG_RUST_VERSION")
}

#[test]
fn no_dependency_needs_a_later_rust_than_ours() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(["--filter-platform", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));

    // Each package is an object with its ID before its Rust version. Nothing else in it is called `id`.
    let packages: Vec<&str> = metadata.split(r#","id":""#).skip(1).collect();
    assert!(packages.len() > 100, "cargo metadata names {} packages", packages.len());
    for package in packages {
        let id = package.split('"').next().unwrap();
        let Some(needed) = quoted(package, r#""rust_version":""#) else { continue };
        assert!(
            version(needed) <= version(stated()),
            "{id} needs Rust {needed}: raise rust-version ({}) in Cargo.toml, or take an older version of it",
            stated(),
        );
    }
}

#[test]
fn the_documents_state_the_rust_version_of_cargo_toml() {
    for document in ["README.md", "CONTRIBUTING.md", "docs/guide/running.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let said = text.split("Rust 1.").nth(1).map(|rest| format!("1.{}", &rest[..2]));
        assert_eq!(said.as_deref(), Some(stated()), "{document}");
    }
}
