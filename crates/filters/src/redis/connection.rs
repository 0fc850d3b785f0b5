//! The connection to Redis: made when it is needed, and given up when it does not answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, RedisResult, ScriptInvocation};
use tokio::time::{Instant, timeout};

/// How long questions are not asked after one had no answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The connection of all clones.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The turn of the question that makes the connection.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    lost: Option<Lost>,
}

/// Redis does not answer.
#[derive(Clone, Copy)]
struct Lost {
    since: Instant,
    /// The time of the next question.
    again: Instant,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is complete before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a script. Returns `None` if there is no answer in time, or if Redis is known to be lost.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        server: &ConnectionInfo,
        limit: Duration,
        script: &ScriptInvocation<'_>,
    ) -> Option<T> {
        if !self.may_ask() {
            return None;
        }
        let answer = async {
            let mut connection = self.connection(server, limit).await?;
            script.invoke_async(&mut connection).await
        };
        let error = match timeout(limit, answer).await {
            Ok(Ok(answer)) => {
                self.is_back(server);
                return Some(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("there was no answer within {} s", limit.as_secs_f64()),
        };
        self.is_lost(server, &error);
        None
    }

    /// Returns whether a question is due. While Redis is lost, it is one question in each pause.
    fn may_ask(&self) -> bool {
        let mut state = self.state();
        let Some(lost) = &mut state.lost else { return true };
        let now = Instant::now();
        let is_due = now >= lost.again;
        if is_due {
            lost.again = now + PAUSE;
        }
        is_due
    }

    async fn connection(
        &self,
        server: &ConnectionInfo,
        limit: Duration,
    ) -> RedisResult<MultiplexedConnection> {
        let present = || self.state().connection.clone();
        if let Some(connection) = present() {
            return Ok(connection);
        }
        let _turn = self.connecting.lock().await;
        if let Some(connection) = present() {
            return Ok(connection);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit));
        let client = Client::open(server.clone())?;
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        self.state().connection = Some(connection.clone());
        Ok(connection)
    }

    fn is_back(&self, server: &ConnectionInfo) {
        let Some(lost) = self.state().lost.take() else { return };
        let redis = server.addr().to_string();
        let took = lost.since.elapsed().as_secs_f64();
        tracing::info!(name: "redis-back", redis, took, "Redis is back");
    }

    fn is_lost(&self, server: &ConnectionInfo, error: &str) {
        let now = Instant::now();
        let mut state = self.state();
        // Whatever is wrong with the connection, the next question begins with another.
        let connection = state.connection.take();
        let is_news = state.lost.is_none();
        let lost = Lost { since: state.lost.map_or(now, |lost| lost.since), again: now + PAUSE };
        state.lost = Some(lost);
        drop(state);
        drop(connection);
        if is_news {
            let redis = server.addr().to_string();
            tracing::warn!(name: "redis-lost", redis, error, "Redis does not answer; this server decides by itself");
        }
    }
}
