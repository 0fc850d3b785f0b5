//! A resolver with a cache.
