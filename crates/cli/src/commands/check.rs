//! `mailchute check`: reports mistakes in a configuration, without listening or writing anything.

use std::io::{self, Write as _};

use mailchute_stores::Discard;

use crate::commands::build::{Parts, build};
use crate::commands::certificates::Certificates;
use crate::commands::recipients;
use crate::commands::store::{self, Stores};
use crate::failure::Failure;
use crate::options::merge::CommandLine;
use crate::options::rules;
use crate::process::privileges::{Account, is_root};
use crate::process::sandbox;
use crate::process::sockets;
use crate::users::Users;

/// Checks what `mailchute serve` checks before it listens: options, user, addresses, sandbox, password file,
/// certificates and keys. The author of a configuration need not be root. So a process that cannot switch to the user
/// is not a mistake; the output says so.
///
/// # Errors
/// The first mistake of each of these. The builder's errors are found only if the files can be read.
pub(crate) fn check(command_line: &CommandLine) -> Result<&'static str, Failure> {
    let options = command_line.options()?;
    let mut failures = Vec::new();
    let mut told = "no mistakes found\n";
    match options.user.as_deref().map(Account::named) {
        Some(Ok(account)) if !is_root() && !account.is_own() => {
            told = "no mistakes found; only root can switch to its user\n";
        }
        Some(Err(failure)) => failures.push(failure),
        Some(Ok(_)) | None => {}
    }
    failures.extend(sockets::check(&options).err());
    failures.extend(store::check(&options).err());
    if options.sandbox {
        failures.extend(sandbox::check(&options, store::written(&options)).err());
    }
    match (Users::of(&options), Certificates::default().read(&options), recipients::read(&options)) {
        (Ok(users), Ok(tls), Ok(recipients)) => {
            // There are no sessions, so nothing is stored.
            let store = Stores::One(Discard.into());
            failures.extend(build(&options, Parts { tls, users, recipients, store }).err());
        }
        (users, tls, recipients) => {
            failures.extend(users.err());
            failures.extend(tls.err());
            failures.extend(recipients.err());
        }
    }
    Failure::all(failures)?;
    for warning in rules::warnings(&options) {
        // If standard error cannot be written, the warning is lost.
        let _ = writeln!(io::stderr(), "mailchute: warning: {warning}");
    }
    Ok(told)
}
