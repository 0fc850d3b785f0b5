//! Errors of configuration say what is wrong and what to write instead, and scripts get an exit code.

use crate::support::{Program, run};

#[track_caller]
fn fails(arguments: &[&str], code: i32, texts: &[&str]) {
    let (exit, error) = run(arguments);
    assert_eq!(exit, code, "{arguments:?}: {error}");
    for text in texts {
        assert!(error.contains(text), "{arguments:?} does not say {text:?}: {error}");
    }
}

#[test]
fn refuses_a_public_address_without_domains() {
    fails(
        &["--listen", "0.0.0.0:0", "--store", "discard:"],
        2,
        &["0.0.0.0:0 is reachable from other hosts", "--domain"],
    );
    fails(&["--tls-listen", "[::]:0", "--store", "discard:"], 2, &["[::]:0", "--domain"]);
    fails(&["--listen", ":0", "--store", "discard:"], 2, &[":0 is reachable from other hosts", "--domain"]);
    fails(&["check", "--lmtp", ":0"], 2, &[":0 is reachable from other hosts", "--domain"]);
}

#[test]
fn refuses_an_invalid_limit_with_a_hint() {
    fails(&["--limit", "colour=3"], 2, &["--limit", "colour=3", "no such limit", "connections-per-client"]);
    fails(&["--limit", "connections"], 2, &["NAME=VALUE"]);
    fails(&["--limit", "errors=many"], 2, &["--limit", "errors=many", "not a number"]);
    fails(&["--limit", "recipients=0", "--store", "discard:"], 2, &["--limit recipients=0", "1 or more"]);
    fails(&["--timeout", "command=5x"], 2, &["--timeout", "command=5x", "such as 5m"]);
    fails(
        &["--timeout", "command=400d", "--store", "discard:"],
        2,
        &["--timeout command=400d", "less than a year"],
    );
    fails(&["--limit", "header-size=big"], 2, &["--limit", "header-size=big", "such as 25M"]);
    fails(&["--max-message-size", "25MB"], 2, &["--max-message-size", "25MB", "such as 25M"]);
    fails(&["--timeout", "coffee=5"], 2, &["no such timeout", "command, data"]);
    fails(&["--timeout", "command=0", "--store", "discard:"], 2, &["--timeout command=0", "more than 0"]);
}

#[test]
fn refuses_an_invalid_network_with_a_hint() {
    for flag in ["--proxy-from", "--xclient-from"] {
        fails(&[flag, "localhost"], 2, &[flag, "localhost", "such as 10.0.0.0/8"]);
        fails(&[flag, "10.0.0.1/8"], 2, &[flag, "write 10.0.0.0/8"]);
    }
    fails(&["--greeting-delay", "300", "--store", "discard:"], 2, &["--greeting-delay 5m", "less than 300"]);
}

#[test]
fn refuses_other_invalid_flags_with_a_hint() {
    fails(&["--listen", "localhost"], 2, &["--listen", "localhost", "such as 127.0.0.1:2525"]);
    fails(
        &["--listen", "no.invalid:2525"],
        3,
        &["no.invalid:2525: this name cannot be looked up: ", "write an IP address"],
    );
    fails(&["--domain", "not a domain"], 2, &["not a domain", "example.com"]);
    fails(&["--domain", "*.example.com"], 2, &["--domain", "*.example.com", "write .example.com"]);
    fails(&["--domain", "192.0.2.1"], 2, &["--domain", "last label is a number", "example.com"]);
    fails(&["--hostname", "not a name", "--store", "discard:"], 2, &["not a name", "mx.example.com"]);
    fails(&["--hostname", "ünï.example", "--store", "discard:"], 2, &["--hostname", "mx.example.com"]);
    for level in ["loud", "inf", "loud=very", "info,mailchut"] {
        fails(&["--log-level", level], 2, &["--log-level", level, "write off, error"]);
    }
    fails(&["--tls-cert", "x.pem"], 2, &["--tls-key"]);
    fails(&["--colour"], 2, &["--colour"]);
}

