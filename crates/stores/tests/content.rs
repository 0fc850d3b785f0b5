//! The content of files in a Maildir.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::common::{Post, begin, files, split_trace};

#[tokio::test]
async fn puts_trace_fields_before_the_unchanged_content() {
    let post = Post::open();
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com", "carol@example.com"]).await;
    let content = b"Subject: odd octets\r\n\r\n\xff\xfe \x00 \x7f\r\n.stuffed\r\n\r\nno end";
    client.send_bytes(b"Subject: odd octets\r\n\r\n\xff\xfe \x00 \x7f\r\n..stuffed\r\n\r\nno end").await;
    client.command("\r\n.").await.expect(250);

    let message = post.mail.message();
    let (trace, rest) = split_trace(&message);
    assert!(
        trace.starts_with(
            "Return-Path: <alice@client.example>\r\n\
             Delivered-To: bob@example.com\r\n\
             Delivered-To: carol@example.com\r\n\
             Received: from client.example ([10.0.0.0])\r\n\tby mx.example.com (Mailchute) with ESMTP id "
        ),
        "{trace}"
    );
    assert_eq!(rest, [&content[..], b"\r\n"].concat());
}

#[tokio::test]
async fn a_message_is_kept_byte_for_byte_however_the_network_cuts_it() {
    let octets = (0..700_000u32).map(|n| n.wrapping_mul(n) / 7 % 251).map(|n| n.to_le_bytes()[0]);
    let mut content: Vec<u8> = octets.filter(|octet| !b"\r\n.".contains(octet)).collect();
    for end in (2..content.len()).step_by(997) {
        content[end - 2..end].copy_from_slice(b"\r\n");
    }
    content.extend_from_slice(b"\r\n");
    for sizes in [&[1usize, 2, 3, 70_000, 9, 8191, 8192, 8193, 65_536][..], &[700_000], &[997]] {
        let post = Post::open();
        let mut client = post.client().await;
        begin(&mut client, &["bob@example.com"]).await;
        let (mut rest, mut sizes_left) = (&content[..], sizes.iter().cycle());
        while let (false, Some(size)) = (rest.is_empty(), sizes_left.next()) {
            let (segment, behind) = rest.split_at(rest.len().min(*size));
            client.send_bytes(segment).await;
            tokio::task::yield_now().await;
            rest = behind;
        }
        client.command(".").await.expect(250);
        let message = post.mail.message();
        assert!(split_trace(&message).1 == content, "cut into {sizes:?}");
    }
}

#[tokio::test]
async fn no_content_goes_on_with_what_the_server_says_of_it() {
    let forged =
        " (authenticated as root)\r\n\tby mx.bank.example; Thu, 1 Jan 1970 00:00:00 +0000\r\nSubject: hi";
    for content in [forged, "\t", ": x", "From\talice@client.example Sat Jan  3", "no header at all"] {
        for by_octet in [false, true] {
            let post = Post::open();
            let mut client = post.client().await;
            begin(&mut client, &["bob@example.com"]).await;
            let octets = content.as_bytes();
            for piece in octets.chunks(if by_octet { 1 } else { octets.len() }) {
                client.send_bytes(piece).await;
                tokio::task::yield_now().await;
            }
            client.command("\r\n.").await.expect(250);
            let message = post.mail.message();
            let (trace, below) = split_trace(&message);
            assert!(trace.ends_with(" +0000\r\n") && !trace.contains("root"), "{trace}");
            assert_eq!(below, format!("\r\n{content}\r\n").as_bytes());
        }
    }
}

/// Lines of an mbox file, each with what becomes of it; `|` stands for what the server puts there.
const MAILBOX_LINES: [&str; 3] = [
    "|From alice@client.example Sat Jan  3 01:05:34 1996\r\nSubject: hi\r\n\r\nFrom here on\r\n",
    "|>From alice@client.example Sat Jan  3 01:05:34 1996\r\n|From b\r\nSubject: hi\r\n\r\n>From here on\r\n",
    "|From alice@client.example Sat Jan  3 01:05:34 1996\r\n\r\nno header\r\n",
];

#[tokio::test]
async fn a_header_below_a_mailbox_line_stays_a_header() {
    for expected in MAILBOX_LINES {
        let content = expected.replace('|', "");
        let expected = expected.replace('|', "X-Mailbox-Line: ");
        for by_octet in [false, true] {
            let post = Post::open();
            let mut client = post.client().await;
            begin(&mut client, &["bob@example.com"]).await;
            for piece in content.as_bytes().chunks(if by_octet { 1 } else { content.len() }) {
                client.send_bytes(piece).await;
                tokio::task::yield_now().await;
            }
            client.command(".").await.expect(250);
            let message = post.mail.message();
            let (trace, below) = split_trace(&message);
            assert!(trace.ends_with(" +0000\r\n"), "{trace}");
            assert_eq!(below, expected.as_bytes());
        }
    }
}

