//! rspamd, asked by HTTP.
