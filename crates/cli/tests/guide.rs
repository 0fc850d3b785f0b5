//! The guide: its options exist, its links resolve, and its page about SMTP shows the program's real replies.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use crate::support::{Program, run, write_certificate, write_config};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages of a directory, with their paths.
fn pages(directory: &str) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(root().join(directory)).unwrap();
    let paths = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"));
    paths.map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

/// The blocks of code of a language on a page, without their fences.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split_once("```\n").unwrap().0).collect()
}

/// A line of the page with the name of the message, which differs each time, replaced.
fn without_names(line: &str) -> String {
    for mark in ["Message accepted as ", " id "] {
        if let Some((before, after)) = line.split_once(mark) {
            let rest = after.split_once([' ', ';']).map_or("", |(_, rest)| rest);
            return format!("{before}{mark}NAME {}", if mark == " id " { "" } else { rest });
        }
    }
    match line.split_once(">; ") {
        Some((before, _date)) => format!("{before}>; DATE"),
        None => line.to_owned(),
    }
}

/// Sends the lines of the client and compares the replies with the lines of the server.
fn replay(address: SocketAddr, lines: &[&str]) {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    for line in lines {
        if let Some(said) = line.strip_prefix("S: ") {
            let mut heard = String::new();
            stream.read_line(&mut heard).unwrap();
            let heard = heard.strip_suffix("\r\n").unwrap_or_else(|| panic!("{said}: heard {heard:?}"));
            assert_eq!(without_names(heard), without_names(said), "the page says what the program does not");
        } else {
            let typed = line.strip_prefix("C:").unwrap().trim_start_matches(' ');
            stream.get_mut().write_all(format!("{typed}\r\n").as_bytes()).unwrap();
        }
    }
    let mut rest = String::new();
    stream.read_line(&mut rest).unwrap();
    assert_eq!(rest, "", "the page leaves out what comes after its last line");
}

#[test]
fn the_program_speaks_as_the_page_about_smtp() {
    let page = fs::read_to_string(root().join("docs/guide/smtp.md")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mail = directory.path().join("mail");
    let store = format!("maildir:{}", mail.display());
    let command = blocks(&page, "sh")[0];
    let arguments: Vec<&str> = command
        .split_whitespace()
        .skip(1)
        .map(|word| match word {
            "127.0.0.1:2525" | "127.0.0.1:2424" => "127.0.0.1:0",
            "maildir:./mail" => store.as_str(),
            other => other,
        })
        .collect();
    let program = Program::start(&arguments);

    let texts = blocks(&page, "text");
    let (sessions, files): (Vec<&str>, Vec<&str>) =
        texts.iter().partition(|block| block.starts_with("S: ") || block.starts_with("C: "));
    let lines: Vec<&str> = sessions.iter().flat_map(|block| block.lines()).collect();
    let second = lines.iter().rposition(|line| line.starts_with("S: 220 ")).unwrap();
    assert!(second > 25, "only {second} lines of the first session were found");
    replay(program.address(0), &lines[..second]);

    let [file] = files[..] else { panic!("the page shows one file: {files:?}") };
    let kept = fs::read_dir(mail.join("new")).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read_to_string(kept).unwrap();
    let plain = |text: &str| text.lines().map(without_names).collect::<Vec<_>>();
    assert_eq!(plain(&kept), plain(file));

    replay(program.address(1), &lines[second..]);
}

#[test]
fn every_option_of_the_guide_exists() {
    let options = fs::read_to_string(root().join("docs/options.md")).unwrap();
    let of_other_commands = ["--argon2id", "--with-seed", "--print", "--deny-warnings"];
    let mut seen = 0;
    for (path, page) in pages("docs/guide")
        .into_iter()
        .chain([(root(), fs::read_to_string(root().join("README.md")).unwrap())])
    {
        let commands = blocks(&page, "sh").into_iter().flat_map(|block| {
            block
                .split_inclusive('\n')
                .filter(|line| line.starts_with("mailchute ") || line.starts_with("     "))
        });
        let commands = commands.flat_map(|line| line.split(" #").next().unwrap().split_whitespace());
        let quoted = page
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|text| !text.contains("cargo") && !text.contains("ctl "));
        let quoted =
            quoted.filter(|text| text.starts_with("--")).filter_map(|text| text.split_whitespace().next());
        for flag in commands.chain(quoted).filter(|word| word.starts_with("--")) {
            let is_known = options.contains(&format!("`{flag}`"))
                || options.contains(&format!("`{flag} "))
                || of_other_commands.contains(&flag);
            assert!(is_known, "{}: there is no option {flag}", path.display());
            seen += 1;
        }
        for line in
            blocks(&page, "toml").into_iter().filter(|block| block.contains("tls-cert")).flat_map(str::lines)
        {
            let Some((key, _)) = line.split_once(" = ") else { continue };
            assert!(options.contains(&format!("`{key}`")), "{}: there is no key {key}", path.display());
        }
    }
    assert!(seen > 30, "only {seen} options were found");
}

