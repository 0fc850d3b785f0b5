use mailchute_proto::{AddressLiteral, Domain, HeloName, Mailbox};

use crate::address_grammar::{
    agrees_with_the_lenient_reference, agrees_with_the_reference, is_domain, is_mailbox, without_root,
};

/// Paths, mailboxes, domains and names are what the grammar of RFC 5321 says, and print what was parsed.
pub fn addresses(octets: &[u8]) {
    agrees_with_the_reference(octets);
    agrees_with_the_reference(&[b"<", octets, b">"].concat());
    agrees_with_the_lenient_reference(octets);
    if let Ok(name) = HeloName::parse(octets) {
        assert!(!name.as_str().contains(|c: char| c.is_control() || c.is_whitespace()), "{name:?}");
    }
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let mailbox = Mailbox::parse(text);
    assert_eq!(mailbox.is_ok(), is_mailbox(text), "{text:?}");
    assert_eq!(Domain::parse(text).is_ok(), is_domain(text), "{text:?}");
    let Ok(mailbox) = mailbox else { return };
    assert_eq!(mailbox.to_string(), without_root(text));
    assert_eq!(format!("{}@{}", mailbox.local_part(), mailbox.domain()), without_root(text));
    if let Some(literal) = mailbox.address_literal() {
        assert_eq!(AddressLiteral::parse(&literal.to_string()), Ok(literal));
    }
    let plain = mailbox.unquoted_local_part().into_owned();
    let quoted = format!("\"{}\"@b", plain.replace('\\', r"\\").replace('"', r#"\""#));
    let quoted = Mailbox::parse(&quoted).expect("a local part can be quoted");
    assert_eq!(quoted.unquoted_local_part(), plain);
}
