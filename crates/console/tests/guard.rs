//! The layer around all routes, asked by literal bytes.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use mailchute_console::{Login, Logins, Mailbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{field, serve, status};

/// The first user, until the number changes.
#[derive(Debug, Default)]
struct Alice(Arc<AtomicU64>);

impl Logins for Alice {
    fn check<'a>(
        &'a self,
        user: &'a str,
        password: &'a str,
        _client: IpAddr,
    ) -> Pin<Box<dyn Future<Output = Login> + Send + 'a>> {
        let login = match (user, password) {
            ("alice", "wonderland") => Login::Right,
            (_, "busy") => Login::NotNow,
            _ => Login::Wrong,
        };
        Box::pin(async move { login })
    }

    fn generation(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn refuses_a_foreign_host_on_each_path() {
    let console = serve(|console| console.name("mail.example.com")).await;
    for path in ["/", "/style.css", "/api/v1/messages", "/nowhere", "/login"] {
        for host in ["evil.example", "evil.example:8025", "localhost.evil.example", "192.0.2.1"] {
            let answer = console
                .ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
                .await;
            assert_eq!(status(&answer), 403, "{path} {host}: {answer}");
        }
    }
    for host in ["localhost", "127.0.0.1:8025", "[::1]:1", "MAIL.example.com:443"] {
        let answer = console
            .ask(&format!("GET /style.css HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
            .await;
        assert_eq!(status(&answer), 200, "{host}: {answer}");
    }
}

#[tokio::test]
async fn refuses_no_host_two_hosts_and_an_absolute_uri() {
    let console = serve(|console| console).await;
    for request in [
        "GET /style.css HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /style.css HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET http://evil.example/style.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET http://localhost/style.css HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET http://evil.example/style.css HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET /style.css HTTP/1.1\r\nHost: evil@localhost\r\nConnection: close\r\n\r\n",
        "GET /style.css HTTP/1.0\r\nConnection: close\r\n\r\n",
    ] {
        let answer = console.ask(request).await;
        assert!(matches!(status(&answer), 400 | 403), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn refuses_requests_of_pages_of_other_sites() {
    let console = serve(|console| console).await;
    let fields = [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://localhost:3000\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
        "sec-fetch-site: cross-site\r\nOrigin: http://localhost\r\n",
    ];
    for path in ["/", "/style.css", "/live", "/metrics", "/api/v1/messages", "/nowhere"] {
        for fields in fields {
            let answer = console.get(path, fields).await;
            assert_eq!(status(&answer), 403, "{path} {fields}: {answer}");
        }
    }
    let answer =
        console.get("/style.css", "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n").await;
    assert_eq!(status(&answer), 200);
}

/// A link on another site is refused like anything else, but the user can go on with a click.
#[tokio::test]
async fn a_link_from_another_site_shows_a_page_with_a_link() {
    let console = serve(|console| console).await;
    let answer = console.get("/m/1", "Sec-Fetch-Site: cross-site\r\nAccept: text/html\r\n").await;
    assert_eq!(status(&answer), 403);
    assert!(answer.contains("<a class=\"button\" href=\"\">"), "{answer}");
}

#[tokio::test]
async fn no_spelling_of_a_path_goes_around_the_rules() {
    let console = serve(|console| console.logins(Alice::default())).await;
    for path in [
        "/%6cive",
        "/live%2f..%2f",
        "//live",
        "/live/../api/v1/messages",
        "/metrics/../",
        "/metrics%2f",
        "/live/",
        "/%2e%2e/live",
        "/login/../",
    ] {
        let answer = console
            .ask(&format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
            .await;
        assert_eq!(status(&answer), 403, "{path}: {answer}");
        let answer = console.get(path, "Sec-Fetch-Site: cross-site\r\n").await;
        assert_eq!(status(&answer), 403, "{path}: {answer}");
        let answer = console.get(path, "").await;
        assert_eq!(status(&answer), 401, "{path}: {answer}");
    }
}

#[tokio::test]
async fn health_and_metrics_answer_to_each_host_without_login() {
    let console = serve(|console| console.logins(Alice::default())).await;
    for host in ["10.1.2.3:8025", "mailchute-0.mail.svc:8025"] {
        let answer =
            console.ask(&format!("GET /live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(status(&answer), 200, "{answer}");
    }
    assert_eq!(
        status(&console.ask("POST /live HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await),
        403
    );
}

#[tokio::test]
async fn a_change_needs_json_or_the_token_of_the_page() {
    let console = serve(|console| console).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (fields, body) in [
        (form, ""),
        (form, "token="),
        (form, "token=guess"),
        (form, "xtoken=1&user=token"),
        ("Content-Type: text/plain\r\n", "{}"),
        ("Content-Type: text/plain; x=application/json\r\n", "{}"),
        ("Content-Type: multipart/form-data; boundary=x\r\n", "--x--"),
        ("", "{}"),
        ("", ""),
    ] {
        let answer = console.send("POST", "/nowhere", fields, body).await;
        assert_eq!(status(&answer), 403, "{fields} {body}: {answer}");
    }
    assert_eq!(
        status(&console.send("POST", "/nowhere", "Content-Type: application/json\r\n", "{}").await),
        404
    );
    assert_eq!(status(&console.send("DELETE", "/nowhere", "Content-Type: text/plain\r\n", "").await), 403);
    let token = token(&console.get("/login", "").await);
    assert_eq!(status(&console.send("POST", "/nowhere", form, &format!("a=b&token={token}")).await), 404);
    let large = format!("token={token}&a={}", "x".repeat(70_000));
    assert_eq!(status(&console.send("POST", "/nowhere", form, &large).await), 413);
}

#[tokio::test]
async fn each_response_has_the_fields_for_browsers() {
    let console = serve(|console| console).await;
    for path in ["/login", "/style.css", "/live", "/nowhere", "/api/v1/nowhere"] {
        let answer = console.get(path, "").await.to_ascii_lowercase();
        for field in [
            "content-security-policy: default-src 'self';",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "cache-control: no-",
            "x-dns-prefetch-control: off",
        ] {
            assert!(answer.contains(field), "{path} {field}: {answer}");
        }
        assert!(!answer.contains("access-control-"), "{answer}");
    }
    assert!(console.get("/nowhere", "Sec-Fetch-Site: cross-site\r\n").await.contains("nosniff"));
}

#[tokio::test]
async fn a_wrong_method_is_answered_with_a_sentence() {
    let console = serve(|console| console).await;
    let json = "Content-Type: application/json\r\n";
    let answer = console.send("PUT", "/live", json, "{}").await;
    assert_eq!(status(&answer), 405, "{answer}");
    assert_eq!(field(&answer, "content-type"), Some("application/problem+json"));
    assert_eq!(field(&answer, "allow"), Some("GET,HEAD"), "{answer}");
}

#[tokio::test]
async fn assets_are_sent_once() {
    let console = serve(|console| console).await;
    let answer = console.get("/console.js", "").await;
    let tag = field(&answer, "etag").unwrap();
    let answer = console.get("/console.js", &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!(status(&answer), 304, "{answer}");
}

#[tokio::test]
async fn basic_credentials_log_programs_in() {
    let console = serve(|console| console.logins(Alice::default())).await;
    let answer = console.get("/nowhere", "").await;
    assert_eq!(status(&answer), 401);
    assert!(field(&answer, "www-authenticate").unwrap().starts_with("Basic "), "{answer}");
    // alice:wonderland, alice:wrong, alice:busy
    for (credentials, expected) in
        [("YWxpY2U6d29uZGVybGFuZA==", 404), ("YWxpY2U6d3Jvbmc=", 401), ("YWxpY2U6YnVzeQ==", 503), ("?", 401)]
    {
        let answer = console.get("/nowhere", &format!("Authorization: Basic {credentials}\r\n")).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
}

/// Alice, whose password takes a while to check.
#[derive(Debug)]
struct SlowAlice;

impl Logins for SlowAlice {
    fn check<'a>(
        &'a self,
        user: &'a str,
        password: &'a str,
        client: IpAddr,
    ) -> Pin<Box<dyn Future<Output = Login> + Send + 'a>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Alice::default().check(user, password, client).await
        })
    }
}

#[tokio::test]
async fn many_requests_at_once_with_right_credentials_pass() {
    let console = serve(|console| console.logins(SlowAlice)).await;
    let ask = |credentials: &'static str| {
        let fields = format!("Authorization: Basic {credentials}\r\n");
        let console = &console;
        async move { status(&console.get("/nowhere", &fields).await) }
    };
    let answers = join_all((0..40).map(|_| ask("YWxpY2U6d29uZGVybGFuZA=="))).await;
    assert_eq!(answers, [404; 40]);
    let answers = join_all((0..40).map(|_| ask("YWxpY2U6d3Jvbmc="))).await;
    let count = |code: u16| answers.iter().filter(|answer| **answer == code).count();
    assert_eq!((count(401), count(429)), (10, 30), "each guess counts");
}

#[tokio::test]
async fn the_login_page_gives_a_strict_cookie_until_logout() {
    let console = serve(|console| console.logins(Alice::default())).await;
    let answer = console.get("/nowhere?a=b", "Accept: text/html\r\n").await;
    assert_eq!(status(&answer), 303);
    assert_eq!(field(&answer, "location").unwrap(), "/login?next=%2Fnowhere%3Fa%3Db");
    let page = console.get("/login?next=%2Fnowhere%3Fa%3Db", "").await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let first = token(&page);
    let wrong =
        console.send("POST", "/login", form, &format!("token={first}&next=/&user=alice&password=no")).await;
    assert_eq!(status(&wrong), 401);
    let right = format!("token={first}&next=%2Fnowhere&user=alice&password=wonderland");
    assert_eq!(
        status(&console.send("POST", "/login", form, &right.replacen("token=", "token=x", 1)).await),
        403
    );
    let answer = console.send("POST", "/login", form, &right).await;
    assert_eq!((status(&answer), field(&answer, "location").unwrap()), (303, "/nowhere"));
    let cookie = field(&answer, "set-cookie").unwrap();
    assert!(cookie.ends_with("; SameSite=Strict; HttpOnly"), "{cookie}");
    let cookie = format!("Cookie: a=b; {}\r\n", cookie.split(';').next().unwrap());
    assert_eq!(status(&console.get("/nowhere", &cookie).await), 404);
    // The token of one who is not logged in is of no use to one who is.
    let logout = |token: &str| format!("token={token}");
    assert_eq!(
        status(&console.send("POST", "/logout", &format!("{form}{cookie}"), &logout(&first)).await),
        403
    );
    let second = token(&console.get("/login", &cookie).await);
    assert_eq!(
        status(&console.send("POST", "/logout", &format!("{form}{cookie}"), &logout(&second)).await),
        303
    );
    assert_eq!(status(&console.get("/nowhere", &cookie).await), 401);
}

#[tokio::test]
async fn logins_end_when_the_users_change() {
    let generation = Arc::new(AtomicU64::new(0));
    let alice = Alice(Arc::clone(&generation));
    let console = serve(|console| console.logins(alice)).await;
    let page = console.get("/login", "").await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let right = format!("token={}&next=/&user=alice&password=wonderland", token(&page));
    let answer = console.send("POST", "/login", form, &right).await;
    let cookie = field(&answer, "set-cookie").unwrap().split(';').next().unwrap();
    let cookie = format!("Cookie: {cookie}\r\n");
    assert_eq!(status(&console.get("/nowhere", &cookie).await), 404);
    generation.fetch_add(1, Ordering::Relaxed);
    assert_eq!(status(&console.get("/nowhere", &cookie).await), 401);
}

#[tokio::test]
async fn streams_of_events_end_with_their_login() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let put = |name: &str| std::fs::write(folder.path().join("new").join(name), "Subject: x\n\nx\n").unwrap();
    let generation = Arc::new(AtomicU64::new(0));
    let (alice, mailbox) = (Alice(Arc::clone(&generation)), Mailbox::builder(folder.path()).open().unwrap());
    let console = serve(|console| console.logins(alice).mailbox(mailbox)).await;
    let mut client = TcpStream::connect(console.address).await.unwrap();
    let request = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                   Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    put("1769860800.M1P1Q1.x");
    let mut said = String::new();
    while !said.contains("event: message") {
        let mut bytes = [0; 4096];
        let length = client.read(&mut bytes).await.unwrap();
        assert!(length > 0, "{said}");
        said += &String::from_utf8_lossy(&bytes[..length]);
    }
    generation.fetch_add(1, Ordering::Relaxed);
    put("1769860801.M1P1Q2.x");
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    assert!(!rest.contains("event: message"), "{rest}");
}

#[tokio::test]
async fn the_cookie_of_a_page_that_came_by_https_is_for_https_only() {
    let console = serve(|console| console.logins(Alice::default()).name("mail.example.com")).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (origin, is_secure) in [("http://mail.example.com", false), ("https://mail.example.com", true)] {
        let ask = async |method: &str, path: &str, fields: &str, body: &str| {
            let length = body.len();
            let head = format!("{method} {path} HTTP/1.1\r\nHost: mail.example.com\r\nConnection: close");
            console.ask(&format!("{head}\r\nContent-Length: {length}\r\n{fields}\r\n{body}")).await
        };
        let page = ask("GET", "/login", "", "").await;
        let right = format!("token={}&next=/&user=alice&password=wonderland", token(&page));
        let answer = ask("POST", "/login", &format!("{form}Origin: {origin}\r\n"), &right).await;
        let cookie = field(&answer, "set-cookie").unwrap();
        assert_eq!(cookie.ends_with("; Secure"), is_secure, "{answer}");
    }
}

#[tokio::test]
async fn a_wrong_login_at_metrics_is_not_a_guess() {
    let console = serve(|console| console.logins(Alice::default())).await;
    for _ in 0..20 {
        // alice:wrong
        let answer = console.get("/metrics", "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n").await;
        assert_eq!(status(&answer), 200, "{answer}");
    }
    // alice:wonderland
    let answer = console.get("/nowhere", "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n").await;
    assert_eq!(status(&answer), 404, "{answer}");
}

#[tokio::test]
async fn passwords_cannot_be_guessed_without_end() {
    let console = serve(|console| console.logins(Alice::default())).await;
    for _ in 0..10 {
        // alice:wrong
        assert_eq!(status(&console.get("/nowhere", "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n").await), 401);
    }
    let answer = console.get("/nowhere", "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n").await;
    assert_eq!(status(&answer), 429, "{answer}");
    assert_eq!(field(&answer, "retry-after"), Some("60"));
}

fn token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap_or_else(|| panic!("no token: {page}"));
    rest.split('"').next().unwrap().to_owned()
}
