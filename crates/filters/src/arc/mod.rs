//! ARC (RFC 8617): what earlier receivers found.
