//! Source routes (RFC 5321 §4.1.2), which a server reads and drops.

use super::{AddressError, domain_syntax};

/// Returns the length of `@a,@b:`. Only ASCII is taken: the route is dropped, and with it the sign that it needs SMTPUTF8.
pub(super) fn scan_source_route(bytes: &[u8]) -> Result<usize, AddressError> {
    let mut index = 0;
    loop {
        let host = bytes[index..].strip_prefix(b"@").ok_or(AddressError::SourceRoute)?;
        let domain_syntax::Found { length, .. } =
            domain_syntax::scan(host).map_err(|_| AddressError::SourceRoute)?;
        index += 1 + length;
        let separator = bytes.get(index);
        index += 1;
        match separator {
            Some(b':') if bytes[..index].is_ascii() => return Ok(index),
            Some(b',') => {}
            _ => return Err(AddressError::SourceRoute),
        }
    }
}
