use arbitrary::{Result, Unstructured};

use crate::listener::{check, cuts, listener};
use crate::vocabulary::{COMMANDS, EXCHANGES, LAST_WORDS};

/// Whole sessions as operations: valid and invalid commands, transactions by DATA and by BDAT, handshakes, garbage, cut
/// anywhere.
pub fn operations(octets: &[u8]) {
    let _ = session(&mut Unstructured::new(octets));
}

fn session(source: &mut Unstructured<'_>) -> Result<()> {
    let session = listener(source.arbitrary()?);
    let places = source.arbitrary()?;
    let mut segments = vec![Vec::new()];
    if source.ratio(9, 10)? {
        segments = vec![b"EHLO client.example\r\n".to_vec()];
    }
    let mut transactions = 0;
    while !source.is_empty() && transactions < 64 {
        transactions += 1;
        let octets = match source.int_in_range(0..=15)? {
            0..=4 => format!("{}\r\n", source.choose(COMMANDS)?).into_bytes(),
            5..=7 => by_data(source, transactions)?,
            8..=10 => in_chunks(source, transactions)?,
            11 => source.choose(EXCHANGES)?.as_bytes().to_vec(),
            12 => message(source)?,
            13 => [source.arbitrary::<&[u8]>()?, b"\r\n"].concat(),
            14 if source.ratio(1, 4)? => source.choose(LAST_WORDS)?.to_vec(),
            14 => {
                let length = source.int_in_range(0..=300)?;
                format!("{}{}\r\n", source.choose(COMMANDS)?, "A".repeat(length)).into_bytes()
            }
            _ => {
                segments.extend([b"STARTTLS\r\n".to_vec(), b"EHLO client.example\r\n".to_vec()]);
                let hello = segments.pop().expect("it was put there");
                let clear = segments.pop().expect("it was put there");
                segments.last_mut().expect("there is one").extend_from_slice(&clear);
                segments.push(hello);
                continue;
            }
        };
        segments.last_mut().expect("there is one").extend_from_slice(&octets);
    }
    if session.protocol == mailchute_proto::Protocol::Lmtp {
        segments.iter_mut().for_each(|segment| in_lmtp(segment));
    }
    let length = segments.iter().map(Vec::len).sum();
    let record = check(&session, &segments, &cuts(places, length));
    for message in &record.messages {
        // The number of a transaction is in its sender, its recipients and its content.
        let Some(number) = number_in(&message.sender) else { continue };
        let strangers = message.recipients.iter().filter_map(|recipient| number_in(recipient));
        for stranger in strangers {
            // A refused MAIL leaves its recipients to an earlier transaction that goes on.
            assert!(stranger >= number, "a recipient of {stranger} in a message of {number}");
        }
    }
    Ok(())
}

fn number_in(address: &str) -> Option<usize> {
    address.strip_prefix('n')?.split('.').next()?.parse().ok()
}

/// MAIL and up to three RCPT that contain the number of their transaction.
fn envelope(source: &mut Unstructured<'_>, number: usize, parameter: &str) -> Result<Vec<u8>> {
    let mut envelope = format!("MAIL FROM:<n{number}.ann@client.example>{parameter}\r\n");
    for _ in 0..source.int_in_range(0..=2)? {
        let recipient = source.choose(&["bob", "carl", "dora"])?;
        envelope += &format!("RCPT TO:<n{number}.{recipient}@example.com>\r\n");
    }
    if source.ratio(1, 4)? {
        envelope += source.choose(&["RCPT TO:<nobody@example.com>\r\n", "RCPT TO:<carl@example.com>\r\n"])?;
    }
    Ok(envelope.into_bytes())
}

fn by_data(source: &mut Unstructured<'_>, number: usize) -> Result<Vec<u8>> {
    Ok([envelope(source, number, "")?, b"DATA\r\n".to_vec(), message(source)?].concat())
}

fn in_chunks(source: &mut Unstructured<'_>, number: usize) -> Result<Vec<u8>> {
    let parameter = source.choose(&["", " BODY=8BITMIME", " BODY=BINARYMIME"])?;
    let mut octets = envelope(source, number, parameter)?;
    for _ in 0..source.int_in_range(0..=2)? {
        octets.extend(chunk(source, "")?);
        if source.ratio(1, 6)? {
            octets.extend_from_slice(format!("{}\r\n", source.choose(COMMANDS)?).as_bytes());
        }
    }
    if source.ratio(7, 8)? {
        octets.extend(chunk(source, " LAST")?);
    }
    Ok(octets)
}

fn chunk(source: &mut Unstructured<'_>, last: &str) -> Result<Vec<u8>> {
    let content = text(source)?;
    Ok([format!("BDAT {}{last}\r\n", content.len()).into_bytes(), content].concat())
}

fn message(source: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let end: &[u8] = source.choose(&[&b"\r\n.\r\n"[..], b"\r\n.\r\n", b"\r\n.\r\n", b".\r\n", b"\r\n.\r"])?;
    Ok([&text(source)?, end].concat())
}

/// Parts of messages, with text that looks like their end and like commands.
fn text(source: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const PIECES: [&[u8]; 16] = [
        b"\r\n",
        b"Subject: y\r\n",
        b"Received: x\r\n",
        b" folded\r\n",
        b"text",
        b".",
        b"..",
        b"\r\n.\r\n",
        b"\r\n.\r\nQUIT\r\n",
        b"MAIL FROM:<eve@example.com>\r\n",
        b"\r",
        b"\n",
        b"\n.\n",
        b"\r\n.\n",
        b"\0",
        b"\x16\xff",
    ];
    let mut text = Vec::new();
    for _ in 0..source.int_in_range(0..=10)? {
        // The last six are bare line ends and non-text bytes, and rare.
        let most = if source.ratio(1, 16)? { PIECES.len() } else { 7 };
        text.extend_from_slice(PIECES[source.choose_index(most)?]);
    }
    if source.ratio(1, 8)? {
        text.extend_from_slice(source.arbitrary()?);
    }
    Ok(text)
}

/// Sends LHLO for LMTP.
fn in_lmtp(segment: &mut [u8]) {
    let places: Vec<usize> = (0..segment.len()).filter(|&at| segment[at..].starts_with(b"EHLO")).collect();
    for at in places {
        segment[at] = b'L';
    }
}
