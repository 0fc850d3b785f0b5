//! The tests of the program, in one binary so that an edit links once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics, and so do its helpers")]

mod activation;
mod any_login;
mod architecture;
mod authentication;
mod check_print;
mod check_warnings;
mod config_check;
mod config_file;
mod config_reload;
mod deliver;
mod dns_lists;
mod domain_tables;
mod domains;
mod environment;
mod explain;
mod filter_conditions;
mod filter_memory;
mod filter_tables;
mod guide;
mod handover;
mod http;
mod http_filters;
mod lenient_envelopes;
mod listen_addresses;
mod listener_tables;
mod log;
mod log_page;
mod log_unread;
mod lookups;
mod milters;
mod minimum_rust;
mod mistakes;
mod privileges;
mod program;
mod reload;
mod rooms;
mod sandbox;
mod smuggling;
mod support;
mod talk;
mod terminal;
mod threat_model;
mod users;
