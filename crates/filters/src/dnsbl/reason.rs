//! The reasons that lists give in TXT records.

/// The longest reason that a client is told.
const MAX_REASON: usize = 200;

/// Returns the first text that can stand in a reply: ASCII without control characters, cut off at 200 bytes.
pub(super) fn reason(texts: Vec<Vec<u8>>) -> Option<String> {
    let is_plain = |text: &Vec<u8>| text.iter().all(|byte| *byte == b' ' || byte.is_ascii_graphic());
    let text = texts.into_iter().find(|text| !text.trim_ascii().is_empty() && is_plain(text))?;
    let text = text.trim_ascii();
    String::from_utf8(text[..text.len().min(MAX_REASON)].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short_and_plain() {
        let of = |texts: &[&[u8]]| reason(texts.iter().map(|text| text.to_vec()).collect());
        assert_eq!(
            of(&[b" https://list.example/?192.0.2.1 "]).as_deref(),
            Some("https://list.example/?192.0.2.1")
        );
        assert_eq!(
            of(&[b"a\r\n250 fine", b"caf\xc3\xa9", b"", b"  ", b"the last"]).as_deref(),
            Some("the last")
        );
        assert_eq!(of(&[&[b'x'; 1000]]).map(|text| text.len()), Some(200));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[b"\x1b[2J"]), None);
    }
}
