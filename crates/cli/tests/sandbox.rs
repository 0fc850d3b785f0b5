//! Inside the sandbox mail is accepted as usual, and other files are out of reach.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Program, run, wait_until_ended, write_certificate, write_config};
use rustix::process::Signal;

/// Two directories, each with a certificate and its key.
fn here_and_elsewhere(directory: &Path) -> [(PathBuf, (String, String)); 2] {
    ["here", "elsewhere"].map(|name| {
        let below = directory.join(name);
        fs::create_dir(&below).unwrap();
        let files = write_certificate(&below);
        (below, files)
    })
}

/// Makes the certificate's files the same ones, by a link that leads elsewhere.
fn lead(here: &Path, elsewhere: &Path) {
    for name in ["cert.pem", "key.pem"] {
        fs::rename(here.join(name), here.join(format!("{name}.good"))).unwrap();
        symlink(elsewhere.join(name), here.join(name)).unwrap();
    }
}

#[test]
fn a_sandboxed_program_serves_reloads_and_hands_over() {
    let directory = tempfile::tempdir().unwrap();
    let [(here, (certificate, key)), (elsewhere, _)] = here_and_elsewhere(directory.path());
    let (mail, socket) = (directory.path().join("mail"), directory.path().join("socket"));
    fs::create_dir(&socket).unwrap();
    let (store, lmtp) = (format!("maildir:{}", mail.display()), format!("unix:{}/lmtp", socket.display()));
    let mut program = Program::start(&[
        "--sandbox",
        "--listen",
        "127.0.0.1:0",
        "--lmtp",
        &lmtp,
        "--store",
        &store,
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
    ]);
    let deliver = |program: &Program| {
        let mut client = program.connect();
        client.begin_message("a@example.com");
        assert!(client.say(".").starts_with("250 2.6.0 "));
    };
    deliver(&program);

    program.signal(Signal::HUP);
    program.logged("read the certificates again");
    lead(&here, &elsewhere);
    program.signal(Signal::HUP);
    let told = program.logged("kept all certificates");
    assert!(told.contains("ermission denied"), "{told}");
    for name in ["cert.pem", "key.pem"] {
        fs::rename(here.join(format!("{name}.good")), here.join(name)).unwrap();
    }

    // More often than the kernel allows nested sandboxes.
    let mut process = program.process();
    for _ in 0..20 {
        rustix::process::kill_process(process, Signal::USR2).unwrap();
        let next = program.handed_over();
        wait_until_ended(process);
        process = next;
        deliver(&program);
    }
    rustix::process::kill_process(process, Signal::TERM).unwrap();
    let (code, log) = program.wait();
    assert_eq!(code, 0, "{log}");
    assert_eq!(fs::read_dir(mail.join("new")).unwrap().count(), 21);
    assert!(!socket.join("lmtp").exists(), "its file is removed from within");
}

#[test]
fn the_start_directory_is_not_let_in() {
    let program = Path::new(env!("CARGO_BIN_EXE_mailchute"));
    for from_root in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let [(here, (certificate, key)), (elsewhere, _)] = here_and_elsewhere(directory.path());
        let mut command = Command::new("mailchute");
        command.env("PATH", program.parent().unwrap());
        command.current_dir(if from_root { Path::new("/") } else { &elsewhere });
        command.args(["--sandbox", "--listen", "127.0.0.1:0", "--store", "discard:"]);
        command.args(["--tls-cert", &certificate, "--tls-key", &key]);
        let mut program = Program::start_command(&mut command);
        lead(&here, &elsewhere);
        program.signal(Signal::HUP);
        let told = program.logged("kept all certificates");
        assert!(told.contains("kept") && told.contains("ermission denied"), "{told}");
        program.signal(Signal::TERM);
        assert_eq!(program.wait().0, 0);
    }
}

#[test]
fn refuses_a_sandbox_that_includes_the_root_directory() {
    for flags in [["--auth-file", "/users"], ["--lmtp", "unix:/lmtp"], ["--store", "maildir:/"]] {
        let (code, told) = run(&[&["--sandbox", "--listen", "127.0.0.1:0"], &flags[..]].concat());
        assert!(code == 2 && told.contains("in a directory below /"), "{flags:?}: {code} {told}");
    }
}

#[test]
fn the_greylist_cannot_open_a_file_elsewhere() {
    for (sandbox, is_let_in) in [(&["--sandbox"][..], false), (&[], true)] {
        let directory = tempfile::tempdir().unwrap();
        let [here, state, elsewhere] = ["here", "state", "elsewhere"].map(|it| directory.path().join(it));
        for below in [&here, &state, &elsewhere] {
            fs::create_dir(below).unwrap();
        }
        symlink(elsewhere.join("greylist.db"), state.join("greylist.db")).unwrap();
        let text = "store = \"discard:\"\nlisten = \"127.0.0.1:0\"\n[[filter]]\nuse = \"greylist\"\n";
        let (config, state) = (write_config(&here, text), state.display().to_string());
        let mut program =
            Program::start(&[&["serve", "--config", &config, "--state", &state], sandbox].concat());
        let mut client = program.connect();
        client.read_reply();
        client.say("EHLO client.example");
        client.say("MAIL FROM:<alice@client.example>");
        assert!(client.say("RCPT TO:<bob@example.com>").starts_with("451 4.7.1 Greylisted; "));
        drop(client);
        assert_eq!(elsewhere.join("greylist.db").exists(), is_let_in);
        if !is_let_in {
            program.logged("the file of the greylist cannot be used");
        }
        program.signal(Signal::TERM);
        assert_eq!(program.wait().0, 0);
    }
}

/// The kernel's facts about the filter in each thread of a process.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn filters(process: rustix::process::Pid) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())).unwrap();
    let statuses =
        threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("status")).ok());
    statuses
        .flat_map(|it| {
            it.lines().filter(|line| line.starts_with("Seccomp")).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn filters_the_calls_of_every_thread_and_of_a_new_process() {
    let own = filters(rustix::process::getpid());
    let count = own.iter().find_map(|line| line.strip_prefix("Seccomp_filters:")).unwrap().trim();
    let filtered = format!("Seccomp_filters:\t{}", count.parse::<u32>().unwrap() + 1);
    let all_are = |filters: &[String]| {
        filters.len() >= 4 && filters.iter().all(|line| line == "Seccomp:\t2" || *line == filtered)
    };
    let mut program = Program::start(&["--sandbox", "--listen", "127.0.0.1:0", "--store", "discard:"]);
    assert!(all_are(&filters(program.process())), "{:?}", filters(program.process()));
    program.signal(Signal::USR2);
    let next = program.handed_over();
    // One filter: inherited, and not installed again.
    assert!(all_are(&filters(next)), "{:?}", filters(next));
    rustix::process::kill_process(next, Signal::TERM).unwrap();
    assert_eq!(program.wait().0, 0);
}
