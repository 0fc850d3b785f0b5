//! The application closes a session, from outside and from a hook.

use std::future::pending;

use crate::support::talk::{Talk, pipe};
use crate::support::{
    DropNote, MESSAGE, Seen, StoreBy as _, accepting, build, builder, read_all, talk_one_message, tls,
};
use mailchute::listen::Arrival;
use mailchute::session::SessionPhase;
use mailchute::{Builder, Disconnect, Filter, Message, Receipt, Refusal, Server, Session};
use tokio::io::DuplexStream;

const BLOCKED: &str = "421 4.7.0 Account blocked\r\n";

fn blocked() -> Refusal {
    Refusal::new(421, (4, 7, 0), "Account blocked")
}

/// A server that records how its sessions end.
fn noting(builder: Builder) -> (Server, Seen<Disconnect>) {
    let causes = Seen::<Disconnect>::default();
    let note = causes.clone();
    (build(builder.on_disconnect(move |cause, _session| note.note(cause))), causes)
}

/// Closes the only session.
fn close(server: &Server, refusal: Refusal) {
    let sessions = server.sessions();
    let [session] = &*sessions else { panic!("there is one session, not {sessions:?}") };
    session.close(refusal);
}

/// Waits until the only session has come this far.
async fn until(server: &Server, phase: SessionPhase) {
    while server.sessions().first().map(mailchute::Session::phase) != Some(phase) {
        tokio::task::yield_now().await;
    }
}

async fn hello(server: &Server) -> Talk<DuplexStream> {
    let (mut client, _session) = pipe(server, 65_536);
    client.hello().await;
    client
}

async fn envelope(client: &mut Talk<DuplexStream>) {
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
}

#[tokio::test]
async fn an_idle_client_is_told_and_the_connection_closes() {
    let (server, causes) = noting(accepting());
    let mut client = hello(&server).await;
    close(&server, blocked());
    assert_eq!(client.rest().await, BLOCKED);
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
}

#[tokio::test]
async fn a_client_within_a_transaction_is_told_at_once() {
    let (server, _causes) = noting(accepting());
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    close(&server, Refusal::new(550, (5, 7, 1), "Go away"));
    assert_eq!(client.rest().await, "550 5.7.1 Go away\r\n");
}

#[tokio::test]
async fn a_message_that_is_coming_in_is_not_kept() {
    let dropped = Seen::default();
    let note = dropped.clone();
    let (server, causes) = noting(builder().store_by(move |message, _session| {
        let note = DropNote(note.clone(), "dropped");
        async move {
            read_all(message).await?;
            std::mem::forget(note);
            Ok::<_, Refusal>(())
        }
    }));
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    client.ask("DATA", "354").await;
    client.write("Subject: half\r\n\r\nHello").await;
    until(&server, SessionPhase::Message).await;
    close(&server, blocked());
    assert_eq!(client.rest().await, BLOCKED);
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
    assert_eq!(dropped.all(), ["dropped"]);
}

/// Closes the session while a hook of `builder` runs, which `last` starts.
async fn closed_in_hook(builder: Builder, before: &[&str], last: &str) -> String {
    let (server, causes) = noting(builder);
    let (mut client, _session) = pipe(&server, 65_536);
    for line in before {
        match *line {
            "" => drop(client.read_reply().await),
            line => drop(client.say(line).await),
        }
    }
    client.write(last).await;
    // The session has nothing else to do but start the hook.
    while server.sessions().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    close(&server, blocked());
    let rest = client.rest().await;
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
    rest
}

#[tokio::test]
async fn close_drops_a_pending_hook_and_sends_its_reply_instead() {
    let dropped = Seen::<&str>::default();
    let hang = || {
        let seen = dropped.clone();
        move || {
            let note = DropNote(seen.clone(), "dropped");
            async move {
                pending::<()>().await;
                drop(note);
            }
        }
    };
    let (connect, ehlo, mail, rcpt, data) = (hang(), hang(), hang(), hang(), hang());
    let walk = ["", "EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"];
    let stages = [
        (accepting().on_connect(move |_| connect()), 0, ""),
        (accepting().on_ehlo(move |_, _| ehlo()), 1, "EHLO client.example\r\n"),
        (accepting().on_mail_from(move |_, _| mail()), 2, "MAIL FROM:<>\r\n"),
        (accepting().on_rcpt_to(move |_, _| rcpt()), 3, "RCPT TO:<bob@example.com>\r\n"),
        (builder().store_by(move |_, _| data()), 4, "DATA\r\n"),
    ];
    for (count, (builder, before, last)) in stages.into_iter().enumerate() {
        // Replies to EHLO carry no enhanced code (RFC 2034).
        let told = if before == 1 { "421 Account blocked\r\n" } else { BLOCKED };
        assert_eq!(closed_in_hook(builder, &walk[..before], last).await, told, "{last}");
        assert_eq!(dropped.count(), count + 1);
    }
}

