//! Line ends, read slowly: where a message ends, which line ends are bare, and their results.

/// Whether a CR or LF stands alone.
pub(crate) fn has_bare(content: &[u8]) -> bool {
    (0..content.len()).any(|at| match content[at] {
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || content[at - 1] != b'\r',
        _ => false,
    })
}

/// Returns whether NULs and a dot after them are alone on a line, and one of the line ends around it is bare.
pub(crate) fn has_lone_dot(content: &[u8]) -> bool {
    const CRLF: char = '\u{100}';
    const BARE: char = '\u{101}';
    let text = content.iter().map(|&byte| char::from(byte)).collect::<String>();
    let text = text.replace("\r\n", &CRLF.to_string()).replace(['\r', '\n'], &BARE.to_string());
    let text: Vec<char> = format!("{CRLF}{text}{CRLF}").chars().collect();
    let ends: Vec<usize> = (0..text.len()).filter(|&at| matches!(text[at], CRLF | BARE)).collect();
    ends.windows(2).any(|pair| {
        let [before, behind] = [pair[0], pair[1]];
        let line = &text[before + 1..behind];
        line.first() == Some(&'\0')
            && line.iter().filter(|&&byte| byte != '\0').eq([&'.'])
            && (text[before] == BARE || text[behind] == BARE)
    })
}

/// The most CRs that belong to the LF after them.
const MOST_RETURNS: usize = 8;

/// Cuts a run of CRs and LFs into line ends.
fn line_ends(run: &[u8]) -> Vec<Vec<u8>> {
    let mut ends: Vec<Vec<u8>> = Vec::new();
    for group in run.split_inclusive(|&byte| byte == b'\n') {
        let returns = group.iter().filter(|&&byte| byte == b'\r').count();
        let of_feed = if returns < group.len() { returns.min(MOST_RETURNS) } else { 0 };
        for number in 0..returns - of_feed {
            match ends.last_mut().filter(|_| number == 0 && run[0] == b'\n') {
                Some(end) => end.push(b'\r'),
                None => ends.push(b"\r".to_vec()),
            }
        }
        if returns < group.len() {
            ends.push([vec![b'\r'; of_feed], b"\n".to_vec()].concat());
        }
    }
    ends
}

/// Returns the content that reaches the store, if it came by DATA (dots after CRLFs unstuffed) or by BDAT.
pub(crate) fn handed_on(content: &[u8], normalize: bool, by_data: bool) -> Vec<u8> {
    let is_of_run = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let (mut whole, mut rest, mut stuffs) = (Vec::new(), content, by_data);
    while !rest.is_empty() {
        let text = rest.iter().position(is_of_run).unwrap_or(rest.len());
        whole.extend_from_slice(&rest[..text]);
        rest = &rest[text..];
        let run = rest.iter().position(|byte| !is_of_run(byte)).unwrap_or(rest.len());
        if run == 0 {
            break;
        }
        let mut ends = line_ends(&rest[..run]);
        rest = &rest[run..];
        let is_feed = ends.last().is_some_and(|end| end == b"\n");
        if let (true, true, [.., before, last]) = (by_data, rest.is_empty(), &mut ends[..])
            && before == b"\n"
            && last.ends_with(b"\r\n")
        {
            // The client's end of the data.
            last.truncate(last.len() - 2);
            if normalize {
                ends.pop();
            }
        }
        if let (Some(last), [b'.', ..]) = (ends.last_mut(), rest) {
            *last = match find(last, b"\r\n") {
                Some(at) => last[..at + 2].to_vec(),
                None => b"\r\n".to_vec(),
            };
        }
        for end in ends {
            whole.extend_from_slice(if normalize { b"\r\n" } else { &end });
        }
        if is_feed && rest.starts_with(b".") {
            stuffs &= rest.starts_with(b"..") || rest == b".";
            if stuffs && rest.starts_with(b"..") {
                rest = &rest[1..];
            }
        }
    }
    whole
}

pub(super) fn find(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes.windows(sought.len()).position(|window| window == sought)
}

pub(super) fn end_of_message(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b".\r\n") { Some(3) } else { find(bytes, b"\r\n.\r\n").map(|at| at + 5) }
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
