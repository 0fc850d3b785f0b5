//! MAIL and RCPT for a next hop.

use mailchute_proto::next_hop::{Capabilities, ReplyReader, mail_command, needs_ascii_header, rcpt_command};
use mailchute_proto::{
    ForwardPath, MailParameters, Parameters, RcptParameters, Recipient, ReversePath, Sender,
};

fn capabilities(lines: &[&str]) -> Capabilities {
    let mut reader = ReplyReader::default();
    reader.push(b"250-mx.example.com\r\n");
    for line in lines {
        reader.push(format!("250-{line}\r\n").as_bytes());
    }
    reader.push(b"250 HELP\r\n");
    Capabilities::of_hello(&reader.next_reply().expect("a reply").expect("a whole one"))
}

fn sender(argument: &str) -> Sender {
    let (path, parameters) = ReversePath::parse_argument(argument.as_bytes()).expect("it is valid");
    let mut sender = Sender::new(path);
    let parameters = Parameters::parse(parameters).expect("it is valid");
    *sender.parameters_mut() = MailParameters::from_parameters(&parameters).expect("it is valid");
    sender
}

fn recipient(argument: &str) -> Recipient {
    let (path, parameters) = ForwardPath::parse_argument(argument.as_bytes()).expect("it is valid");
    let mut recipient = Recipient::new(path);
    let parameters = Parameters::parse(parameters).expect("it is valid");
    *recipient.parameters_mut() = RcptParameters::from_parameters(&parameters).expect("it is valid");
    recipient
}

const ALL: &[&str] = &[
    "SIZE 1000",
    "8BITMIME",
    "SMTPUTF8",
    "CHUNKING",
    "BINARYMIME",
    "DSN",
    "REQUIRETLS",
    "DELIVERBY",
    "FUTURERELEASE 100 2030-01-01T00:00:00Z",
    "MT-PRIORITY",
];

/// MAIL as a server that offers these takes it, or the refusal.
fn mail(argument: &str, offered: &[&str], is_authenticated: bool) -> String {
    match mail_command(&sender(argument), &capabilities(offered), is_authenticated) {
        Ok(command) => command,
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn mail_has_the_parameters_that_are_offered() {
    for argument in [
        "<a@example.com> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=a+2Bb",
        "<> BODY=BINARYMIME",
        "<bücher@example.com> BODY=7BIT SMTPUTF8",
        "<a@example.com> REQUIRETLS BY=120;RT HOLDFOR=60 MT-PRIORITY=3",
    ] {
        assert_eq!(mail(argument, ALL, true), format!("MAIL FROM:{argument}"));
    }
}

#[test]
fn mail_leaves_out_wishes_that_are_not_offered() {
    let wishes =
        "<a@example.com> SIZE=1000 BODY=7BIT SMTPUTF8 RET=HDRS ENVID=x BY=120;N MT-PRIORITY=3 AUTH=<>";
    assert_eq!(mail(wishes, &[], false), "MAIL FROM:<a@example.com>");
    assert_eq!(mail("<> BODY=8BITMIME", &[], false), "MAIL FROM:<>");
}

#[test]
fn mail_refuses_what_the_next_hop_cannot_take() {
    for (argument, offered, is_authenticated, code) in [
        ("<> SIZE=1001", &["SIZE 1000"][..], true, "552 5.3.4"),
        ("<> BODY=BINARYMIME", &["BINARYMIME"], true, "554 5.6.1"),
        ("<bücher@example.com> SMTPUTF8", &[], true, "550 5.6.7"),
        ("<> REQUIRETLS", &[], true, "550 5.7.30"),
        ("<> REQUIRETLS", &["REQUIRETLS"], false, "550 5.7.30"),
        ("<> BY=120;R", &[], true, "550 5.4.7"),
        ("<> HOLDFOR=60", &[], true, "550 5.3.3"),
    ] {
        let refusal = mail(argument, offered, is_authenticated);
        assert!(refusal.starts_with(code), "{argument}: {refusal}");
    }
}

#[test]
fn a_domain_in_utf8_goes_out_in_a_labels() {
    assert_eq!(mail("<a@bücher.example> SMTPUTF8", &[], true), "MAIL FROM:<a@xn--bcher-kva.example>");
    let command = rcpt_command(&recipient("<a@bücher.example>"), &sender("<>"), &capabilities(&["SMTPUTF8"]));
    assert_eq!(command.unwrap(), "RCPT TO:<a@xn--bcher-kva.example>", "the client has not used SMTPUTF8");
    assert!(needs_ascii_header(&sender("<> SMTPUTF8"), &capabilities(&[])));
    assert!(!needs_ascii_header(&sender("<> SMTPUTF8"), &capabilities(&["SMTPUTF8"])));
}

#[test]
fn rcpt_passes_on_dsn_where_it_is_offered() {
    for argument in [
        "<bob@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@example.org",
        "<bob@example.com> NOTIFY=NEVER ORCPT=utf-8;b\\x{FC}cher\\x{2B}x@example.org",
        "<Postmaster>",
    ] {
        let recipient = recipient(argument);
        let sender = sender("<> SMTPUTF8");
        assert_eq!(
            rcpt_command(&recipient, &sender, &capabilities(ALL)).unwrap(),
            format!("RCPT TO:{argument}")
        );
        let bare = rcpt_command(&recipient, &sender, &capabilities(&[])).unwrap();
        assert_eq!(bare, format!("RCPT TO:{}", argument.split(' ').next().unwrap()));
    }
    let refusal =
        rcpt_command(&recipient("<bücher@example.com>"), &sender("<> SMTPUTF8"), &capabilities(&[]));
    assert!(refusal.unwrap_err().to_string().starts_with("550 5.6.7"));
}
