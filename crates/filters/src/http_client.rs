//! The HTTP client of the filters that ask a web server.
