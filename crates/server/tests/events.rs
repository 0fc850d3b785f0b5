//! Events: each once and in order, for every subscriber, and sessions wait for no slow one.

use crate::support::talk::{CLIENT, Talk, pipe};
use crate::support::{
    CONTENT, MESSAGE, StoreBy as _, accepting, build, builder, deliver, hello, in_data, read_all, tls,
};
use mailchute::events::{Event, Events};
use mailchute::{Check, Server, Verdict};
use tokio::sync::watch;

/// All events until the server and its sessions are gone, as lines without the name of the session.
async fn rest(events: &mut Events) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(event) = events.next().await {
        let line = event.to_string();
        let name = event.session().map(|session| format!("{} ", session.id())).unwrap_or_default();
        lines.push(line.strip_prefix(&name).expect("the name of the session stands first").to_owned());
    }
    lines
}

/// Runs one session with `lines` and a QUIT.
async fn session(server: &Server, lines: &[&str]) {
    let (mut client, session) = pipe(server, 65_536);
    client.hello().await;
    for line in lines {
        client.say(line).await;
    }
    client.ask("QUIT", "221").await;
    session.await.expect("the session does not panic");
}

#[tokio::test(start_paused = true)]
async fn a_whole_session_is_told_once_and_in_order() {
    let server = build(
        accepting()
            .tls(tls::config())
            .on_auth(|given, _| async move { Check::right_if(given.is("alice", "wonderland")) })
            .on_rcpt_to(|to, _| async move { Verdict::accept_if(to.domain_is("example.com")) })
            .on_ehlo(|_, _| async { Verdict::AcceptWith(mailchute::Reply::new(250, (2, 0, 0), "hello")) }),
    );
    let mut events = server.events();
    let (client, session) = pipe(&server, 65_536);
    let mut client = tls::start_tls(client).await;
    for line in [
        "EHLO client.example",
        "AUTH PLAIN AGFsaWNlAHdyb25n",
        "AUTH LOGIN",
        "YWxpY2U=",
        "d29uZGVybGFuZA==",
        "MAIL FROM:<alice@client.example>",
        "RCPT TO:<eve@elsewhere.example>",
        "RCPT TO:<bob@example.com>",
        "DATA",
        MESSAGE,
        "frobnicate",
        "QUIT",
    ] {
        client.say(line).await;
    }
    session.await.unwrap();
    drop(server);
    let keywords = "PIPELINING / 250-8BITMIME / 250-SMTPUTF8 / 250-ENHANCEDSTATUSCODES / 250-CHUNKING / \
                    250-BINARYMIME / 250-DSN / 250-SIZE 26214400 / 250-LIMITS RCPTMAX=1000 MAILMAX=1000";
    let mut seen = rest(&mut events).await;
    for line in &mut seen {
        // The cipher and the name of the message do not matter here.
        let shown = ["secure: TLSv1.3 ", "message "].into_iter().find(|begin| line.starts_with(begin));
        if let Some(begin) = shown {
            *line = format!("{begin}…");
        }
    }
    assert_eq!(
        seen,
        [
            "connect from 192.0.2.7",
            "reply: 220 mx.example.com ESMTP Mailchute",
            "command: EHLO client.example",
            "hello from client.example",
            &format!("reply: 250-mx.example.com hello / 250-{keywords} / 250-STARTTLS / 250 HELP"),
            "command: STARTTLS",
            "reply: 220 2.0.0 Ready to start TLS",
            "secure: TLSv1.3 …",
            "command: EHLO client.example",
            "hello from client.example",
            &format!(
                "reply: 250-mx.example.com hello / 250-{keywords} / 250-REQUIRETLS / 250-AUTH PLAIN LOGIN / 250 HELP"
            ),
            "command: AUTH PLAIN",
            "auth PLAIN as alice failed",
            "refused auth by on_auth after 0.000 s: 535 5.7.8 Authentication credentials invalid",
            "reply: 535 5.7.8 Authentication credentials invalid",
            "command: AUTH LOGIN",
            "reply: 334",
            "command: (response; left out, as it may hold credentials)",
            "reply: 334",
            "command: (response; left out, as it may hold credentials)",
            "auth LOGIN as alice succeeded",
            "reply: 235 2.7.0 Authentication successful",
            "command: MAIL FROM:<alice@client.example>",
            "mail from <alice@client.example>",
            "reply: 250 2.1.0 Sender OK",
            "command: RCPT TO:<eve@elsewhere.example>",
            "rcpt to <eve@elsewhere.example>",
            "refused rcpt_to by on_rcpt_to after 0.000 s: 550 5.1.1 Recipient address rejected",
            "reply: 550 5.1.1 Recipient address rejected",
            "command: RCPT TO:<bob@example.com>",
            "rcpt to <bob@example.com>",
            "reply: 250 2.1.5 Recipient OK",
            "command: DATA",
            "reply: 354 End data with <CR><LF>.<CR><LF>",
            "data: 29 bytes",
            "message …",
            "reply: 250 2.6.0 Message accepted",
            // After AUTH, an unknown line may contain a password.
            "command: (no command; left out, as it may hold credentials)",
            "refused command: 500 5.5.1 Command not recognized; HELP lists the commands",
            "reply: 500 5.5.1 Command not recognized; HELP lists the commands",
            "command: QUIT",
            "reply: 221 2.0.0 Closing connection",
            "disconnect: quit",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn everybody_who_watches_is_told_everything() {
    let server = build(accepting());
    let (mut one, mut two) = (server.events(), server.events());
    session(&server, &["NOOP"]).await;
    drop(server);
    let told = rest(&mut one).await;
    assert_eq!(rest(&mut two).await, told);
    assert_eq!(told.last().unwrap(), "disconnect: quit");
}

#[tokio::test(start_paused = true)]
async fn an_event_is_told_while_a_hook_still_thinks() {
    let (decide, decided) = watch::channel(false);
    let server = build(accepting().on_rcpt_to(move |_, _| {
        let mut decided = decided.clone();
        async move { Verdict::accept_if(decided.wait_for(|is_so| *is_so).await.is_ok()) }
    }));
    let mut events = server.events();
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.send_bytes(b"RCPT TO:<bob@example.com>\r\n").await;
    while !matches!(events.next().await.expect("it is told"), Event::Rcpt { .. }) {}
    decide.send(true).expect("the hook waits");
    client.read_reply().await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_session_within_a_hook_of_another_has_its_events_to_itself() {
    let inner = build(accepting());
    let mut of_inner = inner.events();
    let outer = build(accepting().on_rcpt_to(move |_, _| {
        let inner = inner.clone();
        async move {
            let (ours, theirs) = tokio::io::duplex(65_536);
            let mut client = Talk::new(ours);
            let talk = async {
                client.hello().await;
                client.ask("QUIT", "221").await;
            };
            // In this same task, inside the turns of the outer session.
            tokio::join!(talk, inner.serve_connection(theirs, CLIENT));
        }
    }));
    let mut of_outer = outer.events();
    session(&outer, &["MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>"]).await;
    drop(outer);
    let outer_lines = rest(&mut of_outer).await;
    let inner_lines = rest(&mut of_inner).await;
    assert_eq!(inner_lines.len(), 5 + 3, "{inner_lines:#?}");
    assert_eq!(outer_lines.len(), 5 + 3 + 3 + 3, "{outer_lines:#?}");
    assert!(!inner_lines.iter().any(|line| line.contains("bob")), "{inner_lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_lasts_from_its_creation_to_its_drop() {
    let server = build(accepting());
    let dropped = server.events();
    let mut client = hello(&server).await;
    drop(dropped);
    // The last subscriber is gone.
    client.command("RSET").await.expect(250);
    let mut late = server.events();
    client.command("NOOP").await.expect(250);
    client.command("QUIT").await.expect(221);
    assert!(client.try_read_reply().await.is_none());
    drop(server);
    let expected = [
        "command: NOOP",
        "reply: 250 2.0.0 OK",
        "command: QUIT",
        "reply: 221 2.0.0 Closing connection",
        "disconnect: quit",
    ];
    assert_eq!(rest(&mut late).await, expected);
}

#[tokio::test(start_paused = true)]
async fn sessions_can_be_told_apart_and_each_keeps_its_order() {
    let server = build(accepting());
    let mut events = server.events();
    let (mut one, mut two) = (hello(&server).await, hello(&server).await);
    for index in 1..=4 {
        let client = if index % 2 == 1 { &mut one } else { &mut two };
        client.command(&format!("NOOP {index}")).await.expect(250);
    }
    drop((one, two, server));
    let (mut of_one, mut of_two, mut first) = (Vec::new(), Vec::new(), None);
    while let Some(event) = events.next().await {
        let id = event.session().unwrap().id();
        if let Event::Command { line, .. } = event {
            let is_first = *first.get_or_insert(id) == id;
            if is_first { of_one.push(line) } else { of_two.push(line) }
        }
    }
    assert_eq!(of_one, ["EHLO client.example", "NOOP 1", "NOOP 3"]);
    assert_eq!(of_two, ["EHLO client.example", "NOOP 2", "NOOP 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_learns_where_and_how_many_events_it_lost() {
    const NOOPS: u64 = 2_000;
    let server = build(accepting().max_junk_commands(0));
    let mut slow = server.events();
    let mut client = hello(&server).await;
    for number in 0..NOOPS {
        client.command(&format!("NOOP {number}")).await.expect(250);
    }
    // Until here the subscriber read nothing, and the session was not delayed.
    let mut before = Vec::new();
    let missed = loop {
        match slow.next().await.unwrap() {
            Event::Missed { count, .. } => break count,
            event => before.push(event),
        }
    };
    assert_eq!(before.len(), 1_024, "what came first is kept");
    assert!(matches!(before[0], Event::Connect { .. }));
    // Connect, the greeting, three for EHLO, and two for each NOOP.
    assert_eq!(missed + 1_024, 5 + 2 * NOOPS);
    assert_eq!(server.stats().events_missed, missed);
    // From there on it gets all events again.
    client.command("QUIT").await.expect(221);
    drop(server);
    let after = rest(&mut slow).await;
    assert_eq!(after, ["command: QUIT", "reply: 221 2.0.0 Closing connection", "disconnect: quit"]);
}

#[tokio::test(start_paused = true)]
async fn reports_missed_events_before_the_next_delivered_event() {
    let server = build(accepting().max_junk_commands(0));
    let mut slow = server.events();
    let mut client = hello(&server).await;
    for _ in 0..600 {
        client.command("NOOP").await.expect(250);
    }
    for _ in 0..10 {
        assert!(!matches!(slow.next().await.unwrap(), Event::Missed { .. }));
    }
    client.command("RSET").await.expect(250);
    drop((client, server));
    let lines = rest(&mut slow).await;
    let at = lines.iter().position(|line| line.starts_with("missed")).unwrap();
    assert_eq!(at, 1_024 - 10);
    assert_eq!(
        lines[at..],
        ["missed 181 events", "command: RSET", "reply: 250 2.0.0 OK", "disconnect: client gone"]
    );
}

#[tokio::test(start_paused = true)]
async fn bounds_the_bytes_of_message_data_queued_for_a_subscriber() {
    const BYTES: usize = 10 * 1024 * 1024;
    const BOUND: usize = 4 * 1024 * 1024;
    let server = build(accepting());
    let mut slow = server.events();
    let mut client = in_data(&server).await;
    client.send_bytes(&[b"\r\n", &[b'x'; BYTES - 4][..], b"\r\n"].concat()).await;
    client.command(".").await.expect(250);
    let (mut bytes, mut missed, mut messages) = (0, 0, 0);
    drop((client, server));
    while let Some(event) = slow.next().await {
        match event {
            Event::DataChunk { chunk, .. } => bytes += chunk.len(),
            Event::Missed { count, .. } => missed += count,
            Event::Message { size, .. } => {
                assert_eq!(size, BYTES as u64);
                messages += 1;
            }
            _ => {}
        }
    }
    assert!(bytes <= BOUND && bytes > BOUND / 2, "{bytes} bytes waited");
    assert!(missed > 0);
    assert_eq!(messages, 1, "what is no data still fits");
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_keeps_up_sees_every_byte() {
    let server = build(accepting());
    let mut events = server.events();
    let watching = tokio::spawn(async move {
        let mut content = Vec::new();
        while let Some(event) = events.next().await {
            match event {
                Event::DataChunk { chunk, .. } => content.extend_from_slice(&chunk),
                Event::Missed { count, .. } => panic!("{count} events were missed"),
                _ => {}
            }
        }
        content
    });
    let mut client = in_data(&server).await;
    let line = b"..stuffed, and somewhat longer than the others are\r\n";
    for _ in 0..10_000 {
        client.send_bytes(line).await;
    }
    client.command(".").await.expect(250);
    drop((client, server));
    let content = watching.await.unwrap();
    assert!(content == line[1..].repeat(10_000), "{} bytes", content.len());
}

#[tokio::test(start_paused = true)]
async fn a_line_of_the_log_cannot_be_forged_by_a_client() {
    let server = build(accepting());
    let mut events = server.events();
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.write(b"NOOP \x1b[2J\x00\x07 caf\xe9 \xc2\x85\r\n").await;
    client.read_reply().await;
    client.ask("QUIT", "221").await;
    session.await.unwrap();
    drop(server);
    let lines = rest(&mut events).await;
    assert!(lines.contains(&r"command: NOOP \u{1b}[2J\u{0}\u{7} caf\xe9 \u{85}".to_owned()), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_causes_no_message_event() {
    let server = build(builder().store_by(|message, _| async move {
        read_all(message).await?;
        Ok(Verdict::Refuse)
    }));
    let mut events = server.events();
    let mut client = hello(&server).await;
    assert!(deliver(&mut client).await.code() == 554);
    drop((client, server));
    let mut refused = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Event::Message { .. } => panic!("{event}"),
            Event::Refused { session, message, .. } => {
                refused
                    .push(message.map(|(id, size)| (id.to_string() == format!("{}-1", session.id()), size)));
            }
            _ => {}
        }
    }
    assert_eq!(refused, [Some((true, CONTENT.len() as u64))]);
}

#[tokio::test(start_paused = true)]
async fn subscribers_come_and_go_while_sessions_run() {
    let server = build(accepting());
    let mut steady = server.events();
    let mut client = hello(&server).await;
    for _ in 0..100 {
        let passing = server.events();
        client.command("NOOP").await.expect(250);
        drop(passing);
    }
    drop((client, server));
    assert_eq!(rest(&mut steady).await.len(), 5 + 200 + 1);
}
