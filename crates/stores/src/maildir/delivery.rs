//! A message on its way to the disk.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::Shared;
use super::buffer::Buffer;
use super::draft::{Draft, Kept};
use super::interest::{Interest, still_wanted};
use super::line_ends::{Converter, LineEnds};

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

/// A message that is not complete yet. When it is dropped, its file is removed.
pub(super) struct Delivery {
    maildir: Arc<Shared>,
    buffer: Buffer,
    /// Bytes of the buffer that [`OF_ALL`] counts.
    counted: usize,
    /// `None` if the bytes are kept as they come.
    converter: Option<Converter>,
    /// The part that is already written. `None` until the buffer is full for the first time.
    draft: Option<Draft>,
    /// Lives as long as the server waits for the message to be kept.
    interest: Arc<Interest>,
}

impl Delivery {
    pub(super) fn new(maildir: Arc<Shared>, line_ends: LineEnds) -> Self {
        let converter = (line_ends == LineEnds::Lf).then(Converter::default);
        Self {
            maildir,
            buffer: Buffer::default(),
            counted: 0,
            converter,
            draft: None,
            interest: Arc::new(Interest),
        }
    }

    /// Adds the next bytes.
    pub(super) async fn push(&mut self, chunk: Bytes) -> io::Result<()> {
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
            self.draft = Some(self.write(|draft, _| Ok(draft)).await?);
        }
        Ok(())
    }

    /// Counts the bytes gathered since the last call. Returns the bytes in all buffers.
    fn count(&mut self) -> usize {
        let added = self.buffer.len() - self.counted;
        self.counted += added;
        OF_ALL.fetch_add(added, Ordering::Relaxed) + added
    }

    /// Puts the complete message where readers find it.
    ///
    /// # Cancel safety
    /// If the future is dropped, the message is taken back, no later than when the blocking thread ends. The
    /// thread returns a [`Kept`], which removes its file if nobody takes it.
    pub(super) async fn finish(mut self) -> io::Result<Kept> {
        if self.converter.as_ref().is_some_and(Converter::ends_with_cr) {
            self.restore(true).await?;
        }
        self.write(Draft::publish).await
    }

    /// Goes back to the bytes as they came. They are restored in a file, since they may be too many for
    /// memory.
    async fn restore(&mut self, after_cr: bool) -> io::Result<()> {
        self.converter = None;
        self.draft = Some(self.write(|draft, _| draft.with_crlf()).await?);
        if after_cr {
            self.buffer.copy(b"\r");
        }
        Ok(())
    }

    /// Writes the gathered bytes and goes on with `then`, in one turn on a blocking thread.
    async fn write<T: Send + 'static>(
        &mut self,
        then: impl FnOnce(Draft, &Weak<Interest>) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let maildir = Arc::clone(&self.maildir);
        let draft = self.draft.take();
        OF_ALL.fetch_sub(std::mem::take(&mut self.counted), Ordering::Relaxed);
        let parts = self.buffer.take();
        let interest = Arc::downgrade(&self.interest);
        spawn_blocking(move || {
            still_wanted(&interest)?;
            let mut draft = draft.map_or_else(|| create(&maildir), Ok)?;
            draft.write(&parts)?;
            drop(parts);
            then(draft, &interest)
        })
        .await
        .map_err(io::Error::other)?
    }
}

/// Makes a new draft. If a reader has removed a directory in a Maildir, it is made again.
fn create(maildir: &Arc<Shared>) -> io::Result<Draft> {
    match Draft::create(maildir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && maildir.directories.make_again()? => {
            Draft::create(maildir)
        }
        draft => draft,
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        OF_ALL.fetch_sub(self.counted, Ordering::Relaxed);
        let Some(draft) = self.draft.take() else { return };
        // Removing a large file takes a while. If the runtime has ended, it drops the draft instead, with the
        // same effect.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || drop(draft));
        }
    }
}
