//! The transports of a session.

use tokio::io::{AsyncRead, AsyncWrite};

/// Anything that carries a session: a TCP stream, TLS, a Unix socket, a pipe in memory.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
