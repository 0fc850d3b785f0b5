//! Why an object could not be kept, and what the client gets for it.

use std::error::Error;

use mailchute::Refusal;

use super::client::ServerError;

/// A request that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) refusal: Refusal,
    /// Whether the server may have done what it was asked for.
    pub(super) is_open: bool,
    /// The status of the server's answer, if it has given one.
    pub(super) status: Option<u16>,
}

impl Failure {
    /// `place` names the server and the bucket, for the log.
    pub(super) fn new(error: &object_store::Error, place: &str) -> Self {
        let Some(answer) = ServerError::within(error) else {
            let refusal = Refusal::new(451, (4, 4, 1), "The object storage cannot be reached");
            return Self {
                refusal: refusal.with_cause(format!("{place}: {}", innermost(error))),
                is_open: true,
                status: None,
            };
        };
        let (refusal, hint) = refusal(answer);
        Self {
            refusal: refusal.with_cause(format!("{place} answered {answer}{hint}")),
            is_open: answer.status == 408 || (answer.status >= 500 && !matches!(answer.status, 501 | 507)),
            status: Some(answer.status),
        }
    }
}

/// Returns the refusal for an answer, and a hint for the log.
fn refusal(answer: &ServerError) -> (Refusal, &'static str) {
    let misconfigured = || Refusal::new(451, (4, 3, 5), "The object storage does not take the message");
    match (answer.status, &*answer.code) {
        (413, _) | (_, "EntityTooLarge") => {
            (Refusal::new(552, (5, 3, 4), "The message is too large for the object storage"), "")
        }
        (507, _)
        | (
            _,
            "QuotaExceeded"
            | "InsufficientStorage"
            | "XMinioStorageFull"
            | "XMinioAdminBucketQuotaExceeded"
            | "QuotaExceededException",
        ) => (
            Refusal::new(452, (4, 3, 1), "The object storage is full"),
            " (make room, or raise the quota of the bucket)",
        ),
        (429 | 503, _) | (_, "SlowDown") => (Refusal::new(451, (4, 3, 2), "The object storage is busy"), ""),
        (_, "RequestTimeTooSkewed") => (misconfigured(), " (this host's clock is wrong)"),
        (401 | 403, _) => (
            misconfigured(),
            " (check the key, its secret, the region, and whether the key may put objects into this bucket)",
        ),
        (301 | 302 | 307 | 308, _) => (misconfigured(), " (check the endpoint and the region)"),
        (404, "NoSuchBucket" | "") => {
            (misconfigured(), " (create the bucket, or correct its name in the URL)")
        }
        _ => (Refusal::new(451, (4, 3, 0), "The object storage cannot keep the message"), ""),
    }
}

/// Returns the text of the error at the end of the chain, after the kind of failure.
fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