#[tokio::test]
async fn close_answers_credentials_that_are_being_checked() {
    let builder = accepting().allow_plaintext_auth().on_auth(|_, _| pending::<mailchute::Check>());
    let walk = ["", "EHLO client.example"];
    let last = "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n";
    assert_eq!(closed_in_hook(builder, &walk, last).await, BLOCKED);
}

#[tokio::test]
async fn a_store_that_is_awaited_is_dropped_and_the_message_refused() {
    let builder = builder().store_by(|message, _session| async move {
        read_all(message).await?;
        pending::<Result<(), Refusal>>().await
    });
    let walk = ["", "EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.com>", "DATA"];
    assert_eq!(closed_in_hook(builder, &walk, &format!("{MESSAGE}\r\n")).await, BLOCKED);
}

#[tokio::test]
async fn a_hook_that_closes_its_own_session_decides_nothing_else() {
    let (server, causes) = noting(accepting().on_rcpt_to(|_to, session| async move {
        session.close(blocked());
    }));
    let mut client = hello(&server).await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.write("RCPT TO:<bob@example.com>\r\nDATA\r\n").await;
    assert_eq!(client.rest().await, BLOCKED);
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
}

#[tokio::test]
async fn a_stored_message_is_accepted_before_the_session_closes() {
    let (server, _causes) = noting(builder().store_by(|message, session| async move {
        read_all(message).await?;
        session.close(blocked());
        Ok::<_, Refusal>(())
    }));
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    client.ask("DATA", "354").await;
    client.write(format!("{MESSAGE}\r\nNOOP\r\nNOOP\r\n")).await;
    assert_eq!(client.rest().await, format!("250 2.6.0 Message accepted\r\n{BLOCKED}"));
}

#[tokio::test]
async fn the_farewell_wins_over_refusals_by_name() {
    let stored = Seen::<&str>::default();
    let note = stored.clone();
    let (server, causes) = noting(builder().on_store(move |mut message, _session| {
        let note = note.clone();
        async move {
            while message.chunk().await?.is_some() {}
            note.push("store");
            message.refuse(0, Refusal::new(451, (4, 2, 2), "Full"));
            pending::<Result<Receipt, Refusal>>().await
        }
    }));
    let mut client = hello(&server).await;
    let one = "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.com>\r\nDATA\r\na: b\r\n\r\n.\r\n";
    client.write([one, one].concat()).await;
    stored.until(1).await;
    close(&server, blocked());
    let rest = client.rest().await;
    assert!(rest.ends_with(&format!("\r\n354 End data with <CR><LF>.<CR><LF>\r\n{BLOCKED}")), "{rest}");
    assert_eq!(rest.lines().count(), 4, "{rest}");
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
    assert_eq!(stored.count(), 1);
}

#[tokio::test]
async fn a_filter_that_refuses_by_name_and_closes_ends_it_all() {
    let (server, causes) = noting(accepting().filter(ByNameAndClose));
    let mut client = hello(&server).await;
    let one = "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.com>\r\nBDAT 8 LAST\r\na: b\r\n\r\n";
    client.write([one, one].concat()).await;
    let rest = client.rest().await;
    assert!(rest.ends_with(&format!("\r\n{BLOCKED}")) && rest.lines().count() == 3, "{rest}");
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
}

struct ByNameAndClose;

impl Filter for ByNameAndClose {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        message.refuse(0, Refusal::new(451, (4, 2, 2), "Full"));
        session.close(blocked());
        Ok(())
    }
}

#[tokio::test]
async fn a_data_hook_that_closes_is_heard_before_the_chunk_ends() {
    let (server, causes) = noting(accepting().on_data(|_envelope, session| async move {
        session.close(blocked());
    }));
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    client.write("BDAT 100 LAST\r\nhalf").await;
    assert_eq!(client.rest().await, BLOCKED);
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
}

