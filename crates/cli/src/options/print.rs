//! `mailchute check --print`: all active options, as a configuration file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

use crate::failure::Failure;
use crate::options::args::{Options, flags};
use crate::options::limits::Named;
use crate::options::merge::CommandLine;
use crate::options::provenance::Provenance;
use crate::options::schema::{ARRAYS, USE, options as keys, tables, takes_number, takes_table};
use crate::options::wording::quoted;

const HEAD: &str = "# The active options, with their defaults. Paths are relative to the directory in which the program runs.\n";

/// The texts of options, by their names.
type Texts = BTreeMap<String, Vec<String>>;

/// Returns a file that gives the same options. Secrets are only named by where they stand.
///
/// # Errors
/// An error if a path is not UTF-8, which no such file can hold.
pub(crate) fn configuration(command_line: &CommandLine, options: &Options) -> Result<String, Failure> {
    let mut given = of_file(&options.provenance);
    for (name, values) in command_line.given() {
        let texts = values.iter().map(|value| text(name, value)).collect::<Result<Vec<_>, _>>()?;
        // Limits and timeouts replace each other one by one, and the last one wins.
        given.entry(name.clone()).or_default().extend(texts);
    }
    let listens = ["listen", "tls-listen", "lmtp"].iter().any(|option| given.contains_key(*option));
    if !listens && options.listener.is_empty() {
        given.insert("listen".to_owned(), vec![options.default_address().to_string()]);
    }
    if options.web.console {
        let addresses = options.web.addresses();
        given.insert("http".to_owned(), addresses.iter().map(ToString::to_string).collect());
    }
    let command = flags();
    let mut text = HEAD.to_owned();
    write_options(&mut text, &command, &given);
    write_tables(&mut text, &command, &given, "");
    for array in ARRAYS {
        for provenance in sections(options, array.name) {
            let given = of_file(provenance);
            let used = given.get(USE).and_then(|values| values.first());
            let Some(command) = array.kind(used.map(String::as_str)) else { continue };
            let _ = writeln!(text, "\n[[{}]]", array.name);
            write_options(&mut text, &command, &given);
            write_tables(&mut text, &command, &given, &format!("{}.", array.name));
        }
    }
    Ok(text)
}

/// The tables of an array, by where they come from.
fn sections<'o>(options: &'o Options, section: &str) -> Vec<&'o Provenance> {
    match section {
        "domain" => options.domains.iter().map(|domain| &domain.provenance).collect(),
        "listener" => options.listener.iter().map(|listener| &listener.provenance).collect(),
        "filter" => options.filter.iter().map(|filter| &filter.provenance).collect(),
        _ => Vec::new(),
    }
}

fn of_file(provenance: &Provenance) -> Texts {
    let texts =
        |values: &Vec<_>| values.iter().map(|value: &super::provenance::Value| value.text.clone()).collect();
    provenance.values().iter().map(|(name, values)| (name.clone(), texts(values))).collect()
}

fn text(name: &str, value: &OsString) -> Result<String, Failure> {
    let text = value.to_str().map(ToOwned::to_owned);
    text.ok_or_else(|| {
        Failure::usage(format!("--{name}: this is not UTF-8, so no configuration file can hold it"))
    })
}

/// Writes the options that are given or have a default.
fn write_options(text: &mut String, command: &Command, given: &Texts) {
    for (name, arg) in keys(command) {
        let value = match (arg.get_action(), given.get(name)) {
            (ArgAction::SetTrue, given) => Some(given.is_some().to_string()),
            (ArgAction::Append, given) if takes_table(arg) => given.map(|pairs| table(pairs)),
            (ArgAction::Append, given) => {
                let defaults =
                    arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
                let values = given.cloned().unwrap_or_else(|| defaults.collect());
                let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
                (!values.is_empty()).then(|| format!("[{}]", values.join(", ")))
            }
            (_, Some(values)) => values.last().map(|value| one(arg, value)),
            (_, None) => arg.get_default_values().first().map(|value| one(arg, &value.to_string_lossy())),
        };
        if let Some(value) = value {
            let _ = writeln!(text, "{name} = {value}");
        }
    }
}

