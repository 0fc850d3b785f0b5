//! `mailchute check`: says what is wrong with a configuration, and neither listens nor writes anything.

use mailchute_stores::Discard;

use crate::account::Account;
use crate::command_line::CommandLine;
use crate::configuration::{Configuration, builder, wrong_option};
use crate::failure::Failure;
use crate::listening;

/// Looks at all that `mailchute serve` would look at before it listens: the options, the user, the places, the password
/// file, certificates and keys.
///
/// # Errors
/// All that is wrong.
pub(crate) fn check(command_line: &CommandLine) -> Result<(), Failure> {
    let options = command_line.options()?;
    let mut failures = Vec::new();
    failures.extend(Account::of(&options).err());
    failures.extend(listening::check(&options).err());
    failures.extend(mailchute_stores::check_url(&options.store).err().map(Failure::unusable));
    // Nothing is kept in it, as there are no sessions.
    match Configuration::of(options, Discard.into()) {
        Ok(Configuration { options, certificates, users, store }) => match certificates.read(&options) {
            Ok(tls) => {
                let built = builder(&options, tls, users, store).build();
                failures.extend(built.err().map(|error| wrong_option(error, &options)));
            }
            Err(failure) => failures.push(failure),
        },
        Err(failure) => failures.push(failure),
    }
    Failure::all(failures)
}
