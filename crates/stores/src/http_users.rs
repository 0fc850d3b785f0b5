//! Users that a web server knows.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mailchute::Refusal;
use reqwest::Client;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::forward::tls::Files;
use crate::recipients::Known;
use crate::webhook::client::{Connections, Timeouts, client};
use crate::webhook::escape::for_path;
use crate::webhook::post::read_rest;
use crate::webhook::server::WebServer;
use crate::{Destination, NextHop, Template};

/// How long an answer is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Requests at a time.
const AT_A_TIME: usize = 20;

/// How long a request waits for others.
const PATIENCE: Duration = Duration::from_secs(10);

const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(5), response: Duration::from_secs(10) };

/// The URL that is asked for each user.
#[derive(Debug, Clone)]
pub(crate) struct HttpUsers {
    url: Template,
    server: WebServer,
}

impl HttpUsers {
    /// Parses a URL. Without anything to fill in, the address of the user is added to its query.
    ///
    /// # Errors
    /// A text that says what to write instead. It does not repeat the URL, as that may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if url.contains('#') {
            return Err("the URL ends with its query; leave out # and what follows it".to_owned());
        }
        let mut template = Template::parse(url).map_err(|error| error.to_string())?;
        if template.has_detail() || template.has_id() {
            return Err(
                "a user is looked up without detail and message; write {address}, {user} or {domain}"
                    .to_owned(),
            );
        }
        if template.constant().is_some() {
            let sign = if url.contains('?') { '&' } else { '?' };
            template = Template::parse(&format!("{url}{sign}address={{address}}"))
                .map_err(|error| error.to_string())?;
        }
        let server = WebServer::of(&template).map_err(|error| error.to_string())?;
        Ok(Self { url: template, server })
    }

    pub(crate) fn next_hops(&self) -> &[NextHop] {
        std::slice::from_ref(&self.server.next_hop)
    }

    /// Returns a warning about what is allowed but risky.
    pub(crate) fn warning(&self) -> Option<String> {
        let host = self.server.host_in_the_clear()?;
        Some(format!(
            "addresses go to {host} without TLS, so others can read and forge what is answered; write https:"
        ))
    }

    /// Reads the certificates of authorities. No connection is made before the first user is asked for.
    pub(crate) fn open(self) -> io::Result<Known> {
        let asking = Arc::new(self.asking()?);
        let known = Known::asked(move |user, _session| {
            let asking = Arc::clone(&asking);
            async move { asking.ask(&user).await }
        });
        Ok(known.remembered_for(REMEMBERED))
    }

    fn asking(self) -> io::Result<Asking> {
        let tls = || (!self.server.is_plain).then_some(Files { ca: None, own: None });
        let again = client(tls(), TIMEOUTS, Connections::New)?;
        let (client, slots) =
            (client(tls(), TIMEOUTS, Connections::Kept)?, Arc::new(Semaphore::new(AT_A_TIME)));
        Ok(Asking { client, again, url: self.url, slots })
    }
}

struct Asking {
    client: Client,
    /// Asks by a new connection.
    again: Client,
    url: Template,
    slots: Arc<Semaphore>,
}

impl Asking {
    async fn ask(&self, user: &Destination) -> Result<bool, Refusal> {
        let slot = timeout(PATIENCE, Arc::clone(&self.slots).acquire_owned()).await;
        let slot = slot
            .map_err(|_| NO_ANSWER.with_cause("too many users are looked up"))?
            .map_err(Refusal::internal)?;
        let url = self.url.fill(user, "", for_path);
        let response = match self.client.get(&url).send().await {
            // The server has closed a connection that waited for its next request.
            Err(error) if !error.is_timeout() && !error.is_connect() => self.again.get(&url).send().await,
            response => response,
        };
        // The URL may hold a password, and names the user.
        let response = response.map_err(|error| NO_ANSWER.with_cause(error.without_url()))?;
        let status = response.status();
        tokio::spawn(read_rest(response, slot));
        match status.as_u16() {
            200 | 204 => Ok(true),
            404 => Ok(false),
            _ => Err(NO_ANSWER.with_cause(format!("the look-up was answered {status}"))),
        }
    }
}

