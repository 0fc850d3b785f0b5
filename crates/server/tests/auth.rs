//! AUTH: credentials reach the hook, the session knows its user, and no secret leaks.

use std::time::Duration;

use crate::support::scram::{self, ITERATIONS};
use crate::support::talk::pipe;
use crate::support::{Seen, StoreBy as _, accepting, build, builder, deliver, hello, log, tls, traced};
use mailchute::auth::{Mechanism, ScramVerifier};
use mailchute::events::{Event, Kind};
use mailchute::testing::Client;
use mailchute::{BuildError, Builder, Check, Credentials, Disconnect, Refusal, Server, Session};
use tokio::time::Instant;

/// PLAIN's response for alice and her password, wonderland.
const ALICE: &str = "AGFsaWNlAHdvbmRlcmxhbmQ=";

/// The same with another password.
const MALLORY: &str = "AGFsaWNlAGd1ZXNz";

async fn judge(credentials: Credentials, _session: Session) -> Check {
    Check::right_if(credentials.is("alice", "wonderland"))
}

/// A server that takes passwords in the clear, for tests of behaviour that is the same inside TLS.
fn in_the_clear(builder: Builder) -> Server {
    build(builder.allow_plaintext_auth().on_auth(judge))
}

async fn auth_keywords(client: &mut Client) -> Option<String> {
    let heard = client.command("EHLO client.example").await.expect(250);
    heard.lines().iter().find(|line| line[4..].starts_with("AUTH")).cloned()
}

#[tokio::test(start_paused = true)]
async fn plain_and_login_reach_the_hook_in_every_form() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(accepting().allow_plaintext_auth().on_auth(move |given, _session| {
        note.push(format!("{} {} {}", given.mechanism(), given.user(), given.is("alice", "wonderland")));
        async { Check::Right }
    }));
    let exchanges: [&[(&str, u16)]; 5] = [
        &[("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", 235)],
        &[("auth plain", 334), (ALICE, 235)],
        &[("AUTH LOGIN", 334), ("YWxpY2U=", 334), ("d29uZGVybGFuZA==", 235)],
        &[("AUTH LOGIN YWxpY2U=", 334), ("d29uZGVybGFuZA==", 235)],
        &[("AUTH PLAIN YWxpY2UAYWxpY2UAd29uZGVybGFuZA==", 235)],
    ];
    for exchange in exchanges {
        let mut client = hello(&server).await;
        for (line, code) in exchange {
            client.command(line).await.expect(*code);
        }
    }
    let [plain, login] = ["PLAIN alice true", "LOGIN alice true"];
    assert_eq!(seen.all(), [plain, plain, login, login, plain]);
}

