//! Line ends, slowly: where a message ends, which line ends are bare, and what becomes of them.

/// Whether a CR or LF stands alone.
pub(crate) fn has_bare(content: &[u8]) -> bool {
    (0..content.len()).any(|at| match content[at] {
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || content[at - 1] != b'\r',
        _ => false,
    })
}

/// Whether a dot is alone on a line but for NULs, where of the line ends around it one is bare: the one before it, or
/// with a NUL between them either. Where bare ones become CRLF, only with the NUL.
pub(crate) fn has_lone_dot(content: &[u8], becomes_crlf: bool) -> bool {
    const CRLF: char = '\u{100}';
    const BARE: char = '\u{101}';
    let text = content.iter().map(|&octet| char::from(octet)).collect::<String>();
    let text = text.replace("\r\n", &CRLF.to_string()).replace(['\r', '\n'], &BARE.to_string());
    let text: Vec<char> = format!("{CRLF}{text}{CRLF}").chars().collect();
    let ends: Vec<usize> = (0..text.len()).filter(|&at| matches!(text[at], CRLF | BARE)).collect();
    ends.windows(2).any(|pair| {
        let [before, behind] = [pair[0], pair[1]];
        let line = &text[before + 1..behind];
        let has_nul = line.first() == Some(&'\0');
        line.iter().filter(|&&octet| octet != '\0').eq([&'.'])
            && (text[before] == BARE || (has_nul && text[behind] == BARE))
            && (has_nul || !becomes_crlf)
    })
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
pub(crate) fn unstuffed(raw: &[u8]) -> Vec<u8> {
    let (mut content, mut rest) = (Vec::new(), raw);
    while !rest.is_empty() {
        let end = find(rest, b"\r\n").map_or(rest.len(), |at| at + 2);
        content.extend_from_slice(rest[..end].strip_prefix(b".").unwrap_or(&rest[..end]));
        rest = &rest[end..];
    }
    content
}
