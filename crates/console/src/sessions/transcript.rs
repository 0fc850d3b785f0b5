//! A session, to be looked at.

use std::net::SocketAddr;
use std::sync::Arc;

use mailchute::tls::TlsFacts;

use super::kept::Kept;
use super::record::Record;
use super::refusal::Refusal;
use super::row::{Row, Rows};
use super::summary::Summary;

/// A session with its rows.
#[derive(Debug, Clone)]
pub(crate) struct Transcript {
    pub(crate) summary: Summary,
    pub(crate) tls: Option<Arc<TlsFacts>>,
    /// The server's end of the connection.
    pub(crate) local: Option<SocketAddr>,
    pub(crate) rows: Vec<Row>,
    pub(crate) refusals: Vec<Refusal>,
    /// Records that are not kept, as the session is long.
    pub(crate) dropped: u64,
    /// Whether the session was watched from its begin.
    pub(crate) is_whole: bool,
    /// Whether TLS began with the connection.
    pub(crate) is_tls_first: bool,
    /// The mechanism of the login that succeeded last.
    pub(crate) mechanism: Option<String>,
}

impl Transcript {
    pub(super) fn of(kept: &Kept) -> Self {
        let mut refusals = Vec::new();
        let mut mechanism = None;
        let mut is_tls_first = false;
        let rows = Rows::of(kept, |number, record, rows| match record {
            Record::Refused(refused) => refusals.push(Refusal::of(number, refused, rows.command)),
            Record::Auth { mechanism: by, succeeded: true, .. } => mechanism = Some((*by).to_owned()),
            Record::Secure(_) => is_tls_first = rows.are_none(),
            _ => {}
        });
        Self {
            summary: Summary::of(kept),
            tls: kept.tls.clone(),
            local: kept.local,
            rows,
            refusals,
            dropped: kept.records.dropped(),
            is_whole: kept.is_whole,
            is_tls_first,
            mechanism,
        }
    }
}