#[tokio::test]
async fn commands_after_the_closing_one_are_not_answered() {
    let (server, causes) = noting(accepting().on_disconnect(|_, _| async {}));
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    let session = server.sessions().pop().expect("it is open");
    session.close(blocked());
    client.write("NOOP\r\n".repeat(10)).await;
    assert_eq!(client.rest().await, BLOCKED);
    assert_eq!(causes.until(1).await, [Disconnect::Closed]);
    // The session has ended for good.
    session.close(blocked());
    assert_eq!(session.phase(), SessionPhase::Over);
}

#[tokio::test]
async fn the_first_of_several_replies_counts() {
    let (server, _causes) = noting(accepting());
    let mut client = hello(&server).await;
    let session = server.sessions().pop().expect("it is open");
    session.close(blocked());
    session.close(Refusal::new(550, (5, 7, 1), "Go away"));
    server.shutdown(std::time::Duration::ZERO);
    assert_eq!(client.rest().await, BLOCKED);
}

#[tokio::test]
async fn a_refusal_with_a_positive_code_closes_with_451() {
    let (server, _causes) = noting(accepting());
    let mut client = hello(&server).await;
    close(&server, Refusal::new(250, (2, 0, 0), "Bye"));
    assert_eq!(client.rest().await, "451 4.3.0 Internal error; try again later\r\n");
}

#[tokio::test]
async fn a_cause_is_not_shown_to_the_client() {
    let (server, _causes) = noting(accepting());
    let mut client = hello(&server).await;
    close(&server, Refusal::internal(std::io::Error::other("secret")));
    let rest = client.rest().await;
    assert!(rest.starts_with("451 4.3.0 ") && !rest.contains("secret"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_for_a_penalty_is_not_waited_for() {
    let builder = accepting().allow_plaintext_auth().on_auth(|_, _| async { mailchute::Check::Wrong });
    let (server, _causes) = noting(builder);
    let mut client = hello(&server).await;
    let began = tokio::time::Instant::now();
    client.write("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n").await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    close(&server, blocked());
    let rest = client.rest().await;
    assert!(rest.starts_with("535 5.7.8 ") && rest.ends_with(BLOCKED), "{rest}");
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_handshake_that_is_under_way_ends_without_a_word() {
    let (server, _causes) = noting(accepting().tls(tls::config()));
    let mut client = hello(&server).await;
    client.ask("STARTTLS", "220").await;
    close(&server, blocked());
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn the_sessions_that_are_open_say_who_and_how_far_they_are() {
    let (server, _causes) =
        noting(accepting().allow_plaintext_auth().on_auth(|_, _| async { mailchute::Check::Right }));
    assert_eq!(server.sessions().len(), 0);
    let (ours, theirs) = tokio::io::duplex(65_536);
    let local = ([192, 0, 2, 1], 587).into();
    let arrival = Arrival::new(([192, 0, 2, 7], 40_000).into()).listener("submission").local_addr(local);
    let serving = server.clone();
    let task = tokio::spawn(async move { serving.serve_connection(theirs, arrival).await });
    let mut client = Talk::new(ours);
    client.read_reply().await;
    let session = server.sessions().pop().expect("it is open");
    assert_eq!(session.listener(), Some("submission"));
    assert_eq!((session.local_addr(), session.endpoint()), (Some(local), None));
    assert_eq!(session.client_addr().to_string(), "192.0.2.7:40000");
    assert_eq!((session.phase(), session.identity()), (SessionPhase::Connected, None));
    client.ask("EHLO client.example", "250").await;
    assert_eq!(session.phase(), SessionPhase::Ready);
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235").await;
    assert_eq!(session.identity().as_deref(), Some("alice"));
    client.ask("MAIL FROM:<>", "250").await;
    assert_eq!(session.phase(), SessionPhase::Transaction);
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    assert_eq!(session.phase(), SessionPhase::Message);
    client.ask(MESSAGE, "250").await;
    assert_eq!(session.phase(), SessionPhase::Ready);
    talk_one_message(&mut client).await;
    client.ask("QUIT", "221").await;
    task.await.expect("it ends well");
    assert_eq!(session.phase(), SessionPhase::Over);
    assert_eq!(server.sessions().len(), 0);
    assert!(session.id().to_bits() > 0);
}
