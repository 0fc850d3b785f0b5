//! Which hook refused, was too late or panicked: in the log and in events.

use std::future::pending;
use std::time::Duration;

use mailchute::events::{Event, Events, Kind, Stage};
use mailchute::{
    Answer, Disconnect, Hooks, Message, Receipt, Refusal, Sender, Server, Session, Store, Verdict, testing,
};

use crate::support::{accepting, build, builder, deliver, hello, log};

/// A hook that answers MAIL and the end of the session too late.
struct SlowGreylist;

impl Hooks for SlowGreylist {
    async fn mail_from(&self, _from: &Sender, _session: &Session) -> Answer {
        pending().await
    }

    async fn disconnect(&self, _cause: Disconnect, _session: &Session) {
        pending::<()>().await;
    }
}

/// The stage, code, hook and seconds of each refusal, until the server and its sessions are gone.
async fn refusals(mut events: Events) -> Vec<(Stage, u16, Option<&'static str>, Option<u64>)> {
    let mut refusals = Vec::new();
    while let Some(event) = events.next().await {
        let Event::Refused { stage, reply, hook, took, .. } = event else { panic!("{event}") };
        refusals.push((stage, reply.code().get(), hook, took.map(|took| took.as_secs())));
    }
    refusals
}

fn told(server: &Server) -> Events {
    server.events().only([Kind::Refused])
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_is_too_late_is_named_in_log_and_event() {
    let (log, _guard) = log::capture();
    let server = build(
        accepting()
            .hook_timeout(Duration::from_secs(5))
            .on_mail_from(|_, _| async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                Verdict::Accept
            })
            .hooks(SlowGreylist),
    );
    let events = told(&server);
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(451);
    client.command("QUIT").await.expect(221);
    drop(client);
    drop(server);
    let expected = [(Stage::MailFrom, 451, Some("main::refusers::SlowGreylist"), Some(3))];
    assert_eq!(refusals(events).await, expected);
    let late = "in time stage=";
    log.expect(&format!("{late}\"mail_from\" hook=\"main::refusers::SlowGreylist\" took=3"));
    log.expect(&format!("{late}\"disconnect\" hook=\"main::refusers::SlowGreylist\" took=5"));
}

#[tokio::test(start_paused = true)]
async fn a_filter_or_store_that_is_too_late_is_named() {
    for is_filter in [true, false] {
        let (log, _guard) = log::capture();
        let limits = accepting().hook_timeout(Duration::from_secs(7)).store_timeout(Duration::from_secs(7));
        let server = if is_filter {
            build(limits.on_message(|_, _| pending::<Result<Message, Refusal>>()))
        } else {
            build(limits.on_store(|mut message: Message, _| async move {
                message.bytes().await?;
                pending::<Result<Receipt, Refusal>>().await
            }))
        };
        let name = if is_filter { "on_message" } else { "on_store" };
        let events = told(&server);
        let mut client = hello(&server).await;
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.send_bytes(b"DATA\r\nSubject: hello\r\n\r\nHello\r\n.\r\n").await;
        let mut reply = client.read_reply().await;
        if reply.code() == 354 {
            reply = client.read_reply().await;
        }
        assert_eq!(reply.code(), 451, "{name}: {reply}");
        drop(client);
        drop(server);
        let refused = refusals(events).await;
        assert!(matches!(refused[0], (_, 451, Some(hook), Some(7)) if hook == name), "{name}: {refused:?}");
        log.expect(&format!("in time stage=\"message\" hook=\"{name}\" took=7"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_names_no_late_hook() {
    let (log, _guard) = log::capture();
    let server = build(accepting().on_mail_from(|_, _| pending::<Verdict>()));
    let events = told(&server);
    let mut client = hello(&server).await;
    client.send_bytes(b"MAIL FROM:<alice@client.example>\r\n").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(client);
    drop(server);
    assert_eq!(refusals(events).await, []);
    assert!(!log.text().contains("in time"), "{}", log.text());
}

/// Stores mail for all but two recipients.
struct TwoFull;

impl Store for TwoFull {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        message.bytes().await?;
        message.refuse(0, Refusal::new(550, (5, 2, 1), "Disabled"));
        message.refuse(1, std::io::Error::other("a disk of this user").into());
        Ok(Receipt::new("Delivered"))
    }
}

#[tokio::test(start_paused = true)]
async fn recipients_refused_by_name_have_their_refusers_in_lmtp() {
    let (log, _guard) = log::capture();
    let server = build(builder().store(TwoFull).on_message(|mut message, _| async move {
        message.bytes().await?;
        message.refuse(1, Refusal::new(451, (4, 7, 1), "Greylisted"));
        Ok::<_, Refusal>(message)
    }));
    let events = told(&server);
    let mut client = testing::connect(&server).lmtp().open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for user in ["bob", "carol", "dave", "erin"] {
        client.command(&format!("RCPT TO:<{user}@example.com>")).await.expect(250);
    }
    client.data("Subject: hello\r\n\r\nHello").await.expect(550);
    client.read_reply().await.expect(451);
    client.read_reply().await.expect(451);
    client.read_reply().await.expect(250);
    drop(client);
    drop(server);
    let store = Some("main::refusers::TwoFull");
    let expected = [
        (Stage::Message, 550, store, None),
        (Stage::Message, 451, Some("on_message"), None),
        (Stage::Message, 451, store, None),
    ];
    assert_eq!(refusals(events).await, expected);
    log.expect("failed stage=\"message\" hook=\"main::refusers::TwoFull\" error=a disk of this user");
    log.expect("stage=\"message\" hook=\"main::refusers::TwoFull\"");
}

#[tokio::test(start_paused = true)]
async fn the_one_reply_of_smtp_names_the_hook_whose_refusal_it_is() {
    let server = build(builder().store(TwoFull));
    let events = told(&server);
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    client.data("Subject: hello\r\n\r\nHello").await.expect(451);
    deliver(&mut client).await.expect(550);
    drop(client);
    drop(server);
    let store = Some("main::refusers::TwoFull");
    let expected = [(Stage::Message, 451, store, None), (Stage::Message, 550, store, None)];
    assert_eq!(refusals(events).await, expected);
}
