//! 100,000 messages: how long requests take. Run in a release build:
//! `cargo test --release -p mailchute-console --lib many -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

const MESSAGES: u64 = 100_000;
const WORDS: u64 = 20_000;
const ROUNDS: usize = 21;

/// Numbers that look random, and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// Returns a word; some are much more frequent than others.
    fn word(&mut self) -> String {
        let most = 1 + self.next() % WORDS;
        word(self.next() % most)
    }
}

/// Returns a word of four to eight letters, whose beginning says little.
fn word(number: u64) -> String {
    let mut letters = Numbers(number);
    let length = 4 + letters.next() % 5;
    (0..length).map(|_| char::from(b'a' + (letters.next() % 26) as u8)).collect()
}

fn text(numbers: &mut Numbers, number: u64) -> String {
    let words: Vec<_> = (0..150).map(|_| numbers.word()).collect();
    let (user, domain) = (number % 100, number % 7);
    message(
        &format!("sender{}@example.org", number % 1_000),
        &format!("user{user}@domain{domain}.test"),
        &format!("number{number}"),
        &format!("text\n{}", words.chunks(10).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n")),
    )
}

/// Runs something several times, and prints the median.
async fn timed<T, F: Future<Output = T>>(what: &str, mut run: impl FnMut(usize) -> F) {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let begin = Instant::now();
        run(round).await;
        times.push(begin.elapsed());
    }
    times.sort();
    println!("{what}: median {:?}, worst {:?}", times[ROUNDS / 2], times[ROUNDS - 1]);
}

fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and 400 MB of disk"]
async fn a_hundred_thousand_messages_are_quick_to_look_at() {
    let mails = Mails::new();
    let mut numbers = Numbers(1);
    for number in 0..MESSAGES {
        mails.put("new", &text(&mut numbers, number));
    }
    println!("before: {}", memory());
    let begin = Instant::now();
    let mailbox = mails.builder().undo(LONG).open().unwrap();
    println!("first page while the index is made: {} messages", list(&mailbox, "").await.messages.len());
    println!("after {:?}", begin.elapsed());
    while list(&mailbox, "").await.progress.is_some() {}
    println!("index made in {:?}, {}", begin.elapsed(), memory());
    println!("index: {} bytes", fs::metadata(mails.path().join(super::super::index::FILE)).unwrap().len());
    tokio::time::sleep(Duration::from_secs(3)).await;
    mailbox.close();
    let begin = Instant::now();
    let mailbox = mails.builder().undo(LONG).open().unwrap();
    list(&mailbox, "").await;
    println!("opened again in {:?}, {}", begin.elapsed(), memory());
    let (rare, common, other) = (word(WORDS - 1), word(1), word(2));
    let three = &common[..3];
    for query in [
        "",
        "number77777",
        &rare,
        &common,
        &format!("{common} {other} {rare}"),
        three,
        &format!("\"{common} {other}\""),
        "text",
        "from:sender77",
        &format!("-{common}"),
        &format!("is:unread {common}"),
        "mailbox:user7@domain0.test",
        "mailbox:@domain1.test",
        "mailbox:user7",
        "has:attachment",
        &format!("after:2026-02-01 {common}"),
        "id:unknown",
    ] {
        let total = list(&mailbox, query).await.total;
        timed(&format!("search {query:?} of {total}"), |_| list(&mailbox, query)).await;
    }
    let groups = Instant::now();
    mailbox.groups().await.unwrap();
    println!("groups: {:?}", groups.elapsed());
    timed("wait for a message that comes", |round| {
        let (mailbox, subject) = (mailbox.clone(), format!("awaited{round}"));
        mails.put("new", &message("a@x.test", "b@x.test", &subject, "text"));
        async move { wait(&mailbox, &format!("subject:{subject}")).await }
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    timed("delete one", |round| {
        let (mailbox, query) = (mailbox.clone(), format!("subject:number{}", 100 + round));
        async move { mailbox.delete(&search(&query)).await.unwrap() }
    })
    .await;
    timed("delete by search", |round| {
        let (mailbox, query) = (mailbox.clone(), format!("from:sender{}@example.org", 500 + round));
        async move { mailbox.delete(&search(&query)).await.unwrap() }
    })
    .await;
    timed("first page after deletions", |_| list(&mailbox, "")).await;
    let (begin, deletion) = (Instant::now(), mailbox.delete(&Search::all()).await.unwrap());
    println!("delete all {}: {:?}", deletion.messages, begin.elapsed());
    timed("first page without messages", |_| list(&mailbox, "")).await;
    let begin = Instant::now();
    mailbox.close();
    println!("removed all in {:?}, {}", begin.elapsed(), memory());
    assert!(mails.files("new").is_empty());
}
