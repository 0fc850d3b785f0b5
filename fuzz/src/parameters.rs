use mailchute_proto::{DateTime, decode_xtext, encode_xtext};

use crate::parameter_reference::agrees_with_the_reference;

/// The words after a path match the grammar; xtext and times survive a round trip.
pub fn parameters(octets: &[u8]) {
    agrees_with_the_reference(octets);
    let Ok(text) = std::str::from_utf8(octets) else { return };
    if let Ok(decoded) = decode_xtext(text) {
        assert!(!decoded.contains(char::is_control), "{text:?}");
        assert_eq!(decode_xtext(&encode_xtext(&decoded)).as_deref(), Ok(&*decoded));
    }
    let encoded = encode_xtext(text);
    assert!(encoded.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'='), "{encoded:?}");
    assert_eq!(decode_as_written(&encoded), octets);
    if let Some(moment) = DateTime::parse(text) {
        assert_eq!(DateTime::parse(&moment.to_string()), Some(moment));
        let is_leap_second = text.ends_with("60Z") || text.ends_with("60z");
        assert!(is_leap_second || moment.to_string().eq_ignore_ascii_case(text), "{text:?}");
    }
}

/// RFC 3461 §4 in one line, of good xtext.
fn decode_as_written(xtext: &str) -> Vec<u8> {
    let mut parts = xtext.split('+');
    let mut octets = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        octets.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        octets.extend_from_slice(&part.as_bytes()[2..]);
    }
    octets
}
