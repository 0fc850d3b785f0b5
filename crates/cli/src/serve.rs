//! `mailchute serve`: from options to a server that runs.

use std::io::{self, Write as _};
use std::time::Duration;

use mailchute::{BareLineEnds, BuildError, Builder, Endpoint, Server};
use mailchute_stores::AnyStore;
use sd_notify::NotifyState;
use tokio::sync::oneshot;

use crate::account::{Account, is_root};
use crate::args::{self, ClientCertificate, Options};
use crate::failure::Failure;
use crate::files::Files;
use crate::handover::Handover;
use crate::listening::{Kind, Listening};
use crate::passed::Passed;
use crate::recipients::LocalDomains;
use crate::signals::{Notice, Stop};
use crate::supervisor;

/// How long messages that are under way may take when the program is to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Receives mail until a signal ends it.
pub(crate) async fn serve(
    options: &Options,
    mut passed: Passed,
    store: AnyStore,
    account: Option<&Account>,
) -> Result<(), Failure> {
    let mut stop = Stop::catch()?;
    let mut reload = Notice::to_reload()?;
    let mut hand_over = Notice::to_hand_over()?;
    let files = Files::of(options)?;
    let server = build(options, &files, store)?;
    let listening = Listening::begin(options, &server, &mut passed, account).await?;
    let handover = Handover::of(&listening)?;
    match account {
        Some(account) => account.take_on()?,
        None if is_root() && !options.allow_root => tracing::warn!(
            "this program runs as root, and a user without any rights is enough for it: see --user"
        ),
        None => {}
    }
    if passed.has_predecessor() {
        // Who has read the welcome of the first process reads no more.
        tracing::info!("took over the sockets of the process that served before");
        passed.tell_ready()?;
    } else {
        if let Err(error) = welcome(options, &listening) {
            tracing::warn!(%error, "nobody reads what is said on standard output");
        }
        supervisor::tell(&[NotifyState::Ready]);
    }
    // The first signal is taken before anybody learns of it, so that a second one is never mistaken for the first.
    let (stopping, stopped) = oneshot::channel();
    let cut_off = async {
        let successor = tokio::select! {
            () = stop.wait() => None,
            successor = handover.done(&mut hand_over) => Some(successor),
        };
        handover.end(successor.as_ref());
        match successor.as_ref().and_then(|successor| successor.process) {
            Some(process) => {
                tracing::info!(
                    process,
                    "handed over: the new process serves, this one ends what it has begun"
                );
                supervisor::tell(&[NotifyState::MainPid(process)]);
            }
            None => supervisor::tell(&[NotifyState::Stopping]),
        }
        let _ = stopping.send(());
        if successor.is_some() {
            // Sent to the whole service, which the new process belongs to; this one is stopping as it says.
            stop.wait().await;
            tracing::info!("stopping already; another signal cuts off what is under way");
        }
        stop.wait().await;
    };
    let reloading = async {
        loop {
            reload.wait().await;
            supervisor::tell_reloading();
            files.reload(&server);
            supervisor::tell(&[NotifyState::Ready]);
        }
    };
    tokio::select! {
        served = listening.serving.with_graceful_shutdown(stopped, GRACE) => served.map_err(Failure::running),
        () = cut_off => Err(Failure::running("cut off by a second signal")),
        () = reloading => Ok(()),
    }
}

fn build(options: &Options, files: &Files<'_>, store: AnyStore) -> Result<Server, Failure> {
    let mut builder = Server::builder()
        .max_message_size(options.max_message_size)
        .proxy_from(options.proxy_from.iter().copied())
        .xclient_from(options.xclient_from.iter().copied())
        .greeting_delay(Duration::from_secs(options.greeting_delay));
    if let Some(name) = &options.greeting {
        builder = builder.greeting(name);
    }
    builder = builder.bare_line_ends(match options.bare_line_ends {
        args::BareLineEnds::Refuse => BareLineEnds::Refuse,
        args::BareLineEnds::Tolerate => BareLineEnds::Tolerate,
        args::BareLineEnds::Normalize => BareLineEnds::Normalize,
    });
    if options.require_tls {
        builder = builder.require_tls();
    }
    for limit in &options.limit {
        builder = set_limit(builder, limit)?;
    }
    for timeout in &options.timeout {
        builder = set_timeout(builder, timeout)?;
    }
    if !options.domain.is_empty() {
        builder = builder.hooks(LocalDomains::parse(&options.domain)?);
    }
    if let Some(users) = files.users() {
        builder = builder.hooks(users);
    }
    if options.require_auth {
        builder = builder.require_auth();
    }
    if options.allow_plaintext_auth {
        builder = builder.allow_plaintext_auth();
    }
    builder = builder.tls(files.tls()?);
    builder.store(store).build().map_err(wrong_option)
}

