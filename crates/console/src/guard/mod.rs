//! The layer around all routes: which hosts and origins may ask, who is logged in, and what each response says to
//! browsers. It looks at a request before its path is routed, so no spelling of a path goes around it.

mod change;
mod headers;
mod host;
mod login;
mod logins;
mod origin;
mod refusal;
mod secret;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State as FromState};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::future::ready;

pub(crate) use self::host::Listening;
pub(crate) use self::login::{Attempt, cookie, removed_cookie};
pub use self::logins::{Login, Logins};
pub(crate) use self::secret::Secret;
use crate::guard::host::Hosts;
use crate::guard::login::{Gate, Ticket};
use crate::guard::refusal::Refusal;
use crate::state::State;

/// The largest body of a request.
const BODY_LIMIT: usize = 1 << 20;

/// Routes that programs ask by any address or name: they change nothing and show counters only, so they
/// answer to any `Host`, without a login.
const OPEN: [&str; 5] = ["/live", "/ready", "/metrics", "/livez", "/readyz"];

/// Routes that the login page itself needs.
const BEFORE_LOGIN: [&str; 4] = ["/login", "/style.css", "/console.js", "/icon.svg"];

/// The rules of the layer. Clones share the logins.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    hosts: Hosts,
    gate: Option<Gate>,
    secret: Secret,
}

/// The person or program whose request has passed, for the pages.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// `None` if the console asks for no login.
    pub(crate) user: Option<String>,
    /// The value of a form's field `token`.
    pub(crate) token: String,
}

impl Guard {
    pub(crate) fn new(names: Vec<String>, logins: Option<Arc<dyn Logins>>) -> Self {
        let gate = logins.map(Gate::new);
        Self(Arc::new(Rules { hosts: Hosts::new(names), gate, secret: Secret::new() }))
    }

    /// Puts the layer around all routes, unknown paths too.
    pub(crate) fn around(self, routes: Router<Arc<State>>) -> Router<Arc<State>> {
        routes
            .fallback(|| async { Refusal::unknown_path().into_response() })
            .method_not_allowed_fallback(|| async { Refusal::wrong_method().into_response() })
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn_with_state(self, pass))
    }

    /// Checks what the login page has sent.
    pub(crate) async fn log_in(&self, user: &str, password: &str, listening: Listening) -> Attempt {
        match &self.0.gate {
            Some(gate) => gate.log_in(user, password, listening.client()).await,
            None => Attempt::Wrong,
        }
    }

    /// Forgets the login of a request.
    pub(crate) fn log_out(&self, headers: &axum::http::HeaderMap) {
        if let Some(gate) = &self.0.gate {
            gate.log_out(headers);
        }
    }
}

async fn pass(FromState(guard): FromState<Guard>, request: Request, next: Next) -> Response {
    let is_page = headers::asks_for_a_page(&request);
    let mut response = match guard.admit(request).await {
        Ok((request, ticket)) => guard.end_with(ticket, next.run(request).await),
        Err(refusal) => refusal.to(is_page),
    };
    headers::add(response.headers_mut());
    response
}

impl Guard {
    /// Ends a stream of events when its login ends: at the next event, or the comment that keeps the connection alive.
    fn end_with(&self, ticket: Option<Ticket>, response: Response) -> Response {
        let kind = response.headers().get(CONTENT_TYPE);
        let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let Some(ticket) = ticket.filter(|_| is_stream) else { return response };
        let guard = self.clone();
        response.map(|body| {
            let holds = move || guard.0.gate.as_ref().is_none_or(|gate| gate.holds(ticket));
            Body::from_stream(body.into_data_stream().take_while(move |_| ready(holds())))
        })
    }

    /// Returns the request with its [`Visitor`], if no rule refuses it, and what has let it in.
    async fn admit(&self, mut request: Request) -> Result<(Request, Option<Ticket>), Refusal> {
        let rules = &*self.0;
        let listening = Listening::of(&request);
        let path = request.uri().path();
        let is_change = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let is_open = OPEN.contains(&path) && !is_change;
        let needs_login = !is_open && !BEFORE_LOGIN.contains(&path);
        let host = host::named(&request)?;
        if !is_open {
            rules.hosts.check(host.as_deref(), listening)?;
        }
        origin::check(&request, host.as_deref())?;
        let identity = match &rules.gate {
            // A program that asks for health or metrics needs no login, so a wrong one is not a guess.
            Some(gate) if !is_open => gate.identify(request.headers(), listening.client()).await,
            _ => login::Identity::Nobody,
        };
        if rules.gate.is_some() && needs_login {
            identity.required(&request)?;
        }
        let token = rules.secret.token(identity.key());
        if is_change {
            request = change::check(request, &token).await?;
        }
        let user = identity.user().map(str::to_owned);
        request.extensions_mut().insert(Visitor { user, token });
        request.extensions_mut().insert(self.clone());
        Ok((request, identity.ticket()))
    }
}
