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
pub struct Console(Arc<State>);

impl Console {
    /// Returns a console for a server.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        Self(Arc::new(State::new(server)))
    }

    /// Returns all routes, to serve them by other means than [`serve`](Self::serve).
    pub fn router(&self) -> Router {
        let routes = Router::new()
            .merge(pages::routes())
            .merge(api::routes())
            .merge(mailpit::routes())
            .merge(metrics::routes())
            .merge(health::routes());
        guard::around(routes).with_state(Arc::clone(&self.0))
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