#[test]
fn the_configuration_file_of_the_guide_is_right() {
    let page = fs::read_to_string(root().join("docs/guide/running.md")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = write_certificate(directory.path());
    let mail = directory.path().join("mail").display().to_string();
    let mut text = blocks(&page, "toml")[0].to_owned();
    for (before, after) in [
        ("/etc/mailchute/fullchain.pem", certificate.as_str()),
        ("/etc/mailchute/privkey.pem", &key),
        ("/var/mail/in", &mail),
        ("0.0.0.0:25", "127.0.0.1:2525"),
    ] {
        assert!(text.contains(before), "the file no longer names {before}");
        text = text.replace(before, after);
    }
    let (code, said) = run(&["check", "--config", &write_config(directory.path(), &text)]);
    assert_eq!(code, 0, "{said}");
}

/// Checks each configuration file of a page, with paths of a new directory.
fn check_files(page: &str, least: usize) {
    let page = fs::read_to_string(root().join("docs/guide").join(page)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let (certificate, key) = write_certificate(directory.path());
    for (name, text) in [
        ("users", "bob\neve\n"),
        ("aliases", "sales: bob, eve\n@: bob\n"),
        ("webhook.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"),
        ("redis.secret", "hunter2\n"),
        ("rspamd.secret", "hunter2\n"),
    ] {
        fs::write(at(name), text).unwrap();
    }
    let files = blocks(&page, "toml");
    assert!(files.len() >= least, "only {} files were found", files.len());
    for file in files {
        let needs = |text: &str| file.contains(text);
        if needs("nats:") && !cfg!(feature = "nats") || needs("redis:") && !cfg!(feature = "redis") {
            continue;
        }
        let mut text = file.to_owned();
        for (before, after) in [
            ("/etc/mailchute/fullchain.pem", certificate.as_str()),
            ("/etc/mailchute/privkey.pem", &key),
            ("/etc/mailchute", &at("")),
            ("/var/mail", &at("mail")),
            ("/var/lib/mailchute", &at("state")),
            ("0.0.0.0:25", "127.0.0.1:2525"),
        ] {
            text = text.replace(before, after);
        }
        let (code, said) = run(&["check", "--config", &write_config(directory.path(), &text)]);
        assert_eq!(code, 0, "{file}: {said}");
    }
}

#[test]
fn each_file_of_the_page_about_delivering_is_right() {
    check_files("delivering.md", 6);
}

#[test]
fn each_file_of_the_page_about_filtering_is_right() {
    check_files("filtering.md", 2);
}

/// The anchor of a heading: lower case, with hyphens for spaces.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    text.chars().filter(|character| character.is_alphanumeric() || "-_".contains(*character)).collect()
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut seen = 0;
    for directory in [".", "docs", "docs/guide", "docs/performance", "bench"] {
        for (path, page) in pages(directory) {
            for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if link.contains("://") || link.contains(' ') {
                    continue;
                }
                let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
                assert!(target.exists(), "{}: {link} leads nowhere", path.display());
                seen += 1;
                if !fragment.is_empty() {
                    let text = fs::read_to_string(&target).unwrap();
                    let has_it = text.lines().any(|line| line.starts_with('#') && anchor(line) == fragment);
                    assert!(has_it, "{}: {link}: there is no such heading", path.display());
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} links were found");
}
