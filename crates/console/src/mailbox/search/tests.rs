//! Searches as they are read.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Vec<Term>, SearchMistake> {
    Search::parse_at(text, "2026-03-01T12:00:00Z".parse().unwrap()).map(|search| search.terms)
}

fn with(what: What) -> Term {
    Term { is_negated: false, what }
}

fn text(field: Option<Field>, text: &str, is_beginning: bool) -> What {
    What::Words { field, text: text.to_owned(), is_beginning }
}

#[test]
fn each_kind_of_term_is_read() {
    let terms =
        parse(r#"inv in "two words" FROM:alice -to:"Bob B" subject:x has:attachment is:unread -is:read"#)
            .unwrap();
    assert_eq!(
        terms,
        [
            with(text(None, "inv", true)),
            with(text(None, "in", false)),
            with(text(None, "two words", false)),
            with(text(Some(Field::From), "alice", true)),
            Term { is_negated: true, what: text(Some(Field::To), "Bob B", false) },
            with(text(Some(Field::Subject), "x", false)),
            with(What::HasAttachment),
            with(What::IsUnread),
            Term { is_negated: true, what: What::IsRead },
        ]
    );
    let terms = parse("before:2026-01-31 after:2d mailbox:Bob@Example.com folder:Junk id:<a@b>").unwrap();
    assert_eq!(
        terms,
        [
            with(What::Before("2026-01-31T00:00:00Z".parse().unwrap())),
            with(What::After("2026-02-27T12:00:00Z".parse().unwrap())),
            with(What::Mailbox("Bob@Example.com".to_owned())),
            with(What::Folder("Junk".to_owned())),
            with(What::Id("a@b".to_owned())),
        ]
    );
}

#[test]
fn an_address_is_whole_in_its_field_only() {
    for (word, what) in [
        ("to:ann@example.com", text(Some(Field::To), "ann@example.com", false)),
        ("from:ann@example.com", text(Some(Field::From), "ann@example.com", false)),
        ("to:ann@example", text(Some(Field::To), "ann@example", true)),
        ("ann@example.com", text(None, "ann@example.com", true)),
    ] {
        assert_eq!(parse(word).unwrap(), [with(what)]);
    }
}

#[test]
fn in_quotes_a_backslash_escapes_quotes_and_backslashes() {
    for (written, value) in [
        (r#"mailbox:"\"john doe\"@x.test" a1"#, r#""john doe"@x.test"#),
        (r#"mailbox:"a\\b" a1"#, r"a\b"),
        (r#"mailbox:"a\b" a1"#, r"a\b"),
        (r"mailbox:a\b a1", r"a\b"),
    ] {
        let mailbox = with(What::Mailbox(value.to_owned()));
        assert_eq!(parse(written).unwrap(), [mailbox, with(text(None, "a1", false))], "{written}");
    }
    assert_eq!(parse(r#"mailbox:"a\"#).unwrap(), [with(What::Mailbox(r"a\".to_owned()))]);
}

proptest! {
    #[test]
    fn a_name_in_quotes_is_read_as_it_is(name in r#"[a-z"\\ @ü]{1,9}"#) {
        prop_assume!(name.trim() == name);
        let read = parse(&format!("mailbox:{}", quoted(&name))).unwrap();
        prop_assert_eq!(read, [with(What::Mailbox(name))]);
    }
}

#[test]
fn a_word_with_a_colon_but_without_a_key_is_a_word() {
    for (word, is_beginning) in
        [("https://example.com", true), ("12:30", false), ("Re:", false), ("a:b:cde", true)]
    {
        assert_eq!(parse(word).unwrap(), [with(text(None, word, is_beginning))]);
    }
}

#[test]
fn an_empty_text_finds_everything() {
    for empty in ["", "  ", "\t"] {
        assert_eq!(parse(empty).unwrap(), [], "{empty:?}");
    }
}

#[test]
fn a_term_without_letters_is_a_mistake_and_not_all() {
    for text in ["-", "!", "\"", "\"\"", "-\"", "from:!", "subject:\"🎉\"", "to:ann -🎉", "from:---"] {
        let mistake = parse(text).unwrap_err();
        assert!(matches!(mistake, SearchMistake::NoWords(_)), "{text}: {mistake}");
    }
}

#[test]
fn the_signs_and_keys_of_mailpit_are_understood() {
    let not = |what| Term { is_negated: true, what };
    assert_eq!(
        parse("!message-id:<1@x> message-id:2 !paid").unwrap(),
        [not(What::Id("1@x".to_owned())), with(What::Id("2".to_owned())), not(text(None, "paid", true))]
    );
    assert_eq!(
        parse("-tag:\"a b\" login:app").unwrap(),
        [not(What::Tag("a b".to_owned())), with(What::Login("app".to_owned()))]
    );
    assert!(
        parse("larger:1M")
            .unwrap_err()
            .to_string()
            .starts_with("larger: is not supported: write one of from: to:")
    );
    assert_eq!(parse("\"larger:1M\"").unwrap(), [with(text(None, "larger:1M", false))]);
}

#[test]
fn a_mistake_says_what_to_write() {
    for (text, advice) in [
        ("is:", "is: needs a value: write is:unread or is:read"),
        ("is:open", "is:open has no meaning: write is:unread or is:read"),
        ("has:wings", "has:wings has no meaning: write has:attachment"),
        (
            "after:soon",
            "write a day (after:2026-01-31), a time (after:2026-01-31T12:00) or an age (after:2d)",
        ),
        ("from: alice", "from: needs a value: write a word after it, such as from:alice"),
    ] {
        let mistake = parse(text).unwrap_err().to_string();
        assert!(mistake.contains(advice), "{mistake}");
    }
    assert_eq!(parse(&"x".repeat(LONGEST + 1)), Err(SearchMistake::TooLong));
    assert_eq!(parse(&"x ".repeat(MOST_TERMS + 1)), Err(SearchMistake::TooLong));
    // A cut in the middle of a character would be a panic.
    assert!(parse(&format!("is:{}", "ä".repeat(100))).unwrap_err().to_string().len() < 120);
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in any::<String>()) {
        let _ = parse(&text);
    }
}
