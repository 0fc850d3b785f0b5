use arbitrary::{Result, Unstructured};

use crate::data::of_kind;
use crate::listener::{check, cuts};

/// The decoder of BDAT: a message in chunks of any size, of text or any bytes, and the input after it.
pub fn chunks(octets: &[u8]) {
    // Too few bytes make no message.
    let _ = message(Unstructured::new(octets));
}

fn message(mut source: Unstructured<'_>) -> Result<()> {
    let (kind, places): (u8, [u8; 2]) = source.arbitrary()?;
    let is_binary = kind & 0x80 != 0;
    let body = if is_binary { " BODY=BINARYMIME" } else { "" };
    let mut octets = format!(
        "EHLO client.example\r\nMAIL FROM:<ann@client.example>{body}\r\nRCPT TO:<bob@example.com>\r\n"
    )
    .into_bytes();
    let sizes: Vec<u8> =
        (0..source.int_in_range(1..=6)?).map(|_| source.arbitrary()).collect::<Result<_>>()?;
    let mut rest = source.take_rest();
    let (mut content, mut chunks) = (Vec::new(), 0);
    for (index, &size) in sizes.iter().enumerate() {
        let (chunk, behind) = rest.split_at(rest.len().min(size.into()));
        let last = if index + 1 == sizes.len() { " LAST" } else { "" };
        octets.extend_from_slice(format!("BDAT {}{last}\r\n", chunk.len()).as_bytes());
        octets.extend_from_slice(chunk);
        content.extend_from_slice(chunk);
        (rest, chunks) = (behind, chunks + 1);
    }
    octets.extend_from_slice(rest);
    let session = of_kind(kind & 0x7f);
    let length = octets.len();
    let record = check(&session, &[octets], &cuts(places, length));
    if let Some(message) = record.messages.first().filter(|_| is_binary) {
        assert_eq!(message.content, content, "binary content is not touched");
    }
    assert!(!is_binary || !record.messages.is_empty(), "{chunks} binary chunks make no message");
    Ok(())
}
