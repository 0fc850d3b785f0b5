//! Text files that people write, with any editor.

use std::path::Path;

use crate::failure::Failure;

/// Reads a UTF-8 text, without the byte order mark that Windows editors put first. `mistake` makes the failure for any
/// other text.
pub(crate) fn read(path: &Path, mistake: fn(String) -> Failure) -> Result<String, Failure> {
    let named = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::unusable(format!("{named}: cannot be read: {error}")))?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(mistake(format!("{named}:1:1: the file is UTF-16; save it as UTF-8")));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|&byte| byte == b'\n').count();
        mistake(format!("{named}:{line}:1: this line is not UTF-8; write it again"))
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}
