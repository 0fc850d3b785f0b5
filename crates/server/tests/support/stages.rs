//! Every stage at which a hook runs, and a client that gets there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mailchute::command::{Command, Ehlo, Verb};
use mailchute::listen::Io;
use mailchute::tls::TlsFacts;
use mailchute::{
    Answer, Authenticator, Builder, Check, Credentials, Envelope, Filter, Hooks, Install, Message, Recipient,
    Refusal, Sender, Server, Session, Verdict,
};

use super::talk::{Talk, pipe};
use super::{MESSAGE, accepting, build, tls};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Connect,
    Ehlo,
    Secure,
    Auth,
    Authenticated,
    Mail,
    Rcpt,
    Data,
    Filter,
    Command,
}

/// All stages whose hooks decide.
pub(crate) const ALL: [Stage; 10] = [
    Stage::Connect,
    Stage::Ehlo,
    Stage::Secure,
    Stage::Auth,
    Stage::Authenticated,
    Stage::Mail,
    Stage::Rcpt,
    Stage::Data,
    Stage::Filter,
    Stage::Command,
];

type Deed = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// A hook that acts at one stage and accepts at all others.
pub(crate) struct OnlyAt {
    stage: Stage,
    deed: Deed,
}

impl OnlyAt {
    pub(crate) fn new<F>(stage: Stage, deed: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self { stage, deed: Box::new(move || Box::pin(deed())) }
    }

    async fn at(&self, stage: Stage) -> Answer {
        if self.stage == stage { (self.deed)().await } else { Ok(Verdict::Accept) }
    }
}

impl Hooks for OnlyAt {
    async fn connect(&self, _session: &Session) -> Answer {
        self.at(Stage::Connect).await
    }

    async fn ehlo(&self, _ehlo: &Ehlo, _session: &Session) -> Answer {
        self.at(Stage::Ehlo).await
    }

    async fn secure(&self, _tls: &TlsFacts, _session: &Session) -> Answer {
        self.at(Stage::Secure).await
    }

    async fn authenticated(&self, _identity: &str, _session: &Session) -> Answer {
        self.at(Stage::Authenticated).await
    }

    async fn mail_from(&self, _from: &Sender, _session: &Session) -> Answer {
        self.at(Stage::Mail).await
    }

    async fn rcpt_to(&self, _to: &Recipient, _session: &Session) -> Answer {
        self.at(Stage::Rcpt).await
    }

    async fn data(&self, _envelope: &Envelope, _session: &Session) -> Answer {
        self.at(Stage::Data).await
    }

    async fn command(&self, command: &Command, _session: &Session) -> Answer {
        // The client sends NOOP; QUIT stays as it is.
        if command.verb == Verb::Noop { self.at(Stage::Command).await } else { Ok(Verdict::Accept) }
    }
}

impl Authenticator for OnlyAt {
    async fn check(&self, _credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
        Ok(match self.at(Stage::Auth).await? {
            verdict if verdict.is_positive() => Check::Right,
            Verdict::Refuse => Check::Wrong,
            Verdict::Accept | Verdict::AcceptWith(_) => return Err(Refusal::internal("not a verdict")),
        })
    }
}

impl Filter for OnlyAt {
    async fn filter(&self, _message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        match self.at(Stage::Filter).await? {
            verdict if verdict.is_positive() => Ok(()),
            Verdict::Refuse => Err(Refusal::from_reply(mailchute_proto::catalog::MESSAGE_REFUSED)),
            Verdict::Accept | Verdict::AcceptWith(_) => Err(Refusal::internal("not a verdict")),
        }
    }
}

impl Install for OnlyAt {
    fn install(self, builder: Builder) -> Builder {
        let hook = Arc::new(self);
        builder.hooks(Arc::clone(&hook)).authenticator(Arc::clone(&hook)).filter(hook)
    }
}

/// A server that offers everything and has this hook.
pub(crate) fn server(hook: OnlyAt) -> Server {
    build(accepting().with(hook).tls(tls::config()).allow_plaintext_auth())
}

/// A server whose hook gives the same answer at every call at `stage`.
pub(crate) fn answering(stage: Stage, answer: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    server(OnlyAt::new(stage, move || std::future::ready(answer())))
}

