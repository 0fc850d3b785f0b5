//! Closures as hooks: their arguments, and the values that they may return.

use crate::support::talk::pipe;
use crate::support::{CONTENT, MESSAGE, Seen, StoreBy as _, accepting, build, builder, deliver, hello, tls};
use mailchute::auth::Mechanism;
use mailchute::closures::IntoAnswer;
use mailchute::command::{Command, Ehlo, Verb};
use mailchute::params::BodyKind;
use mailchute::{
    Answer, Builder, Check, Envelope, Hooks, Recipient, Refusal, Reply, Sender, Session, Verdict, testing,
};

#[tokio::test(start_paused = true)]
async fn each_closure_is_called_with_what_the_client_said() {
    let seen = Seen::<String>::default();
    let notes: [Seen<String>; 9] = std::array::from_fn(|_| seen.clone());
    let [connect, ehlo, secure, auth, mail, rcpt, data, command, disconnect] = notes;
    let server = build(
        builder()
            .tls(tls::config())
            .on_connect(move |session| {
                connect.push(format!("connect {} {}", session.client_addr(), session.hostname()));
                async {}
            })
            .on_ehlo(move |hello, session| {
                ehlo.push(format!("{} {} {}", hello.verb, hello.name.as_str(), session.transmission_type()));
                async {}
            })
            .on_secure(move |tls, session| {
                secure.push(format!("secure {} {}", tls.version, session.helo_name().is_some()));
                async {}
            })
            .on_auth(move |given, _session| {
                assert_eq!(given.mechanism(), Mechanism::Plain);
                auth.push(format!("auth {} {}", given.user(), given.is("alice", "wonderland")));
                async { Check::Right }
            })
            .on_mail_from(move |from, session| {
                assert_eq!(from.parameters().body, Some(BodyKind::EightBitMime));
                assert_eq!(from.parameters().size, Some(30));
                mail.push(format!("mail {from} by {}", session.identity().unwrap_or_default()));
                async {}
            })
            .on_rcpt_to(move |to, session| {
                let known = session.envelope().map_or(0, |envelope| envelope.recipients.len());
                rcpt.push(format!("rcpt {to} behind {known}"));
                async {}
            })
            .store_by(move |mut message, session| {
                let data = data.clone();
                async move {
                    let content = message.bytes().await?;
                    assert_eq!(content, CONTENT);
                    let envelope = message.envelope();
                    data.push(format!("data {} {}", envelope.sender, envelope.recipients.len()));
                    assert!(message.id().to_string().starts_with(&session.id().to_string()));
                    Ok(())
                }
            })
            .on_command("xping", move |argument, _session| {
                command.push(format!("xping {argument}"));
                async {}
            })
            .on_disconnect(move |cause, session| {
                disconnect.push(format!("{cause} after {}", session.messages()));
                async {}
            }),
    );
    let (talk, session) = pipe(&server, 65_536);
    let mut client = crate::support::tls::start_tls(talk).await;
    client.ask("EHLO client.example", "250").await;
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235").await;
    client.ask("MAIL FROM:<alice@client.example> BODY=8BITMIME SIZE=30", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("RCPT TO:<carol@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask(MESSAGE, "250 2.6.0 Message accepted").await;
    client.ask("xPiNg  one two ", "250 2.0.0").await;
    client.ask("QUIT", "221").await;
    session.await.unwrap();
    assert_eq!(
        seen.all(),
        [
            "connect 192.0.2.7:40000 mx.example.com",
            "EHLO client.example SMTP",
            "secure TLSv1.3 false",
            "EHLO client.example SMTP",
            "auth alice true",
            "mail alice@client.example by alice",
            "rcpt bob@example.com behind 0",
            "rcpt carol@example.com behind 1",
            "data alice@client.example 2",
            "xping one two",
            "quit after 1",
        ]
    );
}

/// The reply if the sender hook returns this.
async fn heard_of<V: IntoAnswer + Clone + Send + Sync + 'static>(returned: V) -> String {
    let server = build(accepting().on_mail_from(move |_, _| std::future::ready(returned.clone())));
    hello(&server).await.command("MAIL FROM:<alice@client.example>").await.to_string()
}

#[tokio::test(start_paused = true)]
async fn closures_may_return_whatever_says_yes_or_no() {
    const YES: &str = "250 2.1.0 Sender OK";
    const NO: &str = "550 5.7.1 Sender address rejected";
    let warm = || Reply::new(250, (2, 0, 0), "Warm welcome");
    let busy = || Refusal::new(450, (4, 2, 1), "Busy");
    assert_eq!(heard_of(()).await, YES);
    assert_eq!(heard_of(Verdict::accept_if(true)).await, YES);
    assert_eq!(heard_of(Verdict::accept_if(false)).await, NO);
    assert_eq!(heard_of(Verdict::accept_or(true, busy())).await, YES);
    assert_eq!(heard_of(Verdict::accept_or(false, busy())).await, "450 4.2.1 Busy");
    assert_eq!(heard_of(Verdict::Accept).await, YES);
    assert_eq!(heard_of(Verdict::Refuse).await, NO);
    assert_eq!(heard_of(Verdict::AcceptWith(warm())).await, "250 2.0.0 Warm welcome");
    assert_eq!(heard_of(busy()).await, "450 4.2.1 Busy");
    assert_eq!(heard_of(Ok::<_, Refusal>(())).await, YES);
    assert_eq!(heard_of(Ok::<_, Refusal>(Verdict::Refuse)).await, NO);
    assert_eq!(heard_of(Ok::<_, Refusal>(Verdict::AcceptWith(warm()))).await, "250 2.0.0 Warm welcome");
    assert_eq!(heard_of(Err::<(), Refusal>(busy())).await, "450 4.2.1 Busy");
}

#[tokio::test(start_paused = true)]
async fn every_closure_can_refuse() {
    fn no() -> std::future::Ready<Result<(), Refusal>> {
        std::future::ready(Err(Refusal::new(550, (5, 7, 1), "Not you")))
    }
    type Add = fn(Builder) -> Builder;
    let cases: [(Add, &[&str]); 7] = [
        (|builder| builder.on_connect(|_| no()), &[]),
        (|builder| builder.on_ehlo(|_, _| no()), &["EHLO client.example"]),
        (
            |builder| builder.on_authenticated(|_, _| no()).on_auth(|_, _| async { Check::Right }),
            &["EHLO client.example", "AUTH PLAIN AGFsaWNlAHg="],
        ),
        (|builder| builder.on_mail_from(|_, _| no()), &["EHLO x", "MAIL FROM:<>"]),
        (|builder| builder.on_rcpt_to(|_, _| no()), &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>"]),
        (
            |builder| builder.on_data(|_, _| no()),
            &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"],
        ),
        (
            |builder| builder.on_message(|_, _| async { Refusal::new(550, (5, 7, 1), "Not you") }),
            &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"],
        ),
    ];
    for (add, lines) in cases {
        let server = build(add(builder().allow_plaintext_auth()).store_by(|_, _| async {}));
        let mut client = testing::connect(&server).open();
        let mut heard = client.greeting().await;
        for line in lines {
            heard.expect(if line.starts_with("EHLO") && lines.len() == 1 { 220 } else { heard_code(line) });
            heard = client.command(line).await;
        }
        assert_eq!(heard.code(), 550, "{lines:?}");
        assert!(heard.to_string().ends_with("Not you"), "{heard}");
    }
}

/// The reply that the table above lists before `line`.
fn heard_code(line: &str) -> u16 {
    if line.starts_with("EHLO") { 220 } else { 250 }
}

#[tokio::test(start_paused = true)]
async fn a_verb_of_ones_own_answers_as_it_likes_and_stands_in_help() {
    let server = build(
        accepting()
            .on_command("XPING", |_, _| async { Verdict::AcceptWith(Reply::new(250, (2, 0, 0), "pong")) })
            .on_command("XNO", |_, _| async { Verdict::Refuse })
            .on_command("XFAIL", |argument, _| async move {
                let number: u32 = argument.parse()?;
                Ok(Verdict::AcceptWith(Reply::new(214, (2, 0, 0), format!("{number}"))))
            })
            .on_command("VRFY", |argument, _| async move {
                Verdict::AcceptWith(Reply::new(250, (2, 1, 5), format!("<{argument}>")))
            }),
    );
    let mut client = hello(&server).await;
    assert_eq!(client.command("xping").await.lines(), ["250 2.0.0 pong"]);
    client.command("XNO").await.expect(550);
    client.command("XFAIL x").await.expect(451);
    assert_eq!(client.command("XFAIL 7").await.lines(), ["214 2.0.0 7"]);
    assert_eq!(client.command("VRFY bob").await.lines(), ["250 2.1.5 <bob>"]);
    client.command("XPONG").await.expect(500);
    let help = client.command("HELP").await.expect(214).to_string();
    assert!(help.contains("XPING") && help.contains("XNO") && !help.contains("XPONG"), "{help}");
    client.command("QUIT").await.expect(221);
}

#[tokio::test(start_paused = true)]
async fn a_command_hook_sees_unknown_verbs_and_cannot_prevent_quit() {
    struct Watch(Seen<String>);
    impl Hooks for Watch {
        async fn command(&self, command: &Command, _session: &Session) -> Answer {
            self.0.push(format!("{:?} {} {}", command.verb, command.word, command.argument));
            if command.verb == Verb::Quit { Ok(Verdict::Refuse) } else { Ok(Verdict::Accept) }
        }
    }
    let seen = Seen::default();
    let server = build(accepting().hooks(Watch(seen.clone())));
    let mut client = hello(&server).await;
    client.command("frobnicate now").await.expect(500);
    client.command("RSET").await.expect(250);
    client.command("QUIT").await.expect(550);
    assert!(client.try_read_reply().await.is_none());
    assert_eq!(seen.all(), ["Other FROBNICATE now", "Rset RSET ", "Quit QUIT "]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_trait_is_called_with_what_the_client_said() {
    struct Watch(Seen<String>);
    impl Hooks for Watch {
        async fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> Answer {
            self.0.push(format!("{} {} from {}", ehlo.verb, ehlo.name.as_str(), session.client_ip()));
            Ok(Verdict::Accept)
        }

        async fn mail_from(&self, from: &Sender, _session: &Session) -> Answer {
            self.0.push(format!("{from} {:?}", from.domain()));
            Ok(Verdict::Accept)
        }

        async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
            self.0.push(format!("{to} {:?}", to.domain()));
            Ok(Verdict::Accept)
        }

        async fn data(&self, envelope: &Envelope, _session: &Session) -> Answer {
            self.0.push(format!("{} for {}", envelope.sender, envelope.recipients.len()));
            Ok(Verdict::Accept)
        }
    }
    let seen = Seen::default();
    let server = build(accepting().hooks(Watch(seen.clone())));
    let mut client = hello(&server).await;
    deliver(&mut client).await.expect(250);
    client.command("HELO old.example").await.expect(250);
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(
        seen.all(),
        [
            "EHLO client.example from 127.0.0.1",
            "alice@client.example Some(\"client.example\")",
            "bob@example.com Some(\"example.com\")",
            "alice@client.example for 1",
            "HELO old.example from 127.0.0.1",
            " None",
        ]
    );
}
