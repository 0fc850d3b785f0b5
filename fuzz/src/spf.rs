use crate::spf_check::stays_within_limits;

/// Any zone is answered within the limits, and twice in the same way. The first line names client, EHLO and sender, each
/// other line a record.
pub fn spf(octets: &[u8]) {
    stays_within_limits(octets);
}
