//! A message on its way to the disk.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::buffer::Buffer;
use super::copies::Copies;
use super::interest::{Interest, still_wanted};
use super::kept::Published;
use super::line_ends::{Converter, LineEnds};
use super::sink::{Beginning, Content, Sink};
use super::unpublished::{Unpublished, remove_elsewhere};

/// Bytes that a buffer gathers before it is written. A small message needs one turn on a blocking thread, and
/// a large one a turn for each part of this size.
const BUFFER: usize = 256 * 1024;

/// Bytes in all buffers of the process. Beyond them a buffer is written once it has [`SHORT`] bytes, so that clients
/// that stop within a message cannot fill the memory.
const GATHERED: usize = 64 * 1024 * 1024;

/// See [`GATHERED`].
const SHORT: usize = 4 * 1024;

/// Bytes in all buffers of the process now.
static OF_ALL: AtomicUsize = AtomicUsize::new(0);

/// Copies of a message that is not complete yet. When it is dropped, its file is removed.
pub(crate) struct Delivery {
    copies: Option<Copies>,
    buffer: Buffer,
    /// Bytes of the buffer that [`OF_ALL`] counts.
    counted: usize,
    /// `None` if the bytes are kept as they come.
    converter: Option<Converter>,
    /// The part that is already written. `None` until the buffer is full for the first time.
    sink: Option<Sink>,
    /// Lives as long as the server waits for the message to be kept.
    interest: Arc<Interest>,
}

impl Delivery {
    pub(crate) fn new(mut copies: Copies, line_ends: LineEnds) -> Self {
        let is_lf = line_ends == LineEnds::Lf && copies.tops_with_lf();
        Self {
            copies: Some(copies),
            buffer: Buffer::default(),
            counted: 0,
            converter: is_lf.then(Converter::default),
            sink: None,
            interest: Arc::new(Interest),
        }
    }

    /// Adds the next bytes to each copy.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> io::Result<()> {
        match &mut self.converter {
            None => self.buffer.push(chunk),
            Some(converter) => {
                if let Err(bare) = converter.convert(&chunk, &mut self.buffer) {
                    self.restore(bare.after_cr).await?;
                    self.buffer.push(chunk.slice(bare.converted..));
                }
            }
        }
        if self.buffer.len() >= if self.count() > GATHERED { SHORT } else { BUFFER } {
            self.write(Ok).await?;
        }
        Ok(())
    }

    /// Counts the bytes gathered since the last call. Returns the bytes in all buffers.
    fn count(&mut self) -> usize {
        let added = self.buffer.len() - self.counted;
        self.counted += added;
        OF_ALL.fetch_add(added, Ordering::Relaxed) + added
    }

    /// Takes the gathered bytes.
    fn take(&mut self) -> Vec<Bytes> {
        OF_ALL.fetch_sub(std::mem::take(&mut self.counted), Ordering::Relaxed);
        self.buffer.take()
    }

    /// Puts the complete copies where readers find them.
    ///
    /// # Cancel safety
    /// If the future is dropped, the message is taken back, no later than when the blocking thread ends. The
    /// thread returns [`Published`], which removes the files if nobody takes them.
    pub(crate) async fn finish(self) -> io::Result<Published> {
        self.complete(|copies, content, interest| copies.prepare(content, interest)?.publish(interest)).await
    }

    /// Makes the complete copies durable, where no reader finds them.
    pub(crate) async fn prepare(self) -> io::Result<Unpublished> {
        let interest = Arc::clone(&self.interest);
        Ok(Unpublished::new(self.complete(Copies::prepare).await?, interest))
    }

    async fn complete<T: Send + 'static>(
        mut self,
        then: impl FnOnce(Copies, Content, &Weak<Interest>) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        if self.converter.as_ref().is_some_and(Converter::ends_with_cr) {
            self.restore(true).await?;
        }
        let (parts, sink, interest) = (self.take(), self.sink.take(), Arc::downgrade(&self.interest));
        let Some(copies) = self.copies.take() else { return Err(io::ErrorKind::NotFound.into()) };
        spawn_blocking(move || {
            still_wanted(&interest)?;
            let content = match sink {
                None => Content::Parts(parts),
                Some(mut sink) => {
                    sink.write(&parts)?;
                    drop(parts);
                    sink.content()
                }
            };
            then(copies, content, &interest)
        })
        .await
        .map_err(io::Error::other)?
    }

    /// Goes back to the bytes as they came. They are restored in a file, since they may be too many for
    /// memory.
    async fn restore(&mut self, after_cr: bool) -> io::Result<()> {
        self.converter = None;
        self.write(Sink::with_crlf).await?;
        if let Some(copies) = &mut self.copies {
            copies.tops_with_crlf();
        }
        if after_cr {
            self.buffer.copy(b"\r");
        }
        Ok(())
    }

    /// Writes the gathered bytes and goes on with `then`, in one turn on a blocking thread.
    async fn write(
        &mut self,
        then: impl FnOnce(Sink) -> io::Result<Sink> + Send + 'static,
    ) -> io::Result<()> {
        let beginning = self.copies.as_ref().map_or(Beginning::Nowhere, Copies::beginning);
        let (parts, sink, interest) = (self.take(), self.sink.take(), Arc::downgrade(&self.interest));
        let written = spawn_blocking(move || {
            still_wanted(&interest)?;
            let mut sink = sink.map_or_else(|| beginning.make(), Ok)?;
            sink.write(&parts)?;
            drop(parts);
            then(sink)
        });
        self.sink = Some(written.await.map_err(io::Error::other)??);
        Ok(())
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        OF_ALL.fetch_sub(self.counted, Ordering::Relaxed);
        let Some(sink) = self.sink.take() else { return };
        remove_elsewhere(sink);
    }
}
