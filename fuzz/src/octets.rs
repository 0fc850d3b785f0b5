use std::fs;
use std::io;
use std::path::Path;

use crate::listener::{self, check, cuts, listener};
use crate::transcript::Transcript;

/// Marks the place of the TLS handshake, if one is due.
const HANDSHAKE: &[u8] = b"<TLS>";

/// Any bytes for a session, split anywhere: four of them describe the listener, two say where to cut.
pub fn octets(octets: &[u8]) {
    let Some((&told, rest)) = octets.split_first_chunk() else { return };
    let Some((&places, rest)) = rest.split_first_chunk() else { return };
    let segments = segments(rest);
    let length = segments.iter().map(Vec::len).sum();
    check(&listener(told), &segments, &cuts(places, length));
}

fn segments(mut octets: &[u8]) -> Vec<Vec<u8>> {
    let mut segments = Vec::new();
    while let Some(at) = octets.windows(HANDSHAKE.len()).position(|window| window == HANDSHAKE) {
        segments.push(octets[..at].to_vec());
        octets = &octets[at + HANDSHAKE.len()..];
    }
    segments.push(octets.to_vec());
    segments
}

/// Writes what the clients of the transcripts send as a corpus of [`octets`], a file each.
///
/// # Errors
/// If the file system fails.
pub fn seed(transcripts: &Path, corpus: &Path) -> io::Result<()> {
    for entry in fs::read_dir(transcripts)? {
        let path = entry?.path();
        let transcript = Transcript::parse(&fs::read_to_string(&path)?);
        let segments = transcript.segments().join(HANDSHAKE);
        if segments.len() < 8_192 {
            let seed = [&listener::told(&transcript.session)[..], &[85, 170], &segments].concat();
            fs::write(corpus.join(path.file_stem().unwrap_or_default()), seed)?;
        }
    }
    Ok(())
}
