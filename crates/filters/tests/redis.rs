//! Filters that share what they know by Redis: what they ask, and how they go on without it. The suite in `interop` runs
//! them with a real server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mailchute::Server;
use mailchute::testing::{Inbox, connect};
use mailchute_filters::greylist::Greylist;
use mailchute_filters::limits::RateLimits;
use mailchute_filters::redis::Redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::advance;

/// A server that answers every script with this reply, or never.
struct FakeRedis {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl FakeRedis {
    async fn start(reply: Option<&'static str>) -> Self {
        Self::start_with(reply, 0).await
    }

    /// Starts a server that sends the replies to so many scripts only with the reply to the script after them.
    async fn start_with(reply: Option<&'static str>, withheld: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, reply, withheld));
            }
        });
        Self { address, connections }
    }

    fn handle(&self) -> Redis {
        Redis::new(&format!("redis://{}", self.address)).unwrap()
    }
}

/// Answers commands, which begin with `*`. All but scripts are about the connection, and get OK.
async fn serve(mut stream: TcpStream, reply: Option<&'static str>, withheld: usize) {
    let (mut input, mut buffer, mut scripts) = (Vec::new(), [0; 4096], 0);
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let Some(reply) = reply else { continue };
        input.extend_from_slice(&buffer[..read]);
        while let Some((command, length)) = command(&input) {
            input.drain(..length);
            let reply = if command == "EVALSHA" {
                scripts += 1;
                if scripts <= withheld {
                    continue;
                }
                reply.repeat(if scripts == withheld + 1 { scripts } else { 1 })
            } else {
                "+OK\r\n".to_owned()
            };
            if stream.write_all(reply.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// Returns the first word of the first command, and the length of the command, if all of it is there.
fn command(input: &[u8]) -> Option<(String, usize)> {
    let line = |from: usize| {
        let end = from + input[from..].windows(2).position(|pair| pair == b"\r\n")?;
        Some((std::str::from_utf8(&input[from + 1..end]).unwrap().parse::<usize>().unwrap(), end + 2))
    };
    let (count, mut position) = line(0)?;
    let mut first = None;
    for _ in 0..count {
        let (length, start) = line(position)?;
        let word = input.get(start..start + length)?;
        first.get_or_insert_with(|| String::from_utf8_lossy(word).into_owned());
        position = start + length + 2;
    }
    (position <= input.len()).then_some((first.unwrap(), position))
}

fn server(redis: Redis) -> Server {
    let limits = RateLimits::new().connections("2/1m".parse().unwrap()).shared(redis);
    Server::builder().with(limits).store(Inbox::new()).build().unwrap()
}

async fn greeting(server: &Server) -> String {
    connect(server).open().read_reply().await.lines().concat()
}

#[tokio::test]
async fn redis_decides_while_it_answers() {
    let (free, over) = (FakeRedis::start(Some(":0\r\n")).await, FakeRedis::start(Some(":40000\r\n")).await);
    let server_of_one = server(free.handle());
    for _ in 0..10 {
        assert!(greeting(&server_of_one).await.starts_with("220 "));
    }
    assert_eq!(free.connections.load(Ordering::Relaxed), 1);
    let server_of_other = server(over.handle());
    assert_eq!(greeting(&server_of_other).await, "421 4.7.0 Too many connections; try again in 40 s");
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_each_server_counts_by_itself() {
    let silent = FakeRedis::start(None).await;
    let gone = Redis::new("unix:///nonexistent/redis.sock").unwrap();
    let failing = FakeRedis::start(Some("-OOM command not allowed\r\n")).await;
    for redis in [silent.handle(), gone, failing.handle()] {
        let server = server(redis);
        for code in ["220", "220", "421"] {
            assert!(greeting(&server).await.starts_with(code));
        }
    }
}

#[tokio::test]
async fn a_late_answer_costs_no_connection() {
    for (late, connections) in [(2, 1), (3, 2)] {
        let redis = FakeRedis::start_with(Some(":40000\r\n"), late).await;
        let server = server(redis.handle());
        for _ in 0..late {
            // Nobody else counts this client yet, and this server lets it in.
            let _ = greeting(&server).await;
        }
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while redis.connections.load(Ordering::Relaxed) < connections {
            let _ = greeting(&server).await;
            assert!(tokio::time::Instant::now() < deadline, "it connects again after three late answers");
        }
        assert_eq!(redis.connections.load(Ordering::Relaxed), connections);
        if late == 2 {
            assert_eq!(greeting(&server).await, "421 4.7.0 Too many connections; try again in 40 s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_redis_is_asked_once_a_second() {
    let silent = FakeRedis::start(None).await;
    let server = server(silent.handle());
    let mut waits = 0;
    for _ in 0..100 {
        let before = tokio::time::Instant::now();
        let _ = greeting(&server).await;
        let waited = before.elapsed();
        assert!(waited <= Duration::from_millis(260), "{waited:?}");
        waits += u32::from(waited > Duration::ZERO);
        advance(Duration::from_millis(50)).await;
    }
    // 100 connections take at least 5 s, and each question takes 250 ms of it.
    assert!((4..=6).contains(&waits), "{waits}");
    assert!(silent.connections.load(Ordering::Relaxed) <= 6);
}

#[test]
fn the_url_says_which_server_it_is_and_hides_the_password() {
    for (url, shown) in [
        ("redis://127.0.0.1", "127.0.0.1:6379"),
        ("redis://user:secret@cache.example:6380/3", "cache.example:6380"),
        ("rediss://:secret@cache.example", "cache.example:6379"),
        ("unix:///run/redis/redis.sock?db=1", "/run/redis/redis.sock"),
    ] {
        let redis = Redis::new(url).unwrap().credentials(Some("mail"), "secret2");
        assert_eq!(redis.to_string(), shown);
        assert!(!format!("{redis:?}").contains("secret"), "{redis:?}");
    }
    for url in [
        "",
        "127.0.0.1",
        "http://127.0.0.1",
        "redis://",
        "redis://:secret@host/x",
        "unix:relative",
        "rediss://:secret@host#x",
    ] {
        let error = Redis::new(url).unwrap_err().to_string();
        assert!(error.starts_with("write the URL of Redis as redis://HOST"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn redis_decides_for_a_greylist() {
    for (reply, told) in [
        (":61000\r\n", "451 4.7.1 Greylisted; try again in 61 s"),
        (":0\r\n", "250 2.1.5 Recipient OK"),
        (":-1\r\n", "250 2.1.5 Recipient OK"),
        (":-2\r\n", "250 2.1.5 Recipient OK"),
        // An answer that makes no sense counts as none.
        ("+later\r\n", "451 4.7.1 Greylisted; try again in 5 min"),
    ] {
        let redis = FakeRedis::start(Some(reply)).await;
        let greylist = Greylist::new().shared(redis.handle());
        let server = Server::builder().with(greylist).store(Inbox::new()).build().unwrap();
        let mut client = connect(&server).open();
        client.ready().await.expect(250);
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        assert_eq!(client.command("RCPT TO:<bob@example.com>").await.lines().concat(), told);
    }
}
