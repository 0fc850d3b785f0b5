//! MTA Hooks at RCPT: an answer concerns one recipient, and is done only if the message goes to that one.

use std::sync::atomic::{AtomicBool, Ordering};

use mailchute::testing::{Client, Inbox};
use mailchute::{Builder, Message, Recipient, Refusal, Server, Session, Verdict, testing};
use mailchute_filters::mta_hooks::{HookStage, MtaHooks};
use serde_json::{Value, json};

use crate::web::{Answer, Web};

const CONTENT: &str = "A: 1\r\n\r\nbody\r\n";

/// Everything that can be asked for at RCPT of Bob, other than `discard`.
fn edits() -> Value {
    json!({"action": "quarantine", "modifications": [
        {"type": "deleteRecipient", "value": "bob@example.com"},
        {"type": "addRecipient", "value": "bob2@example.com"},
        {"type": "changeFrom", "value": "bounces@example.com"},
        {"type": "addHeader", "name": "X", "value": "1"},
        {"type": "replaceContents", "value": "new"},
    ]})
}

fn fields(count: usize) -> Value {
    json!({"action": "accept", "modifications": vec![json!({"type": "addHeader", "name": "X", "value": "1"}); count]})
}

fn accept() -> Value {
    json!({"action": "accept"})
}

/// A server whose web server answers in this order, at RCPT of one recipient after the other.
struct Hooked {
    web: Web,
    inbox: Inbox,
    client: Client,
}

impl Hooked {
    async fn new(
        answers: impl IntoIterator<Item = Value>,
        stages: impl IntoIterator<Item = HookStage>,
        options: impl FnOnce(Builder, MtaHooks) -> Builder,
    ) -> Self {
        let answers: Vec<_> = answers.into_iter().map(|answer| Answer::Ok(answer.to_string())).collect();
        let web = Web::start(answers).await;
        let hooks = MtaHooks::builder(&web.url).unwrap().stages(stages).open().unwrap();
        let inbox = Inbox::new();
        let server = options(Server::builder(), hooks).store(inbox.clone()).build().unwrap();
        let mut client = testing::connect(&server).open();
        client.ready().await.expect(250);
        Self { web, inbox, client }
    }

    /// Sends a message. Each recipient has the code that is due.
    async fn send(&mut self, to: &[(&str, u16)]) {
        self.client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        for (user, code) in to {
            self.client.command(&format!("RCPT TO:<{user}@example.com>")).await.expect(*code);
        }
        self.client.data(CONTENT).await.expect(250);
    }

    /// The messages in the store: sender, recipients, directory and content.
    fn stored(&self) -> Vec<String> {
        let shown = self.inbox.messages().into_iter().map(|mail| {
            let to: Vec<_> = mail.envelope().recipients.iter().map(Recipient::as_str).collect();
            let from = mail.envelope().sender.as_str();
            let directory = mail.directory().unwrap_or("-");
            let fields = mail.text().matches("X: 1\r\n").count();
            format!("{from} {} {directory} {fields} {}", to.join(","), mail.body().escape_ascii())
        });
        shown.collect()
    }
}

/// Refuses Bob temporarily, as a greylist does.
async fn no_bob(to: Recipient, _session: Session) -> Result<Verdict, Refusal> {
    let later = Refusal::new(451, (4, 7, 1), "Later");
    Verdict::accept_or(!to.as_str().starts_with("bob@"), later)
}

#[tokio::test]
async fn a_discard_at_rcpt_drops_that_recipient_only() {
    let (log, _guard) = crate::log::capture();
    let discard = json!({"action": "discard", "modifications": [
        {"type": "addHeader", "name": "X", "value": "1"},
        {"type": "addRecipient", "value": "carol@example.com"},
    ]});
    let answers = [accept(), discard.clone(), accept(), discard];
    let mut hooked = Hooked::new(answers, [HookStage::Rcpt], Builder::with).await;
    hooked.send(&[("alice", 250), ("bob", 250), ("eve", 250)]).await;
    let due = "alice@client.example alice@example.com,eve@example.com - 0 body\\r\\n";
    assert_eq!(hooked.stored(), [due]);
    log.expect("bob@example.com");
    // From here on each recipient is discarded, and with the last one the message.
    hooked.send(&[("alice", 250), ("bob", 250)]).await;
    assert_eq!(hooked.stored().len(), 1);
}

