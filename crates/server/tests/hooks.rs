//! The answers of hooks, and the client's replies, at every stage.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::say;
use crate::support::stages::{self, ALL, OnlyAt, Stage, again, answering, reach};
use crate::support::{DropNote, Seen, log};
use mailchute::{Answer, Refusal, Reply, Verdict};
use mailchute_proto::catalog;
use tokio::time::Instant;

/// Whether the session is still alive: a last command is answered.
async fn goes_on(client: &mut stages::Client) -> bool {
    client.say("QUIT").await.starts_with("221 ")
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_goes_on_changes_nothing() {
    for stage in ALL {
        let (standard, _) = reach(&stages::plain(), stage).await;
        let (reply, mut client) = reach(&answering(stage, || Ok(Verdict::Accept)), stage).await;
        assert_eq!(reply, standard, "{stage:?}");
        assert!(reply.starts_with(stage.yes()), "{stage:?}: {reply}");
        assert!(goes_on(&mut client).await, "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_positive_reply_keeps_its_text_and_gets_the_stages_code() {
    for stage in ALL {
        let server = answering(stage, || Ok(Verdict::AcceptWith(Reply::new(211, (2, 9, 9), "Welcome"))));
        let (reply, mut client) = reach(&server, stage).await;
        let expected = match stage {
            Stage::Connect => "220 mx.example.com Welcome\r\n",
            Stage::Ehlo => "250-mx.example.com Welcome\r\n",
            // After STARTTLS it is the client's turn, so acceptance sends nothing. An authenticator and a filter give
            // no text, and the text of 354 is fixed.
            Stage::Secure | Stage::Auth | Stage::Data | Stage::Filter => stage.yes(),
            Stage::Authenticated => "235 2.9.9 Welcome\r\n",
            Stage::Mail | Stage::Rcpt => "250 2.9.9 Welcome\r\n",
            // HELP and custom verbs have their own codes.
            Stage::Command => "211 2.9.9 Welcome\r\n",
        };
        assert!(reply.starts_with(expected), "{stage:?}: {reply}");
        assert!(goes_on(&mut client).await, "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recipient_who_is_elsewhere_is_accepted_with_251() {
    let server =
        answering(Stage::Rcpt, || Ok(Verdict::AcceptWith(Reply::new(251, (2, 1, 5), "User not local"))));
    let (reply, mut client) = reach(&server, Stage::Rcpt).await;
    assert_eq!(reply, "251 2.1.5 User not local\r\n");
    client.ask("DATA", "354").await;
}

#[tokio::test(start_paused = true)]
async fn a_plain_refusal_by_a_hook_sends_the_standard_reply() {
    for stage in ALL {
        let (reply, _) = reach(&answering(stage, || Ok(Verdict::Refuse)), stage).await;
        assert!(reply.starts_with(stage.no()), "{stage:?}: {reply}");
    }
}

#[tokio::test(start_paused = true)]
async fn sends_a_4yz_or_5yz_refusal_unchanged_and_goes_on() {
    for (code, class) in [(450, 4), (550, 5)] {
        for stage in ALL {
            let answer = move || -> Answer { Err(Refusal::new(code, (class, 2, 17), "Not today")) };
            let (reply, mut client) = reach(&answering(stage, answer), stage).await;
            let expected = stage.begin(code, &format!("{class}.2.17")) + "Not today\r\n";
            assert_eq!(reply, expected, "{stage:?}");
            // The secure stage has no pending command, so its refusal hangs up.
            assert_eq!(goes_on(&mut client).await, stage != Stage::Secure, "{stage:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_refused_connection_only_quit_is_answered() {
    let server = answering(Stage::Connect, || Err(Refusal::new(554, (5, 7, 1), "You again")));
    let (greeting, mut client) = reach(&server, Stage::Connect).await;
    assert_eq!(greeting, "554 5.7.1 You again\r\n");
    client.ask("EHLO client.example", "503 ").await;
    client.ask("MAIL FROM:<alice@client.example>", "503 5.5.1").await;
    client.ask("QUIT", "221 2.0.0").await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_may_hang_up_at_every_stage() {
    let replies = [
        || Reply::new(421, (4, 7, 1), "Go away"),
        || Reply::new(550, (5, 7, 1), "Go away").hang_up(),
        || Reply::new(250, (2, 7, 1), "Go away").hang_up(),
    ];
    for make in replies {
        for stage in ALL.into_iter().filter(|stage| make().is_refusal() || stage.takes_text()) {
            let (reply, mut client) = reach(&answering(stage, move || say(make())), stage).await;
            assert!(reply.contains("Go away\r\n"), "{stage:?}: {reply}");
            client.write("NOOP\r\n").await;
            assert_eq!(client.rest().await, "", "{stage:?}: nothing comes behind {reply}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_by_question_mark_answers_451_and_logs_the_cause() {
    for stage in ALL {
        let (log, _guard) = log::capture();
        let server = answering(stage, || {
            "not a number at all".parse::<u32>()?;
            Ok(Verdict::Accept)
        });
        let (reply, mut client) = reach(&server, stage).await;
        let expected = stage.begin(451, "4.3.0");
        assert_eq!(reply, format!("{expected}Internal error; try again later\r\n"), "{stage:?}");
        log.expect("invalid digit found in string");
        assert_eq!(goes_on(&mut client).await, stage != Stage::Secure, "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_any_kind_can_be_hidden_with_all_its_causes() {
    let (log, _guard) = log::capture();
    let server = answering(Stage::Mail, || {
        let error: Box<dyn std::error::Error + Send + Sync> = "database of users: connection lost".into();
        Err(Refusal::internal(error))
    });
    let (reply, _) = reach(&server, Stage::Mail).await;
    assert_eq!(reply, "451 4.3.0 Internal error; try again later\r\n");
    log.expect("database of users: connection lost");
}

#[tokio::test(start_paused = true)]
async fn a_panic_answers_451_and_harms_no_session() {
    for stage in ALL {
        let (log, _guard) = log::capture();
        let has_panicked = AtomicBool::new(false);
        let server = answering(stage, move || {
            assert!(has_panicked.swap(true, Ordering::Relaxed), "the first time goes wrong");
            Ok(Verdict::Accept)
        });
        let (reply, mut client) = reach(&server, stage).await;
        assert!(reply.starts_with(&stage.begin(451, "4.3.0")), "{stage:?}: {reply}");
        log.expect("the first time goes wrong");
        match stage {
            Stage::Connect => assert!(goes_on(&mut client).await),
            Stage::Secure => assert_eq!(client.rest().await, ""),
            Stage::Data | Stage::Filter => {
                assert!(client.say("MAIL FROM:<alice@client.example>").await.starts_with("250"));
                assert!(client.say("RCPT TO:<bob@example.com>").await.starts_with("250"));
                assert!(again(&mut client, stage).await.starts_with(stage.yes()));
            }
            _ => assert!(again(&mut client, stage).await.starts_with(stage.yes()), "{stage:?}"),
        }
        let (reply, _) = reach(&server, stage).await;
        assert!(reply.starts_with(stage.yes()), "{stage:?}, another session: {reply}");
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_while_dropped_answers_451() {
    for stage in [Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data] {
        let (log, _guard) = log::capture();
        let is_first = AtomicBool::new(true);
        let server = stages::server(OnlyAt::new(stage, move || {
            let bomb = is_first.swap(false, Ordering::Relaxed).then_some(Bomb);
            async move {
                if bomb.is_some() {
                    std::future::pending::<()>().await;
                }
                Ok(Verdict::Accept)
            }
        }));
        let (reply, mut client) = reach(&server, stage).await;
        assert!(reply.starts_with(&stage.begin(451, "4.3.0")), "{stage:?}: {reply}");
        let name = std::any::type_name::<OnlyAt>();
        log.expect("a hook or store panicked stage=");
        log.expect(&format!("hook=\"{name}\" panic=\"dropped\""));
        assert!(client.say("NOOP").await.starts_with("250"), "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_outlasts_its_limit_answers_451_and_is_dropped() {
    for stage in ALL {
        let dropped = Seen::default();
        let note = dropped.clone();
        let server = stages::server(OnlyAt::new(stage, move || {
            let note = DropNote(note.clone(), "dropped");
            async move {
                std::future::pending::<()>().await;
                drop(note);
                Ok(Verdict::Accept)
            }
        }));
        let began = Instant::now();
        let (reply, mut client) = reach(&server, stage).await;
        assert!(reply.starts_with(&stage.begin(451, "4.3.0")), "{stage:?}: {reply}");
        // A refused AUTH is delayed by one more second.
        assert!(matches!(began.elapsed().as_secs(), 300 | 301), "{stage:?}");
        assert_eq!(dropped.all(), ["dropped"], "{stage:?}");
        assert_eq!(goes_on(&mut client).await, stage != Stage::Secure, "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_may_take_as_long_as_its_limit_allows() {
    for stage in ALL {
        let server = stages::server(OnlyAt::new(stage, || async {
            tokio::time::sleep(Duration::from_secs(299)).await;
            Ok(Verdict::Accept)
        }));
        let (reply, _) = reach(&server, stage).await;
        assert!(reply.starts_with(stage.yes()), "{stage:?}: {reply}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_answers_3yz_is_at_fault_and_gets_451() {
    for stage in ALL {
        let server = answering(stage, || Ok(Verdict::AcceptWith(catalog::START_DATA)));
        let (reply, _) = reach(&server, stage).await;
        assert!(reply.starts_with(&stage.begin(451, "4.3.0")), "{stage:?}: {reply}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_text_of_a_hook_can_break_out_of_its_reply() {
    const HOSTILE: &str = "Sorry\r\n250 2.0.0 OK\rRCPT\n\n221 bye\0\x1b[31m\u{202e}é\r\n";
    for (code, class) in [(250, 2), (550, 5), (421, 4)] {
        for stage in ALL {
            let server = answering(stage, move || say(Reply::new(code, (class, 0, 0), HOSTILE)));
            let (reply, mut client) = reach(&server, stage).await;
            let lines: Vec<&str> = reply.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            let (first, last) = (&lines[0][..3], lines.len() - 1);
            for (index, line) in lines.iter().enumerate() {
                assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{stage:?}: {line:?}");
                assert_eq!(&line[..3], first, "{stage:?}: {reply:?}");
                assert_eq!(&line[3..4], if index == last { " " } else { "-" }, "{stage:?}: {reply:?}");
            }
            let rest = client.say("QUIT").await;
            assert!(rest.is_empty() || rest.starts_with("221 2.0.0 Closing"), "{stage:?}: {rest:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_text_is_broken_into_lines_that_fit_the_wire() {
    let server = answering(Stage::Mail, || Err(Refusal::new(550, (5, 7, 1), "x".repeat(5_000))));
    let (reply, mut client) = reach(&server, Stage::Mail).await;
    assert!(reply.split_inclusive("\r\n").all(|line| line.len() <= 512), "{reply}");
    assert_eq!(reply.matches('x').count(), 5_000);
    assert!(goes_on(&mut client).await);
}
