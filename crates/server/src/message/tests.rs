//! Edits while a message streams, compared with edits of the whole message in memory.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::body_error::BodyError;
use super::edits::{Edits, FieldEdit};
use super::field::Field;
use super::rewritten::Rewritten;
use super::trace_fields::TraceFields;

#[derive(Debug, Clone)]
enum Edit {
    Above(&'static str, &'static str),
    Below(&'static str, &'static str),
    Remove(&'static str),
    RemoveValue(&'static str),
    Replace(&'static str, usize, &'static str),
    Insert(usize, &'static str),
    RemoveOne(&'static str, usize),
}

/// Edits as the message is pushed in pieces of this many bytes. There is none where the header exceeds the limit.
fn streamed(content: &[u8], edits: &[Edit], piece: usize, limit: u64) -> Option<Vec<u8>> {
    let mut all = Edits::default();
    for edit in edits.iter().cloned() {
        all.push(match edit {
            Edit::Above(name, value) => FieldEdit::AddAboveTrace(Field::new(name, value).unwrap()),
            Edit::Below(name, value) => FieldEdit::AddBelowTrace(Field::new(name, value).unwrap()),
            Edit::Remove(unwanted) => FieldEdit::Remove(Arc::new(move |name, _: &str| name == unwanted)),
            Edit::RemoveValue(unwanted) => {
                FieldEdit::Remove(Arc::new(move |_, value: &str| value == unwanted))
            }
            Edit::Replace(name, number, value) => {
                FieldEdit::Replace { number, field: Field::new(name, value).unwrap() }
            }
            Edit::Insert(position, name) => {
                FieldEdit::Insert { position, field: Field::new(name, "inserted").unwrap() }
            }
            Edit::RemoveOne(name, number) => FieldEdit::RemoveOne { name: name.into(), number },
        });
    }
    let mut rewritten = Rewritten::new(Some(TraceFields::default()), Arc::new(all), limit);
    let mut whole = BytesMut::new();
    let chunks = content.chunks(piece).map(|chunk| Some(Bytes::copy_from_slice(chunk)));
    for chunk in chunks.chain([None]) {
        if let Err(error) = rewritten.push(chunk) {
            assert!(matches!(error, BodyError::TooLong { .. }) && whole.is_empty());
            return None;
        }
        while let Some(bytes) = rewritten.pop() {
            assert!(!bytes.is_empty());
            whole.extend_from_slice(&bytes);
        }
    }
    Some(whole.to_vec())
}

/// The end of the line that begins the content, and where the next one begins.
fn first_line(content: &[u8]) -> (usize, usize) {
    for end in 0..content.len() {
        let rest = &content[end..];
        for line_end in [&b"\r\n"[..], b"\r\r\n", b"\n\r", b"\n", b"\r"] {
            let is_taken = line_end == b"\n\r" && rest.starts_with(b"\n\r\n");
            if rest.starts_with(line_end) && !is_taken {
                return (end, end + line_end.len());
            }
        }
    }
    (content.len(), content.len())
}

fn name_of(line: &str) -> Option<&str> {
    let name = line.split_once(':')?.0.trim_end_matches([' ', '\t']);
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_graphic())).then_some(name)
}

/// Edits the whole message in memory.
fn expected(content: &[u8], edits: &[Edit]) -> Vec<u8> {
    // Lines of each field, and whether it was replaced.
    let mut fields: Vec<(Vec<String>, bool)> = Vec::new();
    let mut rest = content;
    let mut has_empty_line = false;
    while !rest.is_empty() {
        let (end, next) = first_line(rest);
        // One character for each byte.
        let line: String = rest[..end].iter().copied().map(char::from).collect();
        let only_mailbox = fields.iter().all(|(lines, _)| lines[0].starts_with("X-Mailbox-Line: "));
        if line.is_empty() {
            has_empty_line = true;
            rest = &rest[next..];
            break;
        } else if line.starts_with([' ', '\t']) && !fields.is_empty() {
            fields.last_mut().unwrap().0.push(line);
        } else if name_of(&line).is_some() {
            fields.push((vec![line], false));
        } else if only_mailbox && line.trim_start_matches('>').starts_with("From ") {
            fields.push((vec![format!("X-Mailbox-Line: {line}")], false));
        } else {
            break;
        }
        rest = &rest[next..];
    }
    let is_whole = rest.is_empty() && !has_empty_line;
    let (mut above, mut below) = (Vec::new(), Vec::new());
    let is_named = |lines: &[String], name: &str| name_of(&lines[0]).unwrap().eq_ignore_ascii_case(name);
    for edit in edits {
        match *edit {
            Edit::Above(name, value) => above.insert(0, vec![format!("{name}: {value}")]),
            Edit::Below(name, value) => below.push(vec![format!("{name}: {value}")]),
            Edit::Remove(name) => fields.retain(|(lines, replaced)| *replaced || !is_named(lines, name)),
            Edit::RemoveValue(value) => fields.retain(|(lines, replaced)| {
                let unfolded = lines.concat();
                *replaced || unfolded.split_once(':').unwrap().1.trim() != value
            }),
            Edit::Replace(name, number, value) => {
                let by = vec![format!("{name}: {value}")];
                let mut left = number;
                let mut is_it = |lines: &Vec<String>| {
                    let is_one = is_named(lines, name);
                    let is_it = is_one && left == 0;
                    left = left.saturating_sub(usize::from(is_one));
                    is_it
                };
                if let Some(lines) = above.iter_mut().chain(&mut below).find(|lines| is_it(lines)) {
                    *lines = by;
                } else if let Some(field) = fields.iter_mut().find(|(lines, _)| is_it(lines)) {
                    *field = (by, true);
                } else {
                    below.push(by);
                }
            }
            Edit::Insert(position, name) => {
                let by = vec![format!("{name}: inserted")];
                let (first, second) = (above.len(), above.len() + below.len());
                match position {
                    _ if position <= first => above.insert(position, by),
                    _ if position <= second => below.insert(position - first, by),
                    _ => fields.insert((position - second).min(fields.len()), (by, true)),
                }
            }
            Edit::RemoveOne(name, number) => {
                let all = above.iter().chain(&below).chain(fields.iter().map(|(lines, _)| lines));
                let found = all.enumerate().filter(|(_, lines)| is_named(lines, name)).nth(number);
                let (first, second) = (above.len(), above.len() + below.len());
                match found.map(|(place, _)| place) {
                    None => {}
                    Some(place) if place < first => drop(above.remove(place)),
                    Some(place) if place < second => drop(below.remove(place - first)),
                    Some(place) => drop(fields.remove(place - second)),
                }
            }
        }
    }
    let lines = above.into_iter().chain(below).chain(fields.into_iter().map(|(lines, _)| lines));
    let mut whole: Vec<u8> = lines
        .flatten()
        .flat_map(|line| format!("{line}\r\n").chars().map(|c| c as u8).collect::<Vec<_>>())
        .collect();
    if !is_whole {
        whole.extend_from_slice(b"\r\n");
    }
    whole.extend_from_slice(rest);
    whole
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        "X: 1", "x:2", "X : 1", "Y: 1", "Y", "From: a", "From a", ">From b", ":", " ", "\t", "text", "é",
        "1", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n\r\n", "\0",
    ]);
    prop::collection::vec(parts, 0..16).prop_map(|parts| parts.concat().into_bytes())
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        Just(Edit::Above("X", "above")),
        Just(Edit::Below("Y", "below")),
        Just(Edit::Remove("X")),
        Just(Edit::Remove("From")),
        Just(Edit::Remove("X-Mailbox-Line")),
        Just(Edit::RemoveValue("1")),
        (0..3_usize).prop_map(|number| Edit::Replace("x", number, "new")),
        (0..3_usize).prop_map(|number| Edit::Replace("Y", number, "new")),
        (0..6_usize).prop_map(|position| Edit::Insert(position, "X")),
        (0..3_usize).prop_map(|number| Edit::RemoveOne("x", number)),
    ];
    prop::collection::vec(edit, 0..5)
}

