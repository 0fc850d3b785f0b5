//! Hooks and stores that the application keeps a handle to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::talk::pipe;
use crate::support::{Seen, accepting, build, builder, deliver, scram, talk_one_message, tls};
use mailchute::auth::ScramVerifier;
use mailchute::command::{Command, Ehlo, Verb};
use mailchute::tls::TlsFacts;
use mailchute::{
    Answer, Authenticator, Builder, Check, Credentials, Disconnect, Envelope, Filter, Hooks, Install,
    Message, Receipt, Recipient, Refusal, Reply, ScramVerifiers, Sender, Session, Store, Verdict, testing,
};

/// Implements all methods, and differs from the defaults wherever that is visible.
#[derive(Default)]
struct Everything {
    asked: Seen<&'static str>,
}

impl Everything {
    fn note(&self, method: &'static str) {
        self.asked.push(method);
    }

    fn say(&self, method: &'static str, code: u16) -> Answer {
        self.note(method);
        Ok(Verdict::AcceptWith(Reply::new(code, (2, 0, 0), method)))
    }
}

impl Hooks for Everything {
    async fn connect(&self, _session: &Session) -> Answer {
        self.say("connect", 220)
    }

    async fn ehlo(&self, _ehlo: &Ehlo, _session: &Session) -> Answer {
        self.say("ehlo", 250)
    }

    async fn start_tls(&self, _session: &Session) -> Answer {
        self.note("start_tls");
        Ok(Verdict::Accept)
    }

    async fn secure(&self, _tls: &TlsFacts, _session: &Session) -> Answer {
        self.note("secure");
        Ok(Verdict::Accept)
    }

    async fn authenticated(&self, _identity: &str, _session: &Session) -> Answer {
        self.say("authenticated", 235)
    }

    async fn mail_from(&self, _from: &Sender, _session: &Session) -> Answer {
        self.say("mail_from", 250)
    }

    async fn rcpt_to(&self, _to: &Recipient, _session: &Session) -> Answer {
        self.say("rcpt_to", 250)
    }

    async fn data(&self, _envelope: &Envelope, _session: &Session) -> Answer {
        self.note("data");
        Ok(Verdict::Accept)
    }

    async fn command(&self, command: &Command, _session: &Session) -> Answer {
        self.note("command");
        Ok(if command.verb == Verb::Noop {
            Verdict::AcceptWith(Reply::new(250, (2, 0, 0), "command"))
        } else {
            Verdict::Accept
        })
    }

    async fn disconnect(&self, _cause: Disconnect, _session: &Session) {
        self.note("disconnect");
    }
}

impl Authenticator for Everything {
    async fn check(&self, _credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
        self.note("check");
        Ok(Check::Right)
    }
}

impl ScramVerifiers for Everything {
    async fn scram_verifier(
        &self,
        _user: &str,
        _session: &Session,
    ) -> Result<Option<ScramVerifier>, Refusal> {
        self.note("scram_verifier");
        Ok(None)
    }
}

impl Filter for Everything {
    async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        message.bytes().await?;
        self.note("filter");
        Ok(())
    }
}

impl Store for Everything {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        message.bytes().await?;
        self.note("store");
        Ok(Receipt::new("store").with_enhanced(0, 0))
    }
}

/// A handle to hooks in all of their roles.
struct Shared(Arc<Everything>);

impl Install for Shared {
    fn install(self, builder: Builder) -> Builder {
        let Self(hooks) = self;
        builder
            .hooks(Arc::clone(&hooks))
            .authenticator(Arc::clone(&hooks))
            .scram_verifiers(Arc::clone(&hooks))
            .filter(Arc::clone(&hooks))
            .store(hooks)
    }
}

/// The names of all methods of the traits, as their sources have them.
fn methods() -> BTreeSet<&'static str> {
    let sources = [
        include_str!("../src/hooks/mod.rs"),
        include_str!("../src/hooks/authenticator.rs"),
        include_str!("../src/hooks/scram_verifiers.rs"),
        include_str!("../src/hooks/filter.rs"),
        // After the receipt.
        include_str!("../src/hooks/store.rs").split_once("pub trait Store").expect("it is there").1,
    ];
    let lines = sources.into_iter().flat_map(str::lines);
    let names: BTreeSet<_> =
        lines.filter_map(|line| line.strip_prefix("    fn ")?.split('(').next()).collect();
    assert!(names.len() >= 13, "{names:?}");
    names
}

#[tokio::test]
async fn every_method_of_shared_hooks_is_asked() {
    let hooks = Arc::new(Everything::default());
    let server = build(builder().tls(tls::config()).with(Shared(Arc::clone(&hooks))));
    let (client, session) = pipe(&server, 65_536);
    let mut client = tls::start_tls(client).await;
    client.ask("EHLO client.example", "250").await;
    assert!(scram::log_in(&mut client, "nobody", "wonderland", &scram::UNBOUND).await.starts_with("535 "));
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235 2.0.0 authenticated").await;
    client.ask("MAIL FROM:<alice@client.example>", "250 2.0.0 mail_from").await;
    client.ask("RCPT TO:<bob@example.com>", "250 2.0.0 rcpt_to").await;
    client.ask("DATA", "354").await;
    client.ask(crate::support::MESSAGE, "250 2.0.0 store").await;
    client.ask("NOOP", "250 2.0.0 command").await;
    client.ask("QUIT", "221").await;
    drop(client);
    session.await.expect("the session ends");
    assert_eq!(BTreeSet::from_iter(hooks.asked.all()), methods());
}

#[tokio::test]
async fn shared_hooks_may_be_those_of_several_servers() {
    let hooks = Arc::new(Everything::default());
    let _first = build(accepting().hooks(Arc::clone(&hooks)));
    let second = build(accepting().hooks(Arc::clone(&hooks)).hooks(Arc::new(Everything::default())));
    let mut client = testing::connect(&second).open();
    client.greeting().await.expect(220);
    assert!(hooks.asked.all().contains(&"connect"));
}

#[derive(Default)]
struct Counter(AtomicU32);

impl Store for Counter {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        while message.chunk().await?.is_some() {}
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Receipt::new(format!("Counted as {count}")))
    }
}

#[tokio::test]
async fn a_shared_store_keeps_messages_and_can_be_looked_at_meanwhile() {
    let store = Arc::new(Counter::default());
    let server = build(builder().store(Arc::clone(&store)));
    let mut client = crate::support::hello(&server).await;
    assert_eq!(deliver(&mut client).await.to_string(), "250 2.6.0 Counted as 1");
    assert_eq!(store.0.load(Ordering::Relaxed), 1);
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    talk_one_message(&mut client).await;
    assert_eq!(store.0.load(Ordering::Relaxed), 2);
}
