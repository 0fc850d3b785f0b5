//! Options from the environment.

use crate::support::mailchute;

/// The exit code and standard error of `check` with these variables.
fn check(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = mailchute(&[&["check"], arguments].concat());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_environment_sets_every_option() {
    let variables = [
        ("MAILCHUTE_LISTEN", "0.0.0.0:0 [::1]:0"),
        ("MAILCHUTE_DOMAIN", "example.com example.org"),
        ("MAILCHUTE_STORE", "discard:"),
        ("MAILCHUTE_ALLOW_ROOT", "true"),
        ("MAILCHUTE_LIMIT", "recipients=100 errors=3"),
    ];
    let (code, warning) = check(&[], &variables);
    let begins = warning
        .starts_with("mailchute: warning: MAILCHUTE_LISTEN: 0.0.0.0:0 is reachable from other networks, ");
    assert!(code == 0 && begins && warning.lines().count() == 1, "{warning}");
    let (code, error) = check(&[], &variables[..1]);
    assert_eq!(code, 2);
    assert!(error.contains("0.0.0.0:0 is reachable from other hosts"), "{error}");
}

#[test]
fn mistakes_name_the_variable() {
    let variables = [("MAILCHUTE_MAX_MESSAGE_SIZE", "25 MB"), ("MAILCHUTE_SANDBOX", "perhaps")];
    let (code, error) = check(&[], &variables);
    assert_eq!(code, 2);
    let lines: Vec<_> = error.lines().collect();
    assert!(
        lines[0].starts_with("mailchute: MAILCHUTE_SANDBOX: \"perhaps\" is invalid: write true or false")
    );
    assert!(lines[1].starts_with("mailchute: MAILCHUTE_MAX_MESSAGE_SIZE: \"25 MB\" is invalid: "), "{error}");
    let (code, error) = check(&[], &[("MAILCHUTE_STORE", "maildir:./a discard:")]);
    assert_eq!(code, 2);
    assert!(
        error.starts_with("mailchute: MAILCHUTE_STORE: discard: does nothing next to another"),
        "{error}"
    );
    let (code, error) = check(&[], &[("MAILCHUTE_REQUIRE_AUTH", "1")]);
    assert_eq!(code, 2);
    assert!(error.starts_with("mailchute: MAILCHUTE_REQUIRE_AUTH: no user could log in"), "{error}");
}

#[test]
fn a_flag_replaces_the_variable_and_an_unknown_one_is_a_warning() {
    let variables = [("MAILCHUTE_STORE", "nowhere:"), ("MAILCHUTE_LISTN", ":25")];
    let (code, error) = check(&["--store", "discard:"], &variables);
    assert_eq!(code, 0, "{error}");
    assert_eq!(
        error,
        "mailchute: warning: MAILCHUTE_LISTN: there is no option of this variable; write MAILCHUTE_LISTEN\n"
    );
}
