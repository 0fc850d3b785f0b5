//! A transcript as a server: its settings as options, its answers as hooks.

use std::sync::Arc;
use std::time::Duration;

use mailchute::auth::Mechanism;
use mailchute::command::{Command, Ehlo};
use mailchute::session::Protocol;
use mailchute::{
    Answer as HookAnswer, Authenticator, Builder, Check, Credentials, Envelope, Hooks, Install, Message,
    Receipt, Recipient, Refusal, Sender, Server, Session, Store, Verdict,
};
use mailchute_proto::catalog;
use mailchute_proto::{AuthPolicy, Limits, PlaintextAuth, TlsPolicy};
use rcgen::{CertificateParams, DnType};
use rustls::ClientConfig;

use crate::session;
use crate::support::clients::{self, Authority};
use crate::support::{Seen, receipt, tls};
use crate::transcript::{Event, Transcript};

/// A complete message: its sender, its recipients, and its content.
pub(crate) type Kept = (String, Vec<String>, Vec<u8>);

/// A server that answers as the transcript's hooks do, and the messages that it receives.
pub(crate) struct Script {
    pub(crate) server: Server,
    pub(crate) kept: Seen<Kept>,
    /// A client that presents the transcript's certificate, if there is one.
    pub(crate) client: Arc<ClientConfig>,
}

/// Why only the machine alone can run a transcript.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MachineOnly {
    /// The library has no option for it, or refuses such a value.
    Setting,
    /// There is no such hook.
    Hook,
    /// The challenges of a server never repeat.
    Nonce,
    /// Replies are delayed by seconds. The library's tests use virtual time for those.
    Waits,
}

impl Script {
    pub(crate) fn of(transcript: &Transcript) -> Result<Self, MachineOnly> {
        let session = &transcript.session;
        let has_positive_data = session.answers.iter().any(|answer| {
            answer.stage == "data" && matches!(&answer.verdict, Some(Ok(verdict)) if verdict.is_positive())
        });
        let has_other = session
            .answers
            .iter()
            .any(|answer| matches!(answer.stage, "starttls" | "each" | "chunk" | "xclient"));
        if has_positive_data || has_other {
            return Err(MachineOnly::Hook);
        }
        let has_clock = session.now.is_some() || session.settings.future_release.is_some();
        let is_lmtp_inside_tls = session.protocol == Protocol::Lmtp && session.is_inside_tls;
        if is_lmtp_inside_tls || has_clock || !session.early.is_empty() {
            return Err(MachineOnly::Setting);
        }
        if session.nonce.is_some() || !session.verifiers.is_empty() {
            return Err(MachineOnly::Nonce);
        }
        if transcript.events.contains(&Event::HeldBack) {
            return Err(MachineOnly::Waits);
        }
        let kept = Seen::default();
        let hooks = Scripted { session: Arc::new(session.clone()), kept: kept.clone() };
        let authority = Authority::new();
        let mut builder = options(session)?;
        if session.settings.mechanisms.contains(&Mechanism::External) {
            builder = builder.tls(clients::tls(authority.asked())).auth_external();
        }
        let server = builder.with(hooks).build().map_err(|_| MachineOnly::Setting)?;
        let client = match &session.certificate {
            Some(name) => {
                let mut parameters = CertificateParams::default();
                parameters.distinguished_name.push(DnType::CommonName, name.as_str());
                clients::with(&authority.sign(&parameters), rustls::ALL_VERSIONS)
            }
            None => tls::client(rustls::ALL_VERSIONS, &[tls::identity()]).with_no_client_auth().into(),
        };
        Ok(Self { server, kept, client })
    }
}

