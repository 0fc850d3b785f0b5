//! DMARC (RFC 7489): what the domain in `From:` says of its mail.
