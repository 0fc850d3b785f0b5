//! Ready-made filters for [Mailchute](mailchute): what mail is let in.
//!
//! | module | content |
//! |---|---|
//! | [`spf`] | SPF (RFC 7208): whether a domain authorizes the client to send its mail |
//! | [`dns`] | the questions of the checks to the DNS, as a trait that you implement with the resolver of your choice |
//!
//! The checks do no I/O of their own. The resolver is handed in, so they run with any resolver and any runtime.

pub mod dns;
pub mod spf;
