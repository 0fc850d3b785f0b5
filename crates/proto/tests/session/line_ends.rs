//! Line ends, slowly: where a message ends, which line ends are bare, and what becomes of them.

/// Whether a CR or LF stands alone.
pub(crate) fn has_bare(content: &[u8]) -> bool {
    (0..content.len()).any(|at| match content[at] {
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || content[at - 1] != b'\r',
        _ => false,
    })
}

/// Whether a dot stands alone behind a CR or LF that is none of a CRLF; NULs do not count.
pub(crate) fn has_lone_dot(content: &[u8]) -> bool {
    let text = content.iter().map(|&octet| char::from(octet)).collect::<String>();
    // One character for each kind of line end; a NUL parts a CR from its LF.
    let text = text.replace("\r\n", "\u{100}").replace(['\r', '\n'], "\u{101}").replace('\0', "") + "\u{100}";
    text.contains("\u{101}.\u{100}") || text.contains("\u{101}.\u{101}")
}

/// Every line end as CRLF.
pub(crate) fn normalized(content: &[u8]) -> Vec<u8> {
    let text = content.iter().map(|&octet| char::from(octet)).collect::<String>();
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    text.chars().map(|character| u8::try_from(character).expect("it was an octet")).collect()
}

pub(super) fn find(octets: &[u8], sought: &[u8]) -> Option<usize> {
    octets.windows(sought.len()).position(|window| window == sought)
}

pub(super) fn end_of_message(octets: &[u8]) -> Option<usize> {
    if octets.starts_with(b".\r\n") { Some(3) } else { find(octets, b"\r\n.\r\n").map(|at| at + 5) }
}

/// Takes the dot from the front of each line.
pub(super) fn unstuffed(raw: &[u8]) -> Vec<u8> {
    let (mut content, mut rest) = (Vec::new(), raw);
    while !rest.is_empty() {
        let end = find(rest, b"\r\n").map_or(rest.len(), |at| at + 2);
        content.extend_from_slice(rest[..end].strip_prefix(b".").unwrap_or(&rest[..end]));
        rest = &rest[end..];
    }
    content
}
