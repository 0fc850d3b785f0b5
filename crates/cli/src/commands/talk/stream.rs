//! The connection below a talk, encrypted or not.

use tokio::io::{AsyncRead, AsyncWrite};

/// A TCP or Unix connection, or TLS over one.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}