const NO_ANSWER: Refusal = Refusal::from_static(451, (4, 3, 0), "Recipients cannot be looked up now");

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::Barrier;

    use super::*;

    #[test]
    fn a_url_names_the_user_in_its_path_or_its_query() {
        for (url, filled) in [
            ("https://app.example/users", "https://app.example/users?address=bob%2Bx%40example.com"),
            (
                "https://app.example/users?kind=mail",
                "https://app.example/users?kind=mail&address=bob%2Bx%40example.com",
            ),
            ("http://localhost:8080/{domain}/{user}", "http://localhost:8080/example.com/bob%2Bx"),
            ("https://app.example/{address}?x={{y}}", "https://app.example/bob%2Bx%40example.com?x={y}"),
        ] {
            let bob = Destination::new(&"Bob+x@Example.com".parse().expect("an address"), None);
            let users = HttpUsers::parse(url).expect(url);
            assert_eq!(users.url.fill(&bob, "", for_path), filled);
        }
    }

    /// Answers requests on connections until it is stopped. Then it closes each at its next request, as a server does that was
    /// restarted. Later connections are answered.
    async fn restarted(listener: TcpListener, stopped: Arc<AtomicBool>, connections: Arc<Barrier>) {
        loop {
            let (mut connection, _) = listener.accept().await.expect("a connection");
            let (stopped, connections) = (Arc::clone(&stopped), Arc::clone(&connections));
            let is_old = !stopped.load(Ordering::Relaxed);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while connection.read(&mut request).await.is_ok_and(|length| length > 0) {
                    if is_old && stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    if is_old {
                        connections.wait().await;
                    }
                    connection
                        .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                        .await
                        .expect("an answer is taken");
                }
            });
        }
    }

    #[tokio::test]
    async fn a_restarted_server_is_asked_by_a_new_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let stopped = Arc::new(AtomicBool::new(false));
        tokio::spawn(restarted(listener, Arc::clone(&stopped), Arc::new(Barrier::new(5))));
        let asking =
            HttpUsers::parse(&url).and_then(|users| users.asking().map_err(|error| error.to_string()));
        let asking = asking.expect("a URL");
        let bob = Destination::new(&"bob@example.com".parse().expect("an address"), None);
        let answers = futures_util::future::join_all((0..5).map(|_| asking.ask(&bob))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(true))), "{answers:?}");
        stopped.store(true, Ordering::Relaxed);
        assert!(matches!(asking.ask(&bob).await, Ok(true)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_response_in_time_is_a_refusal_for_now() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", silent.local_addr().expect("an address"));
        let asking =
            HttpUsers::parse(&url).and_then(|users| users.asking().map_err(|error| error.to_string()));
        let bob = Destination::new(&"bob@example.com".parse().expect("an address"), None);
        let refusal = asking.expect("a client").ask(&bob).await.expect_err("no response");
        assert_eq!(refusal.reply().to_string(), "451 4.3.0 Recipients cannot be looked up now");
    }

    #[test]
    fn a_wrong_url_says_what_to_write() {
        for (url, hint) in [
            ("https:", "write https://HOST/PATH"),
            ("https://us:hunter2@host/", "leave them out"),
            ("https://{domain}/", "write {user} or {domain} in the path"),
            ("https://host/{usr}", "write {user}"),
            ("https://host/{id}", "write {address}, {user} or {domain}"),
            ("https://host/{user}/{detail}", "write {address}, {user} or {domain}"),
            ("https://host/#top", "leave out #"),
        ] {
            let error = HttpUsers::parse(url).expect_err(url);
            assert!(error.contains(hint) && !error.contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn addresses_without_tls_to_another_host_are_warned_of() {
        let warning = |url| HttpUsers::parse(url).expect(url).warning();
        assert!(warning("http://app.example/").is_some_and(|text| text.contains("without TLS")));
        assert_eq!(warning("https://app.example/"), None);
        assert_eq!(warning("http://[::1]:80/"), None);
    }
}
