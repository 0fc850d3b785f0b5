//! Options from the environment: `MAILCHUTE_MAX_MESSAGE_SIZE` is the variable of `--max-message-size`.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{ArgAction, Command};

use crate::options::provenance::{VARIABLES, variable};
use crate::options::wording::{complaint, invalid, nearest};

/// Returns the values of the options of `command` that have a variable. `read` returns the text of a variable.
///
/// # Errors
/// All mistakes.
pub(crate) fn values(
    command: &Command,
    read: impl Fn(&str) -> Option<OsString>,
) -> Result<BTreeMap<String, Vec<OsString>>, Vec<String>> {
    let (mut values, mut mistakes) = (BTreeMap::new(), Vec::new());
    for arg in command.get_arguments() {
        let Some(option) = arg.get_long() else { continue };
        let name = variable(option);
        let Some(text) = read(&name).filter(|text| !text.is_empty()) else { continue };
        let Some(text) = text.to_str() else {
            mistakes.push(format!("{name}: this is not UTF-8; write the value in the --config file"));
            continue;
        };
        let texts: Vec<&str> = match arg.get_action() {
            ArgAction::Append => text.split_whitespace().collect(),
            ArgAction::SetTrue => match text.trim() {
                "true" | "1" | "yes" | "on" => vec!["true"],
                "false" | "0" | "no" | "off" => continue,
                _ => {
                    mistakes.push(format!("{name}: {text:?} is invalid: write true or false"));
                    continue;
                }
            },
            _ => vec![text],
        };
        if arg.get_action().takes_values() {
            let wrong = |text: &&str| {
                let complaint = complaint(arg, text)?;
                Some(format!("{name}: {}", invalid(option, text, &complaint)))
            };
            mistakes.extend(texts.iter().filter_map(wrong));
        }
        values.insert(option.to_owned(), texts.into_iter().map(OsString::from).collect());
    }
    if mistakes.is_empty() { Ok(values) } else { Err(mistakes) }
}

/// Returns the variables that begin like options of these commands but are none, each with what to write instead.
pub(crate) fn unknown(commands: &[Command], names: impl Iterator<Item = String>) -> Vec<String> {
    let known: Vec<_> = commands
        .iter()
        .flat_map(Command::get_arguments)
        .filter_map(|arg| arg.get_long())
        .map(variable)
        .collect();
    let is_unknown =
        |name: &String| name.starts_with(VARIABLES) && !known.contains(name) && !OWN.contains(&name.as_str());
    names
        .filter(is_unknown)
        .map(|name| {
            let nearest = nearest(&name, known.iter().map(String::as_str));
            format!("{name}: there is no option of this variable; {nearest}")
        })
        .collect()
}

/// Variables with which processes of the program speak to each other.
const OWN: [&str; 3] = ["MAILCHUTE_DETACH", "MAILCHUTE_HANDED_OVER", "MAILCHUTE_SANDBOXED"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::args::flags;

    fn of(variables: &[(&str, &str)]) -> Result<BTreeMap<String, Vec<OsString>>, Vec<String>> {
        values(&flags(), |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, text)| OsString::from(text))
        })
    }

    #[test]
    fn every_option_has_a_variable() {
        let values = of(&[
            ("MAILCHUTE_LISTEN", ":25 [::1]:2525"),
            ("MAILCHUTE_REQUIRE_TLS", "true"),
            ("MAILCHUTE_SANDBOX", "0"),
            ("MAILCHUTE_MAX_MESSAGE_SIZE", "10M"),
            ("MAILCHUTE_LIMIT", "connections=5 recipients=3"),
            ("MAILCHUTE_HOSTNAME", ""),
        ])
        .expect("no mistakes");
        let texts: Vec<_> = values.iter().map(|(option, values)| format!("{option} {values:?}")).collect();
        assert_eq!(
            texts,
            [
                r#"limit ["connections=5", "recipients=3"]"#,
                r#"listen [":25", "[::1]:2525"]"#,
                r#"max-message-size ["10M"]"#,
                r#"require-tls ["true"]"#,
            ]
        );
    }

    #[test]
    fn names_the_variable_of_each_mistake() {
        let mistakes = of(&[
            ("MAILCHUTE_LISTEN", "here"),
            ("MAILCHUTE_SANDBOX", "perhaps"),
            ("MAILCHUTE_LOG_LEVEL", "loud"),
        ])
        .expect_err("three mistakes");
        let begins =
            ["MAILCHUTE_LISTEN: \"here\"", "MAILCHUTE_SANDBOX: \"perhaps\"", "MAILCHUTE_LOG_LEVEL: \"loud\""];
        assert_eq!(mistakes.len(), begins.len());
        for begin in begins {
            assert!(mistakes.iter().any(|mistake| mistake.starts_with(begin)), "{begin}: {mistakes:?}");
        }
    }

    #[test]
    fn suggests_the_variable_that_was_meant() {
        let names = ["MAILCHUTE_LISTN", "MAILCHUTE_LISTEN", "MAILCHUTE_DETACH", "PATH"].map(str::to_owned);
        assert_eq!(
            unknown(&[flags()], names.into_iter()),
            ["MAILCHUTE_LISTN: there is no option of this variable; write MAILCHUTE_LISTEN"]
        );
    }
}
