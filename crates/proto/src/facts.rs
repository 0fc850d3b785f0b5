//! The facts of a session that its phase does not tell.

use crate::protocol::Protocol;

/// The facts of a session that its phase does not tell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    pub(crate) protocol: Protocol,
    /// The connection is inside TLS.
    pub(crate) is_tls: bool,
    /// The TLS session has no channel binding.
    pub(crate) cannot_bind: bool,
    /// The client presented a verified certificate. The machine keeps its name.
    pub(crate) is_certified: bool,
    /// XCLIENT was received, so the peer of the TLS session is not the client.
    pub(crate) is_for_another: bool,
    /// The client sent EHLO or LHLO, not HELO.
    pub(crate) is_extended: bool,
    pub(crate) is_authenticated: bool,
    /// The peer is a proxy that may speak for its clients.
    pub(crate) is_trusted: bool,
    /// The client sent AUTH, so an unknown command may hold credentials.
    pub(crate) has_tried_auth: bool,
    /// MAIL carried SMTPUTF8.
    pub(crate) is_utf8: bool,
    /// MAIL carried BODY=BINARYMIME.
    pub(crate) is_binary: bool,
}
