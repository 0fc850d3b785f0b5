//! The field `Authentication-Results` (RFC 8601 §2.2).

use std::fmt;

use super::method::MethodResult;
use super::parse::{Claim, segments};
use super::text::own_name;

/// The value of an `Authentication-Results` field.
///
/// # Examples
/// ```
/// use mailchute_filters::results::{AuthenticationResults, MethodResult};
///
/// let value = AuthenticationResults::new("mx.example.com")
///     .result(MethodResult::new("spf", "fail").property("smtp.mailfrom", "bank.example"))
///     .result(MethodResult::new("dkim", "none"));
/// assert_eq!(
///     value.to_string(),
///     "mx.example.com;\r\n\tspf=fail smtp.mailfrom=bank.example;\r\n\tdkim=none"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct AuthenticationResults {
    authserv_id: String,
    results: Vec<MethodResult>,
}

impl AuthenticationResults {
    /// Makes a field of this server without results, which reads `none`. `authserv_id` is the name of the server, or of
    /// all servers of a site (RFC 8601 §2.5).
    #[must_use]
    pub fn new(authserv_id: &str) -> Self {
        Self { authserv_id: own_name(authserv_id), results: Vec::new() }
    }

    /// Adds a result.
    #[must_use]
    pub fn result(mut self, result: MethodResult) -> Self {
        self.results.push(result);
        self
    }

    /// Adds results.
    #[must_use]
    pub fn results(mut self, results: impl IntoIterator<Item = MethodResult>) -> Self {
        self.results.extend(results);
        self
    }

    /// Returns whether the value of a field that a client sent claims to be of this server. The client has no right to that,
    /// so the field must be removed (RFC 8601 §5). That is also so if the name of its server cannot be read, since a
    /// reader might read the name of this one.
    ///
    /// Names are compared as domains: in any case, in UTF-8 or in `xn--` form, whatever comments, quotes, white space and
    /// control characters are around or within.
    ///
    /// # Examples
    /// ```
    /// use mailchute_filters::results::AuthenticationResults;
    ///
    /// for forged in ["MX.example.com; dkim=pass", "(x) \"mx.example.com\" 1; dkim=pass", "dkim=pass"] {
    ///     assert!(AuthenticationResults::is_forged(forged, "mx.example.com"));
    /// }
    /// assert!(!AuthenticationResults::is_forged("mx.other.example; dkim=pass", "mx.example.com"));
    /// ```
    #[must_use]
    pub fn is_forged(value: &str, authserv_id: &str) -> bool {
        segments(value).is_none_or(|segments| Claim::of(&segments[0]).may_be(authserv_id))
    }
}

impl fmt::Display for AuthenticationResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authserv_id)?;
        if self.results.is_empty() {
            return f.write_str("; none");
        }
        self.results.iter().try_for_each(|result| write!(f, ";\r\n\t{result}"))
    }
}
