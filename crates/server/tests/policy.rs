//! Policy of one listener by its name (`on`), and policy under a condition (`when`).

use std::io;
use std::time::Duration;

use crate::support::talk::{Talk, pipe};
use crate::support::{Seen, accepting, build, builder, hello, read_on, scram, tls};
use mailchute::auth::ScramVerifier;
use mailchute::listen::Arrival;
use mailchute::{BuildError, Builder, Check, Listener, Refusal, Server, Session, Verdict};
use tokio::io::DuplexStream;

/// Connects through the listener of this name and sends EHLO; returns the reply.
async fn by(server: &Server, listener: &str) -> (Talk<DuplexStream>, String) {
    let (ours, theirs) = tokio::io::duplex(65_536);
    let arrival = Arrival::new(([192, 0, 2, 7], 40_000).into()).listener(listener);
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_connection(theirs, arrival).await });
    let mut client = Talk::new(ours);
    client.read_reply().await;
    let reply = client.say("EHLO client.example").await;
    (client, reply)
}

const ALICE: &str = "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=";

fn submission(builder: Builder) -> Builder {
    builder.on("submission", |b| {
        b.require_auth()
            .max_recipients(2)
            .on_auth(|credentials, _| async move { Check::right_if(credentials.is("alice", "wonderland")) })
    })
}

#[tokio::test(start_paused = true)]
async fn one_listener_requires_and_offers_auth_and_another_does_not() {
    let server = build(submission(accepting().allow_plaintext_auth()));
    let (mut mx, reply) = by(&server, "mx").await;
    assert!(!reply.contains("AUTH") && reply.contains("LIMITS RCPTMAX=1000 "), "{reply}");
    mx.ask(ALICE, "502 5.5.1").await;
    mx.ask("MAIL FROM:<>", "250 2.1.0").await;

    let (mut submission, reply) = by(&server, "submission").await;
    assert!(reply.contains("250-AUTH PLAIN LOGIN\r\n") && reply.contains("RCPTMAX=2 "), "{reply}");
    submission.ask("MAIL FROM:<>", "530 5.7.0").await;
    submission.ask(ALICE, "235 2.7.0").await;
    submission.ask("MAIL FROM:<>", "250 2.1.0").await;
}

#[tokio::test(start_paused = true)]
async fn one_listener_requires_tls_and_another_does_not() {
    let server = build(accepting().tls(tls::config()).on("submission", Builder::require_tls));
    by(&server, "mx").await.0.ask("MAIL FROM:<>", "250 2.1.0").await;
    by(&server, "submission").await.0.ask("MAIL FROM:<>", "530 5.7.0").await;
}

#[tokio::test(start_paused = true)]
async fn hooks_within_are_asked_in_their_place_and_nowhere_else() {
    let seen = Seen::<&str>::default();
    let [first, within, last] = [seen.clone(), seen.clone(), seen.clone()];
    let server = build(
        accepting()
            .on_mail_from(move |_, _| first.note("first"))
            .on("mx", |b| b.on_mail_from(move |_, _| within.note("within")))
            .on_mail_from(move |_, _| last.note("last")),
    );
    by(&server, "submission").await.0.ask("MAIL FROM:<>", "250").await;
    assert_eq!(seen.all(), ["first", "last"]);
    by(&server, "mx").await.0.ask("MAIL FROM:<>", "250").await;
    assert_eq!(seen.all()[2..], ["first", "within", "last"]);
}

#[tokio::test(start_paused = true)]
async fn two_policies_of_one_listener_add_up() {
    let server = build(
        submission(accepting().allow_plaintext_auth())
            .on("submission", |b| b.max_recipients(7).on_mail_from(|_, _| async { Verdict::Refuse })),
    );
    let (mut client, reply) = by(&server, "submission").await;
    assert!(reply.contains("RCPTMAX=7 ") && reply.contains("AUTH PLAIN LOGIN"), "{reply}");
    client.ask(ALICE, "235").await;
    client.ask("MAIL FROM:<>", "550 5.7.1").await;
}

