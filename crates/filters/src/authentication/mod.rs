//! SPF, DKIM, ARC and DMARC of a message, as one filter.
