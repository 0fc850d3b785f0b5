//! docs/options.md: every option of `mailchute serve`, made from the flags.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Args, Command};

use crate::options::args::flags;
use crate::options::deliver_options;
use crate::options::limits::Named;
use crate::options::provenance::variable;
use crate::options::schema::{ARRAYS, CONFIG, TABLES, USE, fills_table};
use crate::options::talk_options::TalkOptions;

const HEAD: &str = "\
# Options

`mailchute serve` takes its options from the command line, the environment and a configuration file. Precedence: command
line, environment, file, defaults. `mailchute example-config` prints a file with every option. `mailchute check` finds
mistakes.

This page is made of the code. To renew it, run `scripts/options-page`.

An option that takes several values is repeated on the command line, and is an array in the file. A switch takes no value
on the command line, and is `true` in the file. In the environment spaces separate several values, and a switch is `true`
or `false`.

| option | in the file | in the environment | default | what it does |
|---|---|---|---|---|
";

const DELIVER: &str = "
## `mailchute deliver`

These options are on the command line and in the environment only. `--config`, `--store`, `--state`, `--hostname`,
`--timeout`, `--user`, `--sandbox`, `--log-level` and `--log-format` are those above.

| option | in the environment | default | what it does |
|---|---|---|---|
";

const TALK: &str = "
## `mailchute talk`

These options are on the command line only. The server stands before or after them.

| option | default | what it does |
|---|---|---|
";

/// Returns the text of the page.
fn page() -> String {
    let mut text = HEAD.to_owned();
    for arg in flags().get_arguments().filter(|arg| !arg.is_hide_set()) {
        let Some(name) = arg.get_long() else { continue };
        row(&mut text, name, arg);
    }
    for array in ARRAYS {
        let name = array.name;
        if let Some(common) = array.common {
            section(&mut text, &format!("## `[[{name}]]`"), &common(), |_| true);
            for kind in (array.kinds)() {
                let heading = format!("### `[[{name}]]` with `{USE} = \"{}\"`", kind.get_name());
                section(&mut text, &heading, &kind, |key| !array.is_common(key));
            }
        } else {
            for kind in (array.kinds)() {
                section(&mut text, &format!("## `[[{name}]]`"), &kind, |_| true);
            }
        }
    }
    let own = deliver_options::flags();
    text.push_str(DELIVER);
    for arg in own.get_arguments() {
        let Some(name) = arg.get_long() else { continue };
        let value = if is_switch(arg) { String::new() } else { format!(" {}", values(arg)) };
        let row = (cell(&value), variable(name), default(arg), cell(&help(arg)));
        let _ = writeln!(text, "| `--{name}{}` | `{}` | {} | {}. |", row.0, row.1, row.2, row.3);
    }
    text.push_str(TALK);
    for arg in <TalkOptions as Args>::augment_args(Command::new("talk")).get_arguments() {
        let Some(name) = arg.get_long() else { continue };
        let value = if is_switch(arg) { String::new() } else { format!(" {}", values(arg)) };
        let _ = writeln!(text, "| `--{name}{}` | {} | {}. |", cell(&value), default(arg), cell(&help(arg)));
    }
    for (table, flag, names) in &TABLES {
        let heading = format!("{}{}", table[..1].to_uppercase(), &table[1..]);
        let _ = write!(
            text,
            "\n## {heading}\n\n`--{flag} NAME=VALUE` sets one; in the file they are keys of the table `[{table}]`.\n\n\
             | name | default | what it limits |\n|---|---|---|\n"
        );
        for Named { name, default, help } in names() {
            let _ = writeln!(text, "| `{name}` | {default} | {} |", cell(help));
        }
    }
    text
}

/// Writes the row of an option.
fn row(text: &mut String, name: &str, arg: &Arg) {
    let file = match (name, table_of(arg)) {
        (CONFIG, _) => String::new(),
        (_, Some(table)) => format!("`{table}`"),
        _ => format!("`{name}`"),
    };
    let variable = variable(name);
    let value = if is_switch(arg) { String::new() } else { format!(" {}", values(arg)) };
    let _ = writeln!(
        text,
        "| `--{name}{}` | {file} | `{variable}` | {} | {}. |",
        cell(&value),
        default(arg),
        cell(&help(arg))
    );
}

/// Writes the options of a table of an array.
fn section(text: &mut String, heading: &str, command: &Command, is_shown: impl Fn(&str) -> bool) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(
        text,
        "\n{heading}\n\n{about}\n\n| option | value | default | what it does |\n|---|---|---|---|\n"
    );
    for arg in command.get_arguments() {
        let Some(name) = arg.get_long().filter(|name| is_shown(name)) else { continue };
        section_row(text, name, arg);
    }
}

/// Writes the row of an option in the table of an array.
fn section_row(text: &mut String, name: &str, arg: &Arg) {
    let name = table_of(arg).unwrap_or_else(|| name.to_owned());
    let value = if is_switch(arg) { "true".to_owned() } else { cell(&values(arg)) };
    let _ = writeln!(text, "| `{name}` | `{value}` | {} | {}. |", default(arg), cell(&help(arg)));
}

/// Returns the table that stands for a flag such as `--limit`.
fn table_of(arg: &Arg) -> Option<String> {
    TABLES.iter().find(|(_, flag, _)| fills_table(arg, flag)).map(|(table, ..)| format!("[{table}]"))
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Returns the form of a value.
fn values(arg: &Arg) -> String {
    arg.get_value_names().map_or_else(String::new, |names| names.join(" "))
}

fn default(arg: &Arg) -> String {
    let default = arg.get_default_values().first().filter(|_| !is_switch(arg));
    default.map_or_else(String::new, |value| format!("`{}`", value.to_string_lossy()))
}

/// Returns the help of an option with its choices, without the last full stop.
fn help(arg: &Arg) -> String {
    let mut help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let choices = if is_switch(arg) { Vec::new() } else { arg.get_possible_values() };
    for choice in choices {
        let says = choice.get_help().map(|help| format!(": {help}")).unwrap_or_default();
        let _ = write!(help, ". `{}`{says}", choice.get_name());
    }
    help.trim_end_matches('.').to_owned()
}

/// Escapes a text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_page_of_options_is_made_of_the_flags() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/options.md");
    if std::env::var_os("RENEW_OPTIONS_PAGE").is_some() {
        std::fs::write(path, page()).expect("docs/options.md can be written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == page(), "docs/options.md is old: run scripts/options-page");
}
