//! Logins: by a cookie of the login page, or by Basic credentials in each request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailchute::limits::ClientKey;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::guard::headers::asks_for_a_page;
use crate::guard::logins::{Login, Logins};
use crate::guard::refusal::Refusal;
use crate::guard::secret::Secret;

const COOKIE_NAME: &str = "mailchute";
const COOKIE_TIME: Duration = Duration::from_secs(12 * 60 * 60);
/// Passwords are slow to check on purpose, and programs send theirs with each request.
const BASIC_TIME: Duration = Duration::from_secs(60);
const MAX_LOGINS: usize = 1000;
const ATTEMPT_TIME: Duration = Duration::from_secs(60);
const MAX_ATTEMPTS: u32 = 10;
const MAX_CLIENTS: usize = 10_000;
const TURNS: usize = 32;

/// The outcome of a login by the page.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// The text of the cookie.
    Right(String),
    Wrong,
    TooMany,
    NotNow,
}

/// The sender of a request.
#[derive(Debug)]
pub(crate) enum Identity {
    Nobody,
    Known { user: String, key: String, ticket: Ticket },
    TooManyAttempts,
    CannotJudge,
}

/// The proof that let a request in. A response that goes on for hours looks at it again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ticket {
    /// The digest of a cookie.
    Cookie([u8; 32]),
    /// Basic credentials, and the generation of the logins that knew them.
    Basic(u64),
}

impl Identity {
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Known { ticket, .. } => Some(*ticket),
            _ => None,
        }
    }

    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Known { user, .. } => Some(user),
            _ => None,
        }
    }

    /// Returns the text that the token of the pages depends on.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Known { key, .. } => key,
            _ => "",
        }
    }

    pub(crate) fn required(&self, request: &Request) -> Result<(), Refusal> {
        match self {
            Self::Known { .. } => Ok(()),
            Self::TooManyAttempts => Err(Refusal::too_many_attempts()),
            Self::CannotJudge => Err(Refusal::cannot_judge()),
            Self::Nobody if asks_for_a_page(request) && !request.headers().contains_key(AUTHORIZATION) => {
                let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
                let next = utf8_percent_encode(path, NON_ALPHANUMERIC);
                Err(Refusal::to_login_page(&format!("/login?next={next}")))
            }
            Self::Nobody => Err(Refusal::login_required(!request.headers().contains_key("sec-fetch-mode"))),
        }
    }
}

/// The logins that are open, and those that failed lately.
#[derive(Debug)]
pub(crate) struct Gate {
    logins: Arc<dyn Logins>,
    secret: Secret,
    open: Mutex<HashMap<[u8; 32], Open>>,
    failed: Mutex<HashMap<ClientKey, Failed>>,
    /// Held while Basic credentials are judged, by their digests.
    turns: [tokio::sync::Mutex<()>; TURNS],
}

#[derive(Debug)]
struct Open {
    user: String,
    until: Instant,
    /// That of the logins when it began.
    generation: u64,
}

#[derive(Debug)]
struct Failed {
    count: u32,
    since: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    pub(crate) fn new(logins: Arc<dyn Logins>) -> Self {
        Self {
            logins,
            secret: Secret::new(),
            open: Mutex::default(),
            failed: Mutex::default(),
            turns: Default::default(),
        }
    }

    pub(crate) async fn identify(&self, headers: &HeaderMap, client: IpAddr) -> Identity {
        if let Some(cookie) = cookie_of(headers) {
            let digest = self.secret.digest(&["cookie", cookie]);
            if let Some(user) = self.find(&digest) {
                return Identity::Known {
                    user,
                    key: format!("cookie {cookie}"),
                    ticket: Ticket::Cookie(digest),
                };
            }
        }
        let Some((user, password)) = basic(headers) else {
            return Identity::Nobody;
        };
        let digest = self.secret.digest(&["basic", &user, &password]);
        // Before the check, so that old users do not outlive a change of them.
        let generation = self.logins.generation();
        let (key, ticket) = (format!("basic {user}"), Ticket::Basic(generation));
        if self.find(&digest).is_some() {
            return Identity::Known { user, key, ticket };
        }
        // The first of many requests at once judges the credentials for all of them.
        let _turn = self.turns[usize::from(digest[0]) % TURNS].lock().await;
        if self.find(&digest).is_some() {
            return Identity::Known { user, key, ticket };
        }
        match self.judge(&user, &password, client).await {
            Attempt::Right(_) => {
                self.remember(digest, &user, BASIC_TIME, generation);
                Identity::Known { user, key, ticket }
            }
            Attempt::Wrong => Identity::Nobody,
            Attempt::TooMany => Identity::TooManyAttempts,
            Attempt::NotNow => Identity::CannotJudge,
        }
    }

