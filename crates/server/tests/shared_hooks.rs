//! Hooks and stores that the application keeps a handle on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::talk::pipe;
use crate::support::{Seen, build, builder, deliver, scram, talk_one_message, tls};
use mailchute::{
    Answer, Command, Credentials, Disconnect, Ehlo, Hooks, Message, Recipient, Reply, ScramVerifier, Sender,
    Session, Store, TlsFacts, Verb, Verdict, testing,
};

/// Has all methods, and says otherwise than the defaults wherever that can be seen.
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
        Ok(Reply::new(code, (2, 0, 0), method).into())
    }
}

impl Hooks for Everything {
    async fn connect(&self, _session: &Session) -> Answer {
        self.say("connect", 220)
    }

    async fn ehlo(&self, _ehlo: &Ehlo, _session: &Session) -> Answer {
        self.say("ehlo", 250)
    }

    async fn secure(&self, _tls: &TlsFacts, _session: &Session) -> Answer {
        self.note("secure");
        Ok(Verdict::Accept)
    }

    fn gives_scram_verifiers(&self) -> bool {
        self.note("gives_scram_verifiers");
        true
    }

    async fn scram_verifier(&self, _user: &str, _session: &Session) -> Result<Option<ScramVerifier>, Reply> {
        self.note("scram_verifier");
        Ok(None)
    }

    fn judges_credentials(&self) -> bool {
        self.note("judges_credentials");
        true
    }

    async fn auth(&self, _credentials: &Credentials, _session: &Session) -> Answer {
        self.say("auth", 235)
    }

    async fn mail_from(&self, _from: &Sender, _session: &Session) -> Answer {
        self.say("mail_from", 250)
    }

    async fn rcpt_to(&self, _to: &Recipient, _session: &Session) -> Answer {
        self.say("rcpt_to", 250)
    }

    fn reads_messages(&self) -> bool {
        self.note("reads_messages");
        true
    }

    async fn data(&self, message: &mut Message, _session: &Session) -> Answer {
        message.bytes().await?;
        self.say("data", 250)
    }

    async fn command(&self, command: &Command, _session: &Session) -> Answer {
        self.note("command");
        Ok(if command.verb == Verb::Noop {
            Reply::new(250, (2, 0, 0), "command").into()
        } else {
            Verdict::Accept
        })
    }

    async fn disconnect(&self, _cause: Disconnect, _session: &Session) {
        self.note("disconnect");
    }
}

/// The names of all methods of [`Hooks`], as its source has them.
fn methods() -> BTreeSet<&'static str> {
    let source = include_str!("../src/hooks/mod.rs");
    let names: BTreeSet<_> =
        source.lines().filter_map(|line| line.strip_prefix("    fn ")?.split('(').next()).collect();
    assert!(names.len() >= 13, "{names:?}");
    names
}

#[tokio::test]
async fn every_method_of_shared_hooks_is_asked() {
    let hooks = Arc::new(Everything::default());
    let server = build(builder().tls(tls::config()).hooks(Arc::clone(&hooks)));
    let (client, session) = pipe(&server, 65_536);
    let mut client = tls::start_tls(client).await;
    client.ask("EHLO client.example", "250").await;
    assert!(scram::log_in(&mut client, "nobody", "wonderland", &scram::UNBOUND).await.starts_with("535 "));
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235 2.0.0 auth").await;
    client.ask("MAIL FROM:<alice@client.example>", "250 2.0.0 mail_from").await;
    client.ask("RCPT TO:<bob@example.com>", "250 2.0.0 rcpt_to").await;
    client.ask("DATA", "354").await;
    client.ask(crate::support::MESSAGE, "250 2.0.0 data").await;
    client.ask("NOOP", "250 2.0.0 command").await;
    client.ask("QUIT", "221").await;
    drop(client);
    session.await.expect("the session ends");
    assert_eq!(BTreeSet::from_iter(hooks.asked.all()), methods());
}

#[tokio::test]
async fn shared_hooks_may_be_those_of_several_servers() {
    let hooks = Arc::new(Everything::default());
    let _first = build(builder().hooks(Arc::clone(&hooks)));
    let second = build(builder().hooks(Arc::clone(&hooks)).hooks(Arc::new(Everything::default())));
    let mut client = testing::client(&second);
    client.greeting().await.expect(220);
    assert!(hooks.asked.all().contains(&"connect"));
}

#[derive(Default)]
struct Counter(AtomicU32);

impl Store for Counter {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Reply, Reply> {
        while message.chunk().await?.is_some() {}
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Reply::new(250, (2, 6, 0), format!("Counted as {count}")))
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
