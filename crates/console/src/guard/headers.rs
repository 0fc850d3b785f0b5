//! The headers of each response, for browsers.

use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

/// No inline script or style, nothing of other sites, and no page of ours in a frame of another.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// A response that has its own field keeps it.
pub(crate) fn add(headers: &mut HeaderMap) {
    let fields = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Other sites get no referrer. With `no-referrer`, browsers hide the origin of our own forms from us too.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
        // Looking up the host of a link in a mail would tell its sender that it was read.
        (HeaderName::from_static("x-dns-prefetch-control"), "off"),
    ];
    for (name, value) in fields {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Whether a person looks at the response.
pub(crate) fn asks_for_a_page(request: &Request) -> bool {
    let accepts = |field: &HeaderValue| field.to_str().is_ok_and(|kinds| kinds.contains("text/html"));
    !request.uri().path().starts_with("/api/")
        && matches!(*request.method(), Method::GET | Method::HEAD | Method::POST)
        && request.headers().get(ACCEPT).is_some_and(accepts)
}
