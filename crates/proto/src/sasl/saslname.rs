//! Names in GS2 headers (RFC 5801 §4, RFC 5802 §5.1).

/// Decodes `=2C` and `=3D`. Nothing else may follow an equals sign.
pub(super) fn decode(name: &str) -> Option<String> {
    let mut parts = name.split('=');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (mark, rest) = part.split_at_checked(2)?;
        text.push(match mark {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        text.push_str(rest);
    }
    let is_name = !text.is_empty() && !text.contains(['\0']) && !name.contains(',');
    is_name.then_some(text)
}
