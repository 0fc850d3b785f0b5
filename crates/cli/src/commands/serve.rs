//! `mailchute serve`: runs the server that the options describe.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use mailchute::listen::Endpoint;
use sd_notify::NotifyState;
use tokio::sync::oneshot;

use crate::commands::build::{Configuration, offers_tls};
use crate::commands::http::Http;
use crate::commands::narration::Narration;
use crate::commands::reach;
use crate::commands::store;
use crate::failure::Failure;
use crate::log::Log;
use crate::options::args::{ClientCertificate, Options};
use crate::options::domains::Domains;
use crate::options::merge::CommandLine;
use crate::process::handover::{Handover, Successor};
use crate::process::inherited::Inherited;
use crate::process::listener::Protocol;
use crate::process::privileges::{Account, is_root};
use crate::process::sandbox;
use crate::process::signals::{self, CaughtSignal, StopSignals};
use crate::process::sockets::{Listening, Plan};
use crate::process::systemd;

/// The time that running messages get when the program stops.
const GRACE: Duration = Duration::from_secs(30);

/// Receives mail until a signal ends it.
pub(crate) async fn serve(
    mut configuration: Configuration,
    command_line: &CommandLine,
    log: &Log,
    plan: Plan,
    mut passed: Inherited,
    account: Option<&Account>,
) -> Result<(), Failure> {
    let mut stop = StopSignals::catch()?;
    let mut reload = CaughtSignal::to_reload()?;
    let mut hand_over = CaughtSignal::to_hand_over()?;
    signals::let_writes_fail()?;
    let options = &configuration.options;
    // It outlives the server, whose last events it tells.
    let _narration;
    let (server, certificates) = configuration.build()?;
    _narration = options.explain.then(|| Narration::begin(server.events())).transpose()?;
    let listening = Listening::begin(options, plan, &server, &mut passed, account).await?;
    let endpoints: Vec<(Endpoint, Protocol)> =
        listening.endpoints().map(|(endpoint, protocol)| (endpoint.clone(), protocol)).collect();
    let handover = Handover::of(&listening, options.sandbox || passed.is_sandboxed())?;
    match account {
        Some(account) => account.switch_user()?,
        None if is_root() && !options.allow_root => tracing::warn!(
            name: "runs-as-root",
            "this program runs as root, and a user without any rights is enough for it: see --user"
        ),
        None => {}
    }
    if options.sandbox && !passed.is_sandboxed() {
        sandbox::close(&reach::outgoing(options))?;
    }
    configuration.store.connect().await;
    let Listening { serving, http, .. } = listening;
    let smtp = tcp(&endpoints, Protocol::Smtp);
    let next_hop = configuration.next_hop.clone();
    let http = Http::begin(options, &server, &configuration.chaos, next_hop, smtp, http)?;
    http.certified(&certificates);
    if passed.has_predecessor() {
        // The reader that saw the first process's welcome may be gone.
        tracing::info!(name: "taken-over", "took over the sockets of the process that served before");
        passed.tell_ready()?;
    } else {
        if log.is_json() {
            log_welcome(options, &endpoints);
        } else if let Err(error) = welcome(options, &endpoints) {
            tracing::warn!(name: "welcome-failed", %error, "nobody reads what is said on standard output");
        }
        systemd::tell(&[NotifyState::Ready]);
    }
    // Take the first signal before anything reacts to it, so that a second signal is never mistaken for the first.
    let (stopping, stopped) = oneshot::channel();
    let cut_off = async {
        let successor = tokio::select! {
            () = stop.wait() => None,
            successor = handover.done(&mut hand_over) => Some(successor),
        };
        handover.end(successor.as_ref());
        http.is_stopping();
        if successor.is_some() {
            http.stop();
        }
        match &successor {
            Some(Successor { process }) => {
                tracing::info!(
                    name: "handed-over",
                    process,
                    "handed over: the new process serves, this one ends what it has begun"
                );
                systemd::tell(&[NotifyState::MainPid(*process)]);
            }
            None => systemd::tell(&[NotifyState::Stopping]),
        }
        let _ = stopping.send(());
        if successor.is_some() {
            // The notification concerns the whole service, and the new process belongs to it. This process is stopping
            // anyway.
            stop.wait().await;
            tracing::info!(name: "stopping-already", "stopping already; another signal cuts off what is under way");
        }
        stop.wait().await;
    };
    let reloading = async {
        loop {
            reload.wait().await;
            systemd::tell_reloading();
            configuration.reload(command_line, &endpoints, log, &server, &http);
            systemd::tell(&[NotifyState::Ready]);
        }
    };
    let outcome = tokio::select! {
        served = serving.with_graceful_shutdown(stopped, GRACE) => served.map_err(Failure::running),
        () = cut_off => Err(Failure::running("stopped at once by a second signal")),
        () = reloading => Ok(()),
    };
    http.end().await;
    outcome
}

