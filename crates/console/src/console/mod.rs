//! The console: all routes, served over HTTP.

mod builder;
mod serve;

use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use futures_util::future::{Either, select};
use mailchute::Server;
use tokio::net::TcpListener;

pub use self::builder::ConsoleBuilder;
use crate::guard::Guard;
use crate::state::State;
use crate::vitals::Vitals;
use crate::{api, health, mailpit, metrics, pages};

/// The web pages, API, metrics and health of a server. Clones share one console.
#[derive(Debug, Clone)]
pub struct Console {
    state: Arc<State>,
    guard: Guard,
    has_pages: bool,
}

impl Console {
    /// Returns a builder of a console for a server.
    pub fn builder(server: &Server) -> ConsoleBuilder {
        ConsoleBuilder::new(server)
    }

    /// Returns what the program tells of itself, for health and metrics.
    #[must_use]
    pub fn vitals(&self) -> &Vitals {
        &self.state.vitals
    }

    /// Returns all routes, to serve them by other means than [`serve`](Self::serve). They then answer to loopback
    /// addresses, `localhost` and the [names](ConsoleBuilder::name) only.
    pub fn router(&self) -> Router {
        let mut routes = Router::new().merge(metrics::routes()).merge(health::routes());
        if self.has_pages {
            routes = routes.merge(pages::routes()).merge(api::routes()).merge(mailpit::routes());
        }
        self.guard.clone().around(routes).with_state(Arc::clone(&self.state))
    }

    /// Serves the console until `stop` is done. A console can be served at several listeners.
    ///
    /// A listener holds at most 512 connections, half of them of one client, and closes those that are idle for 15 seconds.
    ///
    /// # Errors
    /// An error if the address of the listener is unknown.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let serving = serve::serve(listener, self.router(), stop);
        let Some(mailbox) = &self.state.mailbox else {
            return serving.await;
        };
        // Following ends with the server, and the console goes on.
        let following = pin!(mailbox.follow(&self.state.server));
        match select(pin!(serving), following).await {
            Either::Left((served, _)) => served,
            Either::Right(((), serving)) => serving.await,
        }
    }
}