#[tokio::test]
async fn a_mailbox_line_in_chunks_is_the_same_as_in_data() {
    for expected in MAILBOX_LINES {
        let content = expected.replace('|', "");
        let expected = expected.replace('|', "X-Mailbox-Line: ");
        let post = Post::open();
        let mut client = post.client().await;
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        for octet in content.chars() {
            client.send_bytes(format!("BDAT 1\r\n{octet}").as_bytes()).await;
            client.greeting().await.expect(250);
        }
        client.command("BDAT 0 LAST").await.expect(250);
        assert_eq!(split_trace(&post.mail.message()).1, expected.as_bytes());
    }
}

#[tokio::test]
async fn an_empty_message_is_kept_as_its_trace_fields() {
    let post = Post::open();
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com"]).await;
    client.command(".").await.expect(250);
    assert_eq!(split_trace(&post.mail.message()).1, b"");
}

#[tokio::test]
async fn the_answer_names_the_message_as_its_received_field_does() {
    let post = Post::open();
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com"]).await;
    let answer = client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
    let answer = answer.to_string();
    let id = answer.strip_prefix("250 2.6.0 Message accepted as ").expect(&answer);
    let message = String::from_utf8(post.mail.message()).unwrap();
    assert!(message.contains(&format!(" id {id}\r\n")), "{id} is not in {message}");
}

#[tokio::test]
async fn a_message_is_in_new_when_it_is_answered_and_not_before() {
    let post = Post::open();
    let mut client = post.client().await;
    for number in 1..=20 {
        begin(&mut client, &["bob@example.com"]).await;
        client.send_bytes(b"Subject: hello\r\n\r\nHello Bob\r\n").await;
        tokio::task::yield_now().await;
        assert_eq!(post.mail.messages().len(), number - 1);
        client.command(".").await.expect(250);
        assert_eq!(post.mail.messages().len(), number);
        assert_eq!(files(&post.mail.tmp_dir()).len(), 0);
    }
}

#[tokio::test]
async fn a_message_of_twenty_mebibytes_streams_in() {
    let post = Post::open();
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com"]).await;
    let line = format!("{}\r\n", "x".repeat(1022));
    let mebibyte = line.repeat(1024);
    for _ in 0..20 {
        client.send_bytes(mebibyte.as_bytes()).await;
        assert_eq!(files(&post.mail.tmp_dir()).len(), 1, "it is on its way to the disk");
        assert_eq!(post.mail.messages().len(), 0);
    }
    client.command(".").await.expect(250);
    let message = post.mail.message();
    // There is no header.
    assert!(split_trace(&message).1.strip_prefix(b"\r\n") == Some(mebibyte.repeat(20).as_bytes()));
}

#[tokio::test]
async fn names_a_file_after_time_process_host_and_size() {
    let post = Post::open();
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com"]).await;
    client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);

    let path = post.mail.messages().remove(0);
    let name = path.file_name().unwrap().to_str().unwrap();
    let (unique, size) = name.split_once(",S=").unwrap();
    assert_eq!(size.parse::<u64>().unwrap(), fs::metadata(&path).unwrap().len());
    let [seconds, delivery, _host] = unique.splitn(3, '.').collect::<Vec<_>>()[..] else { panic!("{name}") };
    assert!(seconds.bytes().all(|octet| octet.is_ascii_digit()), "{name}");
    assert!(delivery.starts_with('M') && delivery.contains(&format!("P{}Q", std::process::id())), "{name}");
}

#[tokio::test]
async fn addresses_that_look_like_paths_or_commands_are_data() {
    let hostile = [
        "\"../../etc/passwd\"@example.com",
        "\"/etc/passwd\"@example.com",
        "\"..\"@example.com",
        "\"a;rm -rf $HOME\"@example.com",
        "\"'; drop table mail; --\"@example.com",
        "|cat@example.com",
        "`id`@example.com",
        "tmp/new/cur@example.com",
        "%2e%2e%2f@example.com",
    ];
    let post = Post::open();
    let parent = post.mail.0.parent().unwrap().to_owned();
    let mut client = post.client().await;
    for (number, address) in hostile.iter().enumerate() {
        client.command(&format!("MAIL FROM:<{address}>")).await.expect(250);
        client.command(&format!("RCPT TO:<{address}>")).await.expect(250);
        client.command("DATA").await.expect(354);
        client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
        assert_eq!(post.mail.messages().len(), number + 1);
    }
    let texts: Vec<_> = post.mail.messages().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for address in hostile {
        assert!(
            texts.iter().any(|text| text.contains(&format!("\r\nDelivered-To: {address}\r\n"))),
            "{address}"
        );
    }
    assert_eq!(files(&parent), std::slice::from_ref(&post.mail.0));
    assert_eq!(files(&post.mail.0).len(), 3);
}

#[tokio::test]
async fn nobody_else_can_read_the_mail() {
    let post = Post::open();
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com"]).await;
    client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    for path in
        [post.mail.0.clone(), post.mail.tmp_dir(), post.mail.new_dir(), post.mail.messages().remove(0)]
    {
        assert_eq!(mode(&path), 0, "{path:?}");
    }
}