/// Says where mail comes in and where it goes. Programs that start Mailchute read the first lines.
fn welcome(options: &Options, endpoints: &[(Endpoint, Protocol)]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(url) = console_url(options, endpoints).filter(|_| options.is_inbox) {
        writeln!(out, "See mail at {url}")?;
    }
    for (endpoint, protocol) in endpoints {
        writeln!(out, "listening on {endpoint} ({protocol})")?;
    }
    if let Some(url) = console_url(options, endpoints).filter(|_| !options.is_inbox) {
        writeln!(out, "the console is at {url}")?;
    }
    let directory = store::directory(&options.store);
    writeln!(out, "{}", store::in_words(&options.store))?;
    for domain in &options.domains {
        if let (false, Some(name)) = (domain.store.is_empty(), domain.name.first()) {
            writeln!(out, "{name}: {}", store::in_words(&domain.store))?;
        }
    }
    match options.tls_cert.len() {
        0 if !offers_tls(options) => {
            writeln!(out, "no STARTTLS, since no client could verify the certificate; see --tls-cert")?;
        }
        0 => {
            writeln!(out, "TLS with a self-signed certificate, which clients cannot verify; see --tls-cert")?;
        }
        1 => {}
        count => writeln!(out, "TLS with {count} certificates, chosen by the name that a client asks for")?,
    }
    if let Some(authorities) = &options.tls_client_ca {
        let demand = match options.tls_client_cert {
            ClientCertificate::Optional => "asking clients for a certificate",
            ClientCertificate::Required => "requiring a certificate of clients",
        };
        writeln!(out, "{demand}, trusting {}", authorities.display())?;
    }
    writeln!(out)?;
    if let Some(address) = tcp(endpoints, Protocol::Smtp) {
        let recipient = options.accepted().next().map_or_else(|| Domains::All.example(), Domains::example);
        writeln!(out, "Send it a message from another terminal:")?;
        writeln!(out, "  swaks --server {address} --to you@{recipient} --tls-optional")?;
        writeln!(
            out,
            "  echo hello | curl --url smtp://{address} --mail-from me@{recipient} --mail-rcpt you@{recipient} --crlf -T -"
        )?;
    }
    if let Some(path) = directory {
        writeln!(out, "Mail is in {}. Ctrl-C stops.\n", path.join("new").display())?;
    }
    out.flush()
}

/// Returns the URL of the console for a browser on this host.
fn console_url(options: &Options, endpoints: &[(Endpoint, Protocol)]) -> Option<String> {
    let address = tcp(endpoints, Protocol::Http).filter(|_| options.web.console)?;
    Some(if address.ip().is_unspecified() {
        format!("http://localhost:{}/", address.port())
    } else {
        format!("http://{address}/")
    })
}

/// Returns the first TCP address of a protocol.
fn tcp(endpoints: &[(Endpoint, Protocol)], protocol: Protocol) -> Option<SocketAddr> {
    endpoints.iter().find_map(|(endpoint, spoken)| match endpoint {
        Endpoint::Tcp(address) if *spoken == protocol => Some(*address),
        _ => None,
    })
}

/// Like [`welcome`], for programs that read the log.
fn log_welcome(options: &Options, endpoints: &[(Endpoint, Protocol)]) {
    for (endpoint, protocol) in endpoints {
        tracing::info!(name: "listening", address = %endpoint, %protocol, "listening");
    }
    let store = options.store.join(" ");
    tracing::info!(name: "ready", store, certificates = options.tls_cert.len(), "ready");
}

/// Raises the limit on open files as far as the host allows. Each connection is a file.
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // If this fails, there are fewer connections, and their limit follows.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
