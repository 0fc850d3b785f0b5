use crate::dmarc_check::a_record_is_read_as_it_is_written;

/// A second reading of a record of DMARC finds the same policies.
pub fn dmarc_record(octets: &[u8]) {
    a_record_is_read_as_it_is_written(octets);
}
