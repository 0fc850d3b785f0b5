//! Several hooks on one server: asked in order, the first refusal refuses.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::support::stages::{ALL, Stage, reach};
use crate::support::{Seen, accepting, build, builder, deliver, hello, read_all, tls};
use mailchute::command::{Command, Ehlo};
use mailchute::tls::TlsFacts;
use mailchute::{
    Answer, Authenticator, Builder, Check, Credentials, Disconnect, Envelope, Filter, Hooks, Install,
    Message, Receipt, Recipient, Refusal, Reply, Sender, Session, Store, Verdict,
};
use tokio::time::timeout;

/// Records every question under its name, and refuses at one stage.
struct Named {
    name: &'static str,
    seen: Seen<String>,
    refuses: Option<Stage>,
    /// Its answer to credentials.
    check: Check,
}

impl Named {
    fn new(name: &'static str, seen: &Seen<String>) -> Self {
        Self { name, seen: seen.clone(), refuses: None, check: Check::NotMine }
    }

    fn at(&self, stage: Stage) -> Answer {
        self.seen.push(format!("{} {stage:?}", self.name));
        if self.refuses == Some(stage) {
            return Err(Refusal::new(550, (5, 7, 9), format!("{} says no", self.name)));
        }
        Ok(Verdict::Accept)
    }
}

impl Hooks for Named {
    async fn connect(&self, _session: &Session) -> Answer {
        self.at(Stage::Connect)
    }

    async fn ehlo(&self, _ehlo: &Ehlo, _session: &Session) -> Answer {
        self.at(Stage::Ehlo)
    }

    async fn secure(&self, _tls: &TlsFacts, _session: &Session) -> Answer {
        self.at(Stage::Secure)
    }

    async fn authenticated(&self, _identity: &str, _session: &Session) -> Answer {
        self.at(Stage::Authenticated)
    }

    async fn mail_from(&self, _from: &Sender, _session: &Session) -> Answer {
        self.at(Stage::Mail)
    }

    async fn rcpt_to(&self, _to: &Recipient, _session: &Session) -> Answer {
        self.at(Stage::Rcpt)
    }

    async fn data(&self, _envelope: &Envelope, _session: &Session) -> Answer {
        self.at(Stage::Data)
    }

    async fn command(&self, _command: &Command, _session: &Session) -> Answer {
        self.at(Stage::Command)
    }

    async fn disconnect(&self, cause: Disconnect, _session: &Session) {
        self.seen.push(format!("{} disconnect: {cause}", self.name));
    }
}

impl Authenticator for Named {
    async fn check(&self, _credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
        let _ = self.at(Stage::Auth)?;
        Ok(self.check)
    }
}

impl Filter for Named {
    async fn filter(&self, _message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        self.at(Stage::Filter).map(drop)
    }
}

impl Install for Named {
    fn install(self, builder: Builder) -> Builder {
        let named = Arc::new(self);
        builder.hooks(Arc::clone(&named)).authenticator(Arc::clone(&named)).filter(named)
    }
}