proptest! {
    #[test]
    fn edits_in_a_stream_are_those_of_the_whole(content in content(), edits in edits()) {
        let expected = expected(&content, &edits);
        for piece in 1..=content.len().max(1) {
            let streamed = streamed(&content, &edits, piece, 1_000).expect("the header is short");
            prop_assert_eq!(
                streamed.escape_ascii().to_string(),
                expected.escape_ascii().to_string(),
                "in pieces of {}", piece
            );
        }
    }

    #[test]
    fn no_removed_field_is_left_above_the_first_empty_line(content in content(), limit in 1..40_u64) {
        for piece in [1, 3, content.len().max(1)] {
            let edits = [Edit::Remove("X"), Edit::Above("A", "b")];
            let Some(edited) = streamed(&content, &edits, piece, limit) else { continue };
            let text = String::from_utf8_lossy(&edited).into_owned();
            let header = text.split("\r\n\r\n").next().unwrap_or_default();
            prop_assert!(!header.replace("\r\n", "").contains(['\r', '\n']), "{:?}", text);
            for line in header.split("\r\n") {
                prop_assert!(!name_of(line).is_some_and(|name| name.eq_ignore_ascii_case("X")), "{:?}", text);
            }
        }
    }
}

#[test]
fn a_header_that_is_too_long_is_not_cut_in_its_middle() {
    let long = format!("Y: 1\r\nY: {}\r\nX: 1\r\n", "2".repeat(100));
    for piece in [1, 7, 1_000] {
        assert_eq!(streamed(long.as_bytes(), &[Edit::Remove("X")], piece, 20), None);
    }
}
