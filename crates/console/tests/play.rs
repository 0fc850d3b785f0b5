//! The pages of the playground and of chaos, used without a script.

use mailchute::{Server, testing};
use mailchute_console::{Chaos, Console};

use crate::support::{Served, serve, serve_console, status};

/// Begins a conversation, and returns the path of its page.
async fn begin(served: &Served, form: &str) -> String {
    let answer = served.form("/play", form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().to_owned()
}

async fn say(served: &Served, path: &str, form: &str) -> String {
    let answer = served.form(path, form).await;
    assert_eq!((answer.status, answer.location()), (303, &*format!("{path}#input")), "{}", answer.body);
    served.get(path, "").await
}

#[tokio::test]
async fn a_lesson_is_passed_by_forms_alone() {
    let served = serve(|builder| builder).await;
    let path = begin(&served, "lesson=send").await;
    let greeting = served.get(&path, "").await;
    assert!(greeting.contains("220 play.example ESMTP Mailchute") && greeting.contains("Step 1 of 6"));
    for line in [
        "EHLO+laptop.example",
        "MAIL+FROM%3A%3Cyou%40laptop.example%3E",
        "RCPT+TO%3A%3Cbob%40play.example%3E",
        "DATA",
        "Subject%3A+Hello%0D%0A%0D%0A%3Cscript%3E%0D%0A.",
    ] {
        let page = say(&served, &path, &format!("text={line}&end=crlf")).await;
        assert!(page.contains("✓ step"), "{page}");
    }
    let page = say(&served, &path, "text=QUIT").await;
    assert!(page.contains("You have passed this lesson.") && page.contains("221 2.0.0 Closing connection"));
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    let page = say(&served, &path, "action=again").await;
    assert!(page.contains("220 play.example ESMTP") && !page.contains("221 2.0.0"));
}

#[tokio::test]
async fn a_line_after_the_end_is_refused_with_a_sentence() {
    let served = serve(|builder| builder).await;
    let path = begin(&served, "protocol=lmtp").await;
    let page = say(&served, &path, "text=QUIT").await;
    assert!(page.contains("220 play.example LMTP Mailchute") && page.contains("connection closed"));
    let answer = served.form(&path, "text=NOOP").await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("The connection is closed."));
    let long = served.form(&begin(&served, "lesson=").await, &format!("text={}", "x".repeat(17_000))).await;
    assert!(long.status == 409 && long.body.contains("One input has at most 16 KiB."));
}

#[tokio::test]
async fn the_oldest_conversation_ends_for_the_65th() {
    let served = serve(|builder| builder).await;
    let first = begin(&served, "lesson=").await;
    let second = begin(&served, "lesson=").await;
    assert_eq!(status(&served.get(&first, "").await), 200, "it is used after the second");
    for _ in 0..63 {
        begin(&served, "lesson=").await;
    }
    assert_eq!(status(&served.get(&first, "").await), 200);
    assert_eq!(status(&served.get(&second, "").await), 404);
    assert_eq!(status(&served.get("/play/nothing", "").await), 404);
}

#[tokio::test]
async fn a_preset_is_in_force_on_all_pages_until_it_is_ended() {
    let chaos = Chaos::new();
    let server = Server::builder().with(chaos.clone()).store(testing::Inbox::new()).build().unwrap();
    let served = serve_console(Console::builder(&server).chaos(chaos).build()).await;
    assert_eq!(served.form("/chaos", "preset=full").await.status, 303);
    let page = served.get("/play", "").await;
    assert!(page.contains("Chaos is active: this server fails on purpose (1 rule, until <time "), "{page}");
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(client.command("RCPT TO:<full@x.example>").await.to_string(), "452 4.2.2 Mailbox full");
    client.command("RCPT TO:<bob@x.example>").await.expect(250);
    let rule = "stage=rcpt&to=bob%40*&reply=550+5.1.1+Gone&delay_ms=&seconds=90&hang_up=1";
    assert_eq!(served.form("/chaos", rule).await.status, 303);
    assert!(served.get("/chaos", "").await.contains("550 5.1.1 Gone, then hang up"));
    client.command("RCPT TO:<bob@x.example>").await.expect(550);
    assert!(client.try_read_reply().await.is_none());
    let wrong = served.form("/chaos", "stage=rcpt&every=two").await;
    assert!(
        wrong.status == 422 && wrong.body.contains("Every: write a number, not &quot;two&quot;."),
        "{}",
        wrong.body
    );
    assert_eq!(served.form("/chaos", "clear=1").await.status, 303);
    assert!(!served.get("/", "").await.contains("Chaos is active"));
}

#[tokio::test]
async fn the_page_of_a_server_without_chaos_says_so() {
    let served = serve(|builder| builder).await;
    assert!(served.get("/chaos", "").await.contains("This server was built without chaos"));
}
