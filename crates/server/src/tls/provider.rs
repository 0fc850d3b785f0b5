//! The cryptography beneath TLS.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

#[cfg(target_arch = "x86_64")]
use super::records;

/// Returns AWS-LC, except for what ring opens in half the time. With the feature `fips` of rustls, all is AWS-LC's
/// validated module.
pub(super) fn provider() -> Arc<CryptoProvider> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(target_arch = "x86_64")]
    let provider = if records::are_opened_faster() && !provider.fips() {
        records::opened_by_ring(provider)
    } else {
        provider
    };
    Arc::new(provider)
}
