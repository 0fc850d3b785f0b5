//! The command line.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::{Parser, Subcommand, ValueEnum};
use mailchute::Network;

use crate::log::{LogFormat, LogLevel};
use crate::options::domains::Domains;
use crate::options::limits::{Limit, Timeout};
use crate::options::listen_at::Place;
use crate::options::paths;
use crate::options::provenance::Origins;
use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// An SMTP server you start with one command.
///
/// Without any flag it receives mail on 127.0.0.1:2525, offers STARTTLS with a certificate that it makes for
/// itself, accepts every recipient, and keeps each message as a file in the Maildir ./mail.
#[derive(Debug, Parser)]
#[command(name = "mailchute", version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Options,
}

const AFTER_HELP: &str = "\
Examples:
  mailchute
      Try it out. In another terminal: swaks --server 127.0.0.1:2525 --to you@example.com
  mailchute --listen 0.0.0.0:25 --domain example.com --store maildir:/var/mail/in \\
            --tls-cert fullchain.pem --tls-key privkey.pem
      Receive the mail of example.com from the Internet.
  mailchute --lmtp unix:/run/mailchute/lmtp --store maildir:/var/mail/in
      Take what Postfix delivers: mailbox_transport = lmtp:unix:/run/mailchute/lmtp
  mailchute hash-password alice >> users    # asks for the password; on a pipe it reads one line
  mailchute --tls-listen 127.0.0.1:4650 --auth-file users --require-auth
      Take mail from users only.
  mailchute --limit connections=2000 --limit recipients=200 --log-format json
  mailchute example-config > mailchute.toml
  mailchute check --config mailchute.toml && mailchute serve --config mailchute.toml
      Have all options in a file, and look at it before it is used.

Where options come from:
  Precedence: command line, environment, file of --config, defaults. A list in the file is left out when its flag is
  given; limits and timeouts are taken one by one. A switch set in the file cannot be turned off by a flag. Paths are
  relative to the working directory. Nothing in them is expanded: ~, $NAME and %h
  are mistakes, except after ./ as in ./~

Signals:
  SIGTERM, SIGINT   take no more connections, answer idle sessions 421, let messages that are
                    under way finish for up to 30 s, and exit with 0. A second one cuts them off.
  SIGHUP            read the files of --config, --tls-cert, --tls-key, --tls-client-ca and --auth-file again, for
                    new sessions and logins; if anything is wrong the log says so and all that was in force
                    stays so.
  SIGUSR2           start the program anew, as it was started, and hand it all sockets; once it is
                    ready, end as by SIGTERM. No client is refused. If it does not start, serve on.

Exit codes:
  0  stopped by a signal, nothing was lost
  1  failed while running, or was cut off by a second signal
  2  a flag or the configuration file is wrong; the message says what to write instead
  3  an address, certificate, store, password or configuration file cannot be used; the message names it";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive mail (this is also what happens without a command)
    Serve(Box<Options>),
    /// Say what is wrong with a configuration file and the files that it names, and neither listen nor write anything
    Check(Box<Options>),
    /// Print a configuration file with every option and its default
    ExampleConfig,
    /// Read a password and print the line USER:VERIFIER for the file of --auth-file
    HashPassword(HashPassword),
}

#[derive(Debug, clap::Args)]
pub(crate) struct HashPassword {
    /// Whose password it is
    pub(crate) user: String,

    /// Make a hash by argon2id, which serves PLAIN and LOGIN only, and not a verifier of SCRAM-SHA-256
    #[arg(long)]
    pub(crate) argon2id: bool,

    /// Print 32 random digits behind the verifier, which keep those who are no users from being told from users over
    /// restarts; one line of the file with them is enough
    #[arg(long)]
    pub(crate) with_seed: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Take options from this file as well: TOML, in which each flag is a key of the same name, as `mailchute
    /// example-config` prints it. A flag given here or by the environment goes before the file. Read again at SIGHUP
    #[arg(long, value_name = "FILE", value_parser = file())]
    pub(crate) config: Option<PathBuf>,

