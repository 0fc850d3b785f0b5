//! MTA Hooks: a web server that decides.
