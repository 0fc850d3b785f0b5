//! The imports between the files of a crate, from the paths that begin with `crate::` or `super::`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A path in a source, and its file.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: String,
    pub(crate) file: String,
}

/// The files of a crate, by their paths below `src`, with the imports of each. Tests are left out.
pub(crate) struct Sources {
    pub(crate) imports: BTreeMap<String, Vec<Import>>,
}

impl Sources {
    /// Reads those of `crates/NAME`.
    pub(crate) fn of(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        let mut texts = BTreeMap::new();
        read(&root, "", &mut texts);
        assert!(texts.len() > 1, "{} has sources", root.display());
        let modules = texts.iter().map(|(file, text)| {
            let path = module(file);
            let reexports = paths(text, &["\npub use ", "\npub(crate) use ", "\npub(super) use "], &path);
            (path, Module { file: file.clone(), reexports })
        });
        let modules: BTreeMap<Vec<String>, Module> = modules.collect();
        let imports = texts.iter().map(|(file, text)| {
            let module = module(file);
            let mut found = paths(text, &["crate::"], &[]);
            found.extend(paths(text, &["super::"], &module[..module.len().saturating_sub(1)]));
            let imports = found.into_iter().filter_map(|path| {
                let file = resolve(&path, &modules)?.to_owned();
                Some(Import { path: format!("crate::{}", path.join("::")), file })
            });
            (file.clone(), imports.collect())
        });
        Self { imports: imports.collect() }
    }
}

struct Module {
    file: String,
    /// The re-exports, of this crate or of others.
    reexports: Vec<Vec<String>>,
}

fn read(directory: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{name}/"), texts);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            texts.insert(name, without_tests_and_comments(&text));
        }
    }
}

fn without_tests_and_comments(text: &str) -> String {
    let tests = text.find("#[cfg(test)]\nmod tests");
    let lines = text[..tests.unwrap_or(text.len())].lines();
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// `a/b.rs` and `a/b/mod.rs` are `a`, `b`.
fn module(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|part| !["lib", "main"].contains(part)).map(str::to_owned).collect()
}

/// The file in which a path ends, also where modules re-export it; `None` for another crate.
fn resolve<'m>(path: &[String], modules: &'m BTreeMap<Vec<String>, Module>) -> Option<&'m str> {
    let longest = |path: &[String]| (0..=path.len()).rev().find(|&end| modules.contains_key(&path[..end]));
    let known = longest(path)?;
    let module = &modules[&path[..known]];
    let name = path.get(known);
    let Some(reexport) = module.reexports.iter().find(|reexport| reexport.last() == name) else {
        return Some(&module.file);
    };
    // A path that does not begin with a module of the crate belongs to another crate.
    let is_own = longest(reexport).is_some_and(|end| reexport[..end] != path[..known]);
    if is_own { resolve(reexport, modules) } else { None }
}

/// The paths after one of these words, from the root of the crate on.
fn paths(text: &str, words: &[&str], start: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for word in words {
        for (place, _) in text.match_indices(word) {
            let is_whole = !text[..place].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
            if is_whole || word.starts_with('\n') {
                tree(&mut text[place + word.len()..].trim_start(), start, &mut found);
            }
        }
    }
    found
}

/// Takes a path, or a group of paths in braces, from the start of `rest`.
fn tree(rest: &mut &str, start: &[String], found: &mut Vec<Vec<String>>) {
    if let Some(group) = rest.strip_prefix('{') {
        *rest = group.trim_start();
        while !rest.is_empty() && !rest.starts_with('}') {
            let before = rest.len();
            tree(rest, start, found);
            *rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if rest.len() == before {
                return;
            }
        }
        *rest = rest.strip_prefix('}').unwrap_or(rest);
        return;
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let mut path = start.to_vec();
    if name == "crate" {
        path.clear();
    } else if name == "super" {
        path.pop();
    } else if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    *rest = after.trim_start_matches('*');
    if let Some(after) = rest.strip_prefix("::") {
        *rest = after;
        return tree(rest, &path, found);
    }
    if let Some(after) = rest.strip_prefix(" as ") {
        let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
        *rest = &after[end..];
    }
    found.push(path);
}

/// The nodes of a circle, with the first one again at its end. Without a circle it is empty.
pub(crate) fn circle<'g>(graph: &BTreeMap<&'g str, Vec<&'g str>>) -> Vec<&'g str> {
    let mut left: BTreeSet<&str> = graph.keys().copied().collect();
    let next = |node: &str, left: &BTreeSet<&str>| {
        graph.get(node).and_then(|to| to.iter().find(|to| left.contains(**to)).copied())
    };
    // A node that leads to none of the remaining ones is in no circle.
    while let Some(node) = left.iter().copied().find(|node| next(node, &left).is_none()) {
        left.remove(node);
    }
    let Some(mut node) = left.first().copied() else { return Vec::new() };
    let mut way = Vec::new();
    while !way.contains(&node) {
        way.push(node);
        node = next(node, &left).expect("each that is left leads to another");
    }
    let mut circle = way.split_off(way.iter().position(|seen| *seen == node).unwrap_or_default());
    circle.push(node);
    circle
}