#[tokio::test(start_paused = true)]
async fn a_predicate_is_asked_each_time() {
    let server = build(accepting().allow_plaintext_auth().on_auth(|_, _| async { Check::Right }).when(
        |session| session.identity().is_none(),
        |b| {
            b.on_rcpt_to(|to, _| async move { Verdict::accept_if(to.domain_is("example.com")) })
                .on_message(|_, _| async { Refusal::new(554, (5, 7, 1), "Strangers send nothing") })
        },
    ));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<bob@elsewhere.example>").await.expect(550);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    assert_eq!(client.command("DATA").await.to_string(), "554 5.7.1 Strangers send nothing");
    client.command(ALICE).await.expect(235);
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<bob@elsewhere.example>").await.expect(250);
    client.command("DATA").await.expect(354);
}

#[tokio::test(start_paused = true)]
async fn an_authenticator_abstains_where_its_predicate_does_not_hold() {
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .when(|_| false, |b| b.on_auth(|_, _| async { Check::Wrong }))
            .on_auth(|given, _| async move { Check::right_if(given.is("alice", "wonderland")) }),
    );
    hello(&server).await.command(ALICE).await.expect(235);
    let nobody = build(
        accepting().allow_plaintext_auth().when(|_| false, |b| b.on_auth(|_, _| async { Check::Right })),
    );
    hello(&nobody).await.command(ALICE).await.expect(535);
}

