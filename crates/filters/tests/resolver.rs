//! The resolver, with servers that answer well and badly.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use mailchute_filters::dns::{DnsError, Resolve, Resolver};
use tokio::net::UdpSocket;

use crate::dns_server::{DnsServer, Manner};

const ZONE: &str = "
    a.example A 192.0.2.1
    a.example A 192.0.2.2
    a.example AAAA 2001:db8::1
    a.example TXT v=spf1 -all
    a.example MX 20 second.example
    a.example MX 10 First.Example
    null.example MX 0 .
    1.2.0.192.in-addr.arpa PTR a.example
    1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR a.example
    alias.example CNAME middle.example
    middle.example CNAME a.example
    nowhere.example CNAME none.example
    empty.example CNAME text.example
    text.example TXT some text
    loop.example CNAME pool.example
    pool.example CNAME loop.example
    fails.example SERVFAIL
";

fn resolver(server: &DnsServer) -> Resolver {
    Resolver::builder().servers([server.address]).build().unwrap()
}

fn hasty(server: &DnsServer) -> Resolver {
    Resolver::builder().servers([server.address]).timeout(Duration::from_millis(200)).build().unwrap()
}

const TWO: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];

fn error<T: std::fmt::Debug>(answer: Result<T, DnsError>) -> String {
    answer.unwrap_err().to_string()
}

#[tokio::test]
async fn answers_the_questions_of_the_checks() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    assert_eq!(resolver.a("a.example").await.unwrap(), TWO);
    assert_eq!(
        resolver.aaaa("a.example").await.unwrap(),
        ["2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap()]
    );
    assert_eq!(resolver.txt("a.example").await.unwrap(), [b"v=spf1 -all"]);
    assert_eq!(resolver.mx("a.example").await.unwrap(), ["First.Example", "second.example"]);
    assert_eq!(resolver.mx("null.example").await.unwrap(), [""]);
    for address in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"] {
        assert_eq!(resolver.ptr(address.parse::<IpAddr>().unwrap()).await.unwrap(), ["a.example"]);
    }
}

#[tokio::test]
async fn missing_names_and_types_are_empty_answers() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    for name in ["none.example", "text.example", "nowhere.example", "empty.example"] {
        assert_eq!(resolver.a(name).await.unwrap(), [Ipv4Addr::UNSPECIFIED; 0], "{name}");
    }
    assert_eq!(server.take_asked().len(), 4);
}

#[tokio::test]
async fn an_answer_is_asked_for_once_while_it_holds() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    for name in ["a.example", "A.EXAMPLE", "alias.example", "none.example"] {
        let first = resolver.a(name).await.unwrap();
        assert_eq!(resolver.clone().a(name).await.unwrap(), first);
    }
    let asked: Vec<String> = server.take_asked().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(asked, ["a.example", "alias.example", "none.example"]);
    resolver.txt("a.example").await.unwrap();
    assert_eq!(server.take_asked(), [("a.example".to_owned(), "TXT".to_owned(), false)]);
}

#[tokio::test]
async fn an_answer_without_ttl_is_asked_for_again() {
    let server = DnsServer::start(ZONE).await;
    server.set_ttl(0);
    let resolver = resolver(&server);
    for name in ["a.example", "none.example"] {
        resolver.a(name).await.unwrap();
        resolver.a(name).await.unwrap();
    }
    assert_eq!(server.take_asked().len(), 4);
}

#[tokio::test]
async fn without_a_cache_each_question_is_asked() {
    let server = DnsServer::start(ZONE).await;
    let resolver = Resolver::builder().servers([server.address]).cache_size(0).build().unwrap();
    resolver.a("a.example").await.unwrap();
    resolver.a("a.example").await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn equal_questions_at_the_same_time_are_asked_once() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    server.hold(true);
    let questions: Vec<_> = (0..50)
        .map(|_| {
            let resolver = resolver.clone();
            tokio::spawn(async move { resolver.a("a.example").await.unwrap() })
        })
        .collect();
    while server.count() == 0 {
        tokio::task::yield_now().await;
    }
    server.hold(false);
    for question in questions {
        assert_eq!(question.await.unwrap(), TWO);
    }
    assert!(server.count() <= 3, "{} questions, of which the last ones are repetitions", server.count());
}

