//! The settings of a conversation: what a server offers and demands.

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
    /// Whether STARTTLS is offered. Default is [`TlsPolicy::Off`], since there is no certificate.
    pub tls: TlsPolicy,
    /// Whether a client must wait for the greeting. If it sends before that, the answer is `554 5.5.0`. Default is
    /// `false`: early commands are answered after the greeting. A PROXY header or a TLS record closes the connection
    /// in both cases.
    pub silence_before_greeting: bool,
    /// The authentication mechanisms on offer. Default is none.
    pub mechanisms: Vec<Mechanism>,
    /// Where a password may travel in the clear. Default is [`PlaintextAuth::InsideTls`].
    pub plaintext_auth: PlaintextAuth,
    /// The clients that may send mail. Default is [`AuthPolicy::Optional`].
    pub auth: AuthPolicy,
    /// Additional verbs of the application, in capitals, for the reply to HELP.
    pub verbs: Vec<String>,
    /// How the lines of the envelope are read. Default is [`EnvelopeSyntax::Strict`].
    pub envelope: EnvelopeSyntax,
    /// How a bare CR or LF in a message is treated. Default is [`BareLineEnds::Refuse`].
    pub bare_line_ends: BareLineEnds,
    /// DELIVERBY (RFC 2852): the minimum number of seconds in which a message can be delivered or returned. 0
    /// announces no minimum. Default is `None`, which disables the extension.
    pub deliver_by: Option<u32>,
    /// MT-PRIORITY (RFC 6710): the priority profile. Default is `None`, which disables the extension.
    pub mt_priority: Option<PriorityProfile>,
    /// FUTURERELEASE (RFC 4865): the maximum number of seconds that a message may be held, 1 to 999,999,999. Default
    /// is `None`, which disables the extension. It also stays disabled until the machine [knows the
    /// time](crate::Machine::tell_time).
    pub future_release: Option<u32>,
    /// Additional parameters of MAIL, in capitals. They are passed on in
    /// [`MailParameters::other`](crate::MailParameters::other). Default is none.
    pub mail_parameters: Vec<String>,
    /// Additional parameters of RCPT, like [`mail_parameters`](Self::mail_parameters).
    pub rcpt_parameters: Vec<String>,
}

/// How envelope lines are read: EHLO, MAIL, RCPT, and the words of any command.
///
/// A line that the strict setting accepts has the same meaning in both settings. No line has two meanings. Both
/// refuse control characters and text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvelopeSyntax {
    /// Reads lines as RFC 5321 defines them.
    #[default]
    Strict,
    /// Also reads lines as devices and scripts write them. The path of MAIL and RCPT follows
    /// [`ReversePath::parse_lenient`](crate::ReversePath::parse_lenient). Addresses in UTF-8 need no SMTPUTF8. Words
    /// may follow the name in EHLO, HELO and LHLO, or the name may be missing
    /// ([`HeloKind::Missing`](crate::HeloKind)). After EHLO, HELO keeps the service extensions. White space may
    /// precede a verb, and tabs may separate words.
    Lenient,
}

/// How a bare CR or LF is treated in a message sent by DATA, or by BDAT without BODY=BINARYMIME.
///
/// In all settings only `CR LF . CR LF` ends a message. The two tolerant settings keep the message as the client
/// means it:
///
/// - CR LF, CR CR LF, LF, CR and LF CR each end one line.
/// - A dot that begins a line is passed on after a CRLF. So a client that relays the message stuffs it, and the next
///   server cannot end the message there. Only NULs and a lone dot next to a bare line end are refused, because a
///   server that drops NULs could end the message there. Between two CRLFs they are content in all three settings. So
///   no server that drops NULs may receive the mail from this one.
/// - By DATA, two dots after a bare LF are one stuffed dot, unless a single dot after a bare LF came earlier: such a
///   client stuffs no dots there. A CRLF after a bare LF at the end of the data belongs to the client's end of data,
///   not to the message. By BDAT all dots and line ends are content.
///
/// The counted size is that of the bytes passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BareLineEnds {
    /// Answers `550 5.5.2` at the end of the message and closes the connection.
    #[default]
    Refuse,
    /// Keeps them as received, except before a dot.
    Tolerate,
    /// Turns each form of line end into one CRLF.
    Normalize,
}

/// The priority profile (RFC 6710 §9.2): it defines the levels and the delay of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PriorityProfile {
    /// No profile is announced.
    #[default]
    Unnamed,
    /// `MIXER`, for X.400 mail (RFC 6710 §B).
    Mixer,
    /// `STANAG4406`, for military mail (RFC 6710 §A).
    Stanag4406,
    /// `NSEP`, for emergency services (RFC 6710 §C).
    Nsep,
}

impl PriorityProfile {
    /// Returns the name in the EHLO reply. It is empty for [`PriorityProfile::Unnamed`].
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
    /// STARTTLS is not offered.
    #[default]
    Off,
    /// STARTTLS is offered.
    Offered,
    /// STARTTLS is required. Until then every command except EHLO, NOOP, STARTTLS and QUIT is answered `530 5.7.0`.
    Required,
}

/// Where mechanisms that send the password itself (PLAIN, LOGIN) are offered and accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlaintextAuth {
    /// Only inside TLS. Outside TLS they are not offered and are answered `538 5.7.11`.
    #[default]
    InsideTls,
    /// Everywhere. Anyone on the network path can read the passwords.
    Anywhere,
}

/// Whether clients must authenticate before they send mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthPolicy {
    /// Authentication is optional.
    #[default]
    Optional,
    /// Authentication is required (RFC 4954 §6). Until then most commands are answered `530 5.7.0`. The exceptions are
    /// AUTH, EHLO, HELO, LHLO, HELP, NOOP, RSET, QUIT, STARTTLS, XCLIENT and XFORWARD. The bytes of a BDAT are read and
    /// dropped.
    Required,
}

impl Settings {
    /// Creates settings with this host name and all defaults.
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