/// The builder's error in the words of the command line.
fn wrong_option(error: BuildError) -> Failure {
    match error {
        BuildError::BadLimit { option, value, expected, .. } => {
            let name = option.trim_start_matches("max_").replace('_', "-");
            Failure::usage(format!("--limit {name}={value}: write {expected}"))
        }
        BuildError::BadTimeout { option, timeout, .. } => {
            let (name, seconds) = (option.trim_end_matches("_timeout"), timeout.as_secs());
            Failure::usage(format!(
                "--timeout {name}={seconds}: write more than 0 seconds and less than a year"
            ))
        }
        BuildError::BadGreeting(name) => Failure::usage(format!(
            "--greeting {name:?} is not a domain; write the server's name, such as mx.example.com"
        )),
        BuildError::BadGreetingDelay(delay) => Failure::usage(format!(
            "--greeting-delay {}: write less than 300 seconds, as clients wait no longer",
            delay.as_secs()
        )),
        other => Failure::usage(other),
    }
}

fn set_limit(builder: Builder, limit: &str) -> Result<Builder, Failure> {
    const NAMES: &str = "connections, connections-per-client, recipients, transactions, errors, received-headers, \
                         header-size, header-fields, command-line";
    let wrong = |what: &str| Failure::usage(format!("--limit {limit}: {what}"));
    let (name, value) =
        limit.split_once('=').ok_or_else(|| wrong("write NAME=VALUE, such as connections=1000"))?;
    let number: u32 = value.parse().map_err(|_| wrong("the value is no number from 0 to 4294967295"))?;
    let size = number as usize;
    Ok(match name {
        "connections" => builder.max_connections(size),
        "connections-per-client" => builder.max_connections_per_client(size),
        "recipients" => builder.max_recipients(size),
        "transactions" => builder.max_transactions(number),
        "errors" => builder.max_errors(number),
        "received-headers" => builder.max_received_headers(number),
        "header-size" => builder.max_header_size(number.into()),
        "header-fields" => builder.max_header_fields(number),
        "command-line" => builder.max_command_line(size),
        _ => return Err(wrong(&format!("there is no such limit; write one of {NAMES}"))),
    })
}

fn set_timeout(builder: Builder, timeout: &str) -> Result<Builder, Failure> {
    let wrong = |what: &str| Failure::usage(format!("--timeout {timeout}: {what}"));
    let (name, value) =
        timeout.split_once('=').ok_or_else(|| wrong("write NAME=SECONDS, such as command=300"))?;
    let seconds =
        value.parse().map(Duration::from_secs).map_err(|_| wrong("the value is no number of seconds"))?;
    Ok(match name {
        "command" => builder.command_timeout(seconds),
        "data" => builder.data_timeout(seconds),
        "handshake" => builder.handshake_timeout(seconds),
        "proxy" => builder.proxy_timeout(seconds),
        "store" => builder.store_timeout(seconds),
        "session" => builder.session_timeout(seconds),
        _ => {
            return Err(wrong(
                "there is no such timeout; write one of command, data, handshake, proxy, store, session",
            ));
        }
    })
}

/// Says where mail comes in and where it goes; programs that start this one read the first lines.
fn welcome(options: &Options, listening: &Listening) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (endpoint, kind) in listening.endpoints() {
        writeln!(out, "listening on {endpoint} ({kind})")?;
    }
    match options.store.strip_prefix("discard:") {
        Some(_) => writeln!(out, "forgetting all mail (discard:)")?,
        None => writeln!(out, "keeping mail in {}", options.store)?,
    }
    match options.tls_cert.len() {
        0 => writeln!(
            out,
            "TLS with a certificate made just now, which clients cannot verify; see --tls-cert"
        )?,
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
    let smtp = listening
        .endpoints()
        .find(|(endpoint, kind)| matches!((endpoint, kind), (Endpoint::Tcp(_), Kind::Smtp)));
    if let Some((address, _)) = smtp {
        let recipient = options.domain.first().map_or("example.com", String::as_str);
        writeln!(out, "Send it a message from another terminal:")?;
        writeln!(out, "  swaks --server {address} --to you@{recipient} --tls-optional")?;
        writeln!(
            out,
            "  echo hello | curl --url smtp://{address} --mail-from me@{recipient} --mail-rcpt you@{recipient} --crlf -T -"
        )?;
    }
    if let Some(path) = options.store.strip_prefix("maildir:") {
        writeln!(out, "Mail is in {path}/new. Ctrl-C stops.\n")?;
    }
    out.flush()
}

/// Each connection is a file: takes as many as the host lets this process have.
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Without it there are fewer connections, and the limit on them follows.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
