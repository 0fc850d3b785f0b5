//! `mailchute example-config`: a configuration file with every option, made from the flags.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

use crate::options::args::flags;
use crate::options::limits::Named;
use crate::options::schema::{ARRAYS, USE, options, tables, takes_number};
use crate::options::wording::{in_file, quoted};

const HEAD: &str = "\
# Options of Mailchute, for `mailchute serve --config FILE`. Each option is a flag of the same name: where a text names
# the flag --NAME, the option NAME of this file has the same effect.
#
# Lines that begin with # and no space are options with their defaults, or with an example if there is no default.
# Remove the # to set an option.
#
# Flags take precedence over this file. SIGHUP reloads it. `mailchute check --config FILE` finds its mistakes.
";

/// Values to show for flags that have no default.
const EXAMPLES: &[(&str, &str)] = &[
    ("listen", r#"["127.0.0.1:2525"]"#),
    ("tls-listen", r#"["127.0.0.1:4650"]"#),
    ("lmtp", r#"["unix:/run/mailchute/lmtp"]"#),
    ("domain", r#"["example.com", "example.org"]"#),
    ("hostname", r#""mx.example.com""#),
    ("tls-cert", r#"["/etc/mailchute/fullchain.pem"]"#),
    ("tls-key", r#"["/etc/mailchute/privkey.pem"]"#),
    ("tls-client-ca", r#""/etc/mailchute/authorities.pem""#),
    ("secret", r#""file:/etc/mailchute/relay.secret""#),
    ("dns", r#"["127.0.0.1:53"]"#),
    ("state", r#""/var/lib/mailchute/state""#),
    ("auth-file", r#""/etc/mailchute/users""#),
    ("user", r#""mailchute""#),
    ("http", r#"["127.0.0.1:8025"]"#),
    ("console-auth", r#""/etc/mailchute/visitors""#),
    ("console-name", r#"["mail.example.com"]"#),
    ("console-tags", r#""X-Environment""#),
    ("console-release", r#""smtp://relay.example.com""#),
    ("console-release-to", r#"["bob@example.com", "example.org"]"#),
    ("keep", r#"["500", "30d", "1G"]"#),
    ("proxy-from", r#"["10.0.0.5", "2001:db8::/64"]"#),
    ("xclient-from", r#"["10.0.0.6"]"#),
    ("domain.name", r#""example.com""#),
    ("domain.aliases", r#""/etc/mailchute/aliases""#),
    ("domain.store", r#""lmtp:unix:/run/dovecot/lmtp""#),
    ("domain.secret", r#""env:APP_SECRET""#),
    ("listener.address", r#""127.0.0.1:4651""#),
    ("listener.name", r#""submission""#),
    ("listener.tls", r#""implicit""#),
    ("listener.auth", r#""off""#),
    ("listener.mode", r#""0660""#),
    ("listener.max-message-size", r#""50M""#),
    ("filter.unless", r#"["spf=pass"]"#),
    ("filter.only", r#"["submission"]"#),
    (
        "dnsbl.lists",
        r#"{ "zen.spamhaus.org" = "refuse:127.0.0.2-11", "list.dnswl.org" = "skip:127.0.0-255.1-3" }"#,
    ),
    ("dnsbl.domains", r#"{ "dbl.spamhaus.org" = "refuse:127.0.1.2-99" }"#),
    ("dnsbl.exempt", r#"["198.51.100.0/24"]"#),
    ("authentication.trusted-arc-sealers", r#"["lists.example.org"]"#),
    ("authentication.authserv-id", r#""example.com""#),
    ("authentication.exempt", r#"["10.0.0.0/8"]"#),
    ("limits.connections", r#""30/1m""#),
    ("limits.connections-per-helo", r#""1000/1m""#),
    ("limits.messages", r#""100/10m""#),
    ("limits.messages-per-sender", r#""100/10m""#),
    ("limits.messages-per-user", r#""200/1h""#),
    ("limits.recipients", r#""100/10m""#),
    ("limits.exempt", r#"["10.0.0.0/8"]"#),
    ("limits.shared", r#""redis://127.0.0.1""#),
    ("limits.secret", r#""file:/etc/mailchute/redis.secret""#),
    ("greylist.exempt", r#"["10.0.0.0/8"]"#),
    ("greylist.shared", r#""redis://127.0.0.1""#),
    ("greylist.secret", r#""file:/etc/mailchute/redis.secret""#),
    ("milter.url", r#""unix:/run/clamav/clamav-milter.ctl""#),
    ("http.url", r#""http://127.0.0.1:8080/hook""#),
    ("http.user", r#""mailchute""#),
    ("http.secret", r#""file:/etc/mailchute/hook.secret""#),
    ("rspamd.url", r#""http://127.0.0.1:11333""#),
    ("rspamd.secret", r#""file:/etc/mailchute/rspamd.secret""#),
    ("rspamd.settings", r#""mx""#),
    ("rspamd.spam-into", r#""Junk""#),
];

/// The text of the file.
pub(crate) fn example_config() -> String {
    let mut text = HEAD.to_owned();
    let command = flags();
    command_options(&mut text, &command, "", |_| true);
    for (table, flag, names) in tables(&command) {
        text.push('\n');
        let help = command.get_arguments().find(|arg| arg.get_long() == Some(flag)).and_then(Arg::get_help);
        comment(&mut text, &help.map(ToString::to_string).unwrap_or_default());
        line(&mut text, format_args!("#[{table}]"));
        for Named { name, default, help } in names() {
            comment(&mut text, help);
            line(&mut text, format_args!("#{name} = {}", in_file(&default)));
        }
    }
    for array in ARRAYS {
        for (number, command) in (array.kinds)().iter().enumerate() {
            text.push('\n');
            comment(&mut text, &command.get_about().map(ToString::to_string).unwrap_or_default());
            line(&mut text, format_args!("#[[{}]]", array.name));
            // The first table shows the options of all kinds.
            let is_shown = |key: &str| number == 0 || key == USE || !array.is_common(key);
            command_options(&mut text, command, &format!("{}.", array.name), is_shown);
        }
    }
    text
}

/// Writes the options of a command.
fn command_options(text: &mut String, command: &Command, prefix: &str, is_shown: impl Fn(&str) -> bool) {
    for (name, arg) in options(command).filter(|(name, _)| is_shown(name)) {
        if prefix.is_empty() {
            text.push('\n');
        }
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        comment(text, &help);
        for choice in arg.get_possible_values() {
            if let Some(help) = choice.get_help() {
                comment(text, &format!("{}: {help}", choice.get_name()));
            }
        }
        let value = match name {
            USE => quoted(command.get_name()),
            _ => value(&[format!("{prefix}{name}"), format!("{}.{name}", command.get_name())], arg),
        };
        line(text, format_args!("#{name} = {value}"));
    }
}

/// The default of an option in TOML, or an example. It has one of these names.
fn value(names: &[String], arg: &Arg) -> String {
    let default = arg.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    match (arg.get_action(), default) {
        (ArgAction::SetTrue, _) => "false".to_owned(),
        (_, Some(default)) if takes_number(arg) => in_file(&default),
        (_, Some(default)) => format!("{default:?}"),
        (_, None) => {
            let example = EXAMPLES.iter().find(|(of, _)| names.iter().any(|name| name == of));
            example.map_or_else(|| "\"\"".to_owned(), |(_, example)| (*example).to_owned())
        }
    }
}

/// Writes prose after `# `, in lines of at most 120 characters.
fn comment(text: &mut String, prose: &str) {
    let mut width = usize::MAX;
    for word in prose.split_whitespace() {
        if width.saturating_add(word.chars().count() + 1) > 120 {
            text.push_str(if width == usize::MAX { "#" } else { "\n#" });
            width = 1;
        }
        text.push(' ');
        text.push_str(word);
        width += word.chars().count() + 1;
    }
    text.push('\n');
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::file::{Document, parse};
    use crate::options::schema::{CONFIG, TABLES};

    /// Enables the options in the file: the lines that begin with # and no space.
    fn with_comments_removed() -> String {
        let is_option = |line: &&str| !line.starts_with("# ") && *line != "#";
        let text = example_config();
        let lines: Vec<_> = text.lines().filter(is_option).map(|line| line.trim_start_matches('#')).collect();
        lines.join("\n")
    }

    /// The list has the same key as its tables, so a file has one of the two.
    fn without_list_of_domains() -> String {
        let text = with_comments_removed();
        let lines = text.lines().filter(|line| !line.starts_with("domain = ["));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_parses_with_and_without_its_comments() {
        assert_eq!(parse(&example_config(), &flags()), Ok(Document::default()));
        let Document { values, sections } =
            parse(&without_list_of_domains(), &flags()).expect("each example is good");
        assert_eq!((sections["domain"].len(), sections["listener"].len()), (1, 1));
        assert!(values["limit"].len() == 11 && values["timeout"].len() == 6);
    }

    #[test]
    fn the_example_holds_every_flag_of_serve() {
        let text = format!("\n{}\n", with_comments_removed());
        for arg in flags().get_arguments() {
            let name = arg.get_long().expect("each flag has a long name");
            let table = TABLES.iter().find(|(_, flag, _)| *flag == name);
            let key = table.map_or_else(|| format!("\n{name} = "), |(table, ..)| format!("\n[{table}]\n"));
            assert_eq!(text.contains(&key), name != CONFIG, "{name}");
        }
    }

    #[test]
    fn defaults_are_those_of_the_flags() {
        let text = example_config();
        for line in
            ["#store = \"maildir:./mail\"", "#max-message-size = \"25M\"", "#sandbox = false", "#[limits]"]
        {
            assert!(text.contains(&format!("\n{line}\n")), "{line} is not in {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}
