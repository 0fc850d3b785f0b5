//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use mailchute::proxy::Network;
use mailchute_stores::SecretSource;

use crate::log::{LogFormat, LogLevel};
use crate::options::after_help::AFTER_HELP;
use crate::options::console_options::ConsoleOptions;
use crate::options::deliver_options::DeliverOptions;
use crate::options::dns_server::DnsServer;
use crate::options::domain_options::DomainOptions;
use crate::options::domains::Domains;
use crate::options::filters::FilterOptions;
use crate::options::health_check::HealthCheck;
use crate::options::inbox;
use crate::options::limits::{self, LimitSetting, TimeoutSetting};
use crate::options::listen_at::{DEFAULT, ListenAddress};
use crate::options::listener_options::ListenerOptions;
use crate::options::paths;
use crate::options::provenance::Provenance;
use crate::options::size::Size;
use crate::options::talk_options::TalkOptions;
use crate::options::time_span::TimeSpan;

/// An SMTP server you start with one command.
///
/// Without flags, it receives mail on 127.0.0.1:2525 and offers STARTTLS with a self-signed certificate. It accepts every
/// recipient, and keeps each message as a file in the Maildir ./mail.
#[derive(Debug, Parser)]
#[command(name = "mailchute", version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive mail (the default command)
    Serve(Box<Options>),
    /// Receive test mail of any kind, and show it in a web page
    ///
    /// The page is at `http://127.0.0.1:8025`, and mail comes in at 127.0.0.1:1025. Every recipient and every login is
    /// accepted, in any of the forms that programs send. Mail stays in the Maildir ./mail, the newest 500 messages of it.
    /// All flags of `mailchute serve` work here too. For other hosts, write --listen 0.0.0.0:1025 --http 0.0.0.0:8025.
    /// Then anyone who can reach the page can read the mail, unless you add --console-auth.
    /// Nothing is passed on to other servers, unless --console-release names one.
    #[command(verbatim_doc_comment)]
    Inbox(Box<Options>),
    /// Check the options and the files that they name, without listening or writing anything
    Check(Box<Check>),
    /// Take mail out of a stream of NATS JetStream, and put it into a store
    Deliver(Box<DeliverArgs>),
    /// Speak SMTP to a server, and see what each line means
    Talk(TalkOptions),
    /// Ask a running server whether it can take mail, and exit with 0 or 1
    #[command(name = "healthcheck")]
    HealthCheck(HealthCheck),
    /// Print a configuration file with every option and its default
    ExampleConfig,
    /// Read a password and print a line USER:VERIFIER for the --auth-file file
    HashPassword(HashPassword),
}

/// The command line of `mailchute deliver`.
#[derive(Debug, clap::Args)]
pub(crate) struct DeliverArgs {
    #[command(flatten)]
    own: DeliverOptions,
    #[command(flatten)]
    shared: Box<Options>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Print all active options, with their defaults, as a configuration file. Secrets are not printed
    #[arg(long)]
    pub(crate) print: bool,

    /// Exit with code 2 if there are warnings
    #[arg(long)]
    pub(crate) deny_warnings: bool,

    #[command(flatten)]
    _options: Options,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HashPassword {
    /// The user's login name, such as alice
    pub(crate) user: String,

    /// Print an argon2id hash instead of a SCRAM-SHA-256 verifier. It works with PLAIN and LOGIN only
    #[arg(long)]
    pub(crate) argon2id: bool,

    /// Add a seed of 32 random hexadecimal digits to the line. Without a seed in the file, the SCRAM salts of unknown
    /// users change at each restart. So a client can tell which users exist. One seed in the file is enough
    #[arg(long)]
    pub(crate) with_seed: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Read options from this TOML file too. The file has a key of the same name for each flag.
    /// `mailchute example-config` prints all keys. Flags and environment variables take precedence. SIGHUP reloads the
    /// file
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) config: Option<PathBuf>,

    /// Listen for SMTP on this address, Unix socket, or socket passed by systemd (its `FileDescriptorName`);
    /// repeatable. localhost:2525 means all addresses of that name. :2525 means all interfaces (IPv6 and IPv4), and
    /// 2525 only 127.0.0.1 [default: 127.0.0.1:2525]
    #[arg(long, value_name = "[ADDR:]PORT|unix:PATH|systemd:NAME")]
    pub(crate) listen: Vec<ListenAddress>,

