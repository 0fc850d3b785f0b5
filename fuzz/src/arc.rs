use crate::arc_check::{a_change_of_a_chain_decides, any_chain_is_answered};

/// Changes a chain that passes, or takes any fields as a chain, and checks what the verifier says. The first byte chooses.
pub fn arc(octets: &[u8]) {
    match octets.split_first() {
        Some((b'c', rest)) => a_change_of_a_chain_decides(rest),
        Some((_, rest)) => any_chain_is_answered(rest),
        None => {}
    }
}
