//! The facts of a session that its phase does not tell, by how long they hold.
//!
//! Each event resets some of these to their defaults. STARTTLS and XCLIENT start again with the greeting. EHLO, RSET
//! and the end of a message end the transaction.

use crate::protocol::Protocol;

/// The facts of a session that its phase does not tell, and that decide what is allowed.
#[derive(Debug, Default)]
pub(crate) struct ProtocolFacts {
    pub(crate) connection: Connection,
    pub(crate) greeting: Greeting,
    pub(crate) transaction: Transaction,
}

/// The facts that hold until the connection ends.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) protocol: Protocol,
    /// The peer is a proxy that may name its clients.
    pub(crate) is_trusted: bool,
    /// The connection is inside TLS.
    pub(crate) is_tls: bool,
    /// The TLS session has no channel binding.
    pub(crate) cannot_bind: bool,
    /// The name in the verified certificate of the peer.
    pub(crate) certified: Option<Box<str>>,
    /// XCLIENT was received, so the peer of the TLS session is not the client.
    pub(crate) is_for_another: bool,
    /// The client sent AUTH, so an unknown command may hold credentials.
    pub(crate) has_tried_auth: bool,
}

/// The facts that the client has told since the connection began, since STARTTLS (RFC 3207 §4.2) or since XCLIENT.
#[derive(Debug, Default)]
pub(crate) struct Greeting {
    /// The last greeting was EHLO or LHLO, not HELO.
    pub(crate) is_extended: bool,
    /// AUTH succeeded. Another EHLO does not change that (RFC 4954 §4).
    pub(crate) is_authenticated: bool,
}

/// The facts that hold until the end of the message, RSET or EHLO (RFC 5321 §4.1.4).
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// XFORWARD was accepted, and MAIL has not followed yet.
    pub(crate) is_forwarded: bool,
    /// MAIL carried SMTPUTF8.
    pub(crate) is_utf8: bool,
    /// MAIL carried BODY=BINARYMIME.
    pub(crate) is_binary: bool,
    /// Bytes of memory that the accepted recipients hold.
    pub(crate) recipient_bytes: usize,
}

impl ProtocolFacts {
    /// Forgets what the client has said. Only EHLO and AUTH tell it again.
    pub(crate) fn begin_greeting(&mut self) {
        self.greeting = Greeting::default();
        self.transaction = Transaction::default();
    }
}
