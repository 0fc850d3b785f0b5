//! LMTP after SMTP: several answers become one.

use std::fs;
use std::time::Duration;

use super::scripted::{Front, Scripted, lmtp, smtp};
use crate::common::eventually;

#[tokio::test]
async fn all_refused_is_that_refusal() {
    let hop = Scripted::lmtp().await;
    hop.script().end.insert("bob@example.com", "554 5.6.0 Spam");
    hop.script().end.insert("eve@example.com", "550 5.7.1 No");
    let front = Front::of(lmtp(&hop));
    assert_eq!(front.send(&["bob", "eve"]).await, "554 5.6.0 Spam");
    assert!(!front.state.path().join("state").exists());
}

#[tokio::test]
async fn a_retry_goes_to_the_others_only_after_a_restart_too() {
    let hop = Scripted::lmtp().await;
    hop.script().end.insert("eve@example.com", "452 4.2.2 Full");
    let front = Front::of(lmtp(&hop));
    assert_eq!(front.send(&["bob", "eve", "joe"]).await, "452 4.2.2 Full");
    assert_eq!(front.send(&["bob", "eve", "joe"]).await, "452 4.2.2 Full");
    hop.script().end.clear();
    let front = Front::after(lmtp(&hop), front.state, |builder| builder);
    assert_eq!(front.send(&["bob", "eve", "joe"]).await, "250 2.6.0 Delivered before");
    let got: Vec<_> = hop.script().messages.iter().map(|(to, _)| to.clone()).collect();
    assert_eq!(got, [vec!["bob@example.com", "joe@example.com"], vec!["eve@example.com"]]);
}

#[tokio::test]
async fn another_message_is_not_taken_for_one_that_was_put_off() {
    let hop = Scripted::lmtp().await;
    hop.script().end.insert("eve@example.com", "452 4.2.2 Full");
    let front = Front::of(lmtp(&hop));
    assert_eq!(front.send(&["bob", "eve"]).await, "452 4.2.2 Full");
    hop.script().end.clear();
    let mut client = front.client().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data("Subject: y\r\n\r\nHello\r\n.dot\r\n").await.expect(250);
    assert_eq!(hop.script().messages.len(), 2);
}

#[tokio::test]
async fn mixed_for_good_is_250_and_kept_for_those_who_never_get_it() {
    let hop = Scripted::lmtp().await;
    hop.script().end.insert("eve@example.com", "554 5.6.0 Not for me");
    let front = Front::of(lmtp(&hop));
    assert_eq!(front.send(&["bob", "eve"]).await, "250 2.0.0 Saved");
    let new = front.state.path().join("state/undelivered/new");
    let files: Vec<_> = fs::read_dir(new).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let kept = fs::read_to_string(&files[0]).unwrap();
    assert!(kept.contains("\nX-Undelivered: <eve@example.com> 554 5.6.0 Not for me\n"), "{kept}");
    assert!(kept.contains("\nDelivered-To: eve@example.com\n") && !kept.contains("bob@"), "{kept}");
    assert!(kept.ends_with("\nSubject: x\n\nHello\n.dot\n"), "{kept}");
}

#[tokio::test]
async fn nobody_is_told_250_where_undelivered_cannot_be_kept() {
    let hop = Scripted::lmtp().await;
    hop.script().end.insert("eve@example.com", "554 5.6.0 Not for me");
    let front = Front::of(lmtp(&hop));
    fs::write(front.state.path().join("state"), "a file").unwrap();
    assert_eq!(front.send(&["bob", "eve"]).await, "451 4.3.0 Internal error; try again later");
}

#[tokio::test]
async fn a_next_hop_that_goes_between_its_answers_mixes_them() {
    let hop = Scripted::lmtp().await;
    hop.script().end.insert("eve@example.com", "421 4.3.2 Going down");
    let front = Front::of(lmtp(&hop));
    assert_eq!(front.send(&["bob", "eve", "joe"]).await, "451 4.3.2 Going down");
    hop.script().end.clear();
    assert_eq!(front.send(&["bob", "eve", "joe"]).await, "250 2.6.0 Delivered before");
    let got: Vec<_> = hop.script().messages.iter().map(|(to, _)| to.clone()).collect();
    // The script has it for joe too, but nobody heard that.
    assert_eq!(got[1], ["eve@example.com", "joe@example.com"]);
}

#[tokio::test]
async fn a_message_that_is_accepted_too_late_is_not_sent_twice() {
    for is_lmtp in [true, false] {
        let hop = if is_lmtp { Scripted::lmtp().await } else { Scripted::smtp().await };
        hop.script().hangs_at = ".";
        let builder = if is_lmtp { lmtp(&hop) } else { smtp(&hop) };
        let front = Front::with(builder, |builder| builder.store_timeout(Duration::from_millis(200)));
        assert_eq!(front.send(&["bob"]).await, "451 4.3.0 Internal error; try again later");
        hop.script().hangs_at = "never";
        hop.released.add_permits(1);
        let remembered = front.state.path().join("state/forwarded");
        eventually(|| {
            let senders = fs::read_dir(&remembered).into_iter().flatten();
            let files = senders.flat_map(|entry| fs::read_dir(entry.unwrap().path()).unwrap());
            files
                .filter(|entry| !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("tmp"))
                .count()
                == 1
        })
        .await;
        assert_eq!(front.send(&["bob"]).await, "250 2.6.0 Delivered before");
        assert_eq!(hop.script().messages.len(), 1);
    }
}