#[tokio::test]
async fn answers_too_long_for_udp_come_by_tcp() {
    let lines: String = (0..900).map(|n| format!("long.example A 10.0.{}.{}\n", n / 256, n % 256)).collect();
    let server = DnsServer::start(&lines).await;
    let answer = resolver(&server).a("long.example").await.unwrap();
    assert_eq!(answer.len(), 900);
    let transports: Vec<bool> = server.take_asked().into_iter().map(|(.., is_tcp)| is_tcp).collect();
    assert_eq!(transports, [false, true]);
}

#[tokio::test]
async fn a_long_text_is_joined() {
    let text = "x".repeat(3000);
    let server = DnsServer::start(&format!("long.example TXT {text}")).await;
    assert_eq!(resolver(&server).txt("long.example").await.unwrap(), [text.as_bytes()]);
}

#[tokio::test]
async fn more_than_a_thousand_records_are_an_error() {
    let lines: String = (0..1001).map(|n| format!("long.example A 10.0.{}.{}\n", n / 256, n % 256)).collect();
    let server = DnsServer::start(&lines).await;
    assert_eq!(error(resolver(&server).a("long.example").await), "more than 1000 records");
}

#[tokio::test]
async fn an_answer_that_is_always_too_long_is_an_error() {
    let server = DnsServer::start(ZONE).await;
    server.set_manner(Manner::TruncatesAlways);
    error(resolver(&server).a("a.example").await);
    server.set_manner(Manner::Truncates);
    assert_eq!(resolver(&server).a("a.example").await.unwrap(), TWO);
}

#[tokio::test]
async fn a_server_that_fails_or_refuses_is_an_error() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    error(resolver.a("fails.example").await);
    assert_eq!(server.take_asked().len(), 1, "it would say so again");
    for code in [ResponseCode::ServFail, ResponseCode::Refused, ResponseCode::FormErr, ResponseCode::NotImp] {
        server.set_manner(Manner::Says(code));
        error(resolver.a("a.example").await);
    }
    server.set_manner(Manner::Says(ResponseCode::Unknown(3841)));
    error(resolver.a("a.example").await);
    server.set_manner(Manner::Well);
    assert_eq!(resolver.a("a.example").await.unwrap(), TWO, "a failure is not kept");
}

#[tokio::test]
async fn a_server_that_only_refers_to_others_is_an_error() {
    let server = DnsServer::start(ZONE).await;
    server.set_manner(Manner::Refers);
    let error = error(resolver(&server).a("a.example").await);
    assert_eq!(error, "the server refers to other servers, so it does not ask them by itself");
}

#[tokio::test]
async fn a_silent_server_is_an_error_in_time() {
    let server = DnsServer::start(ZONE).await;
    server.set_manner(Manner::Silent);
    error(hasty(&server).a("a.example").await);
}

#[tokio::test]
async fn garbage_is_an_error() {
    let server = DnsServer::start(ZONE).await;
    server.set_manner(Manner::Garbage);
    error(hasty(&server).a("a.example").await);
}

#[tokio::test]
async fn forged_answers_are_not_taken() {
    let server = DnsServer::start(ZONE).await;
    for manner in [Manner::ForgesId, Manner::ForgesQuestion] {
        server.set_manner(manner);
        assert_eq!(resolver(&server).a("a.example").await.unwrap(), TWO, "{manner:?}");
    }
}

#[tokio::test]
async fn aliases_are_followed_also_one_by_one() {
    let server = DnsServer::start(ZONE).await;
    assert_eq!(resolver(&server).a("alias.example").await.unwrap(), TWO);
    assert_eq!(server.take_asked().len(), 1);
    server.set_manner(Manner::OneAlias);
    assert_eq!(resolver(&server).a("alias.example").await.unwrap(), TWO);
    let asked: Vec<String> = server.take_asked().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(asked, ["alias.example", "middle.example", "a.example"]);
}

#[tokio::test]
async fn an_endless_chain_of_aliases_is_an_error() {
    let server = DnsServer::start(ZONE).await;
    for manner in [Manner::Well, Manner::OneAlias] {
        server.set_manner(manner);
        let error = error(resolver(&server).a("loop.example").await);
        assert_eq!(error, "more than 16 CNAME records lead on", "{manner:?}");
    }
    assert_eq!(server.count(), 1 + 17);
}

