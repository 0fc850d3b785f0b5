//! Stores that split a message by its recipients.

use mailchute::testing::{self, Client};
use mailchute::{Message, Receipt, Recipient, Refusal, Server, Session, Store};

use crate::support::mailboxes::deliver_to;
use crate::support::{Seen, build, builder};

/// Splits each message in two, and records the recipients and the content of each part.
#[derive(Clone, Default)]
struct Halves {
    at_once: bool,
    seen: Seen<String>,
}

impl Halves {
    async fn keep(&self, mut part: Message) -> Result<(), Refusal> {
        part.prepend_trace_fields();
        let content = part.bytes().await?;
        let content = String::from_utf8_lossy(&content);
        let delivered = content.lines().filter_map(|line| line.strip_prefix("Delivered-To: "));
        let text = format!(
            "{} {}",
            delivered.collect::<Vec<_>>().join(","),
            content.ends_with("\r\n\r\nHello Bob\r\n")
        );
        self.seen.push(&text);
        let full = |to: &Recipient| to.as_str().starts_with("full@");
        if let Some(place) = part.envelope().recipients.iter().position(full) {
            part.refuse(place, Refusal::new(452, (4, 2, 2), "Mailbox full"));
        }
        Ok(())
    }
}

impl Store for Halves {
    async fn store(&self, message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        let [first, second] = message.split(&[[0, 2], [1, 7]]).try_into().expect("two parts");
        if self.at_once {
            tokio::try_join!(self.keep(first), self.keep(second))?;
        } else {
            self.keep(second).await?;
            self.keep(first).await?;
        }
        Ok(Receipt::new("Kept in halves"))
    }
}

fn server(at_once: bool) -> (Server, Seen<String>) {
    let store = Halves { at_once, ..Halves::default() };
    (build(builder().store(store.clone())), store.seen)
}

async fn replies(mut client: Client, hello: &str, recipients: &[&str]) -> Vec<u16> {
    let replies = deliver_to(&mut client, hello, recipients).await;
    replies.iter().map(testing::Reply::code).filter(|code| *code != 221).collect()
}

#[tokio::test(start_paused = true)]
async fn each_part_reads_the_whole_and_names_its_recipients() {
    for at_once in [true, false] {
        let (server, seen) = server(at_once);
        let to = ["a@example.com", "b@example.com", "c@example.com"];
        assert_eq!(replies(testing::connect(&server).open(), "EHLO", &to).await, [250]);
        let mut seen = seen.all();
        seen.sort();
        assert_eq!(seen, ["a@example.com,c@example.com true", "b@example.com true"], "{at_once}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_refuses_the_clients_own_recipient() {
    let to = ["a@example.com", "full@example.com", "full@example.com"];
    let (server, _) = server(false);
    assert_eq!(replies(testing::connect(&server).lmtp().open(), "LHLO", &to).await, [250, 452, 452]);
    assert_eq!(replies(testing::connect(&server).open(), "EHLO", &to).await, [452]);
}
