//! Authentication: how, where and whether it is needed.

use mailchute_proto::{AuthPolicy, Mechanism, PlaintextAuth};

use super::Builder;

/// Authentication, offered as soon as a hook judges credentials.
impl Builder {
    /// The mechanisms on offer. Default is PLAIN and LOGIN.
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.mechanisms = mechanisms.into_iter().collect();
        self
    }

    /// Lets passwords travel in the clear, outside TLS, where anybody on the way can read them. Default is that
    /// mechanisms which send the password are offered inside TLS only.
    pub fn allow_plaintext_auth(mut self) -> Self {
        self.plaintext_auth = PlaintextAuth::Anywhere;
        self
    }

    /// Answers `530 5.7.0` to MAIL before a successful AUTH. Default is that mail is taken from everybody.
    pub fn require_auth(mut self) -> Self {
        self.auth = AuthPolicy::Required;
        self
    }
}
