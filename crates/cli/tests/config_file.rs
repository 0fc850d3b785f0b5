//! A configuration file: its options apply, the command line overrides them, and errors name their position.

use std::fs;

use crate::support::{Program, run, write_config};

/// The errors about a file, each line without the file's name.
#[track_caller]
fn mistakes(text: &str, code: i32) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = write_config(directory.path(), text);
    let (exit, error) = run(&["serve", "--config", &path]);
    assert_eq!(exit, code, "{error}");
    let begin = format!("mailchute: {path}:");
    let line = |line: &str| line.strip_prefix(&begin).unwrap_or_else(|| panic!("{line:?}")).to_owned();
    error.lines().map(line).collect()
}

#[track_caller]
fn assert_mistakes(text: &str, expected: &[&[&str]]) {
    let told = mistakes(text, 2);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected[0]), "{told:?} does not begin with {:?}", expected[0]);
        for text in *expected {
            assert!(told.contains(text), "{told:?} does not say {text:?}");
        }
    }
}

const SERVES: &str = r#"
listen = ["127.0.0.1:0"]
store = "discard:"
hostname = "file.example.com"
domain = ["example.com", "example.org"]
max-message-size = 1_000
require-tls = false
log-level = "warn"

[limits]
recipients = 100
errors = 3

[timeouts]
command = 60
"#;

#[test]
fn all_kinds_of_options_are_taken_from_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start(&["serve", "--config", &write_config(directory.path(), SERVES)]);
    let mut client = program.connect();
    assert!(client.read_reply().contains("file.example.com"));
    client.say("EHLO client.example");
    assert!(client.say("MAIL FROM:<> SIZE=1001").starts_with("552 5.3.4 "));
    assert!(client.say("MAIL FROM:<> SIZE=1000").starts_with("250 "));
    assert!(client.say("RCPT TO:<a@example.org>").starts_with("250 "));
    assert!(client.say("RCPT TO:<a@elsewhere.example>").starts_with("550 5.7.1 "));
    assert!(client.say("RCPT TO:<a@elsewhere.example>").starts_with("421 "), "three refusals are enough");
}

#[test]
fn a_file_with_a_byte_order_mark_and_crlf_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{}", SERVES.replace('\n', "\r\n"));
    let program = Program::start(&["serve", "--config", &write_config(directory.path(), &text)]);
    assert!(program.connect().read_reply().contains("file.example.com"));
    // The byte order mark is not a column, and takes no line.
    assert_mistakes("\u{feff}paint = 3\r\n", &[&["1:1: ", "paint"]]);
}

#[test]
fn a_file_in_utf_16_or_latin_1_is_told_as_such() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailchute.toml");
    let utf_16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}store = \"discard:\"\n".encode_utf16().flat_map(order).collect()
    };
    for (bytes, expected) in [
        (utf_16(u16::to_le_bytes), ":1:1: the file is UTF-16; save it as UTF-8"),
        (utf_16(u16::to_be_bytes), ":1:1: the file is UTF-16; save it as UTF-8"),
        (b"store = \"discard:\"\n# \xfcmlaut\n".to_vec(), ":2:1: this line is not UTF-8"),
    ] {
        fs::write(&path, bytes).unwrap();
        let (code, error) = run(&["serve", "--config", path.to_str().unwrap()]);
        assert!(code == 2 && error.contains(expected), "{code} {error}");
    }
}

#[test]
fn command_line_overrides_environment_overrides_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = write_config(directory.path(), &SERVES.replace("\"warn\"", "\"error\""));
    let arguments = ["--config", &path, "--hostname", "flag.example.com", "--domain", "example.net"];
    let limits = ["--limit", "errors=4"];
    let variable = Some(("MAILCHUTE_LOG_LEVEL", "debug"));
    let mut program = Program::start_with(&[&arguments[..], &limits].concat(), variable);
    let mut client = program.connect();
    assert!(client.read_reply().contains("flag.example.com"));
    program.logged("connected");
    client.say("EHLO client.example");
    assert!(client.say("MAIL FROM:<> SIZE=1001").starts_with("552 "), "the size is that of the file");
    client.say("MAIL FROM:<>");
    assert!(client.say("RCPT TO:<a@example.net>").starts_with("250 "));
    assert!(client.say("RCPT TO:<a@example.org>").starts_with("550 "), "a list is taken as a whole");
    assert!(client.say("RCPT TO:<a@example.org>").starts_with("550 "), "a limit is taken by itself");
}

