//! DKIM (RFC 6376): signatures of domains.
