//! The program `mailchute`: an SMTP server you start with one command.

mod commands;
mod failure;
mod log;
mod options;
mod process;
mod text_file;
mod users;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _};

use clap::ArgMatches;
use commands::build::Configuration;
#[cfg(feature = "nats")]
use commands::deliver;
use commands::filters::Filters;
use commands::release::NextHop;
use commands::store::Stores;
use commands::{check, hash_password, healthcheck, reach, serve, store, talk};
use failure::Failure;
use log::Log;
use options::args::{Args, Command, Options};
use options::deliver_line;
use options::deliver_options::DeliverOptions;
use options::example;
use options::merge::CommandLine;
use process::inherited::Inherited;
use process::privileges::Account;
use process::sockets::Plan;
use process::{deadline, detach, sandbox};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let done = if detach::is_requested() { detach::run() } else { run() };
    match done {
        Ok(code) => code,
        Err(failure) => {
            log::report_without_log(&failure);
            failure.exit_code()
        }
    }
}

fn run() -> Result<ExitCode, Failure> {
    let command = Args::command().mut_subcommand("deliver", deliver_line::hide_others);
    let matches = command.try_get_matches().map_err(log::wrong_usage)?;
    let args = Args::from_arg_matches(&matches).map_err(log::wrong_usage)?;
    let of_command = matches.subcommand().map_or(&matches, |(_, matches)| matches);
    match &args.command {
        None | Some(Command::Serve(_)) => serve(&CommandLine::of(of_command)?),
        Some(Command::Inbox(_)) => serve(&CommandLine::of_inbox(of_command)?),
        Some(Command::Check(how)) => say(&check::check(&CommandLine::of(of_command)?, how)?),
        Some(Command::Deliver(_)) => deliver(of_command),
        Some(Command::Talk(options)) => talk::talk(options),
        Some(Command::HealthCheck(arguments)) => say(&healthcheck::healthcheck(arguments)?),
        Some(Command::ExampleConfig) => say(&example::example_config()),
        Some(Command::HashPassword(arguments)) => {
            hash_password::hash_password(arguments)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn say(text: &str) -> Result<ExitCode, Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(Failure::running)?;
    Ok(ExitCode::SUCCESS)
}

fn serve(command_line: &CommandLine) -> Result<ExitCode, Failure> {
    let options = command_line.options()?;
    let passed = Inherited::receive()?;
    let log = Log::begin(&options.log_level, options.log_format)?;
    let outcome = serve_with(command_line, options, passed, &log);
    Ok(log.end(outcome))
}

/// How long the end waits for blocked threads, and then for the store to remove messages that were not answered. If the
/// disk answers neither, such messages may stay, as after a kill: their clients send them again.
const FINAL_PATIENCE: Duration = Duration::from_secs(5);

fn serve_with(
    command_line: &CommandLine,
    options: Options,
    passed: Inherited,
    log: &Log,
) -> Result<(), Failure> {
    serve::raise_file_limit();
    let account = Account::of(&options)?;
    if let Some(account) = &account {
        account.switch_groups()?;
    }
    let plan = Plan::of(&options, &passed)?;
    let store = store::open(&options, account.as_ref())?;
    let next_hop = NextHop::open(&options, account.as_ref())?;
    let filters = Filters::open(&options, account.as_ref())?;
    match (options.sandbox, passed.is_sandboxed()) {
        (true, false) => sandbox::enter(&options, reach::written(&options), &reach::outgoing(&options))?,
        (false, true) => {
            tracing::warn!(name: "sandbox-kept", "a sandbox cannot be left by a handover; restart the program to run without");
        }
        (true, true) | (false, false) => {}
    }
    log.write()?;
    let configuration = Configuration::of(options, filters, store.clone(), next_hop)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::running)?;
    let serving = serve::serve(configuration, command_line, log, plan, passed, account.as_ref());
    let outcome = runtime.block_on(serving);
    close(runtime, store);
    outcome
}

/// Ends what the runtime and the store have left.
fn close(runtime: Runtime, store: Stores) {
    runtime.block_on(store.disconnect());
    // A thread that waits for a dead disk must not keep the program from ending.
    runtime.shutdown_timeout(FINAL_PATIENCE);
    // A message that such a thread has delivered must not stay if its client was told to try again.
    if !deadline::finishes_within(FINAL_PATIENCE, move || store.close()) {
        tracing::warn!(name: "store-not-closed", "the store did not answer: messages that were not answered in time may stay in it");
    }
}

fn deliver(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let own = deliver_line::own_options(matches)?;
    let options = CommandLine::of(matches)?.options()?.without_listeners();
    deliver_by(&options, &own)
}

#[cfg(not(feature = "nats"))]
fn deliver_by(_options: &Options, _own: &DeliverOptions) -> Result<ExitCode, Failure> {
    Err(Failure::usage(
        "mailchute deliver: this program was built without NATS; build it with --features nats",
    ))
}

#[cfg(feature = "nats")]
fn deliver_by(options: &Options, own: &DeliverOptions) -> Result<ExitCode, Failure> {
    if own.check {
        return say(deliver::check(options, own)?);
    }
    let source = deliver::source(own)?;
    let log = Log::begin(&options.log_level, options.log_format)?;
    let outcome = deliver_with(options, own, source, &log);
    Ok(log.end(outcome))
}

#[cfg(feature = "nats")]
fn deliver_with(
    options: &Options,
    own: &DeliverOptions,
    source: mailchute_stores::DeliverBuilder,
    log: &Log,
) -> Result<(), Failure> {
    serve::raise_file_limit();
    let account = Account::of(options)?;
    if let Some(account) = &account {
        account.switch_groups()?;
    }
    let store = store::open(options, account.as_ref())?;
    let may_reach = deliver::outgoing(options, &source);
    let source = source.open().map_err(Failure::unusable)?;
    if options.sandbox {
        sandbox::enter(options, store::written(options), &may_reach)?;
    }
    log.write()?;
    let server = deliver::server(options, own, store.clone())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::running)?;
    let delivering = deliver::deliver(options, &source, server, log, account.as_ref(), &may_reach);
    let outcome = runtime.block_on(delivering);
    close(runtime, store);
    outcome
}