    /// Listen for SMTP on this address or Unix socket, or on the sockets of this name (its `FileDescriptorName`) that
    /// systemd passes; may be given several times. localhost:2525 stands for all addresses of the name, :2525 for all
    /// interfaces, IPv6 and IPv4, and 2525 for 127.0.0.1 only [default: 127.0.0.1:2525]
    #[arg(long, value_name = "[ADDR:]PORT|unix:PATH|systemd:NAME")]
    pub(crate) listen: Vec<Place>,

    /// Listen for SMTP inside TLS from the first octet on, as on port 465; may be given several times
    #[arg(long, value_name = "[ADDR:]PORT|systemd:NAME", value_parser = Place::for_tls)]
    pub(crate) tls_listen: Vec<Place>,

    /// Listen for LMTP on this address or Unix socket, as a mail server of this host delivers to; may be given
    /// several times
    #[arg(long, value_name = "[ADDR:]PORT|unix:PATH|systemd:NAME")]
    pub(crate) lmtp: Vec<Place>,

    /// Where messages go: maildir:PATH keeps each as a file, discard: forgets them. Options follow a ?, with & between
    /// two. line-ends=crlf keeps the line ends of SMTP; the default is lf, as readers of a Maildir expect it. mode=0660
    /// sets the mode of files; without it they are for the user alone, and for the group of an existing directory that
    /// its group shares
    #[arg(long, value_name = "URL", default_value = "maildir:./mail", value_parser = paths::store)]
    pub(crate) store: String,

    /// Accept recipients of this domain, refuse all others; may be given several times. .example.com stands for all
    /// domains below example.com, and '*' for every recipient. Without it every recipient is accepted as well, which is
    /// allowed on loopback addresses only
    #[arg(long, value_name = "DOMAIN|.DOMAIN|*")]
    pub(crate) domain: Vec<Domains>,

    /// The name of this server, in its greeting, its reply to EHLO and Received: [default: the host's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Option<String>,

    /// PEM file with the certificate chain; without it a throw-away certificate is made at each start. May be
    /// given several times, each with its --tls-key: clients get the one with the name that they ask for (SNI), and
    /// the first where none has it. Read again at SIGHUP
    #[arg(long, value_name = "FILE", value_parser = file())]
    pub(crate) tls_cert: Vec<PathBuf>,

    /// PEM file with the private key of the --tls-cert that stands in the same place
    #[arg(long, value_name = "FILE", value_parser = file())]
    pub(crate) tls_key: Vec<PathBuf>,

    /// Ask clients for a certificate; PEM file with the authorities whose certificates are trusted. The log and
    /// Received: say whose it is and whether it was verified. Read again at SIGHUP
    #[arg(long, value_name = "FILE", value_parser = file())]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// Whether clients inside TLS must show a certificate that is trusted
    #[arg(long, value_name = "DEMAND", default_value = "optional")]
    pub(crate) tls_client_cert: ClientCertificate,

    /// The usage that a trusted client certificate must have. Public authorities no longer issue certificates for
    /// clients, so mail servers show their server certificates
    #[arg(long, value_name = "USAGE", default_value = "client")]
    pub(crate) tls_client_cert_usage: CertificateUsage,

    /// Take no mail before STARTTLS (530 5.7.0), except by --lmtp unix:PATH
    #[arg(long)]
    pub(crate) require_tls: bool,

    /// Offer AUTH to the users of this file, a line USER:VERIFIER or USER:VERIFIER SEED each, as `mailchute
    /// hash-password USER` prints it; lines that begin with # are comments. Read again at SIGHUP
    #[arg(long, value_name = "FILE", value_parser = file())]
    pub(crate) auth_file: Option<PathBuf>,

    /// Offer AUTH EXTERNAL to clients with a certificate that --tls-client-ca trusts. Such a client is the user that the
    /// certificate names: its email address, else its DNS name, else its common name. With --auth-file only users of that
    /// file are let in
    #[arg(long)]
    pub(crate) auth_external: bool,

    /// Offer AUTH and accept every name with every password, to test clients and for inboxes. Allowed on loopback
    /// addresses only, except with --domain '*'; a warning says so at each start
    #[arg(long)]
    pub(crate) auth_any: bool,

    /// Take mail only from clients that log in (530 5.7.0), by --auth-file, --auth-external or --auth-any. Clients of
    /// --lmtp unix:PATH need no login: the mode of the directory around it says who may connect
    #[arg(long)]
    pub(crate) require_auth: bool,

