//! The field `Authentication-Results` (RFC 8601).
