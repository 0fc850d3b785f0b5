//! Memory for reads, which the connections of a thread share. An idle connection holds none.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use tokio::io::ReadBuf;

/// The most bytes of one read.
pub(crate) const READ: usize = 64 * 1024;

/// The most unread bytes that wait in a buffer of their own.
pub(crate) const REMAINDER: usize = 16 * 1024;

/// The number of buffers that a thread keeps.
const POOLED: usize = 8;

/// The bytes copied at a time. glibc copies 2,113 bytes and more by `rep movsb`. On AMD's Zen 3 that is up to thirty
/// times slower if source and target have different offsets in their pages.
const PIECE: usize = 2 * 1024;

thread_local! {
    static POOL: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// Returns an empty buffer with room for a whole read.
pub(crate) fn take() -> BytesMut {
    POOL.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(READ))
}

/// Returns the memory to the pool. The content is dropped.
pub(crate) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    // A slice of a message that is still read keeps the memory, so there is nothing to give back.
    if buffer.try_reclaim(READ) {
        POOL.with_borrow_mut(|pool| {
            if pool.len() < POOLED {
                pool.push(buffer);
            }
        });
    }
}

/// Gives the memory back, and keeps the content in a buffer of its size. Does nothing if the content is
/// large. Returns whether the memory was given back.
pub(crate) fn shrink(buffer: &mut BytesMut) -> bool {
    let is_little = buffer.len() <= REMAINDER;
    if is_little {
        let remainder = BytesMut::from(&buffer[..]);
        give_back(std::mem::replace(buffer, remainder));
    }
    is_little
}

/// Returns a chunk that readers may hold as long as they want. A slice would keep the whole buffer, so a
/// message that comes byte by byte would hold 64 KiB for each byte.
pub(crate) fn to_be_kept(slice: Bytes) -> Bytes {
    if slice.len() < READ / 4 { Bytes::copy_from_slice(&slice) } else { slice }
}

/// Returns the bytes of memory that a chunk of [`to_be_kept`] holds.
pub(crate) fn kept(chunk: &Bytes) -> usize {
    if chunk.len() < READ / 4 { chunk.len() } else { chunk.len().max(READ) }
}

/// Copies as much as there is room for, and returns the length.
pub(crate) fn copy(octets: &[u8], buffer: &mut ReadBuf<'_>) -> usize {
    let length = octets.len().min(buffer.remaining());
    for piece in octets[..length].chunks(PIECE) {
        buffer.put_slice(piece);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_copy_of_few_bytes_and_shares_many() {
        for (size, is_copied) in [(1, true), (READ / 4 - 1, true), (READ / 4, false), (READ, false)] {
            let slice = Bytes::from(vec![b'x'; size]);
            let kept = to_be_kept(slice.clone());
            assert_eq!(kept, slice);
            assert_eq!(kept.as_ptr() != slice.as_ptr(), is_copied, "{size} bytes");
        }
    }
}
