//! Commands that a client may send, by the names of the table.

/// Commands that stand in the content of a message; no hook may be asked about Eve.
const CONTENT: &str = "\r\nMAIL FROM:<eve@client.example>\r\nRCPT TO:<eve@example.com>\r\nQUIT\r\n";

/// `\0user\0password` of a known user, and with a guessed password.
const GOOD: &str = "AHRpbQB0YW5zdGFhZnRhbnN0YWFm";
const BAD: &str = "AHRpbQB3cm9uZw==";

/// Returns each name with its bytes.
pub(crate) fn commands() -> Vec<(&'static str, Vec<u8>)> {
    let chunk = |last: &str| format!("BDAT {}{last}\r\n{CONTENT}", CONTENT.len());
    let commands = [
        ("EHLO", "EHLO client.example\r\n".to_owned()),
        ("HELO", "HELO client.example\r\n".to_owned()),
        ("LHLO", "LHLO client.example\r\n".to_owned()),
        ("MAIL", "MAIL FROM:<ann@client.example>\r\n".to_owned()),
        ("RCPT", "RCPT TO:<bob@example.com>\r\n".to_owned()),
        ("RCPT-NO", "RCPT TO:<nobody@example.com>\r\n".to_owned()),
        ("DATA", "DATA\r\n".to_owned()),
        ("END", ".\r\n".to_owned()),
        ("BARE", "a\nb\r\n".to_owned()),
        ("BDAT", chunk("")),
        ("BDAT-LAST", chunk(" LAST")),
        ("BDAT-BAD", "BDAT 5 LAS\r\n".to_owned()),
        ("RSET", "RSET\r\n".to_owned()),
        ("NOOP", "NOOP\r\n".to_owned()),
        ("VRFY", "VRFY bob\r\n".to_owned()),
        ("HELP", "HELP\r\n".to_owned()),
        ("QUIT", "QUIT\r\n".to_owned()),
        ("STARTTLS", "STARTTLS\r\n".to_owned()),
        ("AUTH", format!("AUTH PLAIN {GOOD}\r\n")),
        ("AUTH-BAD", format!("AUTH PLAIN {BAD}\r\n")),
        ("AUTH-ASKS", "AUTH PLAIN\r\n".to_owned()),
        ("ANSWER", format!("{GOOD}\r\n")),
        ("CANCEL", "*\r\n".to_owned()),
        ("XCLIENT", "XCLIENT ADDR=192.0.2.1\r\n".to_owned()),
        ("UNKNOWN", "XYZZY\r\n".to_owned()),
    ];
    commands.map(|(name, bytes)| (name, bytes.into_bytes())).into()
}
