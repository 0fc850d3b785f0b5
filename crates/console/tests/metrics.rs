//! `/metrics`, and the page about it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use mailchute::{Builder, Listener, Server, Verdict, testing};
use mailchute_console::Console;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The answer to a request.
pub(crate) async fn get(console: &Console, path: &str) -> String {
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = http.local_addr().unwrap();
    let console = console.clone();
    let serving = tokio::spawn(async move { console.serve(http, std::future::pending()).await });
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    serving.abort();
    answer
}

/// Sends commands one by one, each after the reply to the one before.
async fn converse(address: std::net::SocketAddr, commands: &[&str]) {
    let mut client = BufReader::new(TcpStream::connect(address).await.unwrap());
    for command in [""].iter().chain(commands) {
        if !command.is_empty() {
            client.get_mut().write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        }
        let mut line = String::new();
        while line.is_empty() || line.as_bytes().get(3) == Some(&b'-') {
            line.clear();
            client.read_line(&mut line).await.unwrap();
        }
    }
}

/// A server that has served sessions at the listener `mx`, and its answer to `/metrics`.
async fn metrics() -> String {
    let spf = |builder: Builder| {
        builder.on_mail_from(|_, session| async move {
            session.add_finding("spf", "pass");
            Ok(Verdict::Accept)
        })
    };
    let server = Server::builder().measured("checks", spf).store(testing::Inbox::new()).build().unwrap();
    let serving = server.listen(Listener::new("127.0.0.1:0").name("mx")).await.unwrap();
    let address = serving.addr_of("mx").unwrap();
    let serving = tokio::spawn(async move { serving.await });
    let message =
        ["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA", "hello\r\n."];
    converse(address, &[&message[..], &["NOOP", "BOGUS", "QUIT"]].concat()).await;
    converse(address, &[&message[..], &["QUIT"]].concat()).await;
    let console = Console::builder(&server).pages(false).build();
    console.vitals().reloaded(true);
    console.vitals().certificates_expire([SystemTime::now() + Duration::from_secs(86_400)]);
    let answer = get(&console, "/metrics").await;
    serving.abort();
    answer
}

#[tokio::test]
async fn the_counters_are_those_of_the_sessions() {
    let answer = metrics().await;
    assert!(
        answer.contains("\r\ncontent-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n")
    );
    assert!(answer.ends_with("\n# EOF\n"), "{answer}");
    for line in [
        r#"mailchute_sessions_total{listener="mx"} 2"#,
        r#"mailchute_sessions_ended_total{cause="quit"} 2"#,
        r#"mailchute_messages_total{listener="mx",result="accepted"} 2"#,
        r#"mailchute_messages_total{listener="mx",result="refused"} 0"#,
        r#"mailchute_message_bytes_total 14"#,
        r#"mailchute_recipients_total{result="accepted"} 2"#,
        r#"mailchute_replies_total{verb="none",code="220"} 2"#,
        r#"mailchute_replies_total{verb="EHLO",code="250"} 2"#,
        r#"mailchute_replies_total{verb="DATA",code="354"} 2"#,
        r#"mailchute_replies_total{verb="message",code="250"} 2"#,
        r#"mailchute_replies_total{verb="NOOP",code="250"} 1"#,
        r#"mailchute_replies_total{verb="other",code="500"} 1"#,
        r#"mailchute_replies_total{verb="QUIT",code="221"} 2"#,
        r#"mailchute_refusals_total 1"#,
        r#"mailchute_filter_refusals_total{filter="checks"} 0"#,
        r#"mailchute_filter_verdicts_total{check="spf",result="pass"} 2"#,
        r#"mailchute_reloads_total{result="applied"} 1"#,
        r#"mailchute_connections_turned_away_total{reason="client_full"} 0"#,
    ] {
        assert!(answer.contains(&format!("\n{line}\n")), "{line} is not in {answer}");
    }
}

/// The type, labels and meaning of each metric, by its name.
type Metrics = BTreeMap<String, (String, BTreeSet<String>, String)>;

fn of_answer(answer: &str) -> Metrics {
    let mut metrics = Metrics::new();
    let text = answer.split("\r\n\r\n").nth(1).unwrap();
    for line in text.lines() {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, help] => {
                metrics.entry(name.to_owned()).or_default().2 = help.trim_end_matches('.').to_owned();
            }
            ["#", "TYPE", name, kind] => metrics.entry(name.to_owned()).or_default().0 = kind.to_owned(),
            ["#", ..] => {}
            _ => {
                let (name, labels) = line.split_once(['{', ' ']).unwrap();
                let name = name.trim_end_matches("_total").trim_end_matches("_info");
                let keys = labels.split('"').step_by(2).filter_map(|part| part.strip_suffix('='));
                let keys = keys.map(|key| key.trim_start_matches(',').to_owned());
                metrics.entry(name.to_owned()).or_default().1.extend(keys);
            }
        }
    }
    metrics
}

fn of_page() -> Metrics {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows =
        page.lines().filter(|line| line.starts_with("| `")).map(|row| row.trim_matches('|').split('|'));
    let rows = rows.map(|row| row.map(str::trim).collect::<Vec<_>>()).filter(|cells| cells.len() == 4);
    let metrics = rows.map(|cells| {
        let name = cells[0].trim_matches('`').trim_end_matches("_total").trim_end_matches("_info");
        let labels = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (name.to_owned(), (cells[1].to_owned(), labels, cells[3].to_owned()))
    });
    metrics.collect()
}

#[tokio::test]
async fn the_page_of_metrics_lists_each_of_them() {
    assert_eq!(of_page(), of_answer(&metrics().await));
}
