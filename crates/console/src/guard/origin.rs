//! The rule of origins: a page of another site may not ask, not even for an image.

use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::http::uri::Authority;

use crate::guard::refusal::Refusal;

/// Checks `Origin` and `Sec-Fetch-Site`. Programs send neither.
pub(crate) fn check(request: &Request, host: Option<&str>) -> Result<(), Refusal> {
    let mut sites = request.headers().get_all("sec-fetch-site").iter();
    let is_own_page = match (sites.next(), sites.next()) {
        (None, _) => false,
        (Some(site), None) if site == "same-origin" => true,
        // Typed by the user, or a bookmark.
        (Some(site), None) if site == "none" => false,
        _ => return Err(Refusal::foreign_site()),
    };
    for origin in request.headers().get_all(ORIGIN) {
        // A browser that hides the origin of one of our own forms says `null`, but also that the site is ours.
        let is_own =
            (is_own_page && origin == "null") || origin.to_str().is_ok_and(|origin| is_of(origin, host));
        if !is_own {
            return Err(Refusal::foreign_site());
        }
    }
    Ok(())
}

/// A proxy in front may speak TLS, so the scheme does not matter.
fn is_of(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    match (authority.and_then(|text| text.parse::<Authority>().ok()), host) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(fields: &[(&str, &str)]) -> bool {
        let mut request = Request::new(axum::body::Body::empty());
        for (name, value) in fields {
            let name: axum::http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        check(&request, Some("localhost:8025")).is_ok()
    }

    #[test]
    fn only_requests_of_own_pages_and_of_programs_pass() {
        assert!(passes(&[]));
        assert!(passes(&[("origin", "http://localhost:8025"), ("sec-fetch-site", "same-origin")]));
        assert!(passes(&[("origin", "https://LOCALHOST:8025")]));
        assert!(passes(&[("sec-fetch-site", "none")]));
        assert!(passes(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!passes(&[("origin", "null")]));
        for origin in [
            "http://evil.example",
            "http://localhost:3000",
            "http://localhost:8025.evil.example",
            "http://x@localhost:8025",
            "ftp://localhost:8025",
            "",
        ] {
            assert!(!passes(&[("origin", origin)]), "{origin}");
            assert!(!passes(&[("origin", origin), ("sec-fetch-site", "same-origin")]), "{origin}");
        }
        for site in ["cross-site", "same-site", "", "unknown"] {
            assert!(!passes(&[("sec-fetch-site", site)]), "{site}");
        }
        assert!(!passes(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("origin", "http://localhost:8025"), ("origin", "http://evil.example")]));
    }
}