#[tokio::test(start_paused = true)]
async fn a_predicate_that_panics_counts_as_one_that_holds() {
    let server =
        build(accepting().when(|_| panic!("a slip"), |b| b.on_mail_from(|_, _| async { Verdict::Refuse })));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(550);
    client.command("NOOP").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_predicate_that_panics_lets_nobody_in() {
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .on_auth(|_, _| async { Check::NotMine })
            .when(|_| panic!("a slip"), |b| b.on_auth(|_, _| async { Check::Right })),
    );
    let mut client = hello(&server).await;
    assert_eq!(client.command(ALICE).await.to_string(), "451 4.3.0 Internal error; try again later");
    client.command("NOOP").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_predicate_that_panics_gives_no_scram_verifier() {
    let server = build(accepting().when(|_| panic!("a slip"), |b| b.on_scram(verifier)));
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiY2RlZg==", "451 4.3.0").await;
}

async fn verifier(_user: String, _session: Session) -> Result<Option<ScramVerifier>, Refusal> {
    Ok(Some(ScramVerifier::from_password("wonderland", *b"sixteen bytes!!", scram::ITERATIONS)?))
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_enough_where_the_authenticator_is_elsewhere() {
    let server = build(
        accepting()
            .on_scram(verifier)
            .on("submission", |b| b.on_auth(|_, _| async { Check::NotMine }))
            .when(|_| false, |b| b.on_mail_from(|_, _| async { Verdict::Refuse })),
    );
    let (mut client, _reply) = by(&server, "mx").await;
    let reply = scram::log_in(&mut client, "alice", "wonderland", &scram::UNBOUND).await;
    assert!(reply.starts_with("235 2.7.0"), "{reply}");
    let (mut client, _reply) = by(&server, "submission").await;
    let reply = scram::log_in(&mut client, "alice", "wonderland", &scram::UNBOUND).await;
    assert!(reply.starts_with("535 5.7.8"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_not_enough_where_a_condition_may_hold() {
    let server =
        build(accepting().on_scram(verifier).when(|_| false, |b| b.on_auth(|_, _| async { Check::Right })));
    let (mut client, _reply) = by(&server, "mx").await;
    let reply = scram::log_in(&mut client, "alice", "wonderland", &scram::UNBOUND).await;
    assert!(reply.starts_with("535 5.7.8"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn each_predicate_is_asked_once_just_before_its_hook() {
    let seen = Seen::<&str>::default();
    let [asked, hook, again, last] = [seen.clone(), seen.clone(), seen.clone(), seen.clone()];
    let server = build(
        accepting()
            .when(
                move |_| {
                    asked.push("asked");
                    true
                },
                |b| b.on_mail_from(move |_, _| hook.note("hook")),
            )
            .when(
                move |_| {
                    again.push("asked again");
                    true
                },
                |b| b.on_mail_from(move |_, _| last.note("last")),
            ),
    );
    hello(&server).await.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(seen.all(), ["asked", "hook", "asked again", "last"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_set_after_on_holds_at_that_listener_too() {
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .on_auth(|_, _| async { Check::Right })
            .on("submission", |b| b.max_recipients(2))
            .require_auth()
            .max_recipients(7)
            .max_transactions(5),
    );
    let (mut client, reply) = by(&server, "submission").await;
    assert!(reply.contains("RCPTMAX=2 ") && reply.contains("MAILMAX=5"), "{reply}");
    client.ask("MAIL FROM:<>", "530 5.7.0").await;
    let (mut client, reply) = by(&server, "mx").await;
    assert!(reply.contains("RCPTMAX=7 "), "{reply}");
    client.ask("MAIL FROM:<>", "530 5.7.0").await;

    let server = build(accepting().tls(tls::config()).on("submission", |b| b).require_tls());
    by(&server, "submission").await.0.ask("MAIL FROM:<>", "530 5.7.0").await;
}

#[test]
fn options_of_the_server_within_a_policy_are_refused() {
    type Misplace = fn(Builder) -> Builder;
    let cases: [(Misplace, &str); 7] = [
        (|b| b.on("mx", |b| b.hostname("mx.example.com")), "hostname"),
        (|b| b.on("mx", |b| b.on_message(read_on).allow_plaintext_auth()), "allow_plaintext_auth"),
        (|b| b.on("mx", |_| accepting()), "hostname"),
        // Its default is refused as well.
        (|b| b.on("mx", |b| b.max_connections_per_client(50)), "max_connections_per_client"),
        (|b| b.when(|_| true, |b| b.max_recipients(3)), "limits"),
        (|b| b.when(|_| true, Builder::require_auth), "require_auth"),
        (|b| b.when(|_| true, |b| b.on("mx", |b| b)), "on"),
    ];
    for (misplace, named) in cases {
        let error = misplace(accepting()).build().unwrap_err();
        assert!(matches!(&error, BuildError::Invalid { option, .. } if *option == named), "{error}");
        assert!(error.to_string().contains("outside of ."), "{error}");
    }
    let error = builder().on("mx", |b| b.on_auth(|_, _| async { Check::Right })).build().unwrap_err();
    assert_eq!(error, BuildError::NoStore);
}

#[tokio::test]
async fn a_name_that_no_listener_has_is_an_error_when_serving_begins() {
    let server = build(submission(accepting().allow_plaintext_auth()));
    let serving = server.listen(Listener::new("127.0.0.1:0").name("submissions")).await.unwrap();
    let spawned =
        server.listen(Listener::new("127.0.0.1:0").name("other")).await.unwrap().spawn(Duration::ZERO);
    for error in [serving.await.unwrap_err(), spawned.unwrap_err()] {
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let text = error.to_string();
        assert!(text.contains(r#"on("submission", …)"#) && text.contains(r#""submissions""#), "{text}");
    }

    let server = build(submission(accepting().allow_plaintext_auth()));
    let serving = server.listen(Listener::new("127.0.0.1:0").name("submission")).await.unwrap();
    serving.with_graceful_shutdown(async {}, Duration::ZERO).await.unwrap();
    let error = server.reconfigure(accepting().on("submissions", Builder::require_tls)).unwrap_err();
    assert!(error.to_string().starts_with(r#"on("submissions", …): TLS is required"#), "{error}");
    let error = server.reconfigure(accepting().on("submissions", |b| b.max_recipients(2))).unwrap_err();
    assert!(error.to_string().contains(r#"write the name of a listener: "submission""#), "{error}");
}
