//! DNS lists of addresses and domains (RFC 5782).
