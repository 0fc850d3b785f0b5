//! Text files that people write, with whatever editor.

use std::path::Path;

use crate::failure::Failure;

/// Reads a text in UTF-8, without the byte order mark that editors of Windows put in front of it. `mistake` makes the
/// failure where it is another text.
pub(crate) fn read(path: &Path, mistake: fn(String) -> Failure) -> Result<String, Failure> {
    let named = path.display();
    let octets = std::fs::read(path)
        .map_err(|error| Failure::unusable(format!("{named}: cannot be read: {error}")))?;
    if octets.starts_with(b"\xff\xfe") || octets.starts_with(b"\xfe\xff") {
        return Err(mistake(format!("{named}:1:1: the file is UTF-16; save it as UTF-8")));
    }
    let mut text = String::from_utf8(octets).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|&octet| octet == b'\n').count();
        mistake(format!("{named}:{line}:1: this line is not UTF-8; write it again"))
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}
