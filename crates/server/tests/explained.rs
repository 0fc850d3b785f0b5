//! Sessions with explanations: whole transcripts, and several sessions at once, line by line.

use mailchute::events::Kind;
use mailchute::explain::Narrator;

use crate::support::talk::pipe;
use crate::support::{MESSAGE, accepting, build, example_com_with_alice, hello};

#[tokio::test(start_paused = true)]
async fn each_line_of_a_transcript_has_its_meaning_below() {
    let server = build(example_com_with_alice());
    let recorder = server.events().record();
    let (mut client, session) = pipe(&server, 65_536);
    client.read_reply().await;
    for line in [
        "EHLO client.example",
        "AUTH LOGIN",
        "YWxpY2U=",
        "d29uZGVybGFuZA==",
        "MAIL FROM:<alice@client.example> SIZE=29",
        "RCPT TO:<eve@elsewhere.example>",
        "RCPT TO:<bob@example.com>",
        "DATA",
        MESSAGE,
        "QUIT",
    ] {
        client.say(line).await;
    }
    session.await.expect("the session does not panic");
    let text = recorder.last().expect("it is recorded").explained().to_string();
    for secret in ["YWxpY2U", "d29uZGVy", "wonderland", "VXNlcm5hbWU"] {
        assert!(!text.contains(secret), "{text}");
    }
    for lines in [
        "S: 220 mx.example.com ESMTP Mailchute\n          | Welcome. ",
        "C: EHLO client.example\n          | EHLO: Greet the server. ",
        "S: 250-PIPELINING\n          | Several commands at once. ",
        "C: (response; left out, as it may hold credentials)\n          | Left out. ",
        "S: 235 2.7.0 Authentication successful\n          | Logged in. ",
        "          | SIZE=29: Size of the message. ",
        "S: 550 5.1.1 Recipient address rejected\n          | Recipient not accepted. ",
        "S: 250 2.1.5 Recipient OK\n          | Recipient accepted. ",
        "C: (29 bytes of a message)\n",
        "S: 250 2.6.0 Message accepted\n          | Message accepted. ",
        "* disconnect: quit\n          | Ended as agreed. ",
    ] {
        assert!(text.contains(lines), "no {lines:?} in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_sessions_at_once_are_told_line_by_line_with_names() {
    let server = build(accepting());
    let mut events = server.events();
    let mut connects = server.events().only([Kind::Connect]);
    let mut one = hello(&server).await;
    let mut two = hello(&server).await;
    one.command("MAIL FROM:<>").await.expect(250);
    two.command("RCPT TO:<bob@example.com>").await.expect(503);
    one.command("QUIT").await.expect(221);
    let mut names = Vec::new();
    while let Some(event) = connects.try_next() {
        names.extend(event.session().map(|session| session.id().to_string()));
    }
    let (mut narrator, mut text) = (Narrator::default(), String::new());
    while let Some(event) = events.try_next() {
        text += &narrator.tell(&event);
    }
    let of = |name: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(str::trim_start).collect::<Vec<_>>().join("\n")
    };
    let [first, second] = [of(&names[0]), of(&names[1])];
    assert_eq!(text.lines().count(), first.lines().count() + second.lines().count(), "{text}");
    assert!(first.starts_with("0.000 * connect from "), "{first}");
    assert!(first.contains("0.000 C: MAIL FROM:<>\n| MAIL: Begin a message. "), "{first}");
    assert!(second.contains("S: 503 5.5.1 Send MAIL first\n| Sender is missing. "), "{second}");
}
