//! Builds the server from options: at the start, and again at SIGHUP.

use mailchute::command::{Ehlo, Extension};
use mailchute::syntax::{BareLineEnds, EnvelopeSyntax};
use mailchute::tls::{Certificate, TlsConfig};
use mailchute::{Answer, BuildError, Builder, Hooks, Server, Session, Verdict};
use mailchute_stores::recipients::Recipients;

use crate::commands::certificates::Certificates;
use crate::commands::chaos::Chaos;
use crate::commands::filters::Filters;
use crate::commands::local_domains::LocalDomains;
use crate::commands::recipients;
use crate::commands::release::NextHop;
use crate::commands::store::Stores;
use crate::commands::warnings;
use crate::failure::Failure;
use crate::options::args::{self, Options};
use crate::options::filters::{FilterKind, FilterOptions};
use crate::options::listener_options::{ListenerAuth, ListenerOptions, ListenerTls};
use crate::options::time_span::TimeSpan;
use crate::users::Users;
use crate::users::any_login::AnyLogin;
use crate::users::login_field::LoginField;

/// The active options, and the contents of the files that they name.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) options: Options,
    pub(crate) certificates: Certificates,
    /// The users of the last password file that was named. They apply only while the options name one.
    pub(crate) users: Option<Users>,
    pub(crate) filters: Filters,
    pub(crate) store: Stores,
    /// The next hop of messages that the console releases.
    pub(crate) next_hop: Option<NextHop>,
    pub(crate) chaos: Chaos,
}

impl Configuration {
    /// Reads the password file, if there is one.
    pub(crate) fn of(
        options: Options,
        filters: Filters,
        store: Stores,
        next_hop: Option<NextHop>,
    ) -> Result<Self, Failure> {
        let users = Users::of(&options)?;
        Ok(Self {
            options,
            certificates: Certificates::default(),
            users,
            filters,
            store,
            next_hop,
            chaos: Chaos::default(),
        })
    }

    /// Reads the certificates, builds the server, and logs all warnings. Returns the certificates too.
    pub(crate) fn build(&self) -> Result<(Server, Vec<Certificate>), Failure> {
        let (tls, own) = self.certificates.read(&self.options)?;
        let recipients = recipients::read(&self.options)?;
        let (users, filters, store) = (self.users.clone(), self.filters.clone(), self.store.clone());
        let server = build(
            &self.options,
            Parts { tls, users, recipients, filters, store, chaos: self.chaos.clone() },
        )?;
        warnings::log(warnings::at_start(&self.options, &own));
        Ok((server, own))
    }
}

/// The values of the files that options name.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) tls: TlsConfig,
    pub(crate) users: Option<Users>,
    pub(crate) recipients: Option<Recipients>,
    pub(crate) filters: Filters,
    pub(crate) store: Stores,
    pub(crate) chaos: Chaos,
}

/// Builds the server.
pub(crate) fn build(options: &Options, parts: Parts) -> Result<Server, Failure> {
    builder(options, parts).build().map_err(|error| wrong_option(error, options))
}

