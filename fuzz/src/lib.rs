//! Fuzz targets: each function takes bytes from a fuzzer, and panics if Mailchute differs from a slow and obvious
//! reference. `fuzz/run` runs them under libFuzzer, `cargo test` over the committed corpus.
//!
//! The references are those of the property tests, included by their path, like the few sources that no crate makes
//! public.
//!
//! # Why
//!
//! Private sources are included by their path: the parsers of PROXY headers, password files, configuration files and
//! option values are compiled a second time here. So nothing is made public for a fuzzer, and the product has no
//! fuzzing feature or `cfg`. The decoders of DATA and BDAT, AUTH and the whole conversation are reached through
//! `Machine`.

#![forbid(unsafe_code)]

mod addresses;
mod arc;
mod chunks;
mod client_certificates;
mod client_hello;
mod commands;
mod config_files;
mod data;
mod dkim;
mod dmarc_record;
mod dns_answers;
mod from_field;
mod listener;
mod message;
mod milter_replies;
mod next_hop;
mod octets;
mod operations;
mod option_values;
mod parameters;
mod password_file;
mod proxy_header;
mod reply_reference;
mod results;
mod sasl;
mod scanner_answers;
mod spf;
mod starttls;

#[allow(dead_code, reason = "tests use the rest")]
#[path = "../../crates/proto/tests/address_reference/grammar.rs"]
mod address_grammar;
#[path = "../../crates/filters/tests/arc/check.rs"]
mod arc_check;
#[path = "../../crates/filters/tests/authors/check.rs"]
mod authors_check;
#[allow(dead_code, reason = "the console uses the rest")]
#[path = "../../crates/console/src/checks/mod.rs"]
mod checks;
#[path = "../../crates/server/tests/support/danger.rs"]
mod danger;
#[path = "../../crates/filters/tests/dkim/check.rs"]
mod dkim_check;
#[path = "../../crates/filters/tests/dmarc_records/check.rs"]
mod dmarc_check;
#[allow(dead_code, reason = "the program uses the rest")]
#[path = "../../crates/cli/src/failure.rs"]
mod failure;
#[path = "../../crates/filters/tests/forged/check.rs"]
mod forged_check;
#[allow(dead_code, reason = "the program uses the rest")]
mod log;
#[allow(dead_code, unused_imports, reason = "the console uses the rest")]
#[path = "../../crates/console/src/mail/mod.rs"]
mod mail;
#[allow(dead_code, reason = "tests use the rest")]
#[path = "../../crates/filters/tests/mail_signer/mod.rs"]
mod mail_signer;
#[allow(dead_code, reason = "the library uses the rest")]
#[path = "../../crates/filters/src/milter/protocol/mod.rs"]
mod milter_protocol;
#[allow(dead_code, reason = "the library uses the rest")]
#[path = "../../crates/server/src/net/mod.rs"]
mod net;
#[allow(dead_code, reason = "the program uses the rest")]
#[path = "../../crates/cli/src/options/mod.rs"]
mod options;
#[path = "../../crates/proto/tests/parameter_reference/mod.rs"]
mod parameter_reference;
#[allow(dead_code, unused_imports, reason = "the library uses the rest")]
#[path = "../../crates/server/src/proxy/mod.rs"]
mod proxy;
// The counters that a listener has.
#[allow(dead_code, reason = "the library uses the rest")]
#[path = "../../crates/server/src/runtime"]
mod runtime {
    pub(crate) mod counters;
    pub(crate) mod listener_counts;
    pub(crate) mod sharded;
}
#[path = "../../crates/filters/tests/scanner_answers/check.rs"]
mod scanner_check;
#[path = "../../crates/proto/tests/session/mod.rs"]
mod session;
#[allow(dead_code, reason = "tests use the rest")]
#[path = "../../crates/server/tests/support/shown.rs"]
mod shown;
#[path = "../../crates/filters/tests/hostile/check.rs"]
mod spf_check;
#[allow(dead_code, reason = "the program uses the rest")]
#[path = "../../crates/cli/src/text_file.rs"]
mod text_file;
#[allow(dead_code, reason = "tests use the rest")]
#[path = "../../crates/proto/tests/transcript/mod.rs"]
mod transcript;
#[allow(dead_code, reason = "the program uses the rest")]
mod users;
#[path = "../../crates/proto/tests/operations/vocabulary.rs"]
mod vocabulary;
#[path = "../../crates/filters/tests/zone/mod.rs"]
mod zone;

// For the sources that are taken in by their path.
use mailchute_filters::dns;

pub use addresses::addresses;
pub use arc::arc;
pub use chunks::chunks;
pub use client_certificates::client_certificates;
pub use client_hello::client_hello;
pub use commands::commands;
pub use config_files::config_file;
pub use data::data;
pub use dkim::dkim;
pub use dmarc_record::dmarc_record;
pub use dns_answers::dns_answers;
pub use from_field::from_field;
pub use message::mail;
pub use milter_replies::milter_replies;
pub use next_hop::next_hop;
pub use octets::{octets, seed};
pub use operations::operations;
pub use option_values::option_values;
pub use parameters::parameters;
pub use password_file::password_file;
pub use proxy_header::proxy_header;
pub use results::results;
pub use sasl::sasl;
pub use scanner_answers::scanner_answers;
pub use spf::spf;

/// A target. It panics if it finds something.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: &[(&str, Target)] = &[
    ("addresses", addresses),
    ("arc", arc),
    ("chunks", chunks),
    ("client_certificates", client_certificates),
    ("client_hello", client_hello),
    ("commands", commands),
    ("config_file", config_file),
    ("data", data),
    ("dkim", dkim),
    ("dmarc_record", dmarc_record),
    ("dns_answers", dns_answers),
    ("from_field", from_field),
    ("mail", mail),
    ("milter_replies", milter_replies),
    ("next_hop", next_hop),
    ("octets", octets),
    ("operations", operations),
    ("option_values", option_values),
    ("parameters", parameters),
    ("password_file", password_file),
    ("proxy_header", proxy_header),
    ("results", results),
    ("sasl", sasl),
    ("scanner_answers", scanner_answers),
    ("spf", spf),
];
