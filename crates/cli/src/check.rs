//! `mailchute check`: says what is wrong with a configuration, and neither listens nor writes anything.

use mailchute_stores::Discard;

use crate::account::Account;
use crate::certificate::Certificates;
use crate::command_line::CommandLine;
use crate::configuration::{builder, wrong_option};
use crate::failure::Failure;
use crate::users::Users;
use crate::{listening, sandbox};

/// Looks at all that `mailchute serve` would look at before it listens: the options, the user, the places, the sandbox, the
/// password file, certificates and keys. Whether this process may become the user is not looked at, as those who
/// write a configuration need not be root.
///
/// # Errors
/// All that is wrong, but for limits and timeouts where a file that is named is wrong as well.
pub(crate) fn check(command_line: &CommandLine) -> Result<(), Failure> {
    let options = command_line.options()?;
    let mut failures = Vec::new();
    failures.extend(Account::named(&options).err());
    failures.extend(listening::check(&options).err());
    failures.extend(mailchute_stores::check_url(&options.store).err().map(Failure::unusable));
    if options.sandbox {
        failures.extend(sandbox::check(&options).err());
    }
    let users = options.auth_file.as_deref().map(Users::read).transpose();
    let tls = Certificates::default().read(&options);
    match (users, tls) {
        (Ok(users), Ok(tls)) => {
            // Nothing is kept in it, as there are no sessions.
            let built = builder(&options, tls, users, Discard.into()).build();
            failures.extend(built.err().map(|error| wrong_option(error, &options)));
        }
        (users, tls) => {
            failures.extend(users.err());
            failures.extend(tls.err());
        }
    }
    Failure::all(failures)
}
