use mailchute::limits::Limit;
use mailchute::{Server, testing};

use super::super::ring::Ring;
use super::super::{Sessions, Transcript};
use super::{newest, rows, server};

/// A server that takes any number of commands.
fn patient() -> Server {
    Server::builder()
        .max_transactions(0)
        .limit(Limit::JunkCommands, 0)
        .store(testing::Inbox::new())
        .build()
        .unwrap()
}

/// Waits until the session with this client is over.
async fn hung_up(mut client: testing::Client) {
    client.command("QUIT").await.expect(221);
    assert_eq!(client.try_read_reply().await.map(|reply| reply.code()), None);
}

#[tokio::test]
async fn ten_thousand_sessions_take_no_more_memory_than_allowed() {
    const MOST: usize = 1024 * 1024;
    let server = server();
    let sessions = Sessions::within(&server, MOST);
    let mut steady = testing::connect(&server).open();
    steady.ready().await.expect(250);
    let first = newest(&sessions).summary.id;
    for _ in 0..10_000 {
        let mut client = testing::connect(&server).open();
        client.ready().await.expect(250);
        hung_up(client).await;
    }
    let state = sessions.state();
    assert!((MOST - 4_096..=MOST).contains(&state.held_bytes), "{state:?}");
    assert_eq!(state.kept as u64 + state.evicted, 10_001);
    assert_eq!((state.open, state.missed), (1, 0));
    assert!(state.kept > 500, "{state:?}");
    let open = sessions.get(first).expect("sessions that have ended go first");
    assert!(open.summary.is_open);
}

#[tokio::test]
async fn an_endless_session_keeps_its_last_lines() {
    let server = patient();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    for number in 0..5_000 {
        client.command(&format!("NOOP {number}")).await.expect(250);
    }
    let transcript = newest(&sessions);
    assert!(transcript.dropped > 100, "{}", transcript.dropped);
    let rows = rows(&transcript);
    assert_eq!(rows[rows.len() - 2..], ["C NOOP 4999 [11]", "S 250 2.0.0 OK [14]"]);
    let state = sessions.state();
    assert!((50 * 1024..150 * 1024).contains(&state.held_bytes), "{state:?}");
    let before = transcript.rows.last().unwrap().record;
    client.command("NOOP again").await.expect(250);
    assert_eq!(newest(&sessions).rows.last().unwrap().record, before + 2, "rows keep their numbers");
}

#[tokio::test]
async fn missed_events_are_noted_and_end_sessions() {
    let server = patient();
    // Nothing reads these events until `catch_up`.
    let mut ring = Ring::new(server.events(), 1024 * 1024);
    let mut steady = testing::connect(&server).open();
    steady.ready().await.expect(250);
    let mut passing = testing::connect(&server).open();
    passing.ready().await.expect(250);
    ring.catch_up();
    assert_eq!(ring.count(), (2, 2));
    for _ in 0..600 {
        steady.command("NOOP").await.expect(250);
    }
    hung_up(passing).await;
    ring.catch_up();
    steady.command("NOOP").await.expect(250);
    ring.catch_up();
    assert!(ring.missed > 100 && ring.missed_at.is_some(), "{}", ring.missed);
    assert_eq!(ring.count(), (2, 1));
    let transcripts: Vec<_> = ring.before(None).map(Transcript::of).collect();
    let [ended, steady] = &*transcripts else { panic!("{transcripts:#?}") };
    assert_eq!((ended.summary.is_open, ended.summary.end.as_deref()), (false, None));
    assert_eq!(rows(ended).last().map(String::as_str), Some("* the session is over; its end was missed"));
    let steady = rows(steady);
    assert_eq!(steady.iter().filter(|row| row.contains("lines may be missing")).count(), 1, "{steady:#?}");
}