#[test]
fn refuses_releases_without_all_that_they_need() {
    let release = ["check", "--console", "--console-release", "smtp://a.example"];
    let to = ["--console-release-to", "a.example,.b.example"];
    fails(&[&["check"], &release[2..], &to].concat(), 2, &["--console-release: there is no console"]);
    fails(&release, 2, &["--console-release: no recipient would be allowed; add --console-release-to"]);
    fails(
        &[&release[..2], &to].concat(),
        2,
        &["--console-release-to: there is no next hop; add --console-release"],
    );
    let other = [&release[..2], &["--console-release", "maildir:x"], &to].concat();
    fails(&other, 2, &["--console-release", "this is not a next hop; write smtp://HOST"]);
    let wrong = [&release[..2], &["--console-release", "smtp://a.example?colour=blue"], &to].concat();
    fails(&wrong, 2, &["--console-release", "write tls=require"]);
    fails(&[&release[..], &["--console-release-to", "a.example,*"]].concat(), 2, &["write bob@example.com"]);
    let no_mail = [&release[..], &to, &["--store", "discard:"]].concat();
    fails(&no_mail, 2, &["--console-release: the console shows no Maildir"]);
}

#[test]
fn names_a_store_that_cannot_be_used() {
    fails(&["--store", "mailbox:/tmp/x"], 3, &["mailbox", "maildir:"]);
    fails(&["--store", "maildir:"], 3, &["maildir:"]);
    fails(&["--store", "maildir:/proc/nowhere/mail"], 3, &["/proc/nowhere"]);
}

#[test]
fn refuses_shell_shorthands_in_paths_with_a_hint() {
    let directory = tempfile::tempdir().unwrap();
    let start = |arguments: &[&str]| {
        let output = crate::support::mailchute(arguments).current_dir(directory.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let flags = [
        ("store", "maildir:~/mail", "\"~\""),
        ("store", "maildir:$HOME/mail", "\"$HOME\""),
        ("store", "lmtp:unix:/run/{user}", "\"{user}\""),
        ("auth-file", "~/users", "\"~\""),
        ("tls-cert", "${HOME}/cert.pem", "\"${HOME}\""),
        ("tls-key", "%d/key.pem", "\"%d\""),
        ("tls-client-ca", "$X/ca.pem", "\"$X\""),
        ("listen", "unix:~/smtp", "\"~\""),
        ("lmtp", "unix:%t/lmtp", "\"%t\""),
    ];
    for (option, value, shorthand) in flags {
        let flag = format!("--{option}={value}");
        for arguments in [vec![flag.as_str()], vec!["check", &flag]] {
            let (code, error) = start(&arguments);
            assert_eq!(code, Some(2), "{error}");
            assert!(error.contains(&flag[..option.len() + 2]) && error.contains(shorthand), "{error}");
        }
        let is_list = ["tls-cert", "tls-key", "listen", "lmtp"].contains(&option);
        let value = if is_list { format!("[{value:?}]") } else { format!("{value:?}") };
        crate::support::write_config(directory.path(), &format!("{option} = {value}\n"));
        let (code, error) = start(&["check", "--config", "mailchute.toml"]);
        assert_eq!(code, Some(2), "{error}");
        let place = format!("mailchute.toml:1:{}: {option}: ", option.len() + 4 + usize::from(is_list));
        assert!(error.contains(&place) && error.contains(shorthand), "{error}");
    }
    assert_eq!(start(&["--config=~/mailchute.toml"]).0, Some(2));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing but the file was made");
}

#[test]
fn accepts_a_directory_literally_named_tilde() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_command(
        crate::support::mailchute(&["--listen", "127.0.0.1:0", "--store", "maildir:./~/mail"])
            .current_dir(directory.path()),
    );
    assert!(program.connect().read_reply().starts_with("220 "));
    assert!(directory.path().join("~/mail/new").is_dir());
}

#[test]
fn names_a_certificate_that_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("empty.pem");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    fails(&["--store", "discard:", "--tls-cert", "/no/cert.pem", "--tls-key", file], 3, &["/no/cert.pem"]);
    fails(
        &["--store", "discard:", "--tls-cert", file, "--tls-key", file],
        3,
        &[file, "holds no certificate"],
    );
    let weak = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/tests/certificates/rsa-1024.pem");
    fails(
        &["check", "--store", "discard:", "--tls-cert", weak, "--tls-key", weak],
        3,
        &[weak, "its RSA key has 1024 bits", "openssl req -x509", "subjectAltName=DNS:HOST"],
    );
}

