//! Searches of a real index.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;

#[tokio::test]
async fn each_kind_of_term_finds_what_it_says() {
    let mails = Mails::new();
    mails.make(".Lists.rust");
    mails.put("new", &message("alice@one.test", "bob@example.com", "Invoice", "Your invoice for May, Café"));
    mails.put("new", &message("carol@two.test", "bob+x@example.com", "Report", "the invoice your way"));
    mails.put("cur", &message("dave@two.test", "eve@sub.example.com", "Alice", "nothing"));
    let attached = "Subject: Attached\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\
        Content-Disposition: attachment; filename=\"year report.pdf\"\n\ny\n--b--\n";
    mails.put(".Lists.rust/new", attached);
    let mailbox = mails.open();
    let second: Id = ids(&mailbox).await[2];
    for (text, expected) in [
        ("", "Attached Alice Report Invoice"),
        ("invoice", "Report Invoice"),
        ("inv may", "Invoice"),
        ("\"inv\"", ""),
        ("\"your invoice\"", "Invoice"),
        ("CAFE", "Invoice"),
        ("café", "Invoice"),
        ("from:alice", "Invoice"),
        ("from:alice@one.test", "Invoice"),
        ("from:two", "Alice Report"),
        ("to:bob", "Report Invoice"),
        ("subject:alice", "Alice"),
        ("alice", "Alice Invoice"),
        ("alice -from:alice", "Alice"),
        ("-invoice", "Attached Alice"),
        ("-invoice -has:attachment", "Alice"),
        ("has:attachment", "Attached"),
        ("report.pdf", "Attached"),
        ("is:unread", "Attached Alice Report Invoice"),
        ("is:read", ""),
        ("-is:unread", ""),
        ("mailbox:bob@example.com", "Invoice"),
        ("mailbox:BOB@example.com", "Invoice"),
        ("mailbox:@example.com", "Report Invoice"),
        ("mailbox:bob", "Invoice"),
        ("-mailbox:@example.com", "Attached Alice"),
        ("folder:lists/rust", "Attached"),
        ("folder:Lists.rust", "Attached"),
        ("-folder:Lists/rust", "Alice Report Invoice"),
        ("id:1K1BAS6430W-1", "Alice Report Invoice"),
        ("id:<Report@example.com>", "Report"),
        ("id:unknown", ""),
        ("after:2026-01-01", "Attached Alice Report Invoice"),
        ("before:2026-01-01", ""),
        ("after:1d", ""),
        ("invoice is:unread from:carol before:1d mailbox:@example.com", "Report"),
    ] {
        let expected: Vec<_> = expected.split_whitespace().collect();
        assert_eq!(subjects(&mailbox, text).await, expected, "{text}");
    }
    assert_eq!(subjects(&mailbox, &format!("id:{second}")).await, ["Report"]);
}

#[tokio::test]
async fn unread_is_what_is_in_new_or_lacks_the_flag() {
    let mails = Mails::new();
    let name = mails.put("new", &message("a@x.test", "b@x.test", "old", ""));
    fs::rename(mails.path().join("new").join(&name), mails.path().join("cur").join(name + ":2,FS")).unwrap();
    mails.put("new", &message("a@x.test", "b@x.test", "new", ""));
    let mailbox = mails.open();
    assert_eq!(subjects(&mailbox, "is:read").await, ["old"]);
    assert_eq!(mailbox.mark(&Search::all(), false).await.unwrap(), 1);
    assert_eq!(list(&mailbox, "").await.unread, 0);
    assert!(mails.files("new").is_empty());
    let cur = mails.files("cur");
    assert!(cur[0].ends_with(":2,FS") && cur[1].ends_with(":2,S"), "{cur:?}");
    assert_eq!(mailbox.mark(&search("subject:old"), true).await.unwrap(), 1);
    assert_eq!(subjects(&mailbox, "is:unread").await, ["old"]);
    assert!(mails.files("cur")[0].ends_with(":2,F"));
}

/// Texts with what means something in searches, in FTS5 or in SQL.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        proptest::sample::select(vec![
            "from:",
            "to:",
            "subject:",
            "has:attachment",
            "is:",
            "before:",
            "after:",
            "mailbox:",
            "folder:",
            "id:",
            "-",
            "\"",
            "'",
            "*",
            "^",
            "(",
            ")",
            "{",
            "}",
            "+",
            ":",
            "AND",
            "OR",
            "NOT",
            "NEAR(a b, 2)",
            ";",
            "--",
            "%",
            "_",
            "\0",
            "\u{301}",
            "2026-01-31",
            "2d",
            "99999999999w",
            "bob@example.com",
            "@",
            "é",
            "\u{1F600}",
            "\u{fffd}",
            "हिन्दी",
            "日本",
            " ",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
        any::<String>(),
    ];
    proptest::collection::vec(word, 0..8).prop_map(|words| words.concat())
}

#[test]
fn nothing_that_people_type_is_an_error_of_the_index() {
    let mails = Mails::new();
    mails.put("new", &message("alice@one.test", "bob@example.com", "Invoice", "हिन्दी 日本 text"));
    let (mailbox, runtime) = (mails.open(), Runtime::new().unwrap());
    let run = |text: &str| {
        if let Ok(search) = Search::parse(text) {
            let listing = runtime.block_on(mailbox.list(&search, None, 10)).unwrap();
            // A damaged index would be made again, and the message would be there again.
            assert!(listing.total <= 1);
        }
    };
    proptest!(ProptestConfig::with_cases(500), |(text in texts())| run(&text));
    // No error has made a new index.
    assert_eq!(runtime.block_on(mailbox.rebuilds()), 0);
    assert_eq!(runtime.block_on(list(&mailbox, "हिन्दी 日本")).total, 1);
}

#[tokio::test]
async fn words_of_html_are_apart_where_elements_end() {
    let mails = Mails::new();
    let html = "<head><title>title</title><style>p{}</style></head><h1>Thank you,&nbsp;Ada</h1><p>Your order<br>is on \
        its way</p><table><tr><td>tea</td><td>4.20</td></tr></table><ul><li>one<li>t<b>w</b>o</ul>end";
    let header = "Subject: x\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n";
    mails.put("new", &format!("{header}{html}\n"));
    let mailbox = mails.open();
    let found = list(&mailbox, "your way tea two").await;
    assert_eq!(found.messages[0].snippet, "Thank you, Ada Your order is on its way tea 4.20 one two end");
}
