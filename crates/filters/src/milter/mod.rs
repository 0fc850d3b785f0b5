//! Milters: filters that speak the protocol of Sendmail.
