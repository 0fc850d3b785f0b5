//! Servers for messages that another server has taken.

use mailchute::syntax::BareLineEnds;
use mailchute::{Builder, Server};

use crate::options::args::Options;

/// Returns a builder of a server for messages that another server has taken already. It bounds nothing that that one has
/// taken.
pub(crate) fn of_taken_mail(options: &Options) -> Builder {
    let mut builder = Server::builder()
        .bare_line_ends(BareLineEnds::Tolerate)
        .max_message_size(0)
        .max_errors(0)
        .max_received_headers(0)
        .max_header_size(0)
        .max_header_fields(0);
    if let Some(name) = &options.hostname {
        builder = builder.hostname(name);
    }
    options.timeout.iter().fold(builder, |builder, timeout| timeout.set(builder))
}