#[tokio::test]
async fn a_message_without_recipients_is_not_asked_about() {
    let stages = [HookStage::Rcpt, HookStage::Data];
    let answers = [json!({"action": "discard"}), json!({"action": "reject"})];
    let mut hooked = Hooked::new(answers, stages, Builder::with).await;
    hooked.send(&[("bob", 250)]).await;
    assert_eq!((hooked.stored().len(), hooked.web.take().len()), (0, 1));
}

#[tokio::test]
async fn an_archive_has_a_message_whose_recipients_are_discarded() {
    let archive = json!({"action": "accept", "modifications": [
        {"type": "addRecipient", "value": "archive@example.com"},
    ]});
    let stages = [HookStage::Mail, HookStage::Rcpt];
    let mut hooked = Hooked::new([archive, json!({"action": "discard"})], stages, Builder::with).await;
    hooked.send(&[("bob", 250)]).await;
    assert_eq!(hooked.stored(), ["alice@client.example archive@example.com - 0 body\\r\\n"]);
}

#[tokio::test]
async fn nothing_is_done_for_a_recipient_that_a_later_hook_refuses() {
    for answer in [edits(), json!({"action": "discard"})] {
        let options = |builder: Builder, hooks| builder.with(hooks).on_rcpt_to(no_bob);
        let mut hooked = Hooked::new([answer, accept()], [HookStage::Rcpt], options).await;
        hooked.send(&[("bob", 451), ("alice", 250)]).await;
        assert_eq!(hooked.stored(), ["alice@client.example alice@example.com - 0 body\\r\\n"]);
    }
}

#[tokio::test]
async fn a_refused_recipient_that_comes_again_is_edited_once() {
    let answers = [edits(), edits(), accept()];
    let came = AtomicBool::new(false);
    let later = move |_to: Recipient, _session: Session| {
        let is_first = !came.swap(true, Ordering::Relaxed);
        async move { Verdict::accept_or(!is_first, Refusal::new(451, (4, 7, 1), "Later")) }
    };
    let options = |builder: Builder, hooks| builder.with(hooks).on_rcpt_to(later);
    let mut hooked = Hooked::new(answers, [HookStage::Rcpt], options).await;
    hooked.send(&[("bob", 451), ("bob", 250), ("alice", 250)]).await;
    let due = "bounces@example.com alice@example.com,bob2@example.com Junk 1 new\\r\\n";
    assert_eq!(hooked.stored(), [due]);
}

#[tokio::test]
async fn nothing_is_done_for_a_recipient_that_a_filter_above_drops() {
    let options = |builder: Builder, hooks| {
        let above = builder.on_message(|mut message: Message, _session| async move {
            message.drop_recipients(|to| to.as_str().starts_with("bob@"));
            message
        });
        above.with(hooks)
    };
    let mut hooked = Hooked::new([edits(), accept()], [HookStage::Rcpt], options).await;
    hooked.send(&[("bob", 250), ("alice", 250)]).await;
    assert_eq!(hooked.stored(), ["alice@client.example alice@example.com - 0 body\\r\\n"]);
}

#[tokio::test]
async fn the_edits_of_all_accepted_recipients_have_one_bound() {
    let answers = [fields(100), fields(156), fields(157), fields(156)];
    let options = |builder: Builder, hooks| builder.with(hooks).on_rcpt_to(no_bob);
    let mut hooked = Hooked::new(answers, [HookStage::Rcpt], options).await;
    hooked.send(&[("alice", 250), ("bob", 451), ("eve", 451), ("carol", 250)]).await;
    let due = "alice@client.example alice@example.com,carol@example.com - 256 body\\r\\n";
    assert_eq!(hooked.stored(), [due]);
}
