//! Command lines, read slowly.

/// The announcement of a BDAT.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) size: u64,
    pub(super) is_last: bool,
}

/// Reads `BDAT size [LAST]`, with any white space: where that is an error, the line has its reply.
pub(super) fn chunk(line: &[u8]) -> Option<Chunk> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?.to_ascii_uppercase();
    let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let (size, is_last) = match words[..] {
        ["BDAT", size] => (size, false),
        ["BDAT", size, "LAST"] => (size, true),
        _ => return None,
    };
    let is_number = size.bytes().all(|byte| byte.is_ascii_digit());
    let size = size.parse().ok().filter(|_| is_number)?;
    Some(Chunk { size, is_last })
}

/// Returns the first word, also of a line that is refused for the white space around it.
pub(super) fn verb(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches(['\r', '\n']).trim_start_matches([' ', '\t']);
    line.split([' ', '\t']).next().unwrap_or_default().to_ascii_uppercase()
}

/// Whether white space hides the verb, unless it is read leniently.
pub(super) fn is_oddly_spaced(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let separator = line.iter().find(|byte| matches!(byte, b' ' | b'\t'));
    line.starts_with(b" ") || separator == Some(&b'\t')
}

/// Returns the address of an accepted MAIL or RCPT in its normal form: without the dot at its end, with quotes where
/// the strict grammar needs them, and with the server's name if it has no domain.
pub(super) fn address(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line).replace('\t', " ");
    let argument = text.split_once(':').map_or("", |(_, argument)| argument).trim();
    let is_open = |c: char| !matches!(c, '<' | ' ');
    // Parameters may hold brackets too.
    let bracket =
        unquoted(argument, '<').filter(|&start| unquoted(argument, '@').is_none_or(|at| start < at));
    let path = match bracket {
        Some(start) => {
            let inside = argument[start..].trim_start_matches(|c| !is_open(c));
            &inside[..unquoted(inside, '>').unwrap_or(0)]
        }
        None => &argument[..unquoted(argument, ' ').unwrap_or(argument.len())],
    };
    let is_routed = path.starts_with('@');
    let mailbox = path.split_once(':').filter(|_| is_routed).map_or(path, |(_, mailbox)| mailbox).trim();
    let is_recipient = text.trim_start().get(..1).is_some_and(|verb| verb.eq_ignore_ascii_case("r"));
    match unquoted(mailbox, '@') {
        None if mailbox.is_empty() => String::new(),
        None if is_recipient && mailbox.eq_ignore_ascii_case("postmaster") => "Postmaster".to_owned(),
        None => format!("{}@mx.example.com", quoted(mailbox)),
        Some(at) => {
            let domain = &mailbox[at + 1..];
            format!("{}@{}", quoted(&mailbox[..at]), domain.strip_suffix('.').unwrap_or(domain))
        }
    }
}

/// Returns where a sign stands that is neither quoted nor within an address literal. A quote in a literal is an
/// ordinary character.
fn unquoted(text: &str, sign: char) -> Option<usize> {
    let (mut is_quoted, mut is_escaped, mut is_literal) = (false, false, false);
    text.find(|character| {
        let is_found = character == sign && !is_quoted && !is_literal;
        is_literal = !is_quoted && character != ']' && (is_literal || character == '[');
        is_quoted ^= character == '"' && !is_escaped && !is_literal;
        is_escaped = character == '\\' && !is_escaped;
        is_found
    })
}

/// A local part whose dots do not stand between atoms needs quotes.
fn quoted(local_part: &str) -> String {
    let is_odd = local_part.split('.').any(str::is_empty);
    if is_odd && !local_part.starts_with('"') { format!("\"{local_part}\"") } else { local_part.to_owned() }
}