    /// Take passwords outside TLS as well, where anybody on the way can read them
    #[arg(long)]
    pub(crate) allow_plaintext_auth: bool,

    /// Go on as this user once the sockets are open and the files are read, when started as root. The store is made for
    /// this user; Unix sockets are made as this user, and files that are read again at SIGHUP or by the new process at
    /// SIGUSR2 have to be readable to it
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,

    /// Run as root where clients can connect from elsewhere, which is refused otherwise
    #[arg(long)]
    pub(crate) allow_root: bool,

    /// Let the kernel restrict the program. Landlock (Linux 5.19) allows only the store, the program itself, and the
    /// directories of files and Unix sockets that flags name. Seccomp (x86-64, 64-bit Arm) refuses connections, sockets
    /// other than TCP and Unix ones, and changes of modes and rights. Linux 6.12 also blocks signals to other processes.
    /// Restart the program after one of these directories was replaced or mounted again
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// The largest message to take, in bytes or as 512K, 25M or 1G; 0 is no limit
    #[arg(long, value_name = "SIZE", default_value = "25M")]
    pub(crate) max_message_size: Size,

    /// How strictly EHLO, MAIL, RCPT and the words of commands are read
    #[arg(long, value_name = "HOW", default_value = "strict")]
    pub(crate) envelope: EnvelopeSyntax,

    /// What becomes of a CR or LF by itself in a message
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub(crate) bare_line_ends: BareLineEnds,

    /// Set a limit; may be given several times. NAME is one of connections, connections-per-client, recipients,
    /// transactions, errors, received-headers, header-size, header-fields, command-line; 0 switches one off,
    /// except for recipients and command-line. header-size and command-line are sizes, such as 64K
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<Limit>,

    /// Set a timeout, in seconds or as 30s, 5m, 1h or 2d; may be given several times. NAME is one of command, data,
    /// handshake, proxy, store, session
    #[arg(long, value_name = "NAME=TIME")]
    pub(crate) timeout: Vec<Timeout>,

    /// Connections from this network or address come through a proxy such as HAProxy, and have to begin with a
    /// PROXY header, version 1 or 2, that names the client; may be given several times
    #[arg(long, value_name = "CIDR")]
    pub(crate) proxy_from: Vec<Network>,

    /// Clients of this network or address may say by XCLIENT and XFORWARD whom they speak for, as proxies and
    /// relays do; may be given several times
    #[arg(long, value_name = "CIDR")]
    pub(crate) xclient_from: Vec<Network>,

    /// Greet after this time only, and hang up on clients that do not wait for it (554 5.5.0); in seconds or as 5s
    #[arg(long, value_name = "TIME", default_value = "0")]
    pub(crate) greeting_delay: TimeSpan,

    /// What to log to standard error: off, error, warn, info, debug or trace, or several of them by
    /// target as in warn,mailchute=debug
    #[arg(long, value_name = "LEVEL", default_value = "info", env = "MAILCHUTE_LOG_LEVEL")]
    pub(crate) log_level: LogLevel,

    /// How to write the log
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "MAILCHUTE_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,

    /// Which of all these a configuration file gave
    #[arg(skip)]
    pub(crate) origins: Origins,
}

/// The flags of `mailchute serve`, by themselves.
pub(crate) fn flags() -> clap::Command {
    let command = clap::Command::new("mailchute").no_binary_name(true).disable_help_flag(true);
    <Options as clap::Args>::augment_args(command)
}

/// Reads the path of a file, which need not be UTF-8.
fn file() -> impl clap::builder::TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(paths::file)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientCertificate {
    /// A client may have none, or one that is not trusted, and sends mail all the same
    Optional,
    /// The handshake of a client without a trusted one fails, and the connection is closed
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CertificateUsage {
    /// Clients of TLS (extended key usage clientAuth), or anything
    Client,
    /// Whatever it says
    Any,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum EnvelopeSyntax {
    /// As RFC 5321 has it
    Strict,
    /// Also as devices and scripts write it: addresses without brackets, names without a domain, and more
    Lenient,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BareLineEnds {
    /// 550 5.5.2, and the connection is closed
    Refuse,
    /// Kept as it came, but made a CRLF in front of a dot; for old scripts
    Tolerate,
    /// Each form of line end made one CRLF; for old scripts
    Normalize,
}
