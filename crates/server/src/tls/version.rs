//! The versions of TLS that the server speaks.

use std::fmt;
use std::ops::{Bound, RangeBounds};

use rustls::version::{TLS12, TLS13};
use rustls::{ConfigBuilder, ProtocolVersion, ServerConfig, SupportedProtocolVersion, WantsVerifier};

use super::error::Fault;
use super::provider::provider;

/// A version of TLS. Older versions are broken (RFC 8996), so the server does not know them.
///
/// # Examples
/// ```
/// use mailchute::tls::TlsVersion;
///
/// assert!(TlsVersion::Tls1_2 < TlsVersion::Tls1_3);
/// assert_eq!(TlsVersion::Tls1_3.to_string(), "TLSv1.3");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls1_2,
    /// TLS 1.3 (RFC 8446).
    Tls1_3,
}

impl TlsVersion {
    /// All versions, the oldest first.
    const ALL: [Self; 2] = [Self::Tls1_2, Self::Tls1_3];

    /// Returns the name in logs and in `Received:` fields: `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls1_2 => "TLSv1.2",
            Self::Tls1_3 => "TLSv1.3",
        }
    }

    /// Returns the version of a handshake. rustls knows no other versions.
    pub(super) fn of(version: Option<ProtocolVersion>) -> Self {
        match version {
            Some(ProtocolVersion::TLSv1_2) => Self::Tls1_2,
            _ => Self::Tls1_3,
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The versions that the server speaks: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Versions {
    #[default]
    All,
    Only(TlsVersion),
}

impl Versions {
    /// Returns the versions in a range, if there are any.
    pub(super) fn within(range: &impl RangeBounds<TlsVersion>) -> Option<Self> {
        let spoken = TlsVersion::ALL.map(|version| range.contains(&version));
        match spoken {
            [true, true] => Some(Self::All),
            [true, false] => Some(Self::Only(TlsVersion::Tls1_2)),
            [false, true] => Some(Self::Only(TlsVersion::Tls1_3)),
            [false, false] => None,
        }
    }

    /// Returns whether the server speaks TLS 1.3, and so prefers it.
    pub(super) fn have_1_3(self) -> bool {
        self != Self::Only(TlsVersion::Tls1_2)
    }

    /// Begins a configuration of rustls.
    pub(super) fn base(self) -> Result<ConfigBuilder<ServerConfig, WantsVerifier>, Fault> {
        let builder = ServerConfig::builder_with_provider(provider());
        builder.with_protocol_versions(self.supported()).map_err(Fault::Unfit)
    }

    /// Returns the versions as rustls wants them.
    pub(super) fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static SUPPORTED: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self {
            Self::All => &SUPPORTED,
            Self::Only(TlsVersion::Tls1_3) => &SUPPORTED[..1],
            Self::Only(TlsVersion::Tls1_2) => &SUPPORTED[1..],
        }
    }
}

/// Writes a range as the application has written it, for errors.
pub(super) fn written(range: &impl RangeBounds<TlsVersion>) -> String {
    let bound = |bound| match bound {
        Bound::Included(version) | Bound::Excluded(version) => format!("{version}"),
        Bound::Unbounded => String::new(),
    };
    let inclusive = if matches!(range.end_bound(), Bound::Included(_)) { "=" } else { "" };
    format!("{}..{inclusive}{}", bound(range.start_bound()), bound(range.end_bound()))
}
