//! Errors as RFC 9457 has them.
