//! The page: its tables, row by row, and the proofs that they name.

use std::collections::BTreeSet;
use std::fs;

use crate::root;
use crate::script::Script;
use crate::transcripts;

pub(crate) const PAGE: &str = "docs/protocol.md";

/// One row of a table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) proofs: Vec<Proof>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Proof {
    Transcript(String),
    Test { file: String, name: String },
}

/// The target of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The machine alone.
    Machine,
    /// A server.
    Server,
}

pub(crate) fn text() -> String {
    fs::read_to_string(root().join(PAGE)).expect("the page")
}

/// The rows of the table under a heading.
pub(crate) fn table(heading: &str) -> Vec<Row> {
    let page = text();
    let (_, section) = page
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("{PAGE} has no heading \"## {heading}\": write it, with its table"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows: Vec<Row> =
        section.lines().filter(|line| line.starts_with("| ")).skip(1).map(Row::parse).collect();
    assert!(!rows.is_empty(), "{PAGE}: there is no table under \"## {heading}\"");
    rows
}

impl Row {
    fn parse(line: &str) -> Self {
        let mut cells: Vec<String> =
            line.trim().trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        let last = cells.pop().unwrap_or_default();
        let proofs = last
            .split(", ")
            .filter(|proof| !proof.is_empty())
            .map(|proof| {
                let proof = proof.trim_matches('`');
                match proof.split_once("::") {
                    Some((file, name)) => Proof::Test { file: file.to_owned(), name: name.to_owned() },
                    None => Proof::Transcript(proof.to_owned()),
                }
            })
            .collect();
        Self { cells, proofs }
    }

    /// The text between backquotes in a cell, or all of it.
    pub(crate) fn word(&self, cell: usize) -> &str {
        self.cells.get(cell).map_or("", |cell| cell.trim_matches('`'))
    }

    /// The first number in a cell, without its commas.
    pub(crate) fn number(&self, cell: usize) -> Option<u64> {
        let text = self.word(cell).replace(',', "");
        text.split(' ').next()?.parse().ok()
    }

    pub(crate) fn kinds(&self) -> BTreeSet<Kind> {
        self.proofs.iter().flat_map(Proof::kinds).collect()
    }
}

impl Proof {
    /// The targets of its proofs. Panics if a proof does not exist.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        match self {
            Self::Transcript(stem) => {
                let Some((_, transcript)) = transcripts().into_iter().find(|(name, _)| name == stem) else {
                    panic!(
                        "{PAGE} names the transcript {stem}: write crates/proto/tests/transcripts/{stem}.txt, or name another"
                    );
                };
                match Script::of(&transcript) {
                    Ok(_) => vec![Kind::Machine, Kind::Server],
                    Err(_) => vec![Kind::Machine],
                }
            }
            Self::Test { file, name } => {
                expect_test(file, name);
                vec![if file.starts_with("crates/proto/") { Kind::Machine } else { Kind::Server }]
            }
        }
    }
}

/// Panics unless the file has a test of that name that runs.
fn expect_test(file: &str, name: &str) {
    let source = fs::read_to_string(root().join(file))
        .unwrap_or_else(|_| panic!("{PAGE} names {file}, which is not there: mend the path"));
    let at = source.find(&format!("fn {name}(")).unwrap_or_else(|| {
        panic!("{PAGE} names {name}, which is not in {file}: mend the name, or write the test")
    });
    let before = &source[..at];
    let attributes = &before[before.rfind("\n\n").unwrap_or_default()..];
    assert!(
        attributes.contains("#[test]") || attributes.contains("#[tokio::test"),
        "{PAGE} names {name} of {file}, which is no test: put #[test] on it"
    );
    assert!(!attributes.contains("#[ignore"), "{PAGE} names {name} of {file}, which is ignored: let it run");
}