#[test]
fn refuses_unpaired_certificates_and_missing_authorities() {
    let lone = ["--tls-cert", "a.pem", "--tls-cert", "b.pem", "--tls-key", "a.key"];
    fails(
        &lone,
        2,
        &["--tls-cert: the numbers differ (2 --tls-cert, 1 --tls-key)", "one --tls-key for each"],
    );
    fails(&["--tls-client-ca", "/no/ca.pem", "--store", "discard:"], 3, &["/no/ca.pem", "cannot be read"]);
    fails(&["--tls-client-cert", "required"], 2, &["--tls-client-ca"]);
    fails(&["--auth-external"], 2, &["--auth-external: ", "--tls-client-ca"]);
    fails(&["check", "--auth-external", "--require-auth"], 2, &["--auth-external: ", "--tls-client-ca"]);
    let plaintext = ["--auth-external", "--tls-client-ca", "x", "--allow-plaintext-auth"];
    fails(
        &plaintext,
        2,
        &["--allow-plaintext-auth: no login would use a password", "--auth-file or --auth-any"],
    );
    fails(&["--require-auth"], 2, &["--require-auth: no user could log in", "--auth-external or --auth-any"]);
    fails(&["--tls-client-cert-usage", "any"], 2, &["--tls-client-cert-usage", "--tls-client-ca"]);
    fails(&["--tls-client-cert-usage", "server"], 2, &["server", "client, any"]);
    fails(&["--tls-client-ca", "x", "--tls-client-cert", "maybe"], 2, &["maybe", "optional, required"]);
}

#[test]
fn names_an_address_that_is_in_use() {
    let first = Program::start(&["--listen", "127.0.0.1:0", "--store", "discard:"]);
    let address = first.address(0).to_string();
    fails(&["--listen", &address, "--store", "discard:"], 3, &[&address, "in use"]);
}

#[test]
fn refuses_an_address_unsuited_for_lmtp() {
    fails(
        &["--lmtp", "127.0.0.1:25", "--store", "discard:"],
        3,
        &["127.0.0.1:25", "port 25 is for SMTP", "another port"],
    );
    fails(&["--lmtp", "0.0.0.0:0", "--store", "discard:"], 2, &["0.0.0.0:0 is reachable", "--domain"]);
    fails(&["--lmtp", "unix:", "--store", "discard:"], 2, &["--lmtp", "such as unix:/run/mailchute/lmtp"]);
    let directory = tempfile::tempdir().unwrap();
    let endpoint = format!("unix:{}", directory.path().display());
    fails(&["--lmtp", &endpoint, "--store", "discard:"], 3, &[&endpoint, "not a socket", "another path"]);
}

#[test]
fn help_names_every_exit_code_and_signal() {
    let output = crate::support::mailchute(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for word in [
        "Exit codes:",
        "SIGTERM",
        "SIGHUP",
        "--listen",
        "--store",
        "--limit",
        "127.0.0.1:2525",
        "maildir:./mail",
    ] {
        assert!(help.contains(word), "--help does not say {word}");
    }
}
