//! Every limit of a session and a message: behaviour at the limit, and one past it.

use std::time::Duration;

use crate::support::{MESSAGE, StoreBy as _, accepting, build, builder, deliver, envelope, hello, in_data};
use mailchute::testing::Client;
use mailchute::{Builder, Server};
use tokio::time::Instant;

/// The reply to a message of these bytes, without the final dot.
async fn reply_to(server: &Server, content: &[u8]) -> String {
    let mut client = in_data(server).await;
    client.send_bytes(content).await;
    client.send_bytes(b".\r\n").await;
    client.greeting().await.to_string()
}

/// Sends lines that are refused until the answer differs, and returns their number.
async fn refusals(client: &mut Client) -> u32 {
    let mut count = 0;
    loop {
        match client.command("FROBNICATE").await.code() {
            500 => count += 1,
            421 => return count,
            other => panic!("{other} is neither"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_as_long_as_the_limit_and_no_byte_longer() {
    let server = build(accepting().max_message_size(100));
    let mut client = hello(&server).await;
    let keywords = client.command("EHLO client.example").await.to_string();
    assert!(keywords.contains("250-SIZE 100\n"), "{keywords}");
    assert!(reply_to(&server, &[&[b'x'; 98][..], b"\r\n"].concat()).await.starts_with("250 2.6.0"));
    assert!(reply_to(&server, &[&[b'x'; 99][..], b"\r\n"].concat()).await.starts_with("552 5.3.4"));
    // Stuffed dots do not belong to the message.
    assert!(reply_to(&server, &[b"..", &[b'x'; 97][..], b"\r\n"].concat()).await.starts_with("250 2.6.0"));
}

#[tokio::test(start_paused = true)]
async fn refuses_a_declared_size_over_the_limit_and_goes_on() {
    let server = build(accepting().max_message_size(100));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<a@client.example> SIZE=101").await.expect(552);
    client.command("MAIL FROM:<a@client.example> SIZE=100").await.expect(250);
    client.command("RSET").await.expect(250);
    // A message larger than its declared size is still counted.
    client.command("MAIL FROM:<a@client.example> SIZE=10").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.send_bytes(&[b'x'; 5_000]).await;
    client.command("\r\n.").await.expect(552);
    deliver(&mut client).await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_message_may_have_any_size() {
    let server = build(accepting().max_message_size(0).max_header_size(0));
    let mut client = in_data(&server).await;
    client.send_bytes(&vec![b'x'; 30 * 1024 * 1024]).await;
    client.command("\r\n.").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn defers_one_recipient_too_many_and_delivers_to_the_others() {
    let server = build(accepting().max_recipients(100));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for number in 0..100 {
        client.command(&format!("RCPT TO:<user{number}@example.com>")).await.expect(250);
    }
    // Repeating it is not an error.
    for _ in 0..50 {
        let heard = client.command("RCPT TO:<more@example.com>").await;
        assert!(heard.to_string().starts_with("452 4.5.3 "), "{heard}");
    }
    client.command("DATA").await.expect(354);
    client.command(MESSAGE).await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn announces_a_small_recipient_limit_and_delivers_within_it() {
    let server = build(accepting().max_recipients(1));
    let mut client = hello(&server).await;
    let keywords = client.command("EHLO client.example").await.to_string();
    assert!(keywords.contains("250-LIMITS RCPTMAX=1 MAILMAX=1000\n"), "{keywords}");
    for name in ["bob", "carol"] {
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command(&format!("RCPT TO:<{name}@example.com>")).await.expect(250);
        let heard = client.command("RCPT TO:<more@example.com>").await;
        assert!(heard.to_string().starts_with("452 4.5.3 "), "{heard}");
        client.command("DATA").await.expect(354);
        client.command(MESSAGE).await.expect(250);
    }
}

#[tokio::test(start_paused = true)]
async fn one_transaction_too_many_ends_the_session() {
    let server = build(accepting().max_transactions(3));
    let mut client = hello(&server).await;
    for _ in 0..3 {
        deliver(&mut client).await.expect(250);
    }
    let heard = client.command("MAIL FROM:<alice@client.example>").await;
    assert!(heard.to_string().starts_with("421 4.7.0 "), "{heard}");
    assert!(client.try_read_reply().await.is_none());
    let mut client = hello(&build(accepting().max_transactions(0).max_junk_commands(0))).await;
    for _ in 0..1_100 {
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RSET").await.expect(250);
    }
}

#[tokio::test(start_paused = true)]
async fn delays_replies_from_the_tenth_error_and_closes_at_20() {
    let server = build(accepting());
    let mut client = hello(&server).await;
    for number in 1..20 {
        let since = Instant::now();
        client.command("FROBNICATE").await.expect(500);
        let expected = Duration::from_secs(u64::from(number >= 10));
        assert_eq!(since.elapsed(), expected, "error {number}");
        // A reply that is not an error is not delayed.
        let since = Instant::now();
        client.command("NOOP").await.expect(250);
        assert_eq!(since.elapsed(), Duration::ZERO);
    }
    let heard = client.command("FROBNICATE").await;
    assert_eq!(heard.to_string(), "421 4.7.0 Too many errors");
    assert!(client.try_read_reply().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_accepted_message_forgives_the_errors_before_it() {
    let server = build(accepting().max_errors(5));
    let mut client = hello(&server).await;
    for _ in 0..5 {
        for _ in 0..4 {
            client.command("FROBNICATE").await.expect(500);
        }
        deliver(&mut client).await.expect(250);
    }
    assert_eq!(refusals(&mut client).await, 4);
}

#[tokio::test(start_paused = true)]
async fn small_talk_past_its_limit_counts_as_errors() {
    for (builder, most) in [(accepting(), 119), (accepting().max_junk_commands(5), 24)] {
        let mut client = hello(&build(builder)).await;
        // EHLO was the first.
        for number in 2..=most {
            let since = Instant::now();
            client.command("NOOP").await.expect(250);
            let is_late = number >= most - 9;
            assert_eq!(since.elapsed(), Duration::from_secs(is_late.into()), "command {number}");
        }
        assert_eq!(client.command("NOOP").await.to_string(), "421 4.7.0 Too many errors");
    }
    // A message resets the count, and 0 means no limit.
    let mut client = hello(&build(accepting().max_errors(1))).await;
    for _ in 0..3 {
        for _ in 0..99 {
            client.command("RSET").await.expect(250);
        }
        deliver(&mut client).await.expect(250);
    }
    let mut client = hello(&build(accepting().max_errors(1).max_junk_commands(0))).await;
    for _ in 0..300 {
        client.command("HELP").await.expect(214);
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_errors_can_be_set_and_switched_off() {
    let server = build(accepting().max_errors(1));
    assert_eq!(refusals(&mut hello(&server).await).await, 0);
    let mut client = hello(&build(accepting().max_errors(0))).await;
    let since = Instant::now();
    for _ in 0..200 {
        client.command("FROBNICATE").await.expect(500);
    }
    assert_eq!(since.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_has_been_around_too_often_loops() {
    let server = build(accepting().max_received_headers(3));
    let around = |times| format!("{}\r\nReceived: this is no header\r\n", "Received: by x\r\n".repeat(times));
    assert!(reply_to(&server, around(3).as_bytes()).await.starts_with("250 "));
    assert!(reply_to(&server, around(4).as_bytes()).await.starts_with("554 5.4.6 "));
    let server = build(accepting());
    assert!(reply_to(&server, around(100).as_bytes()).await.starts_with("250 "));
    assert!(reply_to(&server, around(101).as_bytes()).await.starts_with("554 5.4.6 "));
}

#[tokio::test(start_paused = true)]
async fn a_header_may_be_as_long_as_its_limits_and_the_body_longer() {
    let server = build(accepting().max_header_fields(10).max_header_size(1_000));
    let fields = |count| format!("{}\r\n", "X: y\r\n".repeat(count));
    assert!(reply_to(&server, fields(10).as_bytes()).await.starts_with("250 "));
    assert!(reply_to(&server, fields(11).as_bytes()).await.starts_with("552 5.3.4 "));
    let long = format!("X: {}\r\n\r\n", "y".repeat(1_100));
    assert!(reply_to(&server, long.as_bytes()).await.starts_with("552 5.3.4 "));
    // The CR of the empty line is the last byte that counts.
    for (bytes, reply) in [(999, "250 "), (1_000, "250 "), (1_001, "552 5.3.4 ")] {
        let header = format!("X: {}\r\n\r\n", "y".repeat(bytes - "X: \r\n\r".len()));
        assert!(reply_to(&server, header.as_bytes()).await.starts_with(reply), "{bytes} bytes");
    }
    let body = format!("X: y\r\n\r\n{}", "Y: a line of the body\r\n".repeat(1_000));
    assert!(reply_to(&server, body.as_bytes()).await.starts_with("250 "));
}

#[tokio::test(start_paused = true)]
async fn a_command_line_may_be_as_long_as_its_limit() {
    for (limit, server) in [(2_048, accepting()), (512, accepting().max_command_line(512))] {
        let server = build(server);
        let mut client = hello(&server).await;
        let line = |bytes: usize| format!("NOOP {}", "x".repeat(bytes - "NOOP \r\n".len()));
        client.command(&line(limit)).await.expect(250);
        let heard = client.command(&line(limit + 1)).await;
        assert_eq!(heard.to_string(), "500 5.5.2 Line too long");
        client.command("NOOP").await.expect(250);
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_without_an_end_hangs_up() {
    let server = build(accepting());
    let mut client = hello(&server).await;
    for _ in 0..70 {
        client.send_bytes(&[b'x'; 1_000]).await;
    }
    assert_eq!(client.greeting().await.to_string(), "421 4.7.0 Line without end");
    assert!(client.try_read_reply().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_oversized_message_with_bare_lf_smuggles_no_envelope() {
    let server = build(accepting().max_message_size(50));
    let mut client = in_data(&server).await;
    client.send_bytes(&[b'x'; 60]).await;
    client.send_bytes(b"\n.\r\nMAIL FROM:<evil@client.example>\r\n.\r\n").await;
    client.greeting().await.expect(550);
    assert!(client.try_read_reply().await.is_none());
}

#[test]
fn limits_that_cannot_work_are_refused_with_what_to_write() {
    type Set = fn(Builder) -> Builder;
    let cases: [(Set, &str); 9] = [
        (|builder| builder.max_recipients(0), "max_recipients is 0; write 1 or more"),
        (|builder| builder.max_command_line(511), "max_command_line is 511; write 512 to 65,535"),
        (|builder| builder.max_command_line(65_536), "max_command_line is 65536; write 512 to 65,535"),
        (|builder| builder.hostname("no domain"), "write a domain, such as \"mx.example.com\""),
        (|builder| builder.hostname(""), "write a domain"),
        (
            |builder| builder.hostname("mx.example\r\n250 x"),
            r#"hostname is "mx.example\r\n250 x"; write a domain"#,
        ),
        (Builder::require_tls, "there is no certificate; write .tls(…)"),
        (|builder| builder.on_command("MAIL", |_, _| async {}), "on_command is \"MAIL\"; write letters"),
        (
            |builder| builder.on_command("BDAT", |_, _| async {}),
            "on_command is \"BDAT\"; write letters, digits and hyphens, and none of EHLO, HELO, LHLO, \
             STARTTLS, AUTH, MAIL, RCPT, DATA, BDAT, QUIT, XCLIENT, XFORWARD",
        ),
    ];
    for (set, expected) in cases {
        let text = set(accepting()).build().unwrap_err().to_string();
        assert!(text.contains(expected), "{text:?} does not say {expected:?}");
    }
    for verb in ["", "X Y", "X\r\n", "quit", "EHLO", "Starttls", "é", "auth", "DATA", "RCPT", "HELO"] {
        let error = accepting().on_command(verb, |_, _| async {}).build();
        assert!(error.is_err(), "{verb:?}");
    }
    let text = builder().build().unwrap_err().to_string();
    assert!(text.contains("write .store(…) or .on_store(…)"), "{text}");
}

#[test]
fn limits_at_their_least_and_names_of_every_kind_are_taken() {
    assert!(accepting().max_recipients(1).max_command_line(512).build().is_ok());
    assert!(accepting().max_command_line(65_535).build().is_ok());
    for name in ["mx.example.com", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]", "xn--bcher-kva.example"]
    {
        assert_eq!(&*accepting().hostname(name).build().unwrap().hostname(), name);
    }
    let named_by_host = Server::builder().store_by(|_, _| async {}).build().unwrap();
    assert!(!named_by_host.hostname().is_empty());
}

#[tokio::test(start_paused = true)]
async fn endless_commands_are_answered_each() {
    let server = build(accepting().max_junk_commands(0));
    let mut client = hello(&server).await;
    for _ in 0..500 {
        client.command("NOOP").await.expect(250);
        client.command("HELP").await.expect(214);
        client.command("VRFY bob").await.expect(252);
        client.command("RSET").await.expect(250);
    }
    envelope(&mut client).await;
}
