//! Inside the sandbox mail is taken as ever, and other files are out of reach.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use rustix::process::Signal;
use support::{Program, wait_until_ended, write_certificate};

#[test]
fn mail_is_taken_files_are_read_again_sockets_handed_over_and_other_files_are_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    let [here, elsewhere] = ["here", "elsewhere"].map(|name| folder.path().join(name));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    let (certificate, key) = write_certificate(&here);
    write_certificate(&elsewhere);
    let (mail, socket) = (folder.path().join("mail"), folder.path().join("socket"));
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
    // The same file, by a way that leads out of the sandbox.
    for name in ["cert.pem", "key.pem"] {
        fs::rename(here.join(name), here.join(format!("{name}.good"))).unwrap();
        symlink(elsewhere.join(name), here.join(name)).unwrap();
    }
    program.signal(Signal::HUP);
    let told = program.logged("kept the certificates in force");
    assert!(told.contains("ermission denied"), "{told}");
    for name in ["cert.pem", "key.pem"] {
        fs::rename(here.join(format!("{name}.good")), here.join(name)).unwrap();
    }

    // More often than the kernel would put one sandbox into another.
    let mut process = program.process();
    for _ in 0..20 {
        rustix::process::kill_process(process, Signal::USR2).unwrap();
        let told = program.logged("handed over: the new process serves");
        let next = told.split("process=").nth(1).unwrap().trim().parse().unwrap();
        wait_until_ended(process);
        process = rustix::process::Pid::from_raw(next).unwrap();
        deliver(&program);
    }
    rustix::process::kill_process(process, Signal::TERM).unwrap();
    let (code, log) = program.wait();
    assert_eq!(code, 0, "{log}");
    assert_eq!(fs::read_dir(mail.join("new")).unwrap().count(), 21);
    assert!(!socket.join("lmtp").exists(), "its file is removed from within");
}
