//! The connection to Redis: made when it is needed, and given up when it does not answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, RedisResult, ScriptInvocation};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared as Joint};
use tokio::time::{Instant, timeout};

/// How long questions are not asked after one had no answer.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a connection may take, with TLS. Questions do not wait so long for it.
const CONNECT: Duration = Duration::from_secs(5);

/// Answers in a row that may be late before the connection counts as lost. One slow script says nothing of it.
const MOST_LATE: u32 = 3;

/// The connection of all clones.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
}

/// A connection that is being made, for all questions that wait for it.
type Attempt = Joint<BoxFuture<'static, Result<MultiplexedConnection, Arc<str>>>>;

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    attempt: Option<Attempt>,
    lost: Option<Lost>,
    /// How many answers have been late since the last one in time.
    late: u32,
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
        self: &Arc<Self>,
        server: &ConnectionInfo,
        limit: Duration,
        script: &ScriptInvocation<'_>,
    ) -> Option<T> {
        if !self.may_ask() {
            return None;
        }
        let late = || format!("there was no answer within {} s", limit.as_secs_f64());
        let asked = Instant::now();
        let mut connection = match timeout(limit, self.connection(server)).await {
            Ok(Ok(connection)) => connection,
            // The attempt goes on, for later questions.
            Err(_) => return self.is_lost(server, &late()),
            Ok(Err(error)) => return self.is_lost(server, &error),
        };
        let rest = limit.saturating_sub(asked.elapsed());
        match timeout(rest, script.invoke_async(&mut connection)).await {
            Ok(Ok(answer)) => {
                self.is_back(server);
                Some(answer)
            }
            Ok(Err(error)) => self.is_lost(server, &error.to_string()),
            Err(_) if self.bears_late_answer() => None,
            Err(_) => self.is_lost(server, &late()),
        }
    }

    /// Counts an answer that is late. Returns whether the connection still counts as good.
    fn bears_late_answer(&self) -> bool {
        let mut state = self.state();
        state.late += 1;
        state.lost.is_none() && state.late < MOST_LATE
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
        self: &Arc<Self>,
        server: &ConnectionInfo,
    ) -> Result<MultiplexedConnection, Arc<str>> {
        let attempt = {
            let mut state = self.state();
            if let Some(connection) = &state.connection {
                return Ok(connection.clone());
            }
            state.attempt.get_or_insert_with(|| self.attempt(server.clone())).clone()
        };
        attempt.await
    }

    /// Begins to connect. A question that is given up does not end it.
    fn attempt(self: &Arc<Self>, server: ConnectionInfo) -> Attempt {
        let shared = Arc::clone(self);
        let task = tokio::spawn(async move {
            let connected = connect(server).await.map_err(|error| Arc::from(error.to_string()));
            let mut state = shared.state();
            state.attempt = None;
            state.connection = connected.clone().ok();
            connected
        });
        task.map(|done| done.unwrap_or_else(|error| Err(Arc::from(error.to_string())))).boxed().shared()
    }

    fn is_back(&self, server: &ConnectionInfo) {
        let lost = {
            let mut state = self.state();
            state.late = 0;
            state.lost.take()
        };
        let Some(lost) = lost else { return };
        let redis = server.addr().to_string();
        let took = lost.since.elapsed().as_secs_f64();
        tracing::info!(name: "redis-back", redis, took, "Redis is back");
    }

    fn is_lost<T>(&self, server: &ConnectionInfo, error: &str) -> Option<T> {
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
        None
    }
}

async fn connect(server: ConnectionInfo) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(CONNECT));
    Client::open(server)?.get_multiplexed_async_connection_with_config(&config).await
}