    /// Listen for SMTP with TLS from the first byte (implicit TLS, as on port 465); repeatable
    #[arg(long, value_name = "[ADDR:]PORT|systemd:NAME", value_parser = ListenAddress::for_tls)]
    pub(crate) tls_listen: Vec<ListenAddress>,

    /// Listen for LMTP, for a mail server on this host that passes on messages it has already accepted; repeatable
    #[arg(long, value_name = "[ADDR:]PORT|unix:PATH|systemd:NAME")]
    pub(crate) lmtp: Vec<ListenAddress>,

    /// Where messages go; repeatable, and then all stores must take a message. maildir:PATH keeps each message as a file.
    /// With {user}, {domain} or {address} in PATH, each recipient has a Maildir and gets a copy. discard: drops it.
    /// lmtp:HOST:PORT, lmtp:unix:PATH, `smtp://HOST` and `smtps://HOST` hand it to another server while the client waits.
    /// `https://HOST/PATH` posts it to a web server. `s3://BUCKET/{domain}/{id}` keeps it as an object, in builds with the
    /// feature s3. `nats://HOST/mail.{domain}` puts it into a stream of NATS, in builds with the feature nats. Options
    /// follow a ?, with & between two; docs/guide/stores.md lists them. For a Maildir, line-ends=crlf keeps the line ends
    /// of SMTP; the default is lf, which programs that read a Maildir expect. mode=0660 sets the mode of new files. By
    /// default, only the user that runs Mailchute can read them. If an existing directory gives its group more rights than
    /// others, that group can too
    #[arg(long, value_name = "URL", default_value = "maildir:./mail", value_parser = paths::store)]
    pub(crate) store: Vec<String>,

    /// The source of the store's secret: the first line of a file, or an environment variable. A webhook may have several
    /// secrets, one per line. --secret is the same as secret=file:PATH or secret=env:NAME in the URL of the store
    #[arg(long, value_name = "file:PATH|env:NAME", value_parser = paths::secret)]
    pub(crate) secret: Option<SecretSource>,

    /// Ask this DNS server in filters: an IP address, with a port or 53; repeatable. SIGHUP applies changes [default: the
    /// servers of /etc/resolv.conf]
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub(crate) dns: Vec<DnsServer>,

    /// Directory in which filters and a store that forwards keep their state. It also holds messages that the next server
    /// refused permanently for some recipients. Mailchute creates it if it is missing. The default is systemd's
    /// `$STATE_DIRECTORY`, else ./state
    #[arg(long, value_name = "DIR", value_parser = paths::file_parser())]
    pub(crate) state: Option<PathBuf>,

    /// Accept recipients of this domain and refuse all others; repeatable. .example.com means all domains below
    /// example.com, and '*' every recipient. Without this flag, Mailchute accepts every recipient, and listens on
    /// loopback addresses and Unix sockets only
    #[arg(long, value_name = "DOMAIN|.DOMAIN|*")]
    pub(crate) domain: Vec<Domains>,

    /// The name of this server, for its greeting, its EHLO reply and Received: [default: the host's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Option<String>,

