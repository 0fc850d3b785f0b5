//! `[[listener]]` of the configuration file: addresses with a policy of their own.

use clap::{Command, ValueEnum};

use crate::options::limits::LimitSetting;
use crate::options::listen_at::ListenAddress;
use crate::options::provenance::Provenance;
use crate::options::size::Size;

/// The options of one listener.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ListenerOptions {
    /// Listen on these addresses, Unix sockets, or sockets passed by systemd, written as for --listen
    #[arg(long, value_name = "[ADDR:]PORT|unix:PATH|systemd:NAME")]
    pub(crate) address: Vec<ListenAddress>,

    /// The name of the listener. Each listener needs its own [default: its first address]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The protocol that clients speak
    #[arg(long, value_name = "PROTOCOL", default_value = "smtp")]
    pub(crate) protocol: ListenerProtocol,

    /// Whether clients may or must use TLS [default: offer, or require with require-tls]
    #[arg(long, value_name = "TLS")]
    pub(crate) tls: Option<ListenerTls>,

    /// Whether clients may or must log in [default: offer, or require with require-auth]
    #[arg(long, value_name = "AUTH")]
    pub(crate) auth: Option<ListenerAuth>,

    /// The mode of the file of a Unix socket, in octal digits such as 0660 [default: 0666]
    #[arg(long, value_name = "MODE", value_parser = mode)]
    pub(crate) mode: Option<u32>,

    /// The largest message to accept here
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_message_size: Option<Size>,

    /// Limits of sessions here
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<LimitSetting>,

    #[arg(skip)]
    pub(crate) provenance: Provenance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListenerProtocol {
    /// SMTP, for mail servers and programs
    Smtp,
    /// LMTP, for a mail server on this host that passes on messages it has already accepted
    Lmtp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListenerTls {
    /// Offer STARTTLS
    Offer,
    /// Refuse mail and logins without TLS
    Require,
    /// Begin TLS with the first byte, as on port 465
    Implicit,
    /// Do not offer TLS
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListenerAuth {
    /// Offer AUTH if the server has users
    Offer,
    /// Refuse mail before a login
    Require,
    /// Do not offer AUTH
    Off,
}

impl ListenerOptions {
    /// Returns the name that the policy goes by.
    pub(crate) fn name(&self) -> String {
        let first = || self.address.first().map(ToString::to_string).unwrap_or_default();
        self.name.clone().unwrap_or_else(first)
    }

    pub(crate) fn has_implicit_tls(&self) -> bool {
        self.tls == Some(ListenerTls::Implicit)
    }
}

/// Returns the keys of `[[listener]]`, as the flags of a command.
pub(crate) fn flags() -> Command {
    let command = Command::new("listener").no_binary_name(true).disable_help_flag(true);
    <ListenerOptions as clap::Args>::augment_args(command).about(
        "A listener with its own policy, in addition to those of listen, tls-listen and lmtp. Each option that you leave \
         out has the server's value.",
    )
}

fn mode(digits: &str) -> Result<u32, String> {
    let is_octal = matches!(digits.len(), 3 | 4) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let mode = if is_octal { u32::from_str_radix(digits, 8).ok() } else { None };
    mode.filter(|mode| mode & !0o777 == 0).ok_or_else(|| "write octal digits, such as 0660".to_owned())
}
