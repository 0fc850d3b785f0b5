//! Checks of a message: what a strict receiver would say about it.