/// A server without these hooks, to compare with.
pub(crate) fn plain() -> Server {
    build(accepting().tls(tls::config()).allow_plaintext_auth().on_auth(|_, _| async { Check::Right }))
}

/// A client anywhere in its session.
pub(crate) type Client = Talk<Box<dyn Io>>;

/// Goes to `stage` and returns the server's reply there. In the secure stage that is the reply to EHLO inside TLS,
/// unless the server sends one earlier.
pub(crate) async fn reach(server: &Server, stage: Stage) -> (String, Client) {
    let (mut client, _session) = pipe(server, 64 * 1024);
    if stage == Stage::Secure {
        let client = tls::start_tls(client).await;
        let mut client: Client = Talk::new(Box::new(client.into_inner()));
        return (again(&mut client, stage).await, client);
    }
    if stage == Stage::Connect {
        let greeting = client.read_reply().await;
        return (greeting, Talk::new(Box::new(client.into_inner())));
    }
    client.read_reply().await;
    let mut client: Client = Talk::new(Box::new(client.into_inner()));
    let before: &[&str] = match stage {
        Stage::Connect | Stage::Secure | Stage::Ehlo => &[],
        Stage::Auth | Stage::Authenticated | Stage::Mail | Stage::Command => &["EHLO client.example"],
        Stage::Rcpt => &["EHLO client.example", "MAIL FROM:<alice@client.example>"],
        Stage::Data | Stage::Filter => {
            &["EHLO client.example", "MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>"]
        }
    };
    for line in before {
        client.ask(line, "250").await;
    }
    (again(&mut client, stage).await, client)
}

/// Repeats the command of the stage.
pub(crate) async fn again(client: &mut Client, stage: Stage) -> String {
    match stage {
        Stage::Connect => String::new(),
        Stage::Ehlo | Stage::Secure => client.say("EHLO client.example").await,
        // alice, wonderland
        Stage::Auth | Stage::Authenticated => client.say("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=").await,
        Stage::Mail => client.say("MAIL FROM:<alice@client.example>").await,
        Stage::Rcpt => client.say("RCPT TO:<bob@example.com>").await,
        Stage::Command => client.say("NOOP").await,
        Stage::Data | Stage::Filter => {
            let reply = client.say("DATA").await;
            if reply.starts_with("354") { client.say(MESSAGE).await } else { reply }
        }
    }
}

impl Stage {
    /// The start of the stage's standard reply.
    pub(crate) fn yes(self) -> &'static str {
        match self {
            Self::Connect => "220 mx.example.com ",
            Self::Ehlo | Self::Secure => "250-mx.example.com\r\n",
            Self::Auth | Self::Authenticated => "235 2.7.0 ",
            Self::Mail => "250 2.1.0 ",
            Self::Rcpt => "250 2.1.5 ",
            Self::Data | Self::Filter => "250 2.6.0 ",
            Self::Command => "250 2.0.0 ",
        }
    }

    /// The start of its standard refusal.
    pub(crate) fn no(self) -> &'static str {
        match self {
            Self::Connect => "554 5.7.1 C",
            Self::Ehlo => "550 G",
            Self::Secure => "421 4.7.0 ",
            Self::Auth | Self::Authenticated => "535 5.7.8 ",
            Self::Mail | Self::Command => "550 5.7.1 ",
            Self::Rcpt => "550 5.1.1 ",
            Self::Data | Self::Filter => "554 5.7.1 ",
        }
    }

    /// Whether the client sees the text of a positive answer.
    pub(crate) fn takes_text(self) -> bool {
        !matches!(self, Self::Auth | Self::Data | Self::Filter)
    }

    /// Whether replies of the stage carry enhanced codes (RFC 2034 §3).
    pub(crate) fn is_enhanced(self) -> bool {
        self != Self::Ehlo
    }

    /// `code` with its enhanced code, if the stage has one.
    pub(crate) fn begin(self, code: u16, enhanced: &str) -> String {
        if self.is_enhanced() { format!("{code} {enhanced} ") } else { format!("{code} ") }
    }
}