    /// PEM file with a certificate chain. Without it, Mailchute creates a self-signed certificate at each start. Repeat
    /// it, each time with a --tls-key, for several certificates. The server name that the client asks for (SNI) selects
    /// one. The first is the fallback. SIGHUP reloads the files
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) tls_cert: Vec<PathBuf>,

    /// PEM file with the private key of the --tls-cert at the same position. SIGHUP reloads the file
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) tls_key: Vec<PathBuf>,

    /// Ask clients for a certificate, and trust the authorities in this PEM file. The log and Received: name the
    /// certificate and say whether it was verified. SIGHUP reloads the file
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// Whether clients must present a trusted certificate in TLS
    #[arg(long, value_name = "DEMAND", default_value = "optional")]
    pub(crate) tls_client_cert: ClientCertificate,

    /// The key usage that a client certificate must allow. Public authorities no longer issue client certificates.
    /// Write any to accept the server certificates that mail servers present instead
    #[arg(long, value_name = "USAGE", default_value = "client")]
    pub(crate) tls_client_cert_usage: CertificateUsage,

    /// Refuse mail and logins without TLS (530 5.7.0), except on --lmtp unix:PATH
    #[arg(long)]
    pub(crate) require_tls: bool,

    /// Offer AUTH to the users in this file. Each line is USER:VERIFIER or USER:VERIFIER SEED, as
    /// `mailchute hash-password USER` prints it. Lines that begin with # are comments. SIGHUP reloads the file
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) auth_file: Option<PathBuf>,

    /// Offer AUTH EXTERNAL to clients with a certificate that --tls-client-ca trusts. The certificate names the user by
    /// its email address, else its DNS name, else its common name. With --auth-file, only users in that file can log in
    #[arg(long)]
    pub(crate) auth_external: bool,

    /// Offer AUTH and accept every login, whatever the name and password. Use it to test clients, or for an inbox that
    /// takes all mail. On addresses that other hosts can reach, it also needs --domain '*'. Each start logs a warning
    #[arg(long)]
    pub(crate) auth_any: bool,

    /// Refuse mail from clients that have not logged in (530 5.7.0). This needs --auth-file, --auth-external or
    /// --auth-any. Clients of --lmtp unix:PATH need no login: the mode of the socket's directory controls access
    #[arg(long)]
    pub(crate) require_auth: bool,

    /// Accept passwords without TLS too, where anyone on the network path can read them
    #[arg(long)]
    pub(crate) allow_plaintext_auth: bool,

    /// When started as root, switch to this user once sockets are open and files are read. This user owns new stores
    /// and Unix sockets, and needs access to an existing store. It must also be able to read the files that SIGHUP and
    /// SIGUSR2 read again
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,

    /// Allow Mailchute to run as root on addresses that other hosts can reach. Without this flag or --user, it refuses
    /// to start
    #[arg(long)]
    pub(crate) allow_root: bool,

    /// Restrict the program with the kernel's help. Landlock (Linux 5.19) allows access only to the store, the program
    /// itself, and the directories of the files and Unix sockets that options name. Seccomp (x86-64, 64-bit Arm) blocks
    /// outgoing connections, except to servers that options name. It also blocks sockets other than TCP and Unix ones (and
    /// UDP, if names are looked up or a filter asks the DNS), and changes of file modes and privileges. Linux 6.12 also
    /// blocks signals to other processes. Restart the program if one of these directories is replaced or mounted again
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// The largest message to accept, in bytes or as 512K, 25M or 1G; 0 means no limit
    #[arg(long, value_name = "SIZE", default_value = "25M")]
    pub(crate) max_message_size: Size,

    /// How strictly to parse EHLO, MAIL, RCPT and other commands
    #[arg(long, value_name = "HOW", default_value = "strict")]
    pub(crate) envelope: EnvelopeSyntax,

    /// How to treat a bare CR or LF in a message
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub(crate) bare_line_ends: BareLineEnds,

    #[arg(long, value_name = "NAME=VALUE", help = limits::limit_help())]
    pub(crate) limit: Vec<LimitSetting>,

    #[arg(long, value_name = "NAME=TIME", help = limits::timeout_help())]
    pub(crate) timeout: Vec<TimeoutSetting>,

    /// Require a PROXY header (version 1 or 2, as HAProxy sends it) on connections from this network or address;
    /// repeatable
    #[arg(long, value_name = "CIDR")]
    pub(crate) proxy_from: Vec<Network>,

    /// Allow XCLIENT and XFORWARD, as proxies and relays send them, from this network or address; repeatable
    #[arg(long, value_name = "CIDR")]
    pub(crate) xclient_from: Vec<Network>,

    /// Delay the greeting by this time, in seconds or as 5s. Reject clients that send anything before it (554 5.5.0)
    #[arg(long, value_name = "TIME", default_value = "0")]
    pub(crate) greeting_delay: TimeSpan,

    /// The least severe level to log to standard error: off, error, warn, info, debug or trace. A target can have its
    /// own level, as in warn,mailchute=debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LogLevel,

    /// Print each session to standard output as it goes, with the meaning of each line below it. Credentials are left out
    #[arg(long)]
    pub(crate) explain: bool,

    /// The format of the log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,

    #[command(flatten)]
    pub(crate) web: ConsoleOptions,

    /// The `[[domain]]` tables of the configuration file.
    #[arg(skip)]
    pub(crate) domains: Vec<DomainOptions>,

    /// The `[[listener]]` tables of the configuration file.
    #[arg(skip)]
    pub(crate) listener: Vec<ListenerOptions>,

    /// The `[[filter]]` tables of the configuration file.
    #[arg(skip)]
    pub(crate) filter: Vec<FilterOptions>,

    /// Whether the command is `mailchute inbox`.
    #[arg(skip)]
    pub(crate) is_inbox: bool,

    /// The options that came from a configuration file, and where they stand in it
    #[arg(skip)]
    pub(crate) provenance: Provenance,
}