#[tokio::test(start_paused = true)]
async fn auth_is_offered_only_when_somebody_judges_credentials() {
    let server = build(accepting().allow_plaintext_auth());
    let mut client = hello(&server).await;
    assert_eq!(auth_keywords(&mut client).await, None);
    client.command(&format!("AUTH PLAIN {ALICE}")).await.expect(502);
    let mut client = hello(&in_the_clear(accepting())).await;
    assert_eq!(auth_keywords(&mut client).await.as_deref(), Some("250-AUTH PLAIN LOGIN"));
    let server = in_the_clear(accepting().mechanisms([Mechanism::Plain]));
    let mut client = hello(&server).await;
    assert_eq!(auth_keywords(&mut client).await.as_deref(), Some("250-AUTH PLAIN"));
    client.command("AUTH LOGIN").await.expect(504);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_hangs_up_keeps_its_words_at_the_limit() {
    let cases = [
        (false, "421 4.7.0 Too many failed authentications", Disconnect::Limit),
        (true, "535 5.7.13 User account disabled", Disconnect::Hook),
    ];
    for (hangs_up, expected, cause) in cases {
        let server = accepting().allow_plaintext_auth().on_auth(judge).max_auth_failures(1);
        let server = build(server.on_authenticated(move |_identity, _session| async move {
            let refusal = Refusal::new(535, (5, 7, 13), "User account disabled");
            Err::<(), _>(if hangs_up { refusal.hang_up() } else { refusal })
        }));
        let mut ends = server.events().only([Kind::Disconnect]);
        let mut client = hello(&server).await;
        assert_eq!(client.command(&format!("AUTH PLAIN {ALICE}")).await.to_string(), expected);
        let Some(Event::Disconnect { cause: ended_by, .. }) = ends.next().await else { panic!("it ends") };
        assert_eq!(ended_by, cause);
        assert_eq!(server.stats().logins_refused, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn passwords_are_taken_inside_tls_only_unless_allowed_by_name() {
    let server = build(accepting().tls(tls::config()).on_auth(judge));
    let mut client = hello(&server).await;
    assert_eq!(auth_keywords(&mut client).await, None);
    for line in [format!("AUTH PLAIN {ALICE}"), "AUTH PLAIN".into(), "AUTH LOGIN".into()] {
        assert!(client.command(&line).await.expect(538).lines()[0].starts_with("538 5.7.11 "), "{line}");
    }
    let mut client = tls::start_tls(pipe(&server, 65_536).0).await;
    assert!(client.ask("EHLO client.example", "250").await.contains("250-AUTH PLAIN LOGIN\r\n"));
    client.ask(&format!("AUTH PLAIN {ALICE}"), "235 2.7.0").await;
}

#[tokio::test(start_paused = true)]
async fn required_authentication_refuses_mail_until_it_succeeds() {
    let server = in_the_clear(accepting().require_auth());
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(530);
    client.command(&format!("AUTH PLAIN {MALLORY}")).await.expect(535);
    client.command("MAIL FROM:<alice@client.example>").await.expect(530);
    client.command(&format!("AUTH PLAIN {ALICE}")).await.expect(235);
    deliver(&mut client).await.expect(250);
    let error = accepting().require_auth().build().unwrap_err().to_string();
    assert!(error.contains("write .on_auth(…) or .on_scram(…)"), "{error}");
}

/// No user has a verifier.
async fn no_verifier(_user: String, _session: Session) -> Result<Option<ScramVerifier>, Refusal> {
    Ok(None)
}

#[tokio::test]
async fn refuses_to_require_auth_that_no_client_can_pass() {
    let required = || accepting().require_auth();
    for options in [
        required().on_auth(judge),
        required().on_auth(judge).mechanisms([Mechanism::Login]),
        required().on_auth(judge).mechanisms([Mechanism::OauthBearer, Mechanism::Xoauth2]),
        // Without SCRAM on offer, verifiers are useless.
        required().on_auth(judge).on_scram(no_verifier).mechanisms([Mechanism::Plain]),
    ] {
        let error = options.build().unwrap_err();
        assert_eq!(error, BuildError::PasswordsWithoutTls);
        for cure in [".tls(…)", ".on_scram(…)", ".allow_plaintext_auth()"] {
            assert!(error.to_string().contains(cure), "{error}");
        }
    }
    for options in [
        required().on_auth(judge).tls(tls::config()).mechanisms([]),
        required().on_auth(judge).allow_plaintext_auth().mechanisms([]),
        required().on_scram(no_verifier).mechanisms([Mechanism::Plain]),
        // There is no channel to bind to.
        required().on_scram(no_verifier).mechanisms([Mechanism::ScramSha256Plus]),
    ] {
        let error = options.build().unwrap_err();
        assert_eq!(error, BuildError::NoMechanism);
        assert!(error.to_string().contains(".mechanisms(…)"), "{error}");
    }
    // If both are wrong, the missing certificate comes first.
    let error = required().require_tls().on_auth(judge).build().unwrap_err();
    assert_eq!(error, BuildError::TlsWithoutCertificate);
    // A running server keeps its options too.
    let server = build(accepting());
    let refused = server.reconfigure(required().on_auth(judge));
    assert_eq!(refused, Err(BuildError::PasswordsWithoutTls));
    hello(&server).await.command("MAIL FROM:<>").await.expect(250);
}

#[tokio::test]
async fn allows_requiring_auth_with_one_usable_mechanism() {
    let required = || accepting().require_auth();
    for options in [
        required().on_auth(judge).tls(tls::config()),
        required().on_auth(judge).allow_plaintext_auth(),
        required().on_scram(no_verifier),
        required().on_auth(judge).on_scram(no_verifier),
        required().on_auth(judge).mechanisms([Mechanism::Plain, Mechanism::CramMd5]),
        required().on_scram(no_verifier).tls(tls::config()).mechanisms([Mechanism::ScramSha256Plus]),
        // A proxy tells which user has logged in to it.
        required().on_auth(judge).mechanisms([]).xclient_from(["127.0.0.1".parse().unwrap()]),
    ] {
        build(options);
    }
}

#[tokio::test(start_paused = true)]
async fn the_session_and_the_received_field_know_who_sends() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(builder().tls(tls::config()).on_auth(judge).store_by(move |message, session| {
        let note = note.clone();
        async move {
            note.push(session.identity().unwrap_or_default().to_string());
            note.push(traced(message).await?);
            Ok(())
        }
    }));
    let mut client = tls::start_tls(pipe(&server, 65_536).0).await;
    client.ask("EHLO client.example", "250").await;
    client.ask(&format!("AUTH PLAIN {ALICE}"), "235").await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask(".", "250").await;
    let [identity, trace] = &seen.all()[..] else { panic!("{seen:?}") };
    assert_eq!(identity, "alice");
    assert!(trace.contains(" with ESMTPSA id "), "{trace}");
    assert!(!trace.contains("from alice"), "who it is, is nobody's business: {trace}");
}

#[tokio::test(start_paused = true)]
async fn acting_as_somebody_else_is_the_hooks_to_allow() {
    let identities = Seen::<String>::default();
    let note = identities.clone();
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .on_auth(|given, _| async move {
                Check::right_if(given.user() == "alice" && given.identity() == "bob")
            })
            .on_mail_from(move |_, session| {
                let mechanism = session.auth_mechanism().map_or("none", mailchute::auth::Mechanism::name);
                note.push(format!("{} by {mechanism}", session.identity().unwrap_or_default()));
                async {}
            }),
    );
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RSET").await.expect(250);
    client.command("AUTH PLAIN Ym9iAGFsaWNlAHdvbmRlcmxhbmQ=").await.expect(235);
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(identities.all(), [" by none", "bob by PLAIN"]);
    let mut client = hello(&in_the_clear(accepting())).await;
    client.command("AUTH PLAIN Ym9iAGFsaWNlAHdvbmRlcmxhbmQ=").await.expect(535);
}

#[tokio::test(start_paused = true)]
async fn a_refused_authentication_leaves_the_session_nobodys() {
    let seen = Seen::<bool>::default();
    let note = seen.clone();
    let server = in_the_clear(accepting().on_mail_from(move |_, session| {
        note.push(session.identity().is_some());
        async {}
    }));
    let mut client = hello(&server).await;
    client.command(&format!("AUTH PLAIN {MALLORY}")).await.expect(535);
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(seen.all(), [false]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_answered_late_and_the_third_hangs_up() {
    for (limit, tries) in [(None, 3), (Some(5), 5), (Some(1), 1)] {
        let builder = accepting();
        let server = in_the_clear(match limit {
            None => builder,
            Some(failures) => builder.max_auth_failures(failures),
        });
        let mut client = hello(&server).await;
        for number in 1..=tries {
            let since = Instant::now();
            let heard = client.command(&format!("AUTH PLAIN {MALLORY}")).await;
            let expected = if number == tries { "421 4.7.0 " } else { "535 5.7.8 " };
            assert!(heard.lines()[0].starts_with(expected), "try {number} of {tries}: {heard}");
            assert!(since.elapsed() >= Duration::from_secs(1), "try {number} of {tries}");
        }
        assert!(client.try_read_reply().await.is_none());
    }
}

/// Python's smtplib tries each mechanism with one password, and then the user types another.
#[tokio::test(start_paused = true)]
async fn the_same_password_by_another_mechanism_is_not_a_new_guess() {
    let asked = Seen::<String>::default();
    let note = asked.clone();
    let server = build(accepting().allow_plaintext_auth().on_auth(move |given: Credentials, _| {
        note.push(given.mechanism().name());
        async move { Check::right_if(given.is("alice", "wonderland")) }
    }));
    let mut client = hello(&server).await;
    // guess, wrong, wonder.
    for (number, password) in ["Z3Vlc3M=", "d3Jvbmc=", "d29uZGVy"].into_iter().enumerate() {
        let response = ["AGFsaWNlAGd1ZXNz", "AGFsaWNlAHdyb25n", "AGFsaWNlAHdvbmRlcg=="][number];
        let since = Instant::now();
        let code = if number == 2 { 421 } else { 535 };
        client.command(&format!("AUTH PLAIN {response}")).await.expect(code);
        if code == 535 {
            client.command("AUTH LOGIN YWxpY2U=").await.expect(334);
            client.command(password).await.expect(535);
            assert!(since.elapsed() >= Duration::from_secs(2), "a repetition is held back as well");
        }
    }
    assert_eq!(asked.all(), ["PLAIN", "LOGIN", "PLAIN", "LOGIN", "PLAIN"], "the hook is asked each time");
}

#[tokio::test(start_paused = true)]
async fn a_failing_user_database_does_not_count_as_a_wrong_password() {
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .on_auth(|_, _| async { Err::<Check, _>(Refusal::new(454, (4, 7, 0), "Users are away")) }),
    );
    let mut client = hello(&server).await;
    for _ in 0..5 {
        client.command(&format!("AUTH PLAIN {ALICE}")).await.expect(454);
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_are_in_no_log_and_in_no_event() {
    let (log, _guard) = log::capture();
    let server = build(
        accepting()
            .tls(tls::config())
            .allow_plaintext_auth()
            .mechanisms(Mechanism::ALL.iter().copied())
            .on_scram(|_, _| async {
                Ok(Some(ScramVerifier::from_password("wonderland", *b"sixteen bytes!!", ITERATIONS)?))
            })
            .on_auth(|given, session| async move {
                // The debug output of credentials shows no password either.
                tracing::info!(?given, ?session, "asked");
                Check::right_if(given.are_proven() || given.is("alice", "wonderland"))
            }),
    );
    let mut events = server.events();
    let exchanges: [&[&str]; 16] = [
        &["AUTH\tPLAIN\tAGFsaWNlAHdvbmRlcmxhbmQ="],
        &["AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="],
        &["AUTH  PLAIN  AGFsaWNlAHdvbmRlcmxhbmQ="],
        &["auth plain AGFsaWNlAHdvbmRlcmxhbmQ= trailing"],
        &["AUTH PLAIN", "AGFsaWNlAHdvbmRlcmxhbmQ="],
        &["AUTH PLAIN", "AGFsaWNlAHdvbmRlcmxhbmQ=x"],
        &["AUTH LOGIN", "YWxpY2U=", "d29uZGVybGFuZA=="],
        &["AUTH LOGIN YWxpY2U=", "d29uZGVybGFuZA=="],
        &["AUTH LOGIN YWxpY2U=", "d29uZGVybGFuZA"],
        &["AUTH NOSUCH AGFsaWNlAHdvbmRlcmxhbmQ="],
        &["AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\t"],
        &["AUTH PLAIN !!AGFsaWNlAHdvbmRlcmxhbmQ="],
        // Tokens that equal the password, which no hook takes, and a digest: "alice" and 32 digits 7.
        &["AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB3b25kZXJsYW5kAQE=", ""],
        &["AUTH XOAUTH2", "dXNlcj1hbGljZQFhdXRoPUJlYXJlciB3b25kZXJsYW5kAQE=", "*"],
        &["AUTH OAUTHBEARER bixhPWFsaWNlLAFhdXRoPUJlYXJlciB3b25kZXJsYW5kAQE=", "AQ=="],
        &["AUTH CRAM-MD5", "YWxpY2UgNzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc="],
    ];
    for exchange in exchanges {
        let mut clear = hello(&server).await;
        let mut inside = tls::start_tls(pipe(&server, 65_536).0).await;
        inside.ask("EHLO client.example", "250").await;
        for line in exchange {
            let heard = clear.command(line).await.to_string();
            assert!(inside.say(line).await.starts_with(&heard[..3]), "{line}");
        }
        let _ = clear.command("QUIT").await;
        inside.say("QUIT").await;
    }
    // SCRAM shows only the user: more would allow password guessing offline.
    let mut secrets: Vec<String> =
        ["wonderland", "AGFsaWNl", "d29uZGVy", "b25kZXJsYW5k", "dvbmRlcmxhbmQ", "77777777"]
            .map(String::from)
            .into();
    for (password, parts) in [("wonderland", 5), ("guessed", 4)] {
        let mut talk = pipe(&server, 65_536).0;
        talk.hello().await;
        let said = scram::exchange(&mut talk, "alice", password, &scram::UNBOUND).await;
        assert_eq!(said.len(), parts);
        for message in &said[..parts - 1] {
            secrets.push(scram::encoded(message));
            secrets
                .extend(message.split(',').filter(|part| part.len() > 10).map(|part| part[2..].to_owned()));
        }
        talk.say("QUIT").await;
    }
    drop(server);
    let mut told = String::new();
    while let Some(event) = events.next().await {
        if matches!(event, Event::Auth { .. }) {
            assert!(event.to_string().contains(" as alice "));
        }
        told.push_str(&format!("{event}\n{event:?}\n"));
    }
    log.expect("AUTH PLAIN");
    log.expect("asked");
    for text in [log.text(), told] {
        for secret in &secrets {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is there to be read");
        }
    }
}
