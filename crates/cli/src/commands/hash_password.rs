//! `mailchute hash-password`: makes a line of a password file.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use mailchute::auth::saslprep;

use crate::commands::prompt;
use crate::failure::Failure;
use crate::options::args::HashPassword;
use crate::users::seed::Seed;
use crate::users::verifier::Verifier;

/// Reads a password and prints the line.
pub(crate) fn hash_password(arguments: &HashPassword) -> Result<(), Failure> {
    let user = &arguments.user;
    if user.is_empty()
        || user.trim() != user
        || user.starts_with('#')
        || user.contains([':', '\0', '\r', '\n'])
    {
        return Err(Failure::usage(format!(
            "{user:?} cannot be a user name; write one without colons, NULs, line breaks, surrounding spaces or a \
             leading #"
        )));
    }
    if !may_be_stored(user) {
        return Err(Failure::usage(format!(
            "{user:?} cannot be a user name, because SASLprep (RFC 4013) forbids one of its characters; write a name \
             without control characters or emoji"
        )));
    }
    let password = read_password(user)?;
    if password.is_empty() {
        return Err(Failure::usage("the password is empty; type one, or pipe one line to standard input"));
    }
    if password.contains('\0') {
        return Err(Failure::usage(
            "the password contains a NUL, which no client can send (RFC 4616 §2); write another one",
        ));
    }
    if !may_be_stored(&password) {
        return Err(Failure::usage(
            "the password contains a character that SASLprep (RFC 4013) forbids, such as an emoji, so no client could \
             log in; write another one",
        ));
    }
    let verifier =
        if arguments.argon2id { Verifier::argon2id(&password)? } else { Verifier::scram(&password)? };
    let seed = if arguments.with_seed { format!(" {}", Seed::make()?) } else { String::new() };
    writeln!(io::stdout(), "{user}:{verifier}{seed}").map_err(Failure::running)
}

/// Whether SASLprep leaves something of the text, in a form that is the same in every version of Unicode.
fn may_be_stored(text: &str) -> bool {
    saslprep(text).is_some_and(|prepared| !prepared.is_empty())
}

/// Reads the first line of standard input. On a terminal it asks twice and does not echo.
fn read_password(user: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return read_line();
    }
    let first = prompt::unseen(&format!("Password of {user}: "), read_line)?;
    let second = prompt::unseen("The same again: ", read_line)?;
    if first == second { Ok(first) } else { Err(Failure::usage("the two passwords differ; try again")) }
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::running)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}
