//! What a listener offers and demands: the same for all its sessions.

use crate::limits::Limits;
use crate::sasl::Mechanism;

/// The settings of the conversation, shared by all sessions of a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The name in the greeting and in the reply to EHLO.
    pub hostname: String,
    /// The limits of a session.
    pub limits: Limits,
    /// Whether STARTTLS is offered. Default is [`TlsPolicy::Off`], for want of a certificate.
    pub tls: TlsPolicy,
    /// Whether a client must be silent until it is greeted: what it says before that is answered `554 5.5.0`. Default is
    /// `false`: its commands are taken after the greeting. A PROXY header and the first record of TLS close the connection
    /// in both cases.
    pub silence_before_greeting: bool,
    /// The authentication mechanisms on offer. Default is none.
    pub mechanisms: Vec<Mechanism>,
    /// Where a password may travel in the clear. Default is [`PlaintextAuth::InsideTls`].
    pub plaintext_auth: PlaintextAuth,
    /// Who may send mail. Default is [`AuthPolicy::Optional`].
    pub auth: AuthPolicy,
    /// Verbs of the application's own, in capitals, for the reply to HELP.
    pub verbs: Vec<String>,
    /// How the lines of the envelope are read. Default is [`EnvelopeSyntax::Strict`].
    pub envelope: EnvelopeSyntax,
    /// What becomes of a CR or LF by itself in a message. Default is [`BareLineEnds::Refuse`].
    pub bare_line_ends: BareLineEnds,
    /// DELIVERBY (RFC 2852): the fewest seconds in which a message can be delivered or returned; 0 names none. Default
    /// is `None`: the extension is off.
    pub deliver_by: Option<u32>,
    /// MT-PRIORITY (RFC 6710): the profile by which priorities are read. Default is `None`: the extension is off.
    pub mt_priority: Option<PriorityProfile>,
    /// FUTURERELEASE (RFC 4865): the most seconds that a message may be held, 1 to 999,999,999. Default is `None`: the
    /// extension is off, as it is while the machine does not [know the time](crate::Machine::tell_time).
    pub future_release: Option<u32>,
    /// Parameters of MAIL that the application knows, in capitals; they are handed on in
    /// [`MailParameters::other`](crate::MailParameters::other). Default is none.
    pub mail_parameters: Vec<String>,
    /// As [`mail_parameters`](Self::mail_parameters), for RCPT.
    pub rcpt_parameters: Vec<String>,
}

/// How the lines that carry a message's envelope are read: hello, MAIL, RCPT, and the words of any command.
///
/// A line that the strict setting takes is read the same in both. No line has two readings in either. Control characters
/// and text that is not UTF-8 are refused in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvelopeSyntax {
    /// As RFC 5321 has it.
    #[default]
    Strict,
    /// Also as devices and scripts write it. The path of MAIL and RCPT is that of
    /// [`ReversePath::parse_lenient`](crate::ReversePath::parse_lenient), and addresses in UTF-8 need no SMTPUTF8. Words
    /// may follow the name in EHLO, HELO and LHLO, or it may be missing ([`HeloKind::Missing`](crate::HeloKind)). HELO
    /// leaves a client the service extensions that its EHLO gave. White space may stand before a verb, and tabs may stand
    /// between words.
    Lenient,
}

/// What becomes of a CR or LF by itself in a message that comes by DATA, or by BDAT without BODY=BINARYMIME.
///
/// In all three only `CR LF . CR LF` ends a message. The two milder settings keep the message that the client means:
///
/// - CR LF, CR CR LF, LF, CR and LF CR each end one line.
/// - A dot that begins a line is handed on after a CRLF, so that a client stuffs it on the way to the next server, whatever
///   that one takes for a line end. Only NULs and a dot alone beside a bare line end are refused, as a server that drops NULs
///   could end the message there. Between two CRLFs they are content in all three, so such a server must not stand behind
///   this one.
/// - By DATA, two dots after a bare LF are a stuffed one, unless a single dot after a bare LF has come before: then this
///   client stuffs no dots there. A CRLF behind a bare LF at the end of the data is the client's and not the message's. By
///   BDAT all dots and line ends are content.
///
/// The counted size is that of the octets which are handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BareLineEnds {
    /// `550 5.5.2` at the end of the message, and the connection is closed.
    #[default]
    Refuse,
    /// They are kept as they came, except in front of a dot.
    Tolerate,
    /// Each form of line end becomes one CRLF.
    Normalize,
}

/// By which profile priorities are read (RFC 6710 §9.2): how many levels there are and how long each may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PriorityProfile {
    /// None is named.
    #[default]
    Unnamed,
    /// `MIXER`: that of X.400 mail (RFC 6710 §B).
    Mixer,
    /// `STANAG4406`: that of military mail (RFC 6710 §A).
    Stanag4406,
    /// `NSEP`: that of services in an emergency (RFC 6710 §C).
    Nsep,
}

impl PriorityProfile {
    /// The name in the reply to EHLO; empty for [`PriorityProfile::Unnamed`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unnamed => "",
            Self::Mixer => "MIXER",
            Self::Stanag4406 => "STANAG4406",
            Self::Nsep => "NSEP",
        }
    }
}

/// Whether STARTTLS is offered or required (RFC 3207).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsPolicy {
    /// There is no certificate.
    #[default]
    Off,
    /// Who wants TLS gets it.
    Offered,
    /// `530 5.7.0` to everything but EHLO, NOOP, STARTTLS and QUIT until TLS is up.
    Required,
}

/// Where mechanisms that send the password itself (PLAIN, LOGIN) are offered and accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlaintextAuth {
    /// Inside TLS; outside they are not offered and answered `538 5.7.11`.
    #[default]
    InsideTls,
    /// Everywhere, so that anybody on the way can read the passwords.
    Anywhere,
}

/// Whether mail is taken from clients that have not authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthPolicy {
    /// From everybody.
    #[default]
    Optional,
    /// `530 5.7.0` to everything but AUTH, EHLO, HELO, LHLO, HELP, NOOP, RSET, QUIT, STARTTLS, XCLIENT and XFORWARD before
    /// a successful AUTH (RFC 4954 §6). The octets of a BDAT are taken in.
    Required,
}

impl Settings {
    /// Settings with all defaults and this name.
    #[must_use]
    pub fn new(hostname: impl Into<String>) -> Self {
        Self {
            hostname: hostname.into(),
            limits: Limits::default(),
            tls: TlsPolicy::default(),
            silence_before_greeting: false,
            mechanisms: Vec::new(),
            plaintext_auth: PlaintextAuth::default(),
            auth: AuthPolicy::default(),
            verbs: Vec::new(),
            envelope: EnvelopeSyntax::default(),
            bare_line_ends: BareLineEnds::default(),
            deliver_by: None,
            mt_priority: None,
            future_release: None,
            mail_parameters: Vec::new(),
            rcpt_parameters: Vec::new(),
        }
    }
}
