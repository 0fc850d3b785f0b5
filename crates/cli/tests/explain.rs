//! `mailchute serve --explain`: sessions on standard output, and explanations of all codes that the program can send.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use mailchute::explain;
use rustix::process::Signal;

use crate::support::{Client, mailchute, run};

#[test]
fn sessions_are_told_on_standard_output_without_credentials() {
    let mut child = mailchute(&["--listen", "127.0.0.1:0", "--store", "discard:", "--explain", "--auth-any"])
        .args(["--allow-plaintext-auth", "--log-level", "off"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let listening = lines.find(|line| line.starts_with("listening on ")).unwrap();
    let address = listening.split(' ').nth(2).unwrap().parse().unwrap();
    let mut client = Client::connect(address);
    for line in ["EHLO a.example", "AUTH PLAIN AGFsaWNlAHdvbmRlcg==", "MAIL FROM:<a@b.example>", "QUIT"] {
        client.say(line);
    }
    // The end of the session is told, then the program stops.
    let mut told = Vec::new();
    for line in lines.by_ref() {
        let is_end = line.contains("| Ended as agreed. ");
        told.push(line);
        if is_end {
            break;
        }
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
    told.extend(lines);
    assert!(child.wait().unwrap().success());
    let text = told.join("\n");
    assert!(!text.contains("AGFsaWNl") && text.contains(" C: AUTH PLAIN\n"), "{text}");
    let has = |first: &str, second: &str| {
        told.windows(2).any(|pair| pair[0].ends_with(first) && pair[1].contains(second))
    };
    assert!(has(" C: MAIL FROM:<a@b.example>", "| MAIL: Begin a message. "), "{text}");
    assert!(has(" S: 250 2.1.0 Sender OK", "| Sender accepted. "), "{text}");
}

#[test]
fn explain_and_a_json_log_contradict_each_other() {
    let (code, text) = run(&["--explain", "--log-format", "json", "--store", "discard:"]);
    assert!(code == 2 && text.contains("explain: with --log-format json nothing else is written"), "{text}");
}

/// Collects the sources of all crates.
fn sources(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Finds triples such as `(5, 7, 1)`, which are enhanced codes.
fn triples(text: &str) -> Vec<(u8, u16, u16)> {
    let groups = text.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(group, _)| group);
    let triple = |group: &str| {
        let mut numbers = group.split(',').map(|number| number.trim().parse::<u16>().ok());
        let [class, subject, detail] = [numbers.next()??, numbers.next()??, numbers.next()??];
        let is_code = matches!(class, 2 | 4 | 5) && numbers.next().is_none();
        is_code.then_some((u8::try_from(class).ok()?, subject, detail))
    };
    groups.filter_map(triple).collect()
}

#[test]
fn each_enhanced_code_in_the_sources_is_explained() {
    let mut files = Vec::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for name in ["proto", "server", "stores", "filters", "console", "cli"] {
        sources(&crates.join(name).join("src"), &mut files);
    }
    let (mut found, mut unknown) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for code in triples(&code.join("\n")) {
            found += 1;
            if !explain::enhanced_is_registered(code) {
                unknown.push(format!("{code:?} in {}", file.display()));
            }
        }
    }
    assert!(found > 50, "{found} codes");
    assert!(unknown.is_empty(), "no explanation in crates/proto/src/explain/enhanced: {unknown:?}");
}