#[tokio::test]
async fn odd_names_are_asked_as_they_are() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    let odd: String = ('!'..='~').filter(|c| *c != '.').collect();
    let (one, two) = odd.split_at(50);
    let longest = format!("{0}.{0}.{0}.{1}", "x".repeat(63), "y".repeat(61));
    for name in ["a b c._under_score.%{l}.example", "*.example", "\\052.\\.example", one, two, &longest] {
        assert!(resolver.a(name).await.unwrap().is_empty(), "{name}");
        assert_eq!(server.take_asked()[0].0, name.to_ascii_lowercase());
    }
}

#[tokio::test]
async fn names_that_cannot_be_are_an_error_without_a_question() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    for name in ["", ".", "a..b", "a.example.", &"x".repeat(64), &"xx.".repeat(100)] {
        error(resolver.a(name).await);
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn the_next_server_answers_for_one_that_cannot() {
    let (first, second) = (DnsServer::start(ZONE).await, DnsServer::start(ZONE).await);
    for manner in [Manner::Says(ResponseCode::Refused), Manner::Says(ResponseCode::ServFail), Manner::Garbage]
    {
        first.set_manner(manner);
        let resolver = Resolver::builder().servers([first.address, second.address]).build().unwrap();
        assert_eq!(resolver.a("a.example").await.unwrap(), TWO, "{manner:?}");
        first.take_asked();
        assert!(resolver.a("none.example").await.unwrap().is_empty());
        assert_eq!(first.count(), 0, "the server that answered is preferred");
    }
}

#[tokio::test]
async fn a_port_without_a_server_is_an_error() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let resolver =
        Resolver::builder().servers([address]).timeout(Duration::from_millis(500)).build().unwrap();
    error(resolver.a("a.example").await);
}

#[tokio::test]
async fn a_question_that_is_given_up_leaves_the_next_one_alone() {
    let server = DnsServer::start(ZONE).await;
    let resolver = resolver(&server);
    server.hold(true);
    let question = tokio::spawn({
        let resolver = resolver.clone();
        async move { resolver.a("a.example").await }
    });
    while server.count() == 0 {
        tokio::task::yield_now().await;
    }
    question.abort();
    assert!(question.await.unwrap_err().is_cancelled());
    server.hold(false);
    assert_eq!(resolver.a("a.example").await.unwrap(), TWO);
}

#[tokio::test]
async fn questions_of_one_share_leave_slots_to_the_others() {
    let server = DnsServer::start(ZONE).await;
    let greedy = resolver(&server);
    let shared = greedy.share();
    server.hold(true);
    let mut questions = tokio::task::JoinSet::new();
    for number in 0..600 {
        let resolver = greedy.clone();
        questions.spawn(async move { resolver.a(&format!("n{number}.example")).await });
    }
    while server.count() < 128 {
        tokio::task::yield_now().await;
    }
    let question = tokio::spawn(async move { shared.a("a.example").await });
    while !server.asked().iter().any(|(name, ..)| name == "a.example") {
        tokio::task::yield_now().await;
    }
    server.hold(false);
    assert_eq!(question.await.unwrap().unwrap(), TWO);
}

#[tokio::test]
async fn servers_that_the_system_changes_are_asked() {
    let (old, new) = (DnsServer::start(ZONE).await, DnsServer::start(ZONE).await);
    old.set_manner(Manner::Silent);
    let named = Arc::new(Mutex::new(vec![old.address]));
    let reads = Arc::new(AtomicUsize::new(0));
    let (servers, counter) = (Arc::clone(&named), Arc::clone(&reads));
    let resolver = Resolver::builder()
        .servers_by(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(servers.lock().unwrap().clone())
        })
        .timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    *named.lock().unwrap() = vec![new.address];
    error(resolver.a("a.example").await);
    let asked = async { while resolver.a("a.example").await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("the new server is asked");
    // A failure reads them once a minute only.
    new.set_manner(Manner::Silent);
    for name in ["1.example", "2.example"] {
        error(resolver.a(name).await);
    }
    assert_eq!(reads.load(Ordering::Relaxed), 2);
    *named.lock().unwrap() = vec![old.address];
    old.set_manner(Manner::Well);
    resolver.reread().unwrap();
    assert_eq!(resolver.aaaa("a.example").await.unwrap().len(), 1);
}
