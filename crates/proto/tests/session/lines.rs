//! What a command line says, read slowly.

/// What a BDAT announces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) size: u64,
    pub(super) is_last: bool,
}

/// Reads `BDAT size [LAST]`.
pub(super) fn chunk(line: &[u8]) -> Option<Chunk> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?.to_ascii_uppercase();
    let words: Vec<&str> = line
        .trim_end_matches([' ', '\t'])
        .strip_prefix("BDAT ")?
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect();
    let (size, is_last) = match words[..] {
        [size] => (size, false),
        [size, "LAST"] => (size, true),
        _ => return None,
    };
    let is_number = size.bytes().all(|octet| octet.is_ascii_digit());
    let size = size.parse().ok().filter(|_| is_number)?;
    Some(Chunk { size, is_last })
}

/// The first word, also of a line that is refused for the white space around it.
pub(super) fn verb(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches(['\r', '\n']).trim_start_matches([' ', '\t']);
    line.split([' ', '\t']).next().unwrap_or_default().to_ascii_uppercase()
}

/// What stands between the first `<`, behind a source route, and the `>` that ends it, which is not quoted. In an
/// address literal a quote is a character like others.
pub(super) fn address(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let inside = text.split_once('<').map_or("", |(_, inside)| inside);
    let (mut is_quoted, mut is_escaped, mut is_literal) = (false, false, false);
    let end = inside.find(|character| {
        let is_end = character == '>' && !is_quoted && !is_literal;
        is_literal = !is_quoted && character != ']' && (is_literal || character == '[');
        is_quoted ^= character == '"' && !is_escaped && !is_literal;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    });
    let path = &inside[..end.unwrap_or(0)];
    let is_routed = path.starts_with('@');
    let mailbox = path.split_once(':').filter(|_| is_routed).map_or(path, |(_, mailbox)| mailbox);
    if mailbox.eq_ignore_ascii_case("postmaster") { "Postmaster".to_owned() } else { mailbox.to_owned() }
}
