//! A session, to be looked at.

use std::mem::take;
use std::net::SocketAddr;
use std::sync::Arc;

use mailchute::tls::TlsFacts;

use super::handshake::FailedHandshake;
use super::kept::Kept;
use super::record::Record;
use super::refusal::Refusal;
use super::row::{Row, Rows};
use super::summary::Summary;

/// The finding of the server on a message with bare line ends, before it is accepted.
const BARE_LINE_ENDS: &str = "line-ends=bare";

/// A session with its rows.
#[derive(Debug, Clone)]
pub(crate) struct Transcript {
    pub(crate) summary: Summary,
    pub(crate) tls: Option<Arc<TlsFacts>>,
    /// The server's end of the connection.
    pub(crate) local: Option<SocketAddr>,
    pub(crate) rows: Vec<Row>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) failed_handshake: Option<FailedHandshake>,
    /// Records that are not kept, as the session is long.
    pub(crate) dropped: u64,
    /// Whether the session was watched from its begin.
    pub(crate) is_whole: bool,
    /// Whether TLS began with the connection.
    pub(crate) is_tls_first: bool,
    /// The mechanism of the login that succeeded last.
    pub(crate) mechanism: Option<String>,
    /// The ids of messages whose client sent bare line ends.
    pub(crate) with_bare_line_ends: Vec<String>,
}

impl Transcript {
    pub(super) fn of(kept: &Kept) -> Self {
        let mut refusals = Vec::new();
        let mut failed_handshake = None;
        let mut mechanism = None;
        let mut is_tls_first = false;
        let (mut has_bare_line_end, mut with_bare_line_ends) = (false, Vec::new());
        let rows = Rows::of(kept, |number, record, rows| match record {
            Record::Refused(refused) => {
                has_bare_line_end &= !refused.is_of_message();
                refusals.push(Refusal::of(number, refused, rows.command));
            }
            Record::Finding(finding) => has_bare_line_end |= *finding == BARE_LINE_ENDS,
            Record::Message { id, .. } if take(&mut has_bare_line_end) => {
                with_bare_line_ends.push((*id).to_owned());
            }
            Record::HandshakeFailed(cause) => failed_handshake = Some(FailedHandshake::new(number, cause)),
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
            failed_handshake,
            dropped: kept.records.dropped(),
            is_whole: kept.is_whole,
            is_tls_first,
            mechanism,
            with_bare_line_ends,
        }
    }
}