#[test]
fn reports_every_mistake_with_its_line_and_column() {
    assert_mistakes(
        r#"listn = ["127.0.0.1:0"]
store = 5
domain = 5
listen = ["127.0.0.1:0", "localhost:smtp", 7]
require-tls = "yes"
max-message-size = -1
greeting-delay = "soon"
bare-line-ends = "allow"
log-level = "loud"
config = "other.toml"
auth-file = ""
paint = "red"
proxy-from = ["10.0.0.1/8"]
limits.paint = 3
limits.recipient = 100
limits.errors = 99999999999
[timeouts]
command = "1M"
"#,
        &[
            &["1:1: ", "no option \"listn\"", "write listen"],
            &["2:9: ", "store: this is a whole number; write a string"],
            &["3:10: ", "domain: this is a whole number; write a string or an array of strings"],
            &["4:26: ", "listen: \"localhost:smtp\"", "such as 127.0.0.1:2525"],
            &["4:44: ", "listen: this is a whole number; write a string"],
            &["5:15: ", "require-tls: this is a string; write true or false"],
            &["6:20: ", "max-message-size: -1", "0 or more"],
            &["7:18: ", "greeting-delay: \"soon\"", "such as 5m"],
            &["8:18: ", "bare-line-ends: \"allow\"", "write one of refuse, tolerate, normalize"],
            &["9:13: ", "log-level: \"loud\"", "write off, error"],
            &["10:1: ", "config", "leave it out"],
            &["11:13: ", "auth-file", "it is empty"],
            &["12:1: ", "no option \"paint\"", "example-config"],
            &["13:15: ", "proxy-from", "write 10.0.0.0/8"],
            &["14:8: ", "limits: there is no limit \"paint\""],
            &["15:8: ", "limits: there is no limit \"recipient\"", "write recipients"],
            &["16:17: ", "limits.errors", "write one from 0 to 4294967295"],
            &["18:11: ", "timeouts.command: \"command=1M\"", "such as 5m"],
        ],
    );
}

#[test]
fn sizes_and_times_mean_the_same_in_the_file_and_in_flags() {
    let directory = tempfile::tempdir().unwrap();
    let text = "max-message-size = \"25M\"\nlisten = [\"127.0.0.1:0\"]\nstore = \"discard:\"\n\
                limits.header-size = \"64K\"\nlimits.errors = \"5\"\ntimeouts.command = \"5m\"\n";
    let path = write_config(directory.path(), text);
    let flags =
        ["--config", &path, "--max-message-size", "1m", "--timeout", "data=1h", "--limit", "command-line=2K"];
    for (arguments, size) in [(&flags[..2], "26214400"), (&flags[..], "1048576")] {
        let program = Program::start(arguments);
        let mut client = program.connect();
        client.read_reply();
        assert!(client.hear_all("EHLO client.example").contains(&format!("SIZE {size}")), "{arguments:?}");
    }
    assert_mistakes(
        "max-message-size = \"25MB\"\nlimits.recipients = \"1K\"\ntimeouts.data = \"1h30m\"\ntimeouts.store = true\n",
        &[
            &["1:20: ", "max-message-size: \"25MB\"", "such as 25M"],
            &["2:21: ", "limits.recipients: ", "write one from 0 to 4294967295"],
            &["3:17: ", "timeouts.data: ", "such as 5m"],
            &["4:18: ", "timeouts.store: this is true or false; write a whole number"],
        ],
    );
}

#[test]
fn reports_where_invalid_toml_begins() {
    assert_mistakes("listen = [\"127.0.0.1:0\"\nstore = \"discard:\"\n", &[&["2:", "not TOML"]]);
    assert_mistakes(
        "store = \"discard:\"\nstore = \"discard:\"\n",
        &[&["2:1: ", "not TOML", "duplicate key"]],
    );
    assert_mistakes("limit = [\"errors=5\"]\n", &[&["1:1: ", "write limits"]]);
    assert_mistakes("limits = 5\n", &[&["1:10: ", "[limits]", "connections = 8192"]]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailchute.toml");
    fs::write(&path, b"listen = []\n# caf\xe9\n").unwrap();
    let (code, error) = run(&["--config", path.to_str().unwrap()]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("mailchute.toml:2:1: this line is not UTF-8"), "{error}");
}

#[test]
fn reports_conflicting_options_at_their_position() {
    assert_mistakes("require-auth = true\n", &[&["1:16: require-auth: ", "--auth-file"]]);
    assert_mistakes(
        "tls-cert = [\"a\", \"b\"]\ntls-key = [\"a\"]\n",
        &[&["1:13: tls-cert", "2 --tls-cert, 1 --tls-key"]],
    );
    assert_mistakes("tls-key = [\"a\"]\n", &[&["1:12: tls-key", "0 --tls-cert, 1 --tls-key"]]);
    assert_mistakes(
        "allow-root = true\nuser = \"nobody\"\ntls-client-cert = \"required\"\n",
        &[&["3:19: tls-client-cert", "--tls-client-ca"], &["1:14: allow-root", "--user"]],
    );
    let serves = "listen = [\"127.0.0.1:0\"]\nstore = \"discard:\"\n";
    assert_mistakes(
        &format!("{serves}limits.recipients = 0\n"),
        &[&["3:21: limits.recipients=0", "1 or more"]],
    );
    assert_mistakes(&format!("{serves}timeouts.data = 0\n"), &[&["3:17: timeouts.data=0", "more than 0"]]);
    assert_mistakes(&format!("{serves}hostname = \"no name\"\n"), &[&["3:12: hostname", "mx.example.com"]]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let (code, error) = run(&["serve", "--config", "/no/mailchute.toml"]);
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("/no/mailchute.toml: cannot be read"), "{error}");
}
