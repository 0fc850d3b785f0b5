use mailchute_proto::EnvelopeSyntax;

use crate::address_grammar::{lenient_readings, split_path};
use crate::listener::{LENGTH, check, listener};
use crate::session::dialogue;

/// One command line in each phase of a session. The grammar of RFC 5321 accepts every accepted path too, and reads the
/// same from it.
pub fn commands(octets: &[u8]) {
    let Some((&told, line)) = octets.split_first_chunk::<LENGTH>() else { return };
    if line.contains(&b'\n') {
        return;
    }
    let session = listener(told);
    let hello = if session.protocol == mailchute_proto::Protocol::Lmtp { "LHLO" } else { "EHLO" };
    let phases = ["", "MAIL FROM:<ann@client.example>\r\n", "MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\n"];
    for phase in phases {
        let before = format!("{hello} client.example\r\n{phase}").into_bytes();
        let segments = [[&before, line, b"\r\n"].concat()];
        let record = check(&session, &segments, &[before.len() + line.len() / 2]);
        if phase.is_empty() {
            let is_lenient = session.settings.envelope == EnvelopeSyntax::Lenient;
            accepted_by_the_grammar(line, is_lenient, &record.output, &record.questions);
        }
    }
}

fn accepted_by_the_grammar(line: &[u8], is_lenient: bool, output: &[u8], questions: &[String]) {
    let Some(question) = questions.iter().find(|question| question.starts_with("Sender ")) else { return };
    // A tab that is not white space would have been an error.
    let levelled: Vec<u8> = line.iter().map(|&octet| if octet == b'\t' { b' ' } else { octet }).collect();
    let line = if is_lenient { levelled.trim_ascii() } else { line.trim_ascii_end() };
    let argument = line.split_at_checked(4).filter(|(verb, _)| verb.eq_ignore_ascii_case(b"MAIL"));
    let (word, path) = argument
        .and_then(|(_, argument)| argument.trim_ascii_start().split_at_checked(5))
        .unwrap_or_else(|| panic!("{question} of {}", line.escape_ascii()));
    assert!(word.eq_ignore_ascii_case(b"FROM:"), "{question} of {}", line.escape_ascii());
    assert_eq!(dialogue::replies(output).len(), 3, "the greeting, hello and MAIL have a reply each");
    let lenient = || lenient_readings(path, "mx.example.com").into_iter().next().filter(|_| is_lenient);
    let (address, _) = split_path(path)
        .or_else(lenient)
        .unwrap_or_else(|| panic!("{question}, but no path stands in {}", line.escape_ascii()));
    assert!(question.contains(&format!("{address:?}")[1..]) || address.is_empty(), "{question}: {address}");
}
