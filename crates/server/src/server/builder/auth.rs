//! Authentication: how and where it is offered, and whether it is required.

use std::sync::Arc;

use mailchute_proto::{Mechanism, PlaintextAuth};

use super::Builder;
use crate::driver::decoys::ScramSecret;
use crate::server::build_error::BuildError;
use crate::tls::TlsConfig;

/// Authentication. AUTH is offered as soon as there is an authenticator, or there are verifiers.
impl Builder {
    /// Sets the mechanisms on offer, in the order in which EHLO names them. Default is SCRAM-SHA-256-PLUS and
    /// SCRAM-SHA-256 if there are [verifiers](Self::scram_verifiers), then PLAIN and LOGIN if there is an
    /// [authenticator](Self::authenticator).
    ///
    /// EXTERNAL is offered at its place in this list, and only if it is [switched on](Self::auth_external).
    /// OAUTHBEARER and XOAUTH2 must be named here, since only you know whether your authenticator judges
    /// tokens. CRAM-MD5 must be named too: it is obsolete, and the authenticator must know the passwords
    /// themselves.
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.mechanisms = Some(mechanisms.into_iter().collect());
        self
    }

    /// Offers EXTERNAL (RFC 4422 appendix A) to clients that have shown a verified certificate. It comes
    /// before all other mechanisms unless [these](Self::mechanisms) say otherwise. Such a client is the
    /// [user](crate::tls::ClientCertificate::user) that the certificate names. Default is off, since a certificate
    /// is not a login.
    ///
    /// The authenticators judge it like all credentials. Without an authenticator, every certificate of a
    /// [trusted](crate::tls::TlsConfig::client_auth) authority lets its client in, by its own name only. EXTERNAL
    /// is offered on the listeners whose [TLS](Self::tls) asks clients for certificates.
    /// [`build`](Self::build) refuses it if no listener does.
    pub fn auth_external(mut self) -> Self {
        self.auth_external = true;
        self
    }

    /// Sets the secret from which SCRAM makes the salts of unknown users. Default is random for each server
    /// that is built. Set it if these salts must stay the same after a restart, or be the same on several
    /// servers. Otherwise a salt that changes shows that a user is unknown.
    pub fn scram_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.scram_secret = Some(Arc::new(ScramSecret::from(secret.into())));
        self
    }

    /// Accepts passwords and tokens in the clear, outside TLS, where anybody on the way can read them. By
    /// default the mechanisms that send them are offered inside TLS only. SCRAM-SHA-256 and CRAM-MD5 do not
    /// send them.
    pub fn allow_plaintext_auth(mut self) -> Self {
        self.plaintext_auth = PlaintextAuth::Anywhere;
        self
    }

    /// Accepts mail only from clients that have authenticated. By default mail is accepted from everybody.
    ///
    /// Before a successful AUTH, the client may only use AUTH, EHLO, HELO, LHLO, HELP, NOOP, RSET, QUIT,
    /// STARTTLS, XCLIENT and XFORWARD (RFC 4954 §6). Everything else gets `530 5.7.0`, and so do [verbs of
    /// the application](Self::on_command).
    ///
    /// [`build`](Self::build) refuses this option if no client could ever succeed:
    ///
    /// - There is neither an authenticator nor are there verifiers.
    /// - All offered mechanisms send passwords or tokens, and these are not accepted: there is no
    ///   [TLS](Self::tls), and they are not [allowed](Self::allow_plaintext_auth) without it. This is
    ///   accepted if a proxy [may say XCLIENT](Self::xclient_from), since the proxy tells who has logged in.
    ///
    /// Clients that deliver [by LMTP over a Unix socket](crate::Listener::unix) need no AUTH, since mail
    /// servers have no credentials for it. The modes of the file and its directory decide who may connect. By
    /// default that is everybody who can reach the path.
    pub fn require_auth(mut self) -> Self {
        self.requires_auth = true;
        self
    }

    /// Returns the mechanisms that can be offered, for a listener with a policy of its own or for all others.
    pub(super) fn offered_mechanisms(
        &self,
        listener: Option<&str>,
        requires_auth: bool,
        tls: Option<&TlsConfig>,
    ) -> Result<Vec<Mechanism>, BuildError> {
        let judges = self.chain.has_authenticator(listener);
        let verifies = self.chain.has_scram_verifiers(listener);
        let certifies = self.auth_external && tls.is_some_and(TlsConfig::may_ask_clients);
        if requires_auth && !judges && !verifies && !certifies {
            return Err(BuildError::NoAuthenticator);
        }
        let by_default =
            [Mechanism::ScramSha256Plus, Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login];
        let mut mechanisms = match &self.mechanisms {
            None => by_default.to_vec(),
            Some(named)
                if !self.chain.ever_has_scram_verifiers()
                    && named.iter().any(|mechanism| mechanism.needs_verifier()) =>
            {
                return Err(BuildError::NoScramVerifiers);
            }
            Some(named) => named.clone(),
        };
        if certifies && !mechanisms.contains(&Mechanism::External) {
            mechanisms.insert(0, Mechanism::External);
        }
        mechanisms.retain(|mechanism| match mechanism {
            mechanism if mechanism.needs_certificate() => certifies,
            mechanism if mechanism.binds_channel() && tls.is_none() => false,
            mechanism if mechanism.needs_verifier() => verifies,
            _ => judges,
        });
        // A client that may say XCLIENT may tell of a login that was proved elsewhere.
        if requires_auth && self.proxies.xclients.is_empty() {
            self.check_way_in(&mechanisms, tls.is_some())?;
        }
        Ok(mechanisms)
    }

    /// Returns an error if no client could ever use one of the offered mechanisms. No mail could be sent
    /// then.
    fn check_way_in(&self, offered: &[Mechanism], has_tls: bool) -> Result<(), BuildError> {
        if offered.is_empty() {
            return Err(BuildError::NoMechanism);
        }
        let takes_passwords = has_tls || self.plaintext_auth == PlaintextAuth::Anywhere;
        if takes_passwords || offered.iter().any(|mechanism| !mechanism.sends_password()) {
            return Ok(());
        }
        Err(BuildError::PasswordsWithoutTls)
    }
}
