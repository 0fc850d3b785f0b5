//! The options: flags, environment and configuration file.

mod after_help;
pub(crate) mod args;
pub(crate) mod console_options;
pub(crate) mod console_rules;
pub(crate) mod deliver_line;
pub(crate) mod deliver_options;
pub(crate) mod dns_server;
pub(crate) mod domain_options;
pub(crate) mod domain_rules;
pub(crate) mod domains;
pub(crate) mod environment;
pub(crate) mod example;
pub(crate) mod file;
pub(crate) mod filters;
pub(crate) mod health_check;
pub(crate) mod inbox;
pub(crate) mod keep;
pub(crate) mod limits;
pub(crate) mod listen_at;
pub(crate) mod listener_options;
mod listener_rules;
pub(crate) mod merge;
#[cfg(test)]
mod page;
mod parse;
pub(crate) mod paths;
pub(crate) mod print;
pub(crate) mod provenance;
pub(crate) mod release_to;
pub(crate) mod rules;
pub(crate) mod schema;
pub(crate) mod size;
mod store_secret;
pub(crate) mod talk_options;
pub(crate) mod time_span;
pub(crate) mod units;
mod wording;