fn options(session: &session::Session) -> Result<Builder, MachineOnly> {
    let settings = &session.settings;
    let Limits { auth_line, errors, errors_before_delay, .. } = settings.limits;
    let mut builder = limited(Server::builder(), &settings.limits);
    if auth_line != Limits::default().auth_line || errors_before_delay != errors.div_ceil(2) {
        return Err(MachineOnly::Setting);
    }
    builder = builder.hostname(settings.hostname.clone()).mechanisms(settings.mechanisms.clone());
    if settings.tls != TlsPolicy::Off {
        builder = builder.tls(tls::config());
    }
    if settings.tls == TlsPolicy::Required {
        builder = builder.require_tls();
    }
    if settings.plaintext_auth == PlaintextAuth::Anywhere {
        builder = builder.allow_plaintext_auth();
    }
    if settings.auth == AuthPolicy::Required {
        builder = builder.require_auth();
    }
    if session.is_trusted {
        builder = builder.xclient_from(["127.0.0.1".parse().expect("a network")]);
    }
    if let Some(seconds) = settings.deliver_by {
        builder = builder.deliver_by(Duration::from_secs(seconds.into()));
    }
    if let Some(profile) = settings.mt_priority {
        builder = builder.mt_priority(profile);
    }
    builder = builder.envelope_syntax(settings.envelope);
    builder = builder.bare_line_ends(settings.bare_line_ends);
    builder = settings.mail_parameters.iter().fold(builder, |builder, name| builder.mail_parameter(name));
    builder = settings.rcpt_parameters.iter().fold(builder, |builder, name| builder.rcpt_parameter(name));
    for verb in &settings.verbs {
        let word = verb.clone();
        let answers = session.answers.clone();
        builder = builder.on_command(verb, move |_argument, _session| {
            let answer = answers.iter().find(|answer| answer.stage == "command" && answer.subject == word);
            std::future::ready(answer.map_or(Ok(Verdict::Accept), |answer| given(answer.verdict.clone())))
        });
    }
    Ok(builder)
}

fn limited(builder: Builder, limits: &Limits) -> Builder {
    builder
        .max_message_size(limits.message_size)
        .max_recipients(limits.recipients)
        .max_transactions(limits.transactions)
        .max_errors(limits.errors)
        .max_junk_commands(limits.junk_commands)
        .max_auth_failures(limits.auth_failures)
        .max_received_headers(limits.received_headers)
        .max_header_size(limits.header_size)
        .max_header_fields(limits.header_fields)
        .max_command_line(limits.command_line)
}

/// A dropped question stands for a hook that fails.
fn given(answer: Option<HookAnswer>) -> HookAnswer {
    answer.unwrap_or(Err(Refusal::from_reply(catalog::INTERNAL_ERROR)))
}

struct Scripted {
    session: Arc<session::Session>,
    kept: Seen<Kept>,
}

impl Scripted {
    fn at(&self, stage: &str, subject: &str) -> HookAnswer {
        given(self.session.answer(stage, subject))
    }
}

fn edit(session: &Session, change: &session::Edit) {
    match change {
        session::Edit::Disable(extension) => {
            session.disable(*extension);
            Ok(())
        }
        session::Edit::Size(bytes) => {
            session.set_max_message_size(*bytes);
            Ok(())
        }
        session::Edit::Announce(line) => session.announce(line),
        session::Edit::MailParameter(name) => session.accept_mail_parameter(name),
        session::Edit::RcptParameter(name) => session.accept_rcpt_parameter(name),
    }
    .expect("an edit that can be made");
}

impl Hooks for Scripted {
    async fn connect(&self, _session: &Session) -> HookAnswer {
        self.at("connect", "")
    }

    async fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> HookAnswer {
        self.session.edits.iter().for_each(|change| edit(session, change));
        self.at("ehlo", ehlo.name.as_str())
    }

    async fn authenticated(&self, _identity: &str, session: &Session) -> HookAnswer {
        session.state().get::<Verdict>().map_or(Ok(Verdict::Accept), Ok)
    }

    async fn mail_from(&self, from: &Sender, _session: &Session) -> HookAnswer {
        self.at("mail", &from.to_string())
    }

    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> HookAnswer {
        self.at("rcpt", &to.to_string())
    }

    async fn data(&self, envelope: &Envelope, _session: &Session) -> HookAnswer {
        self.at("data", &envelope.sender.to_string())
    }

    async fn command(&self, command: &Command, _session: &Session) -> HookAnswer {
        self.at("command", &command.word)
    }
}

impl Authenticator for Scripted {
    async fn check(&self, credentials: &Credentials, session: &Session) -> Result<Check, Refusal> {
        let verdict = given(self.session.authenticate(credentials))?;
        let is_right = verdict.is_positive();
        // The hook that runs after this one gives the text.
        session.state().insert(verdict);
        Ok(Check::right_if(is_right))
    }
}

impl Store for Scripted {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        let sender = message.envelope().sender.to_string();
        let recipients = message.envelope().recipients.iter().map(ToString::to_string).collect();
        let mut content = Vec::new();
        while let Some(chunk) = message.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        self.kept.push((sender.clone(), recipients, content));
        receipt(self.at("message", &sender)?)
    }
}

impl Install for Scripted {
    fn install(self, builder: Builder) -> Builder {
        let has_auth = !self.session.settings.mechanisms.is_empty();
        let scripted = Arc::new(self);
        let builder = builder.hooks(Arc::clone(&scripted)).store(Arc::clone(&scripted));
        if has_auth { builder.authenticator(scripted) } else { builder }
    }
}
