//! The service extensions.

macro_rules! extensions {
    ($($(#[$meta:meta])* $name:ident = $keyword:literal;)*) => {
        /// A service extension that Mailchute knows, by its EHLO keyword.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Extension {
            $($(#[$meta])* $name,)*
        }

        impl Extension {
            /// All extensions.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            const KEYWORDS: &'static [(&'static str, Self)] = &[$(($keyword, Self::$name),)*];
        }
    };
}

extensions! {
    /// Pipelined commands (RFC 2920).
    Pipelining = "PIPELINING";
    /// 8-bit content (RFC 6152).
    EightBitMime = "8BITMIME";
    /// Internationalized addresses (RFC 6531).
    SmtpUtf8 = "SMTPUTF8";
    /// Enhanced status codes (RFC 2034).
    EnhancedStatusCodes = "ENHANCEDSTATUSCODES";
    /// Messages in chunks, by BDAT (RFC 3030).
    Chunking = "CHUNKING";
    /// Binary content, by BDAT (RFC 3030).
    BinaryMime = "BINARYMIME";
    /// Delivery status notifications (RFC 3461).
    Dsn = "DSN";
    /// The maximum message size (RFC 1870).
    Size = "SIZE";
    /// Other limits (RFC 9422).
    Limits = "LIMITS";
    /// A deadline for delivery (RFC 2852).
    DeliverBy = "DELIVERBY";
    /// Message priorities (RFC 6710).
    MtPriority = "MT-PRIORITY";
    /// Messages held until a later time (RFC 4865).
    FutureRelease = "FUTURERELEASE";
    /// TLS on each hop (RFC 8689).
    RequireTls = "REQUIRETLS";
    /// TLS upgrade (RFC 3207).
    StartTls = "STARTTLS";
    /// Authentication (RFC 4954).
    Auth = "AUTH";
    /// The HELP command (RFC 5321 §4.1.1.8).
    Help = "HELP";
}

impl Extension {
    /// Returns the extension that a keyword names, in any case.
    #[must_use]
    pub fn of(keyword: &str) -> Option<Self> {
        let known = Self::KEYWORDS.iter().find(|(name, _)| keyword.eq_ignore_ascii_case(name));
        known.map(|&(_, extension)| extension)
    }

    /// Returns the EHLO keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        Self::KEYWORDS[self as usize].0
    }

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}
