//! Watched directories are seen as those that are read.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::super::directory::Directory;
use super::super::scan::Scanner;

/// A change of a Maildir by another program.
#[derive(Debug, Clone)]
enum Deed {
    Come(u8),
    Read(u8),
    Flag(u8),
    Unread(u8),
    Hide(u8),
    Remove(u8),
    RemoveDirectory,
    Look,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (0..6_u8).prop_map(Deed::Come),
        3 => (0..6_u8).prop_map(Deed::Read),
        2 => (0..6_u8).prop_map(Deed::Flag),
        1 => (0..6_u8).prop_map(Deed::Unread),
        1 => (0..6_u8).prop_map(Deed::Hide),
        2 => (0..6_u8).prop_map(Deed::Remove),
        1 => Just(Deed::RemoveDirectory),
        5 => Just(Deed::Look),
    ];
    proptest::collection::vec(deed, 1..40)
}

fn perform(deed: &Deed, root: &Path) {
    let name = |number: &u8, end: &str| format!("17698608{number:02}.M{number}P1Q1.x{end}");
    let new = |number| root.join("new").join(name(number, ""));
    let [read, flagged] = [":2,S", ":2,FS"].map(|end| move |number| root.join("cur").join(name(number, end)));
    // A file that is missing cannot be moved.
    let _ = match deed {
        // Names are unique.
        Deed::Come(number) if read(number).exists() || flagged(number).exists() => Ok(()),
        Deed::Come(number) => fs::write(new(number), ""),
        Deed::Read(number) => fs::rename(new(number), read(number)),
        Deed::Flag(number) => fs::rename(read(number), flagged(number)),
        Deed::Unread(number) => fs::rename(flagged(number), new(number)),
        Deed::Hide(number) => fs::write(root.join("new").join(format!(".{number}")), ""),
        Deed::Remove(number) => fs::remove_file(read(number)).or_else(|_| fs::remove_file(new(number))),
        Deed::RemoveDirectory => {
            fs::remove_dir_all(root.join("new")).and_then(|()| fs::create_dir(root.join("new")))
        }
        Deed::Look => Ok(()),
    };
}

proptest! {
    #[test]
    fn a_watched_directory_is_seen_as_one_that_is_read(deeds in deeds()) {
        let root = tempfile::tempdir().unwrap();
        for name in ["new", "cur"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let directory = Directory::open(root.path()).unwrap();
        let mut watching = Scanner::default();
        watching.watches.least = 0;
        watching.scan(&directory).unwrap();
        for deed in deeds.iter().chain([&Deed::Look]) {
            perform(deed, root.path());
            if matches!(deed, Deed::Look) {
                let mut reading = Scanner::default();
                reading.scan(&directory).unwrap();
                watching.scan(&directory).unwrap();
                prop_assert_eq!(&watching.waiting, &reading.waiting);
                prop_assert_eq!(watching.known.len(), reading.known.len());
            }
        }
    }
}

#[test]
fn a_copy_elsewhere_does_not_take_the_message_with_it() {
    for (least, is_seen_at_once) in [(0, false), (0, true), (usize::MAX, false), (usize::MAX, true)] {
        let root = tempfile::tempdir().unwrap();
        for name in ["new", "cur", ".Archive/new", ".Archive/cur"] {
            fs::create_dir_all(root.path().join(name)).unwrap();
        }
        let directory = Directory::open(root.path()).unwrap();
        let path = |directory: &str| root.path().join(directory).join("1769860800.M1P1Q1.x:2,S");
        let mut scanner = Scanner::default();
        scanner.watches.least = least;
        fs::write(path("cur"), "").unwrap();
        if !is_seen_at_once {
            scanner.scan(&directory).unwrap();
        }
        fs::copy(path("cur"), path(".Archive/cur")).unwrap();
        for _ in 0..3 {
            scanner.scan(&directory).unwrap();
            assert_eq!(scanner.known.len(), 1);
        }
        fs::remove_file(path(".Archive/cur")).unwrap();
        for _ in 0..2 {
            scanner.scan(&directory).unwrap();
        }
        assert_eq!((scanner.known.len(), scanner.waiting.len()), (1, 1), "{least} {is_seen_at_once}");
        fs::remove_file(path("cur")).unwrap();
        for _ in 0..2 {
            scanner.scan(&directory).unwrap();
        }
        assert_eq!((scanner.known.len(), scanner.waiting.len()), (0, 0));
    }
}
