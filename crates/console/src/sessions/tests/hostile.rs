use std::process::Command;

use mailchute::testing;
use proptest::prelude::*;

use super::super::html::session_fragment;
use super::super::shell::word;
use super::super::{Sessions, list_rows};
use super::{newest, server};

#[tokio::test]
async fn hostile_bytes_are_escaped_in_rows_page_and_json() {
    let server = server();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.greeting().await.expect(220);
    client.send_bytes("EHLO <script>alert(1)</script>\r\n".as_bytes()).await;
    client.read_reply().await.expect(250);
    client.send_bytes("NOOP \u{202e}\"><img src=x onerror=alert(2)>\u{1b}[2J\0\u{7}\r\n".as_bytes()).await;
    client.read_reply().await.expect(501);
    client.send_bytes(b"MAIL FROM:<caf\xe9'\"&@x>\r\n").await;
    assert!(client.read_reply().await.code() >= 500);
    let transcript = newest(&sessions);
    let page = session_fragment(&transcript).into_string();
    let list = list_rows(&sessions.list(&super::Filter::default(), None, 10).sessions).into_string();
    let json = serde_json::to_string(&transcript).unwrap();
    for (name, text) in [("page", &page), ("list", &list), ("JSON", &json), ("text", &transcript.text())] {
        let is_bad = |c: char| c != '\n' && mailchute::syntax::is_control(c);
        assert_eq!(text.chars().find(|c| is_bad(*c)), None, "{name}: {text}");
    }
    for tag in ["<script", "<img"] {
        assert!(!page.contains(tag) && !list.contains(tag), "{page}");
    }
    assert!(
        page.contains(r"NOOP \u{202e}&quot;&gt;&lt;img src=x onerror=alert(2)&gt;\u{1b}[2J\u{0}\u{7}"),
        "{page}"
    );
    assert!(page.contains(r"caf\xe9'&quot;&amp;@x"), "{page}");
}

#[tokio::test]
async fn commands_to_copy_quote_what_the_client_sent() {
    let server = server();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command(r#"MAIL FROM:<"$(id)';`reboot`"@client.example>"#).await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    let mut transcript = newest(&sessions);
    assert_eq!(transcript.swaks(), None, "a connection in memory has no address");
    transcript.local = Some(([127, 0, 0, 1], 2525).into());
    assert_eq!(
        transcript.swaks().unwrap(),
        "swaks --server 127.0.0.1 --port 2525 --helo client.example --from '\"$(id)'\\'';`reboot`\"@client.example' \
         --to bob@example.com --quit-after RCPT"
    );
    assert_eq!(
        transcript.curl().unwrap(),
        "curl --url smtp://127.0.0.1:2525/client.example --mail-from '<\"$(id)'\\'';`reboot`\"@client.example>' \
         --mail-rcpt '<bob@example.com>' --upload-file message.eml"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_real_shell_reads_each_word_as_one(text in prop_oneof![".{0,40}", r#"['"\\$`!\n ;&|<>(){}*?~#-]{0,20}"#]) {
        let word = word(&text);
        prop_assert!(!word.chars().any(mailchute::syntax::is_control), "{word:?}");
        let script = format!("printf '%s|' {word} end");
        let output = Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
        let expected = format!("{}|end|", mailchute::syntax::escaped(text.as_bytes()));
        prop_assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
}
