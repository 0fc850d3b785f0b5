//! Layers of a connection that change reads and pass writes on unchanged.

/// Implements `AsyncWrite` for such a layer. Writes go to the connection in its field `io`.
macro_rules! writes_pass_through {
    ($layer:ty) => {
        const _: () = {
            use std::io::{IoSlice, Result};
            use std::pin::Pin;
            use std::task::{Context, Poll};

            impl tokio::io::AsyncWrite for $layer {
                fn poll_write(
                    mut self: Pin<&mut Self>,
                    context: &mut Context<'_>,
                    octets: &[u8],
                ) -> Poll<Result<usize>> {
                    Pin::new(&mut self.io).poll_write(context, octets)
                }

                fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
                    Pin::new(&mut self.io).poll_flush(context)
                }

                fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
                    Pin::new(&mut self.io).poll_shutdown(context)
                }

                // All records of a flight go out in one call.
                fn poll_write_vectored(
                    mut self: Pin<&mut Self>,
                    context: &mut Context<'_>,
                    octets: &[IoSlice<'_>],
                ) -> Poll<Result<usize>> {
                    Pin::new(&mut self.io).poll_write_vectored(context, octets)
                }

                fn is_write_vectored(&self) -> bool {
                    self.io.is_write_vectored()
                }
            }
        };
    };
}

pub(super) use writes_pass_through;
