//! AUTH, decoded for people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailchute::syntax::escaped;

/// Returns what a line of AUTH PLAIN says, step by step. The playground has a password of its own, so this tells
/// nothing that should be secret.
pub(super) fn plain(response: &str) -> Option<Vec<(String, String)>> {
    let bytes = STANDARD.decode(response.trim()).ok()?;
    let mut fields = bytes.split(|byte| *byte == 0);
    let (authorization, user, password) = (fields.next()?, fields.next()?, fields.next()?);
    let row = |name: &str, value: String| (name.to_owned(), value);
    Some(vec![
        row("Base64", response.trim().to_owned()),
        row("Bytes", escaped(&bytes).replace("\\u{0}", "\\0").replace("\\x00", "\\0")),
        row(
            "Acts as",
            if authorization.is_empty() { "the same user".to_owned() } else { escaped(authorization) },
        ),
        row("User", escaped(user)),
        row("Password", escaped(password)),
    ])
}
