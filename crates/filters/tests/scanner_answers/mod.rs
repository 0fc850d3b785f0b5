//! Answers of scanners at random: no answer breaks a message.

mod check;

use proptest::prelude::*;
use serde_json::{Value, json};

fn text() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "X",
        "A",
        "Subject",
        "X-Spam",
        ":",
        " ",
        "\t",
        "\r\n",
        "\n",
        "\r",
        "\0",
        "é",
        "\u{85}",
        "\u{2028}",
        "bob@example.com",
        "<",
        ">",
        "@",
        "Junk",
        "/",
        "..",
        "\r\n ",
        "\n\tb",
        "1",
    ]);
    prop_oneof![
        8 => prop::collection::vec(parts, 0..6).prop_map(|parts| parts.concat()),
        1 => (990..1_010_usize).prop_map(|length| "w".repeat(length)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        (-3..6_i64).prop_map(Value::from),
        Just(Value::Null),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            (inner.clone(), -3..6_i64).prop_map(|(value, order)| json!({"value": value, "order": order})),
            prop::collection::vec((text(), inner), 0..4).prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    let entries = prop::collection::vec((text(), value()), 0..4);
    entries.prop_map(|entries| entries.into_iter().collect::<Value>())
}

fn of_rspamd() -> impl Strategy<Value = Value> {
    let action = prop::sample::select(vec![
        "no action",
        "add header",
        "rewrite subject",
        "soft reject",
        "reject",
        "quarantine",
        "discard",
        "x",
    ]);
    let milter = (object(), object(), value(), value(), value(), value());
    let shown = (value(), value(), value());
    (action, milter, shown, value(), value(), value()).prop_map(
        |(action, milter, shown, subject, signature, text)| {
            let (add, remove, from, add_rcpt, del_rcpt, spam) = milter;
            let (score, required, of_symbol) = shown;
            json!({"action": action, "subject": subject, "dkim-signature": signature,
            "score": score, "required_score": required,
            "messages": {"smtp_message": text}, "symbols": {"S": {"score": of_symbol}},
            "milter": {"add_headers": add, "remove_headers": remove, "change_from": from,
                "add_rcpt": add_rcpt, "del_rcpt": del_rcpt, "spam_header": spam}})
        },
    )
}

fn of_hooks() -> impl Strategy<Value = Value> {
    let modification = (
        prop::sample::select(vec![
            "changeFrom",
            "addRecipient",
            "deleteRecipient",
            "replaceContents",
            "addHeader",
            "insertHeader",
            "changeHeader",
            "deleteHeader",
        ]),
        0..5_u32,
        text(),
        text(),
        object(),
    );
    let modification = modification.prop_map(|(kind, index, name, value, parameters)| {
        json!({"type": kind, "index": index, "name": name, "value": value, "parameters": parameters})
    });
    let action = prop::sample::select(vec!["accept", "accept", "reject", "quarantine", "discard"]);
    (action, prop::collection::vec(modification, 0..6), 100..700_u16, text(), text()).prop_map(
        |(action, modifications, status, enhanced, message)| {
            json!({"action": action, "modifications": modifications,
                "response": {"status": status, "enhancedStatus": enhanced, "message": message}})
        },
    )
}

proptest! {
    #[test]
    fn no_answer_breaks_a_message(answer in prop_oneof![of_rspamd(), of_hooks()]) {
        check::is_harmless(answer.to_string().as_bytes());
    }
}
