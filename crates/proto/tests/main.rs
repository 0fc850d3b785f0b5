//! The tests of the conversation, in one binary so that an edit links once.

mod address_grammar;
mod address_lengths;
mod address_reference;
mod addresses;
mod answered;
mod any_cut;
mod edits_in_midstream;
mod floods;
mod internationalized_domains;
mod lax_servers;
mod lenient_lines;
mod lenient_paths;
mod line_end_forms;
mod lmtp;
mod next_hop;
mod observed_commands;
mod operations;
mod parameter_reference;
mod parameters;
mod replies;
mod sasl_exchanges;
mod session;
mod smuggling;
mod talking_ahead;
mod transcript;
mod transcripts;
