//! A message on its way to the disk.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::Shared;
use super::buffer::Buffer;
use super::drafts::{Drafts, Failure};
use super::intents::Intents;
use super::interest::{Interest, still_wanted};
use super::kept::Published;
use super::line_ends::{self, Converter, LineEnds};

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

/// Copies of a message that is not complete yet. When it is dropped, their files are removed.
pub(crate) struct Delivery {
    drafts: Drafts,
    buffer: Buffer,
    /// Bytes of the buffer that [`OF_ALL`] counts.
    counted: usize,
    /// `None` if the bytes are kept as they come.
    converter: Option<Converter>,
    /// Lives as long as the server waits for the message to be kept.
    interest: Arc<Interest>,
}

impl Delivery {
    /// Begins one file for each of these Maildirs, with the fields that stand on top of it.
    pub(crate) fn new(
        copies: impl IntoIterator<Item = (Arc<Shared>, Bytes)>,
        line_ends: LineEnds,
        failure: Failure,
    ) -> Self {
        let mut copies: Vec<_> = copies.into_iter().collect();
        let mut converter = (line_ends == LineEnds::Lf).then(Converter::default);
        if converter.is_some() {
            match copies.iter().map(|(_, top)| line_ends::with_lf(top)).collect::<Option<Vec<_>>>() {
                Some(tops) => copies.iter_mut().zip(tops).for_each(|(copy, top)| copy.1 = top),
                None => converter = None,
            }
        }
        Self {
            drafts: Drafts::new(copies, failure),
            buffer: Buffer::default(),
            counted: 0,
            converter,
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
            self.drafts = self.write(|drafts, _| Ok(drafts)).await?;
        }
        Ok(())
    }

    /// Returns the copies that have failed since the last call, by their numbers.
    pub(crate) fn failed(&mut self) -> Vec<(usize, io::Error)> {
        self.drafts.failed()
    }

    /// Returns whether no copy is left.
    pub(crate) fn is_over(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Counts the bytes gathered since the last call. Returns the bytes in all buffers.
    fn count(&mut self) -> usize {
        let added = self.buffer.len() - self.counted;
        self.counted += added;
        OF_ALL.fetch_add(added, Ordering::Relaxed) + added
    }

    /// Puts the complete copies where readers find them. `intents` names several before the first is there.
    ///
    /// # Cancel safety
    /// If the future is dropped, the message is taken back, no later than when the blocking thread ends. The
    /// thread returns [`Published`], which removes the files if nobody takes them.
    pub(crate) async fn finish(mut self, intents: Option<Arc<Intents>>) -> io::Result<Published> {
        if self.converter.as_ref().is_some_and(Converter::ends_with_cr) {
            self.restore(true).await?;
        }
        self.write(move |drafts, interest| drafts.publish(interest, intents.as_deref())).await
    }

    /// Goes back to the bytes as they came. They are restored in a file, since they may be too many for
    /// memory.
    async fn restore(&mut self, after_cr: bool) -> io::Result<()> {
        self.converter = None;
        self.drafts = self.write(|drafts, _| drafts.with_crlf()).await?;
        if after_cr {
            self.buffer.copy(b"\r");
        }
        Ok(())
    }

    /// Writes the gathered bytes and goes on with `then`, in one turn on a blocking thread.
    async fn write<T: Send + 'static>(
        &mut self,
        then: impl FnOnce(Drafts, &Weak<Interest>) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let mut drafts = self.drafts.take();
        OF_ALL.fetch_sub(std::mem::take(&mut self.counted), Ordering::Relaxed);
        let parts = self.buffer.take();
        let interest = Arc::downgrade(&self.interest);
        spawn_blocking(move || {
            still_wanted(&interest)?;
            drafts.write(&parts)?;
            drop(parts);
            then(drafts, &interest)
        })
        .await
        .map_err(io::Error::other)?
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        OF_ALL.fetch_sub(self.counted, Ordering::Relaxed);
        let drafts = self.drafts.take();
        if !drafts.has_files() {
            return;
        }
        // Removing a large file takes a while. If the runtime has ended, it drops the drafts instead, with the
        // same effect.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || drop(drafts));
        }
    }
}
