//! The offer of EHLO in one session.

use mailchute_proto::{EhloEdits, EhloError, Extension};

use super::Session;

/// # What EHLO announces
///
/// These methods change what EHLO announces to this session, and what its client may use.
///
/// Call them in the hooks of connect, secure and ehlo. A change made later applies at once, and the next EHLO announces
/// it. A change lasts until the session ends, or until XCLIENT names another client.
///
/// ```
/// use mailchute::Server;
/// use mailchute::command::Extension;
///
/// Server::builder().on_ehlo(|ehlo, session| async move {
///     if ehlo.name.domain_is("old.example") {
///         session.disable(Extension::Chunking);
///     }
///     session.announce("XKEY rsa ed25519")?;
///     session.accept_mail_parameter("XKEY")?;
///     Ok(())
/// });
/// ```
impl Session {
    /// Disables an extension. It is not announced, its command gets `502 5.5.1` and its parameters get `555 5.5.4`.
    /// Without CHUNKING there is no BINARYMIME either.
    ///
    /// PIPELINING, ENHANCEDSTATUSCODES, LIMITS and HELP are only removed from the reply. Pipelined commands, enhanced
    /// codes and limits stay active. Without SIZE the limit on the content stays.
    pub fn disable(&self, extension: Extension) {
        self.edit_ehlo(|edits| {
            edits.disable(extension);
        });
    }

    /// Enables an extension again that [`disable`](Self::disable) has disabled, if the server offers it.
    pub fn enable(&self, extension: Extension) {
        self.edit_ehlo(|edits| {
            edits.enable(extension);
        });
    }

    /// Sets the limit on the content of a message in bytes, instead of
    /// [`Builder::max_message_size`](crate::Builder::max_message_size). EHLO announces it as SIZE. 0 disables
    /// the limit. [`limit_size`](Self::limit_size) limits a single message.
    pub fn set_max_message_size(&self, bytes: u64) {
        self.edit_ehlo(|edits| {
            edits.set_max_message_size(bytes);
        });
    }

    /// Announces an additional keyword with its arguments. It replaces an earlier line with the same keyword. The
    /// application must implement it.
    ///
    /// # Errors
    /// Returns [`EhloError::BadKeyword`] if the line is malformed or longer than 500 bytes. It must be a keyword of
    /// letters, digits and hyphens, with arguments of printable ASCII, each after one space (RFC 5321 §4.1.1.1).
    /// Returns [`EhloError::Known`] if Mailchute defines the keyword.
    pub fn announce(&self, line: &str) -> Result<(), EhloError> {
        self.edit_ehlo(|edits| edits.announce(line).map(drop))
    }

    /// Stops announcing an additional keyword.
    pub fn retract(&self, keyword: &str) {
        self.edit_ehlo(|edits| {
            edits.retract(keyword);
        });
    }

    /// Accepts a parameter of MAIL that Mailchute does not know, and passes it on in
    /// [`MailParameters::other`](crate::params::MailParameters::other).
    /// [`Builder::mail_parameter`](crate::Builder::mail_parameter) accepts it in all sessions.
    ///
    /// # Errors
    /// Returns [`EhloError::BadKeyword`] if the name is not a keyword, and [`EhloError::Known`] if Mailchute knows it.
    pub fn accept_mail_parameter(&self, name: &str) -> Result<(), EhloError> {
        self.edit_ehlo(|edits| edits.accept_mail_parameter(name).map(drop))
    }

    /// Accepts a parameter of RCPT as [`accept_mail_parameter`](Self::accept_mail_parameter) does, and passes it on in
    /// [`RcptParameters::other`](crate::params::RcptParameters::other).
    ///
    /// # Errors
    /// See [`accept_mail_parameter`](Self::accept_mail_parameter).
    pub fn accept_rcpt_parameter(&self, name: &str) -> Result<(), EhloError> {
        self.edit_ehlo(|edits| edits.accept_rcpt_parameter(name).map(drop))
    }

    fn edit_ehlo<R>(&self, edit: impl FnOnce(&mut EhloEdits) -> R) -> R {
        edit(self.facts().client.edits.get_or_insert_default())
    }

    /// Returns the changes, if there are any.
    pub(crate) fn ehlo_edits(&self) -> Option<Box<EhloEdits>> {
        self.facts().client.edits.clone()
    }

    /// Returns the limit on the bytes of a message, if a hook has set one for this session.
    pub(crate) fn max_message_size(&self) -> Option<u64> {
        self.facts().client.edits.as_ref()?.max_message_size()
    }
}
