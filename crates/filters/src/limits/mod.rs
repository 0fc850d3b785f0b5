//! Rates of connections, messages and recipients.
