use crate::dkim_check::{anything_is_answered, canonical_forms_decide};

/// Signs a message by a slow canonicalization, or takes any signature and key, and checks what the verifier says. The first
/// byte chooses.
pub fn dkim(octets: &[u8]) {
    match octets.split_first() {
        Some((b'c', rest)) => canonical_forms_decide(rest),
        Some((_, rest)) => anything_is_answered(rest),
        None => {}
    }
}
