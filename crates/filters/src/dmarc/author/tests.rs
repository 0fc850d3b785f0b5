//! Fields `From:`, as people and forgers write them.

use super::*;
use AuthorError::{NoField, SeveralFields, TooManyDomains, Unreadable};

fn domains(field: &str) -> Result<String, AuthorError> {
    author_domains([field]).map(|domains| domains.join(" "))
}

#[test]
fn the_domain_of_one_address_is_that_of_the_author() {
    for field in [
        "bob@bank.example",
        " <bob@bank.example> ",
        "Bob <bob@bank.example>",
        "Bob Q. Public <bob@Bank.EXAMPLE>",
        "\"a@other.example\" <bob@bank.example>",
        "\"x\\\" <a@other.example>\" <bob@bank.example>",
        "=?utf-8?q?a=40other.example?= <bob@bank.example>",
        "=?utf-8?q?Bob?=<bob&co@bank.example>",
        "bob@bank.example (a@other.example)",
        "(a@other.example (<b@other.example>) \\) ) bob@bank.example",
        "Bob (x)\r\n\t<bob(y)@(z)bank.example(.other.example)>",
        "bob@(x)bank.example",
        "[Tickets] Bob <bob@bank.example>",
        "\"b o b\"@bank.example",
        "<\"b.o\".b@bank.example>",
        "J\u{fc}rgen <bob@bank.example>",
        "authors: bob@bank.example, Bob <bob@bank.example>;",
        "Bank: Bob <bob@bank.example>",
        ", bob@bank.example,",
    ] {
        assert_eq!(domains(field).as_deref(), Ok("bank.example"), "{field}");
    }
    assert_eq!(author_domains([b"J\xfcrgen <bob@bank.example>"]), Ok(vec!["bank.example".to_owned()]));
}

#[test]
fn domains_outside_ascii_become_a_labels() {
    for field in ["a@b\u{fc}cher.example", "a@B\u{dc}CHER.example", "a@XN--bcher-kva.example"] {
        assert_eq!(domains(field).as_deref(), Ok("xn--bcher-kva.example"));
    }
    assert_eq!(domains("a@b\u{fc}cher\u{3002}example").as_deref(), Ok("xn--bcher-kva.example"));
    assert_eq!(author_domains([b"a@b\xfccher.example"]), Err(Unreadable));
}

#[test]
fn every_domain_that_a_reader_may_see_counts() {
    for (field, expected) in [
        ("a@a.example, b@b.example", "a.example b.example"),
        ("a@a.example <b@b.example>", "a.example b.example"),
        ("x a@a.example y <b@b.example>", "a.example b.example"),
        ("a@a.example b@b.example", "a.example b.example"),
        ("g: a@a.example, B <b@b.example>;, c@c.example", "a.example b.example c.example"),
        ("g: a@a.example; b@b.example", "a.example b.example"),
        ("root, b@b.example", "b.example"),
    ] {
        assert_eq!(domains(field).as_deref(), Ok(expected), "{field}");
    }
}

#[test]
fn addresses_without_a_domain_have_no_author_domain() {
    for field in
        ["root", "Cron <root>", "<\"root\">", "<>", "nobody:;", "a@[192.0.2.1]", "<a@[IPv6:2001:db8::1]>"]
    {
        assert_eq!(domains(field).as_deref(), Ok(""), "{field}");
    }
}

#[test]
fn a_sloppy_name_beside_an_address_is_read() {
    for field in [
        "ACME Inc., Support <bob@bank.example>",
        "Smith Jr., John <bob@bank.example>",
        "\"Smith\", John <bob@bank.example>",
        "Bob <bob@bank.example>, ACME Inc.",
        "Smith, \"Jr.\", John <bob@bank.example>",
        "CORP\\alice <bob@bank.example>",
        "Sales @ Joe's <bob@bank.example>",
        "Caf\u{e9} @ Zo\u{eb}'s <bob@bank.example>",
        "Sales@Joe's <bob@bank.example>",
        "@joe <bob@bank.example>",
        "Joe @joe! <bob@bank.example>",
        "Joe @ \r\n Joe's Place <bob@bank.example>",
    ] {
        assert_eq!(domains(field).as_deref(), Ok("bank.example"), "{field}");
    }
}

