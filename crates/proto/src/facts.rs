//! What is true of a session beyond its phase.

use crate::protocol::Protocol;

/// What is true of the session beyond its phase.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    pub(crate) protocol: Protocol,
    /// Inside TLS.
    pub(crate) is_tls: bool,
    /// What is inside TLS has nothing to bind to.
    pub(crate) cannot_bind: bool,
    /// The client has shown a certificate that was verified; its name stands in the machine.
    pub(crate) is_certified: bool,
    /// XCLIENT has come, so the other end of TLS is not the client.
    pub(crate) is_for_another: bool,
    /// The client said EHLO or LHLO, not HELO.
    pub(crate) is_extended: bool,
    pub(crate) is_authenticated: bool,
    /// A proxy that may speak for its clients.
    pub(crate) is_trusted: bool,
    /// The client said AUTH, so what is no command may be credentials.
    pub(crate) has_tried_auth: bool,
    /// MAIL carried SMTPUTF8.
    pub(crate) is_utf8: bool,
    /// MAIL carried BODY=BINARYMIME.
    pub(crate) is_binary: bool,
}
