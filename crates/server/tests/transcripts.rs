//! Transcripts of sessions: their lines and times, without secrets, in bounded memory.

use mailchute::events::Kind;

use crate::support::talk::pipe;
use crate::support::{MESSAGE, accepting, build, example_com_with_alice, hello};

/// A transcript without its first line, which contains the time.
fn lines(transcript: impl ToString) -> Vec<String> {
    transcript.to_string().lines().skip(1).map(|line| line.trim_start().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_is_given_by_lines_with_times_and_without_secrets() {
    let server = build(example_com_with_alice());
    let recorder = server.events().record();
    let (mut client, session) = pipe(&server, 65_536);
    client.read_reply().await;
    for line in [
        "HELO client.example",
        "EHLO client.example",
        "AUTH LOGIN",
        "YWxpY2U=",
        "d3Jvbmc=",
        "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=",
        "MAIL FROM:<alice@client.example>",
        "RCPT TO:<eve@elsewhere.example>",
        "RCPT TO:<bob@example.com>",
        "DATA",
        MESSAGE,
        "QUIT",
    ] {
        client.say(line).await;
    }
    session.await.expect("the session does not panic");
    let transcript = recorder.last().expect("it is recorded");
    assert!(transcript.is_over());
    let text = transcript.to_string();
    let first = text.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("session {} of 192.0.2.7 at 2", transcript.session())), "{first}");
    for secret in ["YWxpY2U", "d3Jvbmc", "AGFsaWNl", "wonderland", "VXNlcm5hbWU", "UGFzc3dvcmQ"] {
        assert!(!text.contains(secret), "{text}");
    }
    let mut seen = lines(&transcript);
    seen.retain(|line| !line.contains(" S: 250-"));
    for line in &mut seen {
        if let Some(at) = line.find("message 1") {
            line.truncate(at + "message 1".len());
        }
    }
    assert_eq!(
        seen,
        [
            "0.000 S: 220 mx.example.com ESMTP Mailchute",
            "0.000 C: HELO client.example",
            "0.000 S: 250 mx.example.com",
            "0.000 C: EHLO client.example",
            "0.000 S: 250 HELP",
            "0.000 C: AUTH LOGIN",
            "0.000 S: 334",
            "0.000 C: (response; left out, as it may hold credentials)",
            "0.000 S: 334",
            "0.000 C: (response; left out, as it may hold credentials)",
            "0.000 * auth LOGIN as alice failed",
            "0.000 * refused by on_auth after 0.000 s",
            "0.000 S: 535 5.7.8 Authentication credentials invalid",
            // The reply to a wrong password is delayed by a second.
            "1.000 C: AUTH PLAIN",
            "1.000 * auth PLAIN as alice succeeded",
            "1.000 S: 235 2.7.0 Authentication successful",
            "1.000 C: MAIL FROM:<alice@client.example>",
            "1.000 S: 250 2.1.0 Sender OK",
            "1.000 C: RCPT TO:<eve@elsewhere.example>",
            "1.000 * refused by on_rcpt_to after 0.000 s",
            "1.000 S: 550 5.1.1 Recipient address rejected",
            "1.000 C: RCPT TO:<bob@example.com>",
            "1.000 S: 250 2.1.5 Recipient OK",
            "1.000 C: DATA",
            "1.000 S: 354 End data with <CR><LF>.<CR><LF>",
            "1.000 C: (29 bytes of a message)",
            "1.000 * message 1",
            "1.000 S: 250 2.6.0 Message accepted",
            "1.000 C: QUIT",
            "1.000 S: 221 2.0.0 Closing connection",
            "1.000 * disconnect: quit",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn sessions_are_recorded_apart_and_one_can_be_chosen() {
    let server = build(accepting());
    let mut connects = server.events().only([Kind::Connect]);
    let all = server.events().record();
    let mut one = hello(&server).await;
    let session = connects.next().await.and_then(|event| event.session().cloned()).expect("it has begun");
    let chosen = server.events().of_session(session.id()).record();
    let mut two = hello(&server).await;
    one.command("NOOP one").await.expect(250);
    two.command("NOOP two").await.expect(250);
    let transcripts = all.transcripts();
    assert_eq!(transcripts.len(), 2);
    assert!(lines(&transcripts[0]).contains(&"0.000 C: NOOP one".to_owned()));
    assert!(lines(&transcripts[1]).contains(&"0.000 C: NOOP two".to_owned()));
    assert_eq!(lines(chosen.last().expect("it is recorded")), ["0.000 C: NOOP one", "0.000 S: 250 2.0.0 OK"]);
    assert!(all.transcript(session.id()).is_some_and(|transcript| !transcript.is_over()));
    assert_eq!(all.to_string(), format!("{}\n\n{}", transcripts[0], transcripts[1]));
}

#[tokio::test(start_paused = true)]
async fn a_long_session_keeps_its_last_lines() {
    let server = build(accepting().max_junk_commands(0));
    let recorder = server.events().record();
    let mut client = hello(&server).await;
    for number in 0..2_000 {
        client.command(&format!("NOOP {number}")).await.expect(250);
    }
    let text = recorder.last().expect("it is recorded").to_string();
    assert!(text.len() < 64 * 1024, "{} bytes", text.len());
    assert!(text.contains(" earlier lines are not kept)\n"), "{text}");
    assert!(text.ends_with("C: NOOP 1999\n    0.000 S: 250 2.0.0 OK"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_sessions_that_ended_first_are_dropped() {
    let server = build(accepting().max_junk_commands(0).max_connections_per_client(0));
    let recorder = server.events().record();
    let mut oldest = hello(&server).await;
    for session in 0..100 {
        let mut client = hello(&server).await;
        for _ in 0..150 {
            client.command(&format!("NOOP {session} {}", "x".repeat(400))).await.expect(250);
        }
        client.command("QUIT").await.expect(221);
        assert!(client.try_read_reply().await.is_none());
    }
    oldest.command("NOOP oldest").await.expect(250);
    let transcripts = recorder.transcripts();
    let bytes: usize = transcripts.iter().map(|transcript| transcript.to_string().len()).sum();
    assert!(bytes < 4 * 1024 * 1024 && transcripts.len() < 80, "{} transcripts", transcripts.len());
    assert!(lines(&transcripts[0]).contains(&"0.000 C: NOOP oldest".to_owned()), "it is not over");
    assert!(transcripts[1].to_string().contains("C: NOOP "));
    assert!(transcripts.last().is_some_and(|last| last.to_string().contains("C: NOOP 99 ")));
}
