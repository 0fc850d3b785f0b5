//! `mailchute deliver`: takes mail out of a stream of NATS JetStream, into a store.

use std::io::{self, Write as _};
use std::time::Duration;

use mailchute::Server;
use mailchute_stores::{Deliver, DeliverBuilder, DeliverError};
use sd_notify::NotifyState;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::commands::build::wrong_option;
use crate::commands::store::Stores;
use crate::commands::taken_mail::of_taken_mail;
use crate::commands::{recipients, store, warnings};
use crate::failure::Failure;
use crate::log::Log;
use crate::options::args::Options;
use crate::options::deliver_options::DeliverOptions;
use crate::options::rules;
use crate::process::outgoing::Outgoing;
use crate::process::privileges::{Account, is_root};
use crate::process::sandbox;
use crate::process::signals::{self, StopSignals};
use crate::process::systemd;

/// The time that running messages get when the program stops.
const GRACE: Duration = Duration::from_secs(30);

/// How often a stream that cannot be read is tried again at the start.
const PAUSE: Duration = Duration::from_secs(2);

/// Returns the stream, with its options.
///
/// # Errors
/// The first mistake in them.
pub(crate) fn source(own: &DeliverOptions) -> Result<DeliverBuilder, Failure> {
    let Some(from) = &own.from else {
        return Err(Failure::usage("--from: there is no stream; write --from nats://HOST/SUBJECT"));
    };
    let wrong = |error: DeliverError| Failure::usage(format!("mailchute deliver: {error}"));
    let builder = Deliver::from_url(from)
        .map_err(|error| Failure::usage(format!("--from: {error}")))?
        .consumer(&own.consumer)
        .backoff(own.backoff.0.iter().map(|time| time.duration()))
        .tries(own.tries)
        .dead_letters(&own.dead_letters)
        .at_once(own.at_once);
    builder.check().map_err(wrong)?;
    Ok(builder)
}

/// Checks what `mailchute deliver` checks before it connects.
///
/// # Errors
/// All mistakes.
pub(crate) fn check(options: &Options, own: &DeliverOptions) -> Result<&'static str, Failure> {
    let mut failures = Vec::new();
    failures.extend(source(own).err());
    failures.extend(Account::named(options).err());
    failures.extend(store::check(options).err());
    failures.extend(recipients::read(options).err());
    if options.sandbox {
        failures.extend(sandbox::check(options, store::written(options)).err());
    }
    Failure::all(failures)?;
    Ok("no mistakes found\n")
}

/// The connections to the stream, and those of the store.
pub(crate) fn outgoing(options: &Options, source: &DeliverBuilder) -> Outgoing {
    let mut outgoing = store::outgoing(options);
    outgoing.add(&source.next_hops());
    outgoing.verifies |= source.reads_authorities();
    outgoing
}

/// Builds the server that gives each message to the store.
pub(crate) fn server(options: &Options, own: &DeliverOptions, store: Stores) -> Result<Server, Failure> {
    let mut builder =
        of_taken_mail(options).max_connections(own.at_once.saturating_mul(2)).max_recipients(MOST_RECIPIENTS);
    if let Some(recipients) = recipients::read(options)? {
        builder = builder.hooks(recipients);
    }
    builder.with(store).build().map_err(|error| wrong_option(error, options))
}

/// More than a message in a stream can have.
const MOST_RECIPIENTS: usize = 100_000;

/// Delivers mail until a signal ends it.
pub(crate) async fn deliver(
    options: &Options,
    source: &Deliver,
    server: Server,
    log: &Log,
    account: Option<&Account>,
    may_reach: &Outgoing,
) -> Result<(), Failure> {
    let mut stop = StopSignals::catch()?;
    signals::let_writes_fail()?;
    warnings::log(rules::warnings(options));
    match account {
        Some(account) => account.switch_user()?,
        None if is_root() => tracing::warn!(
            name: "runs-as-root",
            "this program runs as root, and a user without any rights is enough for it: see --user"
        ),
        None => {}
    }
    if options.sandbox {
        sandbox::close(may_reach)?;
    }
    let delivering = tokio::select! {
        delivering = connected(source) => delivering?,
        () = stop.wait() => return Ok(()),
    };
    welcome(options, log);
    systemd::tell(&[NotifyState::Ready]);
    let (stopping, stopped) = oneshot::channel::<()>();
    let cut_off = async {
        stop.wait().await;
        systemd::tell(&[NotifyState::Stopping]);
        drop(stopping);
        stop.wait().await;
    };
    tokio::select! {
        () = delivering.run(server, stopped, GRACE) => Ok(()),
        () = cut_off => Err(Failure::running("stopped at once by a second signal")),
    }
}

/// Connects, and waits until the stream is there.
async fn connected(source: &Deliver) -> Result<mailchute_stores::Delivering, Failure> {
    let mut is_told = false;
    loop {
        match source.connect().await {
            Ok(delivering) => return Ok(delivering),
            Err(error) if error.is_temporary() => {
                if !is_told {
                    tracing::warn!(name: "stream-missing", %error, "the stream cannot be read yet; trying again");
                }
                is_told = true;
                sleep(PAUSE).await;
            }
            Err(error) => return Err(Failure::unusable(error)),
        }
    }
}

fn welcome(options: &Options, log: &Log) {
    if log.is_json() {
        tracing::info!(name: "ready", store = options.store.join(" "), "ready");
        return;
    }
    let mut out = io::stdout().lock();
    let written =
        writeln!(out, "delivering mail: {}", store::in_words(&options.store)).and_then(|()| out.flush());
    if let Err(error) = written {
        tracing::warn!(name: "welcome-failed", %error, "nobody reads what is said on standard output");
    }
}
