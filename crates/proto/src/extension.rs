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
            const KEYWORDS: &'static [(&'static str, Self)] = &[$(($keyword, Self::$name),)*];
        }
    };
}

extensions! {
    /// Commands in groups (RFC 2920).
    Pipelining = "PIPELINING";
    /// Octets beyond ASCII (RFC 6152).
    EightBitMime = "8BITMIME";
    /// Addresses in every script (RFC 6531).
    SmtpUtf8 = "SMTPUTF8";
    /// Codes that say more (RFC 2034).
    EnhancedStatusCodes = "ENHANCEDSTATUSCODES";
    /// BDAT (RFC 3030).
    Chunking = "CHUNKING";
    /// Any octets, by BDAT (RFC 3030).
    BinaryMime = "BINARYMIME";
    /// Reports on delivery (RFC 3461).
    Dsn = "DSN";
    /// How large a message may be (RFC 1870).
    Size = "SIZE";
    /// How much else there may be (RFC 9422).
    Limits = "LIMITS";
    /// By when to deliver (RFC 2852).
    DeliverBy = "DELIVERBY";
    /// How urgent a message is (RFC 6710).
    MtPriority = "MT-PRIORITY";
    /// When to release a message (RFC 4865).
    FutureRelease = "FUTURERELEASE";
    /// TLS all the way (RFC 8689).
    RequireTls = "REQUIRETLS";
    /// TLS from here on (RFC 3207).
    StartTls = "STARTTLS";
    /// Authentication (RFC 4954).
    Auth = "AUTH";
    /// The HELP command (RFC 5321 §4.1.1.8).
    Help = "HELP";
}

impl Extension {
    /// The extension of a keyword, in whatever case.
    #[must_use]
    pub fn of(keyword: &str) -> Option<Self> {
        let known = Self::KEYWORDS.iter().find(|(name, _)| keyword.eq_ignore_ascii_case(name));
        known.map(|&(_, extension)| extension)
    }

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}
