//! Edits of a message, as the next reader sees them.

use mailchute::testing::{self, NotPassedOn};
use mailchute::{Filter, Session};

use super::*;

fn session() -> Session {
    testing::session()
        .sender("alice@client.example")
        .recipient("bob@example.com")
        .recipient("eve@example.com")
        .build()
}

/// Makes the edits. Returns what the next reader gets.
async fn edited(edits: impl IntoIterator<Item = Edit>) -> Result<Message, NotPassedOn> {
    let session = session();
    let mut message = testing::message(&session, "A: 1\r\nB: 1\r\nA: 2\r\n\r\nbody\r\n");
    message.add_above_trace("A", "ours").expect("a field");
    let mut all = Edits::default();
    edits.into_iter().for_each(|edit| all.push(edit).expect("there is room"));
    all.apply("rspamd", &mut message).await.expect("it is made");
    testing::next_reader(&message)
}

async fn text(edits: impl IntoIterator<Item = Edit>) -> String {
    let mut message = edited(edits).await.expect("it goes on");
    String::from_utf8_lossy(&message.bytes().await.expect("it is whole")).into_owned()
}

async fn envelope(edits: impl IntoIterator<Item = Edit>) -> String {
    let message = edited(edits).await.expect("it goes on");
    let to: Vec<_> = message.envelope().recipients.iter().map(Recipient::as_str).collect();
    format!("{}|{}", message.envelope().sender, to.join(","))
}

fn insert(position: usize, name: &str, value: &'static str) -> Edit {
    Edit::InsertField { position, name: name.into(), value: Bytes::from_static(value.as_bytes()) }
}

#[tokio::test]
async fn fields_are_edited_in_order() {
    let value = Bytes::from_static(b"new");
    let edits = [
        insert(0, "X", "top"),
        insert(usize::MAX, "Y", "end\n\tfolded\r\n again\n"),
        Edit::ReplaceField { name: "a".into(), number: 2, value },
        Edit::RemoveField { name: "A".into(), number: 1 },
    ];
    let expected = "X: top\r\nA: ours\r\nB: 1\r\na: new\r\nY: end\r\n\tfolded\r\n again\r\n\r\nbody\r\n";
    assert_eq!(text(edits).await, expected);
    let all = Edit::RemoveFields { name: "a".into() };
    assert_eq!(text([all]).await, "A: ours\r\nB: 1\r\n\r\nbody\r\n");
}

#[tokio::test]
async fn no_edit_can_end_a_field_or_the_header() {
    let latin = Bytes::from_static(b"caf\xe9");
    let edits = [
        insert(0, "X", "a\nB: c"),
        insert(0, "X", "a\r\n\r\nb"),
        insert(0, "X", "a\rB: c"),
        insert(0, "X\r\nB", "c"),
        insert(0, "X:", "c"),
        insert(0, "", "c"),
        Edit::ReplaceField { name: "A".into(), number: 0, value: latin },
    ];
    assert_eq!(text(edits).await, "A: ours\r\nA: 1\r\nB: 1\r\nA: 2\r\n\r\nbody\r\n");
}

#[tokio::test]
async fn the_envelope_is_edited_and_bad_addresses_are_not() {
    let add = |address: &str| Edit::AddRecipient(address.into());
    let with = |address: &str, parameters: &str| Edit::AddRecipientWith {
        address: address.into(),
        parameters: parameters.into(),
    };
    let drop = |address: &str| Edit::DropRecipient(address.into());
    let from = |address: &str| Edit::SetSender(address.into());
    assert_eq!(
        envelope([add("<carol@example.com>"), add("dave@example.com"), drop("BOB@Example.com")]).await,
        "alice@client.example|eve@example.com,carol@example.com,dave@example.com"
    );
    assert_eq!(
        envelope([from("bounce@x.example")]).await,
        "bounce@x.example|bob@example.com,eve@example.com"
    );
    assert_eq!(envelope([from("<>")]).await, "|bob@example.com,eve@example.com");
    let bad = [add("x"), add("a b@c.example"), add("a@b> SIZE=1"), add("grün@example.com"), add("<>")];
    let bad = bad.into_iter().chain([with("dan@example.com", "NOTIFY=x"), with("dan@example.com", "a\r\nb")]);
    let never = edited([with("dan@example.com", "NOTIFY=NEVER")]).await.expect("it goes on");
    let notify = never.envelope().recipients[2].parameters().get("notify").expect("a parameter");
    assert_eq!(notify.as_deref(), Some("NEVER"));
    let bad = bad.chain([add("bob@EXAMPLE.com"), drop("nobody@example.com"), from("a@b\r\nc")]);
    assert_eq!(envelope(bad).await, "alice@client.example|bob@example.com,eve@example.com");
    assert!(matches!(edited([Edit::Discard]).await, Err(NotPassedOn::Discarded)));
    let all = [drop("bob@example.com"), drop("eve@example.com")];
    assert!(matches!(edited(all).await, Err(NotPassedOn::Discarded)));
    let junk =
        edited([Edit::FileInto("Junk".into()), Edit::FileInto("../x".into())]).await.expect("it goes on");
    assert_eq!(junk.directory().as_deref(), Some("Junk"));
}

#[test]
fn edits_are_bounded_in_number_and_bytes() {
    let mut edits = Edits::default();
    for _ in 0..MOST {
        assert_eq!(edits.push(Edit::Discard), Ok(()));
    }
    assert_eq!(edits.push(Edit::Discard), Err(TooManyEdits));
    let long = Edit::SetSender("x".repeat(MOST_BYTES + 1));
    assert_eq!(Edits::default().push(long), Err(TooManyEdits));
}

struct NewBody(&'static str);

impl Filter for NewBody {
    async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        let mut body = message.new_body();
        body.write(self.0).await?;
        let mut edits = Edits::default();
        edits.push(Edit::ReplaceBody(body)).map_err(Refusal::internal)?;
        edits.apply("scanner", message).await
    }
}

#[tokio::test]
async fn a_new_body_replaces_the_old_one() {
    let session = session();
    let mut message = testing::message(&session, "A: 1\r\n\r\nbody\r\n");
    NewBody("new\n").filter(&mut message, &session).await.expect("it is made");
    let mut next = testing::next_reader(&message).expect("it goes on");
    assert_eq!(next.bytes().await.expect("it is whole"), "A: 1\r\n\r\nnew\r\n");
}
