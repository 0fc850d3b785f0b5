//! Client input is printed so that no line of a log or terminal can be forged, hidden or reordered.

use crate::support::log::capture;
use crate::support::talk::pipe;
use crate::support::{MESSAGE, accepting, build, envelope};

/// One character of each kind that affects others.
const CONTROLS: [char; 22] = [
    '\u{80}',
    '\u{85}',
    '\u{9f}',
    '\u{ad}',
    '\u{61c}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{2069}',
    '\u{feff}',
    '\u{fff9}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{e007f}',
];

#[tokio::test(start_paused = true)]
async fn events_and_logs_escape_controls_of_every_kind() {
    let server = build(accepting().max_errors(0));
    let mut events = server.events();
    let (log, guard) = capture();
    let (mut client, session) = pipe(&server, 65_536);
    client.read_reply().await;
    for c in CONTROLS {
        for line in [
            format!("EHLO a{c}z.example"),
            "EHLO client.example".into(),
            format!("NOOP a{c}z"),
            format!("MAIL FROM:<a{c}z@client.example> SMTPUTF8"),
            "RSET".into(),
            "MAIL FROM:<> SMTPUTF8".into(),
            format!("RCPT TO:<a{c}z@example.com>"),
            format!("RCPT TO:<bob@example.com> ORCPT=rfc822;a{c}z"),
            "RSET".into(),
        ] {
            client.say(&line).await;
        }
    }
    client.ask("MAIL FROM:<a\u{202e}z@client.example> SMTPUTF8", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask(MESSAGE, "250").await;
    client.ask("QUIT", "221").await;
    session.await.unwrap();
    drop((server, guard));
    let mut text = log.text();
    while let Some(event) = events.next().await {
        text.push_str(&format!("{event}\n"));
    }
    for c in CONTROLS {
        assert!(!text.contains(c), "{c:?} is printed raw");
        let escaped = format!("a{}z", c.escape_default());
        assert!(text.contains(&format!("command: NOOP {escaped}\n")), "{escaped}");
    }
    assert!(text.contains("mail from <a\\u{202e}z@client.example>\n"));
    assert!(text.contains("rcpt to <a\\u{200d}z@example.com>\n"));
    assert!(text.contains("hello from a\\u{feff}z.example\n"));
}

#[tokio::test(start_paused = true)]
async fn a_long_command_is_cut_in_events() {
    let server = build(accepting());
    let mut events = server.events();
    let mut client = crate::support::hello(&server).await;
    envelope(&mut client).await;
    client.command(&format!("NOOP {}", "x".repeat(2_000))).await.expect(250);
    drop((client, server));
    let mut lines = Vec::new();
    while let Some(event) = events.next().await {
        lines.push(event.to_string());
    }
    let line = lines.iter().find(|line| line.contains("NOOP")).expect("the command is told");
    assert!(line.ends_with("xxx…") && line.len() < 1_100, "{} bytes", line.len());
}
