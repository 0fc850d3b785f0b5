//! Warnings of `mailchute check`: they name their option as mistakes do, and `--deny-warnings` makes them mistakes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use crate::support::{Program, SCRAM, mailchute, write_config};

/// The exit code of a check, and its lines on standard error without the name of the program.
fn check(folder: &Path, text: &str, flags: &[&str]) -> (i32, Vec<String>) {
    write_config(folder, text);
    let mut command = mailchute(&[&["check", "--config", "mailchute.toml"], flags].concat());
    let Output { status, stderr, .. } = command.current_dir(folder).output().unwrap();
    let lines = String::from_utf8(stderr).unwrap();
    let lines = lines.lines().map(|line| line.strip_prefix("mailchute: ").unwrap().to_owned());
    (status.code().unwrap(), lines.collect())
}

/// Checks that a file has one warning, which begins so.
#[track_caller]
fn warns(text: &str, beginning: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (code, lines) = check(folder.path(), text, &[]);
    let expected = format!("warning: mailchute.toml:{beginning}");
    assert!(code == 0 && lines.len() == 1 && lines[0].starts_with(&expected), "{code} {lines:#?}");
    let (code, denied) = check(folder.path(), text, &["--deny-warnings"]);
    assert_eq!((code, &denied[..1]), (2, &lines[..]));
    assert_eq!(denied[1], "--deny-warnings: there are warnings: 1; see above");
}

/// Writes a certificate for mx.example.com that is valid until so many days from now, and its key.
fn write_certificate(folder: &Path, days: i64) -> String {
    let mut parameters = rcgen::CertificateParams::new(["mx.example.com".to_owned()]).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let day = i64::try_from(now / 86_400).unwrap() + days;
    // The day as a civil date, by the algorithm of Howard Hinnant.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    parameters.not_after = rcgen::date_time_ymd(
        i32::try_from(year).unwrap(),
        u8::try_from(month).unwrap(),
        u8::try_from(of_month).unwrap(),
    );
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    "tls-cert = \"cert.pem\"\ntls-key = \"key.pem\"\n".to_owned()
}

#[test]
fn a_limit_of_recipients_below_a_greylist_is_warned_of() {
    let of = |rate: &str| {
        format!(
            "store = \"discard:\"\ndomain = \"example.com\"\nlisten = \"127.0.0.1:0\"\n[[filter]]\nuse = \"greylist\"\n\
             [[filter]]\nuse = \"limits\"\n{rate} = \"10/1m\"\n"
        )
    };
    warns(
        &of("recipients"),
        "7:7: filter.use: it does not see recipients that are refused, as it stands below",
    );
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(check(folder.path(), &of("messages"), &[]), (0, Vec::new()));
}

#[test]
fn a_good_file_has_no_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let text = write_certificate(folder.path(), 60)
        + "hostname = \"mx.example.com\"\nlisten = \":25\"\ndomain = \"example.com\"\nallow-root = true\n";
    assert_eq!(check(folder.path(), &text, &["--deny-warnings"]), (0, Vec::new()));
}

#[test]
fn a_certificate_that_has_expired_or_soon_will_is_warned_of() {
    for (days, expected) in [
        (
            -1,
            "mailchute.toml:1:12: tls-cert: the certificate has expired, and clients that verify it do not send; renew it",
        ),
        (10, "mailchute.toml:1:12: tls-cert: the certificate expires in 9 days; renew it"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = write_certificate(folder.path(), days);
        let (code, lines) = check(folder.path(), &text, &[]);
        assert_eq!((code, lines), (0, vec![format!("warning: {expected}")]));
    }
}

#[test]
fn a_certificate_for_another_host_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let text = write_certificate(folder.path(), 60) + "hostname = \"mail.example.com\"\n";
    let expected = "warning: mailchute.toml:1:12: tls-cert: no certificate is for the host mail.example.com, so clients that \
                    verify it do not send; write a certificate for this name, or the hostname that the certificate has";
    assert_eq!(check(folder.path(), &text, &[]), (0, vec![expected.to_owned()]));
}

#[test]
fn what_is_weak_on_a_public_address_is_warned_of() {
    let public = "domain = \"example.com\"\nallow-root = true\n";
    warns(
        &format!("listen = [\"127.0.0.1:2525\", \"192.0.2.1:25\"]\n{public}"),
        "1:29: listen: 192.0.2.1:25 is reachable from other networks, where clients cannot verify a self-signed certificate; \
         add --tls-cert and --tls-key",
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("users"), format!("alice:{SCRAM}\n")).unwrap();
    let tls = write_certificate(folder.path(), 60);
    let text = format!("allow-plaintext-auth = true\nauth-file = \"users\"\n{tls}{public}");
    for (address, is_open) in [("0.0.0.0:587", true), ("10.0.0.1:587", false), ("127.0.0.1:587", false)] {
        let (code, lines) = check(folder.path(), &format!("{text}listen = \"{address}\"\n"), &[]);
        let expected = "warning: mailchute.toml:1:24: allow-plaintext-auth: 0.0.0.0:587 is reachable from other networks, \
                        where passwords can be read on their way; leave it out, or listen on a private address";
        let expected: &[&str] = if is_open { &[expected] } else { &[] };
        assert_eq!((code, lines), (0, expected.iter().map(|&line| line.to_owned()).collect()), "{address}");
    }
}

