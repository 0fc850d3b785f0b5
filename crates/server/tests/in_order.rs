//! The commands in order, held to what the server answers to each of them.

use mailchute::command::Verb;
use mailchute::{Server, testing};

/// Returns a command with an argument that is right.
fn right(verb: Verb) -> String {
    let argument = match verb {
        Verb::Ehlo | Verb::Helo | Verb::Lhlo => " client.example",
        Verb::Auth => " PLAIN AGEAYg==",
        Verb::Mail => " FROM:<>",
        Verb::Rcpt => " TO:<bob@example.com>",
        Verb::Bdat => " 0 LAST",
        Verb::Vrfy | Verb::Expn => " bob",
        Verb::Xclient => " ADDR=192.0.2.1",
        Verb::Xforward => " NAME=client.example",
        _ => "",
    };
    format!("{}{argument}", verb.name())
}

#[tokio::test]
async fn a_verb_is_in_order_unless_the_server_says_it_is_not() {
    let prefixes: [&[&str]; 6] = [
        &[],
        &["HELO client.example"],
        &["EHLO client.example"],
        &["EHLO client.example", "MAIL FROM:<>"],
        &["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"],
        &["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.com>", "BDAT 0"],
    ];
    for prefix in prefixes {
        for &verb in Verb::ALL {
            let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
            let mut client = testing::connect(&server).open();
            client.greeting().await.expect(220);
            for line in prefix {
                assert!(!client.command(line).await.is_refusal(), "{line}");
            }
            let in_order = server.verbs_in_order(&server.sessions()[0]).contains(&verb);
            let reply = client.command(&right(verb)).await;
            // EXPN is never answered, and a server that has no LHLO, TLS or AUTH says so.
            let is_refused = reply.is_refusal() && verb != Verb::Expn;
            assert_eq!(in_order, !is_refused, "{verb:?} after {prefix:?}: {reply}");
        }
    }
}

#[tokio::test]
async fn a_closed_session_has_no_verbs() {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    let session = server.sessions().remove(0);
    assert!(!server.verbs_in_order(&session).is_empty());
    client.command("QUIT").await.expect(221);
    assert!(client.try_read_reply().await.is_none());
    assert!(server.verbs_in_order(&session).is_empty());
}

#[tokio::test]
async fn a_session_that_is_cut_off_ends_without_a_word() {
    let server = Server::builder()
        .on_rcpt_to(|_to, session| async move { session.cut_off() })
        .store(testing::Inbox::new())
        .build()
        .unwrap();
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<>").await.expect(250);
    client.send_bytes(b"RCPT TO:<bob@example.com>\r\n").await;
    assert!(client.try_read_reply().await.is_none());
}
