//! A slow parser of the words after a path, to compare the real one with.

use mailchute_proto::{MailParameters, ParameterError, Parameters, RcptParameters};

/// Reads the grammar of RFC 5321 §4.1.2 step by step, and returns the words, or nothing if one of them is wrong.
fn reference(text: &[u8]) -> Option<Vec<(String, Option<String>)>> {
    let text = String::from_utf8(text.to_vec()).ok()?;
    let mut words = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut parts: Vec<&str> = word.split('=').collect();
        let keyword = parts[0].to_ascii_uppercase();
        // A parameter that does not affect delivery may have any value (RFC 4954 §5).
        let is_advisory = ["AUTH", "RET", "ENVID", "NOTIFY", "ORCPT"].contains(&keyword.as_str());
        if is_advisory {
            parts = word.splitn(2, '=').collect();
        }
        let is_alphanumeric = |c: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".contains(c);
        let keyword_is_good =
            keyword.starts_with(is_alphanumeric) && keyword.chars().all(|c| is_alphanumeric(c) || c == '-');
        let is_value = |c: char| matches!(c, '!'..='~' | '\u{a0}'..) && c != '\u{2028}' && c != '\u{2029}';
        let values_are_good =
            parts[1..].iter().all(|value| (is_advisory || !value.is_empty()) && value.chars().all(is_value));
        let is_new = words.iter().all(|(other, _)| *other != keyword);
        if !keyword_is_good || !values_are_good || parts.len() > 2 || !is_new || words.len() == 64 {
            return None;
        }
        words.push((keyword, parts.get(1).map(|value| (*value).to_owned())));
    }
    Some(words)
}

/// Compares both readings, and the typed values of the words.
pub(crate) fn agrees_with_the_reference(text: &[u8]) {
    let parsed = Parameters::parse(text).ok();
    let words = parsed.as_ref().map(|parameters| {
        parameters
            .iter()
            .map(|(keyword, value)| (keyword.to_owned(), value.map(str::to_owned)))
            .collect::<Vec<_>>()
    });
    assert_eq!(words, reference(text), "{text:?}");
    if let Some(parameters) = parsed {
        assert_eq!(Parameters::parse(parameters.to_string().as_bytes()), Ok(parameters.clone()));
        let typed =
            (MailParameters::from_parameters(&parameters), RcptParameters::from_parameters(&parameters));
        let clean = |text: &str| !text.contains(char::is_control);
        advisory_values_are_no_errors(text, &typed.0, &typed.1);
        assert!(typed.0.map_or(true, |mail| mail.envid.is_none_or(|envid| clean(&envid))));
        assert!(typed.1.map_or(true, |rcpt| rcpt.orcpt.is_none_or(|orcpt| clean(orcpt.address()))));
    }
}

/// If a parameter does not affect delivery, only a hidden control character is an error.
fn advisory_values_are_no_errors(
    text: &[u8],
    mail: &Result<MailParameters, ParameterError>,
    rcpt: &Result<RcptParameters, ParameterError>,
) {
    let has_escapes = text.iter().any(|byte| matches!(byte, b'+' | b'\\'));
    if let Err(error) = rcpt {
        assert!(*error == ParameterError::ControlCharacter && has_escapes, "{error}: {text:?}");
    }
    match mail {
        Err(ParameterError::BadValue { keyword }) => {
            assert!(!["AUTH", "RET", "ENVID"].contains(&keyword.as_str()), "{keyword}: {text:?}");
        }
        Err(error) => assert!(*error == ParameterError::ControlCharacter && has_escapes, "{error}: {text:?}"),
        Ok(_) => {}
    }
}
