//! Headers of NATS, written and read.

use proptest::prelude::*;

use super::*;

fn address() -> impl Strategy<Value = String> {
    let local = prop_oneof!["[a-zA-Z0-9!#$%+=_-]{1,12}", r#""[ -!#-\[\]-~]{0,12}""#, "[a-zü]{1,6}"];
    let domain = prop_oneof!["[a-z]{1,8}\\.example", "\\[192\\.0\\.2\\.[1-9]\\]", "bücher\\.example"];
    (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"))
}

fn sender() -> impl Strategy<Value = Sender> {
    let path = prop_oneof![Just(None), address().prop_map(Some)];
    let parameters = prop::sample::subsequence(
        &[
            "SIZE=1000",
            "BODY=BINARYMIME",
            "SMTPUTF8",
            "AUTH=a+2Bb@example.org",
            "RET=HDRS",
            "ENVID=a+2Bb+3Dc",
            "REQUIRETLS",
            "BY=120;RT",
            "MT-PRIORITY=-4",
            "HOLDFOR=60",
            "X-COLOUR=blue",
        ],
        0..10,
    );
    (path, parameters).prop_map(|(path, parameters)| {
        let path = path.map_or(ReversePath::Null, |path| Mailbox::parse(&path).expect("an address").into());
        let mut sender = Sender::new(path);
        *sender.parameters_mut() = mail_parameters(&parameters.join(" ")).expect("parameters");
        sender
    })
}

fn recipient() -> impl Strategy<Value = Recipient> {
    let path = prop_oneof![Just(None), address().prop_map(Some)];
    let parameters = prop::sample::subsequence(
        &["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;a+2Bb@example.org", "X-PLACE=ü"],
        0..3,
    );
    (path, parameters).prop_map(|(path, parameters)| {
        let path =
            path.map_or(ForwardPath::Postmaster, |path| Mailbox::parse(&path).expect("an address").into());
        let mut recipient = Recipient::new(path);
        *recipient.parameters_mut() = rcpt_parameters(&parameters.join(" ")).expect("parameters");
        recipient
    })
}

fn envelope() -> impl Strategy<Value = StreamEnvelope> {
    let text = || prop::option::of("[!-~ü]([ -~ü]{0,20}[!-~])?");
    let client = prop::option::of(any::<(std::net::IpAddr, u16)>().prop_map(SocketAddr::from));
    let helo = prop::option::of("[!-~]{1,20}");
    let recipients = prop::collection::vec(recipient(), 1..5);
    let facts = (text(), text(), text(), text(), text(), text());
    (sender(), recipients, client, helo, facts).prop_map(|(sender, recipients, client, helo, facts)| {
        let mut envelope = Envelope::new(sender);
        envelope.recipients = recipients;
        let (id, client_name, tls, user, directory, body) = facts;
        let helo = helo.map(|helo| HeloName::parse(helo.as_bytes()).expect("a name"));
        StreamEnvelope { envelope, id, client, client_name, helo, tls, user, directory, body }
    })
}

proptest! {
    #[test]
    fn headers_say_all_that_the_envelope_says(envelope in envelope()) {
        let headers = envelope.headers().expect("all values can be written");
        for (_, value) in &headers {
            prop_assert!(!value.contains(['\r', '\n', '\0']) && value.trim() == value, "{}", value);
        }
        let read = StreamEnvelope::from_headers(headers.iter().map(|(name, value)| (*name, &**value)));
        prop_assert_eq!(read, Ok(envelope));
    }

    #[test]
    fn no_header_makes_reading_panic(name in prop::sample::select(&SINGLE), value: String) {
        let _ = StreamEnvelope::from_headers([(SENDER, NULL), (RECIPIENT, &value), (name, &value)]);
        let _ = StreamEnvelope::from_headers([(RECIPIENT, "a@b.example"), (RECIPIENT_PARAMETERS, &value)]);
    }
}

#[test]
fn writes_one_header_for_each_recipient() {
    let mut envelope = Envelope::new(Sender::new(ReversePath::Null));
    envelope.sender.parameters_mut().smtputf8 = true;
    envelope.recipients = vec!["bob@example.com".parse().unwrap(), Recipient::new(ForwardPath::Postmaster)];
    *envelope.recipients[1].parameters_mut() = rcpt_parameters("NOTIFY=NEVER").unwrap();
    let envelope = StreamEnvelope { id: Some("1b-0".to_owned()), ..StreamEnvelope::new(envelope) };
    let headers = envelope.headers().unwrap();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
    assert_eq!(
        headers,
        [
            ("Mailchute-Sender", "<>"),
            ("Mailchute-Parameters", "SMTPUTF8"),
            ("Mailchute-Recipient", "bob@example.com"),
            ("Mailchute-Recipient", "Postmaster"),
            ("Mailchute-Recipient-Parameters", "2 NOTIFY=NEVER"),
            ("Mailchute-Id", "1b-0"),
        ]
    );
}

#[test]
fn an_error_names_the_header() {
    let (from, to) = ((SENDER, "a@example.org"), (RECIPIENT, "b@example.com"));
    for (headers, hint) in [
        (vec![to], "Mailchute-Sender is missing"),
        (vec![from], "Mailchute-Recipient is missing"),
        (vec![from, from, to], "Mailchute-Sender stands twice"),
        (vec![(SENDER, ""), to], "Mailchute-Sender: "),
        (vec![(SENDER, "alice"), to], "Mailchute-Sender: "),
        (vec![from, (RECIPIENT, "<>")], "Mailchute-Recipient: "),
        (vec![from, to, (RECIPIENT_PARAMETERS, "2 NOTIFY=NEVER")], "Mailchute-Recipient-Parameters: "),
        (vec![from, to, (RECIPIENT_PARAMETERS, "0 NOTIFY=NEVER")], "Mailchute-Recipient-Parameters: "),
        (vec![from, to, (RECIPIENT_PARAMETERS, "NOTIFY=NEVER")], "Mailchute-Recipient-Parameters: "),
        (vec![from, to, (PARAMETERS, "BODY=9BIT")], "Mailchute-Parameters: "),
        (vec![from, to, (CLIENT, "client.example")], "Mailchute-Client: "),
        (vec![from, to, (HELO, "a\u{7}b")], "Mailchute-Helo: "),
    ] {
        let error = StreamEnvelope::from_headers(headers.clone()).unwrap_err().to_string();
        assert!(error.starts_with(hint), "{headers:?}: {error}");
    }
}

#[test]
fn values_that_would_make_headers_are_errors() {
    let good =
        StreamEnvelope::from_headers([(SENDER, "a@example.org"), (RECIPIENT, "b@example.com")]).unwrap();
    let mut user = good.clone();
    user.user = Some("eve\r\nMailchute-User: root".to_owned());
    let mut parameter = good.clone();
    parameter.envelope.sender.parameters_mut().other.push(("X".to_owned(), Some("a\nb".to_owned())));
    let mut keyword = good;
    keyword.envelope.recipients[0].parameters_mut().other.push(("X Y".to_owned(), Some("1".to_owned())));
    for (envelope, hint) in [
        (user, "Mailchute-User: it has a control character"),
        (parameter, "Mailchute-Parameters: "),
        (keyword, "Mailchute-Recipient-Parameters: "),
    ] {
        let error = envelope.headers().unwrap_err().to_string();
        assert!(error.starts_with(hint), "{error}");
    }
}