#[test]
fn a_name_in_which_a_reader_may_find_an_address_is_an_error() {
    for field in [
        // An address in quotes or in an encoded word, beside another address.
        "\"ceo@bank.example\", Bob <a@other.example>",
        "=?utf-8?q?ceo=40bank.example?=, Bob <a@other.example>",
        "=?utf-8?q?ceo=40bank.example?= x, Bob <a@other.example>",
        "Bob, x \"ceo@bank.example\" <a@other.example>, y \"ceo@bank.example\"",
        // Something like a domain after an `@`.
        "ceo@bank.example' <a@other.example>",
        "ceo@bank.example. <a@other.example>",
        "ceo@'bank .example <a@other.example>",
        "ceo@'bank\u{3002}example <a@other.example>",
        "ceo@'bank\u{ff0e}example <a@other.example>",
        "ceo@'bank\u{2488}example <a@other.example>",
        "ceo@bank\\.example <a@other.example>",
        "ceo@\"bank.example\" <a@other.example>",
        "@bank.example <a@other.example>",
        "ceo@bank.example@joe <a@other.example>",
        "Sales @ <a@other.example>",
        "Sales @ =?utf-8?q?bank=2Eexample?= <a@other.example>",
        // No address in `<>` follows, or none with a domain.
        "Sales @ Joe's",
        "Sales @ Joe's, a@other.example",
        "Sales @ Joe's: a@other.example;",
        "ACME Inc., Support",
        "ACME Inc., <>",
        "ACME Inc., root",
        "ACME Inc., a@[192.0.2.1]",
        // A backslash in an address.
        "ceo\\x@other.example",
        "<ceo\\x@other.example>",
        "Bob <a@other.example\\>",
        "CORP\\alice",
    ] {
        assert_eq!(domains(field), Err(Unreadable), "{field:?}");
    }
}

#[test]
fn a_field_that_readers_read_differently_is_an_error() {
    for field in [
        "",
        " , ",
        "Bob Public",
        "\"Bob\"",
        "=?utf-8?q?ceo=40bank.example?=",
        "<=?utf-8?q?ceo=40bank.example?=@other.example>",
        "<\"=?utf-8?q?ceo=40bank.example?=\"@other.example>",
        "\"ceo@bank.example\"@other.example",
        "<ceo@bank.example",
        "ceo@bank.example>",
        "<ceo@bank.example> <a@other.example>",
        "<ceo@bank.example> a@other.example",
        "<ceo@bank.example> x",
        "<<ceo@bank.example>>",
        "[<ceo@bank.example>] <a@other.example>",
        "<@bank.example:a@other.example>",
        "<@bank.example>",
        "@bank.example",
        "ceo@bank.example@other.example",
        "ceo@",
        "ceo@bank.example.",
        "ceo@bank..example",
        "ceo@bank .example",
        "ceo@\"bank.example\"",
        "ceo@bank_\u{ff20}other.example",
        "ceo@192.0.2.1",
        "<ceo bank@other.example>",
        "\"ceo@bank.example <a@other.example>",
        "(ceo@bank.example <a@other.example>",
        "x) <a@other.example>",
        "ceo@bank.example; a@other.example",
        "g: h: a@other.example;;",
        "ceo@bank.example\0<a@other.example>",
        "\"ceo\0\" <a@other.example>",
        "ceo\\@bank.example <a@other.example>",
        "a\rb <a@other.example>",
        "a\nb <a@other.example>",
        "a@[<ceo@bank.example>]",
        "a@[]",
        "a@[192.0.2.1",
    ] {
        let domains = domains(field);
        // An address literal or a name may stand beside words, but never a second domain.
        assert_eq!(domains, Err(Unreadable), "{field:?}");
    }
}

#[test]
fn no_field_and_several_fields_are_errors() {
    assert_eq!(author_domains::<&str>([]), Err(NoField));
    assert_eq!(author_domains(["a@a.example", "a@a.example"]), Err(SeveralFields));
}

#[test]
fn the_number_of_domains_is_bounded() {
    let list = |count: usize| (0..count).map(|n| format!("a@{n}.example")).collect::<Vec<_>>().join(", ");
    assert_eq!(author_domains([list(10)]).map(|domains| domains.len()), Ok(10));
    assert_eq!(author_domains([list(11)]), Err(TooManyDomains));
    assert_eq!(author_domains(["a@a.example, ".repeat(100_000)]).map(|domains| domains.len()), Ok(1));
}

#[test]
fn deep_nesting_is_read_without_recursion() {
    for text in ["(", "<", "\"", "\\", "g:", "(\\"] {
        assert_eq!(domains(&text.repeat(500_000)), Err(Unreadable));
    }
    let comment = format!("{}{} a@a.example", "(".repeat(500_000), ")".repeat(500_000));
    assert_eq!(domains(&comment).as_deref(), Ok("a.example"));
}