/// A store with a name.
struct Keep(&'static str, Seen<String>, fn() -> Result<Receipt, Refusal>);

impl Store for Keep {
    async fn store(&self, message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        read_all(message).await?;
        self.1.push(self.0);
        (self.2)()
    }
}

fn stored() -> Result<Receipt, Refusal> {
    Ok(Receipt::new("Stored").with_enhanced(0, 0))
}

#[tokio::test(start_paused = true)]
async fn asks_hooks_in_the_order_given_at_every_stage() {
    for stage in ALL {
        let seen = Seen::default();
        let server = build(
            accepting()
                .tls(tls::config())
                .allow_plaintext_auth()
                .with(Named::new("first", &seen))
                .with(Named::new("second", &seen))
                .with(Named { check: Check::Right, ..Named::new("third", &seen) }),
        );
        let (reply, _client) = reach(&server, stage).await;
        assert!(reply.starts_with(stage.yes()), "{stage:?}: {reply}");
        let asked: Vec<_> =
            seen.all().into_iter().filter(|line| line.ends_with(&format!("{stage:?}"))).collect();
        let expected = ["first", "second", "third"].map(|name| format!("{name} {stage:?}"));
        assert_eq!(asked, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn one_refusal_refuses_and_later_hooks_are_not_asked() {
    for stage in ALL {
        let seen = Seen::default();
        let second = Named { refuses: Some(stage), ..Named::new("second", &seen) };
        let server = build(
            builder()
                .tls(tls::config())
                .allow_plaintext_auth()
                .with(Named::new("first", &seen))
                .with(second)
                .with(Named { check: Check::Right, ..Named::new("third", &seen) })
                .store(Keep("store", seen.clone(), stored)),
        );
        let (reply, _client) = reach(&server, stage).await;
        assert_eq!(reply, stage.begin(550, "5.7.9") + "second says no\r\n", "{stage:?}");
        let asked: Vec<_> =
            seen.all().into_iter().filter(|line| line.ends_with(&format!("{stage:?}"))).collect();
        assert_eq!(asked, ["first", "second"].map(|name| format!("{name} {stage:?}")));
        assert!(!seen.all().contains(&"store".to_owned()), "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn closures_and_traits_stand_in_one_order() {
    let seen = Seen::<String>::default();
    let [one, two] = [seen.clone(), seen.clone()];
    let server = build(
        accepting()
            .on_mail_from(move |_, _| one.note("closure one"))
            .hooks(Named::new("trait", &seen))
            .on_mail_from(move |_, _| two.note("closure two")),
    );
    let mut client = hello(&server).await;
    let before = seen.count();
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    assert_eq!(seen.all()[before..], ["closure one", "trait Mail", "closure two"]);
}

#[tokio::test(start_paused = true)]
async fn a_text_is_kept_when_later_hooks_just_go_on() {
    let server = build(
        accepting()
            .on_mail_from(|_, _| async { Verdict::AcceptWith(Reply::new(250, (2, 1, 0), "Hello Alice")) })
            .on_mail_from(|_, _| async {})
            .on_mail_from(|_, _| async { Verdict::Accept }),
    );
    let heard = hello(&server).await.command("MAIL FROM:<alice@client.example>").await;
    assert_eq!(heard.lines(), ["250 2.1.0 Hello Alice"]);
}

#[tokio::test(start_paused = true)]
async fn the_store_is_asked_after_all_filters() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(
        builder()
            .store(Keep("replaced", seen.clone(), stored))
            .store(Keep("store", seen.clone(), stored))
            .on_message(move |message, _session| {
                note.push("filter");
                async { message }
            }),
    );
    let heard = deliver(&mut hello(&server).await).await;
    assert_eq!(heard.lines(), ["250 2.0.0 Stored"]);
    assert_eq!(seen.all(), ["filter", "store"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_refuses_what_a_hook_accepted() {
    type Outcome = fn() -> Result<Receipt, Refusal>;
    let cases: [(Outcome, &str); 4] = [
        (stored, "250 2.0.0 Stored"),
        (|| Err(Refusal::new(452, (4, 3, 1), "Disk full")), "452 4.3.1 Disk full"),
        (
            || Err(Refusal::new(250, (2, 0, 0), "Err that says yes")),
            "451 4.3.0 Internal error; try again later",
        ),
        (|| panic!("the disk is on fire"), "451 4.3.0 Internal error; try again later"),
    ];
    for (outcome, expected) in cases {
        let server = build(builder().on_message(|message, _session| async { Ok(message) }).store(Keep(
            "store",
            Seen::default(),
            outcome,
        )));
        let heard = deliver(&mut hello(&server).await).await;
        assert_eq!(heard.lines(), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_in_disconnect_keeps_it_from_nobody() {
    struct Panics;
    impl Hooks for Panics {
        fn disconnect(&self, _cause: Disconnect, _session: &Session) -> impl Future<Output = ()> + Send {
            panic!("before there is even a future");
            #[allow(unreachable_code, reason = "it gives the method its type")]
            std::future::ready(())
        }
    }
    let seen = Seen::default();
    let server = build(
        accepting()
            .hooks(Panics)
            .on_disconnect(|_, _| async { panic!("in the future") })
            .hooks(Named::new("last", &seen)),
    );
    let mut events = server.events();
    let mut client = hello(&server).await;
    client.command("QUIT").await.expect(221);
    assert!(client.try_read_reply().await.is_none());
    let last = loop {
        let event = timeout(Duration::from_secs(60), events.next()).await.unwrap().unwrap().to_string();
        if event.contains("disconnect") {
            break event;
        }
    };
    assert!(last.ends_with("disconnect: quit"), "{last}");
    assert_eq!(seen.all().last().unwrap(), "last disconnect: quit");
}