/// Writes texts such as `NAME=VALUE` as a table.
fn table(pairs: &[String]) -> String {
    let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// Writes a value that is alone.
fn one(arg: &Arg, value: &str) -> String {
    if takes_number(arg) { number(value) } else { quoted(value) }
}

/// Writes the tables of limits and timeouts: at the top with all defaults, elsewhere what differs.
fn write_tables(text: &mut String, command: &Command, given: &Texts, prefix: &str) {
    for (table, flag, names) in tables(command) {
        let settings = given.get(*flag).into_iter().flatten().filter_map(|setting| setting.split_once('='));
        let given: BTreeMap<_, _> = settings.collect();
        let is_written = |Named { name, .. }: &Named| prefix.is_empty() || given.contains_key(name);
        let written: Vec<_> = names().into_iter().filter(is_written).collect();
        if written.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n[{prefix}{table}]");
        for Named { name, default, .. } in written {
            let _ = writeln!(text, "{name} = {}", number(given.get(name).copied().unwrap_or(&default)));
        }
    }
}

/// Writes a number, or one with a unit.
fn number(value: &str) -> String {
    let is_plain = !value.is_empty() && value.len() < 19 && value.bytes().all(|byte| byte.is_ascii_digit());
    // TOML has no number that begins with a 0.
    if is_plain && (value == "0" || !value.starts_with('0')) { value.to_owned() } else { quoted(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(directory: &std::path::Path, text: &str) -> String {
        let path = directory.join("mailchute.toml");
        std::fs::write(&path, text).expect("a file");
        let matches = flags().get_matches_from([format!("--config={}", path.display())]);
        let command_line = CommandLine::of(&matches).unwrap_or_else(|error| panic!("{text}: {error}"));
        let options = command_line.options().unwrap_or_else(|error| panic!("{text}: {error}"));
        configuration(&command_line, &options).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Each option of the example, but for the list of domains and what contradicts other options.
    fn every_option() -> String {
        let text = crate::options::example::example_config();
        let is_option = |line: &&str| !line.starts_with("# ") && *line != "#";
        let is_left_out = |line: &&str| {
            ["domain = [", "auth-any", "allow-root", "mode = ", "unless = ", "keep = ", "console-release"]
                .iter()
                .any(|key| line.starts_with(key))
        };
        let lines = text.lines().filter(is_option).map(|line| line.trim_start_matches('#'));
        let lines = lines.filter(|line| !is_left_out(line)).map(|line| line.replace(" = false", " = true"));
        let lines = lines.map(|line| match line.as_str() {
            "auth = \"off\"" => "auth = \"require\"".to_owned(),
            // The others take no secret.
            "store = \"maildir:./mail\"" | "store = \"lmtp:unix:/run/dovecot/lmtp\"" => {
                "store = \"smtps://relay.example?user=us\"".to_owned()
            }
            line => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_printed_gives_the_same_options() {
        let directory = tempfile::tempdir().expect("a directory");
        for text in [
            "",
            "listen = \":25\"\ndomain = [\"example.com\", \"bücher.example\"]\n",
            "store = 'maildir:/var/\"mail\"\\{domain}/{user}'\nmax-message-size = 1000\ngreeting-delay = \"5s\"\n",
            "store = [\"maildir:a\", \"lmtp:127.0.0.1:24\"]\n[[domain]]\nname = \"a.example\"\nstore = [\"maildir:c\", \"maildir:b\"]\n",
            "limits.errors = 3\nlimits.header-size = \"64K\"\ntimeouts.command = 300\n",
            "[[domain]]\nname = [\"a.example\", \".b.example\"]\ndetail = \"off\"\n[[domain]]\nname = \"*\"\nstore = \"discard:\"\n",
            "[[listener]]\naddress = [\":25\", \"unix:/run/x\"]\nlimits.errors = 4\n[[listener]]\naddress = \"2526\"\ntls = \"off\"\n",
            &every_option(),
        ] {
            let once = printed(directory.path(), text);
            assert_eq!(printed(directory.path(), &once), once, "{text}");
        }
    }

    #[test]
    fn the_defaults_are_printed_as_a_file_holds_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let text =
            printed(directory.path(), "hostname = \"mx.example.com\"\nsandbox = true\nlimits.errors = 3\n");
        for line in [
            "listen = [\"127.0.0.1:2525\"]",
            "store = [\"maildir:./mail\"]",
            "hostname = \"mx.example.com\"",
            "require-tls = false",
            "sandbox = true",
            "max-message-size = \"25M\"",
            "greeting-delay = 0",
            "[limits]",
            "errors = 3",
            "recipients = 1000",
            "[timeouts]",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line} is not in {text}");
        }
        assert!(!text.contains("tls-cert =") && !text.contains("[["), "{text}");
    }

    #[test]
    fn texts_are_written_as_toml_reads_them() {
        for (text, written) in [
            ("plain", r#""plain""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("tab\t\u{7f}\u{202e}ü", "\"tab\\u0009\\u007F\u{202e}ü\""),
        ] {
            assert_eq!(quoted(text), written);
        }
    }
}
