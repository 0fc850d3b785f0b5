//! `/live` and `/ready`.

use mailchute::{Server, testing};
use mailchute_console::Console;

use crate::metrics::get;

#[tokio::test]
async fn live_answers_while_the_server_runs() {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let answer = get(&Console::builder(&server).build(), "/live").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
}

#[tokio::test]
async fn ready_says_why_a_server_cannot_take_mail() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().join("mail");
    let store = mailchute_stores::Maildir::open(&maildir).unwrap();
    let server = Server::builder().store(store).build().unwrap();
    let console = Console::builder(&server).pages(false).build();
    console.vitals().writes_to([maildir.clone()]);
    let answer = get(&console, "/ready").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"ready":true,"reasons":[]}"#), "{answer}");
    assert_eq!(std::fs::read_dir(maildir.join("tmp")).unwrap().count(), 0, "nothing is left");
    console.vitals().stops();
    console.vitals().certificates_expire([std::time::SystemTime::UNIX_EPOCH]);
    let answer = get(&console, "/ready").await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    let reasons = r#"["the server is stopping","certificates have expired: 1"]}"#;
    assert!(answer.ends_with(reasons), "{answer}");
}

#[tokio::test]
async fn a_maildir_that_is_gone_makes_a_server_unready() {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let console = Console::builder(&server).pages(false).build();
    console.vitals().writes_to(["/no/such/maildir".into()]);
    let answer = get(&console, "/ready").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("the store cannot be written to: "), "{answer}");
}
