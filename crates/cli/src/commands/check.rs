//! `mailchute check`: reports mistakes in a configuration, without listening or writing anything.

use std::io::{self, Write as _};

use mailchute_stores::{All, Discard};

use crate::commands::build::{Parts, build};
use crate::commands::certificates::Certificates;
use crate::commands::chaos::Chaos;
use crate::commands::filters::Filters;
use crate::commands::reach;
use crate::commands::recipients;
use crate::commands::store::{self, Stores};
use crate::commands::warnings;
use crate::failure::Failure;
use crate::options::args::Check;
use crate::options::merge::CommandLine;
use crate::options::print;
use crate::process::privileges::{Account, is_root};
use crate::process::sandbox;
use crate::process::sockets;
use crate::users::Users;

/// Checks what `mailchute serve` checks before it listens: options, user, addresses, sandbox, password file,
/// certificates and keys. The author of a configuration need not be root. So a process that cannot switch to the user
/// is not a mistake; the output says so. Warnings go to standard error.
///
/// # Errors
/// The first mistake of each of these. The builder's errors are found only if the files can be read. If warnings are
/// denied, an error that counts them.
pub(crate) fn check(command_line: &CommandLine, how: &Check) -> Result<String, Failure> {
    let options = command_line.options()?;
    let mut failures = Vec::new();
    let mut told = "no mistakes found\n";
    let account = Account::named(&options).unwrap_or_else(|failure| {
        failures.push(failure);
        None
    });
    if account.as_ref().is_some_and(|account| !is_root() && !account.is_own()) {
        told = "no mistakes found; only root can switch to its user\n";
    }
    failures.extend(sockets::check(&options).err());
    failures.extend(store::check(&options).err());
    failures.extend(Filters::check(&options).err());
    if options.sandbox {
        failures.extend(sandbox::check(&options, reach::written(&options)).err());
    }
    let mut certificates = Vec::new();
    match (Users::of(&options), Certificates::default().read(&options), recipients::read(&options)) {
        (Ok(users), Ok((tls, own)), Ok(recipients)) => {
            certificates = own;
            // There are no sessions, so nothing is stored, and no filter is asked.
            let (filters, store) = (Filters::default(), Stores::ForAll(All::new(Discard)));
            failures.extend(
                build(&options, Parts { tls, users, recipients, filters, store, chaos: Chaos::default() })
                    .err(),
            );
        }
        (users, tls, recipients) => {
            failures.extend(users.err());
            failures.extend(tls.err());
            failures.extend(recipients.err());
        }
    }
    Failure::all(failures)?;
    let mut warnings = warnings::of_expired(&options, &certificates);
    warnings.extend(warnings::at_start(&options, &certificates));
    warnings.extend(account.iter().flat_map(|account| warnings::of_directories(&options, account)));
    for warning in &warnings {
        // If standard error cannot be written, the warning is lost.
        let _ = writeln!(io::stderr(), "mailchute: warning: {warning}");
    }
    if how.deny_warnings && !warnings.is_empty() {
        let count = warnings.len();
        return Err(Failure::usage(format!("--deny-warnings: there are warnings: {count}; see above")));
    }
    if how.print {
        print::configuration(command_line, &options)
    } else {
        Ok(told.to_owned() + &reach::in_words(&options) + &reach::put_aside(&options))
    }
}