    pub(crate) async fn log_in(&self, user: &str, password: &str, client: IpAddr) -> Attempt {
        // Taken before the check, so that a login against old users does not outlive them.
        let generation = self.logins.generation();
        let attempt = self.judge(user, password, client).await;
        if let Attempt::Right(cookie) = &attempt {
            self.remember(self.secret.digest(&["cookie", cookie]), user, COOKIE_TIME, generation);
        }
        attempt
    }

    pub(crate) fn log_out(&self, headers: &HeaderMap) {
        if let Some(cookie) = cookie_of(headers) {
            lock(&self.open).remove(&self.secret.digest(&["cookie", cookie]));
        }
    }

    /// Asks the logins, unless this client has failed too often. An attempt counts before it is judged, so that many at
    /// once do not all pass.
    async fn judge(&self, user: &str, password: &str, client: IpAddr) -> Attempt {
        if !self.count(ClientKey::of(client)) {
            tracing::warn!(name: "console-login-refused", %client, user, "too many logins to the console failed");
            return Attempt::TooMany;
        }
        match self.logins.check(user, password, client).await {
            Login::Right => {
                self.uncount(ClientKey::of(client));
                Attempt::Right(Secret::random_text())
            }
            Login::Wrong => {
                tracing::info!(name: "console-login-failed", %client, user, "a login to the console failed");
                Attempt::Wrong
            }
            Login::NotNow => {
                self.uncount(ClientKey::of(client));
                Attempt::NotNow
            }
        }
    }

    fn count(&self, client: ClientKey) -> bool {
        let (now, mut failed) = (Instant::now(), lock(&self.failed));
        if failed.len() >= MAX_CLIENTS {
            failed.retain(|_, one| now.duration_since(one.since) < ATTEMPT_TIME);
            // More clients than that at once are an attack, and all of them wait.
            if failed.len() >= MAX_CLIENTS && !failed.contains_key(&client) {
                return false;
            }
        }
        let one = failed.entry(client).or_insert(Failed { count: 0, since: now });
        if now.duration_since(one.since) >= ATTEMPT_TIME {
            *one = Failed { count: 0, since: now };
        }
        one.count += 1;
        one.count <= MAX_ATTEMPTS
    }

    fn uncount(&self, client: ClientKey) {
        if let Some(one) = lock(&self.failed).get_mut(&client) {
            one.count = one.count.saturating_sub(1);
        }
    }

    /// Returns whether a request that shows the same would still be let in.
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        match ticket {
            Ticket::Cookie(digest) => self.find(&digest).is_some(),
            Ticket::Basic(generation) => self.logins.generation() == generation,
        }
    }

    fn find(&self, digest: &[u8; 32]) -> Option<String> {
        let generation = self.logins.generation();
        let open = lock(&self.open);
        let is_valid = |one: &&Open| Instant::now() < one.until && one.generation == generation;
        open.get(digest).filter(is_valid).map(|one| one.user.clone())
    }

    fn remember(&self, digest: [u8; 32], user: &str, time: Duration, generation: u64) {
        let (now, mut open) = (Instant::now(), lock(&self.open));
        if open.len() >= MAX_LOGINS {
            open.retain(|_, one| now < one.until);
        }
        if open.len() >= MAX_LOGINS
            && let Some(oldest) = open.iter().min_by_key(|(_, one)| one.until).map(|(digest, _)| *digest)
        {
            open.remove(&oldest);
        }
        open.insert(digest, Open { user: user.to_owned(), until: now + time, generation });
    }
}

/// The field that gives a browser its cookie. If the page came by HTTPS, the browser sends the cookie by HTTPS only.
pub(crate) fn cookie(text: &str, headers: &HeaderMap) -> String {
    let is_https = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let secure = if is_https { "; Secure" } else { "" };
    format!(
        "{COOKIE_NAME}={text}; Path=/; Max-Age={}; SameSite=Strict; HttpOnly{secure}",
        COOKIE_TIME.as_secs()
    )
}

/// The field that takes the cookie from a browser.
pub(crate) fn removed_cookie() -> String {
    format!("{COOKIE_NAME}=; Path=/; Max-Age=0; SameSite=Strict; HttpOnly")
}

fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, text)| text)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let field = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = field.split_once(' ')?;
    let text = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(text.trim()).ok())??;
    let text = String::from_utf8(text).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
