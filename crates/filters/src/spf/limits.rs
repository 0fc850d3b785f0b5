//! Bounds on the cost of a check (RFC 7208 §4.6.4).

/// How much a check may ask of the DNS. The defaults are those of RFC 7208 §4.6.4, and records are written for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Terms that need the DNS: `include`, `a`, `mx`, `ptr`, `exists`, `redirect`, and the first macro `p`. One more is a
    /// [`PermError`](super::SpfResult::PermError). The default is 10.
    pub terms: usize,
    /// Void lookups: mechanisms whose name has no record. One more is a [`PermError`](super::SpfResult::PermError). The
    /// default is 2.
    pub void_lookups: usize,
    /// Hosts of one `mx`. One more is a [`PermError`](super::SpfResult::PermError). The default is 10.
    pub mx_hosts: usize,
    /// Names of the client that `ptr` and the macro `p` look up. Further names are ignored. The default is 10.
    pub ptr_names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { terms: 10, void_lookups: 2, mx_hosts: 10, ptr_names: 10 }
    }
}
