//! How long a filter may take, and what happens when it cannot answer.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use mailchute::{Refusal, Session};

/// The choice when a filter cannot answer, because the server that it asks is gone, too slow, or says nonsense.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// The client gets `451 4.7.1` and tries again.
    #[default]
    TempFail,
    /// The filter is skipped.
    Accept,
}

/// How long a filter may take for one answer, and what happens when it cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) time: Duration,
    pub(crate) on_failure: OnFailure,
}

impl Bounds {
    pub(crate) const fn new(time: Duration) -> Self {
        Self { time, on_failure: OnFailure::TempFail }
    }

    /// Waits for an answer. Without one, the failure is logged and becomes the finding `FILTER=failed`. It then is a
    /// refusal or `None`, as [`OnFailure`] says.
    ///
    /// # Cancel safety
    /// As that of `answer`.
    pub(crate) async fn wait<T, E: fmt::Display>(
        &self,
        filter: impl Into<Cow<'static, str>>,
        session: &Session,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<Option<T>, Refusal> {
        let (filter, began) = (filter.into(), Instant::now());
        let error = match tokio::time::timeout(self.time, answer).await {
            Ok(Ok(answer)) => return Ok(Some(answer)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("there was no answer within {} s", self.time.as_secs_f64()),
        };
        failed(&filter, &error, began.elapsed());
        session.add_finding(filter, "failed");
        self.on_failure.answer().map(|()| None)
    }
}

/// Logs that a filter could not answer.
pub(crate) fn failed(filter: &str, error: &impl fmt::Display, took: Duration) {
    let (error, took) = (error.to_string(), took.as_secs_f64());
    tracing::warn!(name: "filter-failed", filter, error, took, "a filter could not answer");
}

impl OnFailure {
    /// Returns the answer of a filter that cannot answer.
    pub(crate) fn answer(self) -> Result<(), Refusal> {
        match self {
            Self::Accept => Ok(()),
            Self::TempFail => {
                Err(Refusal::new(451, (4, 7, 1), "A check of this message is not available; try again later"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use mailchute::testing;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_filter_without_an_answer_refuses_for_now_or_is_skipped() {
        let session = testing::session().sender("alice@client.example").build();
        let mut bounds = Bounds::new(Duration::from_secs(2));

        let answer = bounds.wait("rspamd", &session, ready(Ok::<_, &str>(7))).await;
        assert_eq!(answer.expect("an answer"), Some(7));
        assert_eq!(session.finding("rspamd"), None);

        let refusal = bounds.wait("rspamd", &session, ready(Err::<(), _>("connection refused"))).await;
        assert_eq!(refusal.expect_err("no answer").code().get(), 451);
        assert_eq!(session.finding("rspamd").expect("a finding").result(), "failed");

        let refusal = bounds.wait("rspamd", &session, pending::<Result<(), &str>>()).await;
        assert_eq!(refusal.expect_err("too late").code().get(), 451);

        bounds.on_failure = OnFailure::Accept;
        let skipped = bounds.wait("rspamd", &session, ready(Err::<(), _>("connection refused"))).await;
        assert_eq!(skipped.expect("it goes on"), None);
    }
}
