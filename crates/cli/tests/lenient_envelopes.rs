//! `--envelope` as a flag and as a key of the configuration file.

use std::fs;

use crate::support::Program;

const LISTEN: [&str; 4] = ["--listen", "127.0.0.1:0", "--store", "discard:"];

/// The replies to a sender without brackets, to one in a lenient form, and to a name without a domain.
fn replies(options: &[&str]) -> [String; 3] {
    let program = Program::start(&[&LISTEN, options].concat());
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    let bare = client.say("MAIL FROM:ann@client.example");
    client.say("RSET");
    let named = client.say("MAIL FROM:Ann < ann..b@client.example. >");
    client.say("RSET");
    client.say("MAIL FROM:<ann@client.example.>");
    [bare, named, client.say("RCPT TO:<bob>")]
}

#[test]
fn reads_envelopes_strictly_unless_told_otherwise() {
    let strict = ["501 5.1.7 Bad sender address syntax", "501 5.1.7 Bad sender address syntax"];
    for options in [&[][..], &["--envelope", "strict"]] {
        let [bare, named, recipient] = replies(options);
        assert_eq!([bare, named], strict);
        assert_eq!(recipient, "501 5.1.3 Bad recipient address syntax");
    }
}

#[test]
fn reads_envelopes_leniently_by_flag_and_by_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mailchute.toml");
    fs::write(&file, "envelope = \"lenient\"\n").unwrap();
    for options in [["--envelope", "lenient"], ["--config", file.to_str().unwrap()]] {
        let lenient = ["250 2.1.0 Sender OK", "250 2.1.0 Sender OK", "250 2.1.5 Recipient OK"];
        assert_eq!(replies(&options), lenient, "{options:?}");
    }
}
