//! The notes below the lines of a transcript.

use mailchute_proto::explain::{Explanation, Follower, Part};

use super::{cipher, disconnect, handshake_failed, tls_version};
use crate::events::{About, Said};

/// Returns the lines of explanation that stand below a line.
pub(super) fn notes(follower: &mut Follower, said: &Said) -> Vec<String> {
    match said {
        Said::Client(line) => command_notes(&follower.command(line), line),
        Said::Server(line) => follower.reply_line(line).map(|means| means.note()).unwrap_or_default(),
        Said::Content(_) | Said::Note(_, About::Other) => Vec::new(),
        Said::Note(_, About::Tls(version, suite)) => {
            [tls_version(*version), cipher(suite)].iter().flat_map(Explanation::note).collect()
        }
        Said::Note(_, About::HandshakeFailed) => handshake_failed().note(),
        Said::Note(_, About::Disconnect(cause)) => disconnect(*cause).note(),
    }
}

fn command_notes(parts: &[Part], line: &str) -> Vec<String> {
    match parts {
        // The line itself stands above.
        [part] => part.explanation.note(),
        parts => parts.iter().flat_map(|part| part.note(line)).collect(),
    }
}