/// Returns a builder with all options of the server.
pub(crate) fn builder(options: &Options, parts: Parts) -> Builder {
    let Parts { tls, users, recipients, filters, store, chaos } = parts;
    let mut builder = Server::builder()
        .tls(tls)
        .max_message_size(options.max_message_size.0)
        .proxy_from(options.proxy_from.iter().copied())
        .xclient_from(options.xclient_from.iter().copied())
        .greeting_delay(options.greeting_delay.duration());
    if let Some(name) = &options.hostname {
        builder = builder.hostname(name);
    }
    builder = builder.envelope_syntax(match options.envelope {
        args::EnvelopeSyntax::Strict => EnvelopeSyntax::Strict,
        args::EnvelopeSyntax::Lenient => EnvelopeSyntax::Lenient,
    });
    builder = builder.bare_line_ends(match options.bare_line_ends {
        args::BareLineEnds::Refuse => BareLineEnds::Refuse,
        args::BareLineEnds::Tolerate => BareLineEnds::Tolerate,
        args::BareLineEnds::Normalize => BareLineEnds::Normalize,
    });
    if options.require_tls {
        builder = builder.require_tls();
    }
    if !offers_tls(options) {
        builder = builder.hooks(Without(Extension::StartTls));
    }
    builder = options.limit.iter().fold(builder, |builder, limit| limit.set(builder));
    builder = options.timeout.iter().fold(builder, |builder, timeout| timeout.set(builder));
    if options.web.console {
        builder = builder.with(chaos);
    }
    builder = filters.add(builder, |mut builder| {
        if let Some(domains) = LocalDomains::of(&options.domain) {
            builder = builder.hooks(domains);
        }
        if let Some(recipients) = recipients {
            builder = builder.hooks(recipients);
        }
        builder
    });
    if let Some(users) = users {
        builder = builder.with(users);
    }
    if options.auth_external {
        builder = builder.auth_external();
    }
    if options.auth_any {
        builder = builder.authenticator(AnyLogin);
    }
    if options.require_auth {
        builder = builder.require_auth();
    }
    if options.allow_plaintext_auth {
        builder = builder.allow_plaintext_auth();
    }
    if writes_login(options) {
        builder = builder.filter(LoginField);
    }
    // After all hooks, as a store that forwards names each recipient to the next server.
    builder = builder.with(store);
    options.listener.iter().fold(builder, |builder, listener| {
        builder.on(listener.name(), |policy| listener_policy(listener, policy))
    })
}

/// Returns whether sessions that begin without TLS may begin it. Programs that are tested do so if they can, and refuse a
/// certificate that they cannot verify. So an inbox offers it only with a certificate, or if options ask for it.
pub(crate) fn offers_tls(options: &Options) -> bool {
    let asks =
        |listener: &ListenerOptions| matches!(listener.tls, Some(ListenerTls::Offer | ListenerTls::Require));
    !options.is_inbox
        || !options.tls_cert.is_empty()
        || options.require_tls
        || options.listener.iter().any(asks)
}

/// Returns whether the inbox writes who has sent a message. The filter `authentication` does the same.
fn writes_login(options: &Options) -> bool {
    let does = |filter: &FilterOptions| matches!(filter.kind, FilterKind::Authentication(_));
    options.is_inbox && !options.filter.iter().any(does)
}

/// Disables an extension in each session.
struct Without(Extension);

impl Hooks for Without {
    async fn ehlo(&self, _ehlo: &Ehlo, session: &Session) -> Answer {
        session.disable(self.0);
        Ok(Verdict::Accept)
    }
}

/// Adds what a `[[listener]]` says of its sessions.
fn listener_policy(listener: &ListenerOptions, mut policy: Builder) -> Builder {
    match listener.tls {
        Some(ListenerTls::Require) => policy = policy.require_tls(),
        Some(ListenerTls::Off) => policy = policy.hooks(Without(Extension::StartTls)),
        Some(ListenerTls::Offer | ListenerTls::Implicit) | None => {}
    }
    match listener.auth {
        Some(ListenerAuth::Require) => policy = policy.require_auth(),
        Some(ListenerAuth::Off) => policy = policy.hooks(Without(Extension::Auth)),
        Some(ListenerAuth::Offer) | None => {}
    }
    if let Some(size) = listener.max_message_size {
        policy = policy.max_message_size(size.0);
    }
    listener.limit.iter().fold(policy, |policy, limit| limit.set(policy))
}

/// Words an error of the builder as one of the command line or the configuration file.
pub(crate) fn wrong_option(error: BuildError, options: &Options) -> Failure {
    let provenance = &options.provenance;
    match error {
        BuildError::Invalid { option, value, expected, .. } => {
            // A time is shown as users write it.
            let time = value.parse().map(|time: TimeSpan| time.to_string());
            let setting = match (option.strip_prefix("max_"), option.strip_suffix("_timeout"), time) {
                (Some(limit), ..) => {
                    format!("{}={value}", provenance.name_of_setting("limit", &limit.replace('_', "-")))
                }
                (_, Some(timeout), Ok(time)) => {
                    format!("{}={time}", provenance.name_of_setting("timeout", timeout))
                }
                (.., Ok(time)) => format!("{} {time}", provenance.name(&option.replace('_', "-"))),
                _ => format!("{} {value}", provenance.name(&option.replace('_', "-"))),
            };
            Failure::usage(format!("{setting}: write {expected}"))
        }
        other => Failure::usage(other),
    }
}