#[test]
fn an_address_that_is_given_twice_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let tls = write_certificate(folder.path(), 60);
    let text = "listen = [\"127.0.0.1:2525\", \"127.0.0.2:2525\"]\nlmtp = \":2525\"\ndomain = \"example.com\"\nallow-root = true\n";
    let (code, lines) = check(folder.path(), &format!("{text}{tls}"), &[]);
    assert!(code == 0 && lines.len() == 1, "{lines:#?}");
    assert!(
        lines[0].starts_with("warning: mailchute.toml:2:8: lmtp: ")
            && lines[0].contains(":2525 cannot be listened on together with 127.0.0.1:2525, "),
        "{lines:#?}"
    );
    warns(
        "[[listener]]\naddress = [\"2525\", \"127.0.0.2:2526\"]\n[[listener]]\nname = \"b\"\naddress = [\"[::1]:2525\", \"localhost:2525\"]\n",
        "5:26: listener.address: 127.0.0.1:2525 cannot be listened on together with 127.0.0.1:2525, which has the same address; leave",
    );
}

#[test]
fn a_directory_that_the_user_cannot_write_to_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder.path().join("mail");
    fs::create_dir(&mail).unwrap();
    fs::set_permissions(&mail, fs::Permissions::from_mode(0o755)).unwrap();
    let text = format!("store = \"maildir:{}\"\nuser = \"65534:65534\"\n", mail.display());
    let (code, lines) = check(folder.path(), &text, &[]);
    let mail_of = mail.display();
    let expected = format!(
        "warning: mailchute.toml:1:9: store: the user 65534:65534 cannot write to {mail_of}; run chown -R 65534:65534 \
         {mail_of}, or write another directory"
    );
    assert_eq!((code, lines), (0, vec![expected]));
    fs::set_permissions(&mail, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(check(folder.path(), &text, &[]), (0, Vec::new()));
}

#[test]
fn the_server_logs_the_same_warnings_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let tls = write_certificate(folder.path(), 10);
    let path = write_config(folder.path(), &format!("listen = \"127.0.0.1:0\"\nstore = \"discard:\"\n{tls}"));
    let mut command = mailchute(&["serve", "--config", &path]);
    let mut program = Program::start_command(command.current_dir(folder.path()));
    let told = program.logged("the certificate expires in 9 days");
    assert!(
        told.contains("mailchute.toml:3:12: tls-cert: the certificate expires in 9 days; renew it"),
        "{told}"
    );
}

/// Checks the file in a process without network, and returns the warnings.
fn without_network(folder: &Path) -> String {
    let mut command = std::process::Command::new("unshare");
    command.args(["--map-root-user", "--net"]).arg(env!("CARGO_BIN_EXE_mailchute"));
    let output = command.args(["check", "--config", "mailchute.toml"]).current_dir(folder).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_dns_server_out_of_reach_of_the_process_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let filter = "[[filter]]\nuse = \"dnsbl\"\nlists = { \"bl.example\" = \"refuse\" }\n";
    for (server, is_far) in [("127.0.0.1", false), ("192.0.2.53", true)] {
        write_config(folder.path(), &format!("dns = \"{server}\"\n{filter}"));
        let expected = "mailchute: warning: mailchute.toml:3:7: filter.use: the DNS cannot be reached, as this process has no \
                        network interface but the loopback (PrivateNetwork=); if systemd runs the program, install network.conf \
                        next to its unit\n";
        assert_eq!(without_network(folder.path()), if is_far { expected } else { "" }, "{server}");
    }
}

#[test]
fn a_server_out_of_reach_of_the_process_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    write_config(
        folder.path(),
        "store = \"lmtp:127.0.0.1:24\"\n[[domain]]\nname = \"example.com\"\nstore = \"smtp://mx.example.com\"\n",
    );
    assert_eq!(
        without_network(folder.path()),
        "mailchute: warning: mailchute.toml:4:9: domain.store: mx.example.com:25 cannot be reached, as this process has no network \
         interface but the loopback (PrivateNetwork=); if systemd runs the program, install network.conf next to its unit\n"
    );
}