impl Options {
    /// Returns the domains whose recipients are accepted; none if there is no such list.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &Domains> {
        self.domain.iter().chain(self.domains.iter().flat_map(|domain| &domain.name))
    }

    /// Returns the URLs of the stores that a domain's mail goes to.
    pub(crate) fn stores_of<'o>(&'o self, domain: &'o DomainOptions) -> &'o [String] {
        if domain.store.is_empty() { &self.store } else { &domain.store }
    }

    /// Returns the address of SMTP if no option names any.
    pub(crate) fn default_address(&self) -> SocketAddr {
        if self.is_inbox { inbox::SMTP } else { DEFAULT }
    }

    /// Leaves out what only a server that listens needs. So a file can serve both.
    pub(crate) fn without_listeners(mut self) -> Self {
        self.listen.clear();
        self.tls_listen.clear();
        self.lmtp.clear();
        self.listener.clear();
        self.filter.clear();
        self.web = ConsoleOptions::default();
        self.tls_cert.clear();
        self.tls_key.clear();
        self.tls_client_ca = None;
        self.auth_file = None;
        self.auth_any = false;
        self.domain.clear();
        self
    }

    /// Returns the names of all listeners, as sessions have them.
    pub(crate) fn listener_names(&self) -> Vec<String> {
        let addresses = self.listen.iter().chain(&self.tls_listen).chain(&self.lmtp);
        let mut names: Vec<_> = addresses.map(ToString::to_string).collect();
        if names.is_empty() && self.listener.is_empty() {
            names.push(self.default_address().to_string());
        }
        names.extend(self.listener.iter().map(ListenerOptions::name));
        names
    }

    /// Returns the URLs of all stores: those of the server, and those of domains. Each has the beginning of a message about
    /// it.
    pub(crate) fn stores(&self) -> impl Iterator<Item = (String, &str)> {
        let of_domains = self.domains.iter().map(|domain| (&domain.provenance, &domain.store));
        let all = std::iter::once((&self.provenance, &self.store)).chain(of_domains);
        all.flat_map(|(provenance, stores)| {
            let named = |(number, url): (usize, _)| (provenance.name_of_item("store", number), url);
            stores.iter().map(String::as_str).enumerate().map(named)
        })
    }
}

/// Returns the flags of `mailchute serve` as their own command.
pub(crate) fn flags() -> clap::Command {
    let command = clap::Command::new("mailchute").no_binary_name(true).disable_help_flag(true);
    <Options as clap::Args>::augment_args(command)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientCertificate {
    /// Clients without a trusted certificate can send mail too
    Optional,
    /// Without a trusted certificate, the TLS handshake fails
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CertificateUsage {
    /// TLS clients (extended key usage clientAuth), or no restriction
    Client,
    /// Any usage
    Any,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum EnvelopeSyntax {
    /// As RFC 5321 demands
    Strict,
    /// Also accept what devices and scripts send: addresses without brackets, names without a domain, and more
    Lenient,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BareLineEnds {
    /// Refuse the message (550 5.5.2) and close the connection
    Refuse,
    /// Keep a bare CR or LF, but turn one before a dot into CRLF; for old scripts
    Tolerate,
    /// Turn every form of line end into CRLF; for old scripts
    Normalize,
}
