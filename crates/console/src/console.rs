//! The console: all routes, served over HTTP.

use std::io;
use std::sync::Arc;

use axum::Router;
use mailchute::Server;
use tokio::net::TcpListener;

use crate::state::State;
use crate::{api, guard, health, mailpit, metrics, pages};

/// The web pages, API, metrics and health of a server. Clones share one console.
#[derive(Debug, Clone)]
pub struct Console {
    state: Arc<State>,
    has_pages: bool,
}

impl Console {
    /// Returns a console for a server.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        Self { state: Arc::new(State::new(server)), has_pages: true }
    }

    /// Leaves out all routes but metrics and health.
    #[must_use]
    pub fn without_pages(mut self) -> Self {
        self.has_pages = false;
        self
    }

    /// Returns all routes, to serve them by other means than [`serve`](Self::serve).
    pub fn router(&self) -> Router {
        let mut routes = Router::new().merge(metrics::routes()).merge(health::routes());
        if self.has_pages {
            routes = routes.merge(pages::routes()).merge(api::routes()).merge(mailpit::routes());
            routes = guard::around(routes);
        }
        routes.with_state(Arc::clone(&self.state))
    }

    /// Serves the console until `stop` is done.
    ///
    /// # Errors
    /// An error if the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        axum::serve(listener, self.router()).with_graceful_shutdown(stop).await
    }
}
