//! Finds the Maildirs and their directories: `new` and `cur` make a directory one.

use std::collections::HashMap;
use std::io;

use super::directory::{Directory, EntryKind, Stamp, is_missing};
use super::id::hash;

/// How deep Maildirs may be below the directory of the mailbox.
const DEEPEST: usize = 8;

/// The Maildirs below a directory, remembered until something changes.
#[derive(Debug, Default)]
pub(super) struct Walk {
    nodes: HashMap<Vec<u8>, Node>,
    /// Directories that could not be read in this round, although they may be there.
    pub(super) unread: Vec<Vec<u8>>,
}

/// A directory, as it was last read.
#[derive(Debug, Clone)]
struct Node {
    stamp: Stamp,
    is_maildir: bool,
    children: Vec<Vec<u8>>,
    round: u32,
}

/// A Maildir or a directory in one: the path below the directory of the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PlacePath {
    pub(super) maildir: Vec<u8>,
    /// Such as `.Junk`. `None` for the Maildir itself.
    pub(super) folder: Option<Vec<u8>>,
}

impl PlacePath {
    /// Returns the number of the place, which is the same in each run. It is even.
    pub(super) fn number(&self) -> u64 {
        hash(&[&self.maildir, self.folder.as_deref().unwrap_or_default()]) & !1
    }

    /// Returns the Maildir for people.
    pub(super) fn mailbox_name(&self) -> String {
        String::from_utf8_lossy(&self.maildir).into_owned()
    }

    /// Returns the directory in the Maildir for people: `.Lists.rust` is `Lists/rust`.
    pub(super) fn folder_name(&self) -> Option<String> {
        let name = self.folder.as_deref()?;
        let name = String::from_utf8_lossy(name.strip_prefix(b".").unwrap_or(name));
        Some(name.replace('.', "/"))
    }

    /// Returns the path of a directory in it.
    pub(super) fn path(&self) -> Vec<u8> {
        match &self.folder {
            Some(folder) => join(&self.maildir, folder),
            None => self.maildir.clone(),
        }
    }
}

pub(super) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

impl Walk {
    /// Returns all places with mail, and opens each of them once. A directory that cannot be read is passed over.
    ///
    /// # Errors
    /// The directory of the mailbox cannot be read.
    pub(super) fn places(
        &mut self,
        root: &Directory,
        round: u32,
        visit: &mut dyn FnMut(PlacePath, &Directory),
    ) -> io::Result<()> {
        self.unread.clear();
        self.enter(root, Vec::new(), 0, round, visit)?;
        self.nodes.retain(|_, node| node.round == round);
        Ok(())
    }

    /// Returns whether a path is in a directory that could not be read, so that nobody knows whether it is gone.
    pub(super) fn is_unknown(&self, path: &[u8]) -> bool {
        let is_below = |unread: &Vec<u8>| {
            path.strip_prefix(&**unread).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        };
        self.unread.iter().any(is_below)
    }

    fn note(&mut self, path: Vec<u8>, error: &io::Error) {
        if !is_missing(error) {
            self.unread.push(path);
        }
    }

    fn enter(
        &mut self,
        directory: &Directory,
        path: Vec<u8>,
        depth: usize,
        round: u32,
        visit: &mut dyn FnMut(PlacePath, &Directory),
    ) -> io::Result<()> {
        let node = self.node(directory, &path, round)?;
        if node.is_maildir {
            visit(PlacePath { maildir: path.clone(), folder: None }, directory);
        }
        for name in node.children {
            let below = join(&path, &name);
            let entered = match directory.child(&name) {
                Ok(child) if node.is_maildir => self.node(&child, &below, round).map(|node| {
                    if node.is_maildir {
                        visit(PlacePath { maildir: path.clone(), folder: Some(name) }, &child);
                    }
                }),
                Ok(child) if depth < DEEPEST => self.enter(&child, below.clone(), depth + 1, round, visit),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            // One user's directory must not hide the mail of all others.
            if let Err(error) = entered {
                self.note(below, &error);
            }
        }
        Ok(())
    }

    /// Reads a directory again if it has changed.
    fn node(&mut self, directory: &Directory, path: &[u8], round: u32) -> io::Result<Node> {
        let stamp = directory.stamp()?;
        if let Some(node) = self.nodes.get_mut(path).filter(|node| node.stamp == stamp) {
            node.round = round;
            return Ok(node.clone());
        }
        let stamp = stamp.to_remember();
        let (mut is_maildir, mut folders, mut others) = (false, Vec::new(), Vec::new());
        directory.entries(true, |name, kind| match name {
            _ if kind != EntryKind::Directory => {}
            b"new" | b"cur" => is_maildir = true,
            _ if name.starts_with(b".") => folders.push(name.to_vec()),
            _ => others.push(name.to_vec()),
        })?;
        let children = if is_maildir { folders } else { others };
        let node = Node { stamp, is_maildir, children, round };
        self.nodes.insert(path.to_vec(), node.clone());
        Ok(node)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    fn places(walk: &mut Walk, root: &Path, round: u32) -> Vec<String> {
        let mut found = Vec::new();
        let root = Directory::open(root).unwrap();
        walk.places(&root, round, &mut |place, _| found.push(String::from_utf8(place.path()).unwrap()))
            .unwrap();
        found.sort();
        found
    }

    #[test]
    fn finds_a_maildir_and_its_folders() {
        let root = tempfile::tempdir().unwrap();
        for path in ["new", "cur", "tmp", ".Junk/new", ".Lists.rust/cur", ".empty", "other/new"] {
            fs::create_dir_all(root.path().join(path)).unwrap();
        }
        let mut walk = Walk::default();
        assert_eq!(places(&mut walk, root.path(), 1), ["", ".Junk", ".Lists.rust"]);
        fs::create_dir_all(root.path().join(".Sent/cur")).unwrap();
        fs::remove_dir_all(root.path().join(".Junk")).unwrap();
        assert_eq!(places(&mut walk, root.path(), 2), ["", ".Lists.rust", ".Sent"]);
    }

    #[test]
    fn finds_many_maildirs_but_follows_no_link() {
        let root = tempfile::tempdir().unwrap();
        for path in
            ["example.com/bob/new", "example.com/eve/cur", "example.com/eve/.Junk/new", ".mailchute/new"]
        {
            fs::create_dir_all(root.path().join(path)).unwrap();
        }
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir(elsewhere.path().join("new")).unwrap();
        symlink(elsewhere.path(), root.path().join("example.com/mallory")).unwrap();
        symlink(elsewhere.path(), root.path().join("example.com/bob/.Link")).unwrap();
        let mut walk = Walk::default();
        for round in [1, 2] {
            let found = places(&mut walk, root.path(), round);
            assert_eq!(found, ["example.com/bob", "example.com/eve", "example.com/eve/.Junk"]);
        }
    }
}
