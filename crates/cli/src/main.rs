//! The program `mailchute`: an SMTP server you start with one command.

mod account;
mod args;
mod auth_file;
mod certificate;
mod checkers;
mod failure;
mod fair_queue;
mod files;
mod handover;
mod hash_password;
mod listening;
mod log;
mod passed;
mod place;
mod recipients;
mod sandbox;
mod seed;
mod serve;
mod signals;
mod store;
mod supervisor;
mod terminal;
mod users;
mod verifier;

use std::process::ExitCode;

use clap::Parser as _;

use account::Account;
use args::{Args, Command};
use failure::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mailchute: {failure}");
            failure.exit_code()
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let options = match &args.command {
        None => &args.serve,
        Some(Command::Serve(options)) => options,
        Some(Command::HashPassword(arguments)) => return hash_password::hash_password(arguments),
    };
    let passed = passed::Passed::receive()?;
    log::begin(&options.log_level, options.log_format)?;
    serve::raise_file_limit();
    let account = Account::of(options)?;
    if let Some(account) = &account {
        account.take_groups()?;
    }
    let store = store::open(options, account.as_ref())?;
    // Whoever was handed the sockets was started from within the sandbox.
    if options.sandbox && !passed.has_predecessor() {
        sandbox::enter(options)?;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::running)?;
    let outcome = runtime.block_on(serve::serve(options, passed, store, account.as_ref()));
    // A thread that waits for a disk which does not answer must not keep the program from its end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    outcome
}
