//! Memory for reads, which the connections of a thread share: an idle one holds none.

use std::cell::RefCell;

use bytes::BytesMut;

/// Octets read at a time.
pub(crate) const READ: usize = 64 * 1024;

/// Buffers that a thread keeps at hand.
const POOLED: usize = 8;

thread_local! {
    static POOL: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with room for a whole read.
pub(crate) fn take() -> BytesMut {
    POOL.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(READ))
}

/// Has the memory used again; what is in it is dropped.
pub(crate) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    // Slices of a message that somebody still reads keep the memory; then there is nothing to give back.
    if buffer.try_reclaim(READ) {
        POOL.with_borrow_mut(|pool| {
            if pool.len() < POOLED {
                pool.push(buffer);
            }
        });
    }
}
