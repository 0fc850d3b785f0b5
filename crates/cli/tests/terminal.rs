//! Passwords on a terminal: `hash-password` and `talk` do not show them, and afterwards the terminal is as before.

#![cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::Program;

/// More time than anything here takes. A test that reaches it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program on its own terminal.
struct Terminal {
    keyboard: File,
    screen: Receiver<u8>,
    program: Child,
}

impl Terminal {
    fn hash_password(user: &str) -> Self {
        Self::start(&["hash-password", user], false)
    }

    /// Starts the program, with its standard output in a pipe or on the screen.
    fn start(arguments: &[&str], is_shown: bool) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let path = ptsname(&keyboard, Vec::new()).unwrap();
        let open =
            || File::options().read(true).write(true).open(OsStr::from_bytes(path.as_bytes())).unwrap();
        // It makes this terminal the one whose Ctrl-C signals the program.
        let program = Command::new("setsid")
            .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_mailchute")])
            .args(arguments)
            .stdin(open())
            .stderr(open())
            .stdout(if is_shown { open().into() } else { Stdio::piped() })
            .spawn()
            .unwrap();
        let keyboard = File::from(keyboard);
        let (seen, screen) = channel();
        let shown = keyboard.try_clone().unwrap();
        std::thread::spawn(move || {
            BufReader::new(shown).bytes().map_while(Result::ok).try_for_each(|byte| seen.send(byte))
        });
        Self { keyboard, screen, program }
    }

    /// The content of the screen, up to this text.
    fn until(&self, text: &str) -> String {
        let mut shown = String::new();
        while !shown.ends_with(text) {
            shown.push(
                self.screen.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {text:?}: {shown}")).into(),
            );
        }
        shown
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits for the end of the program; returns its exit code, if any, and its standard output.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut printed = String::new();
        if let Some(mut output) = self.program.stdout.take() {
            output.read_to_string(&mut printed).unwrap();
        }
        (self.program.wait().unwrap().code(), printed)
    }
}

#[test]
fn a_password_typed_twice_is_not_seen_and_makes_a_line() {
    let mut terminal = Terminal::hash_password("alice");
    terminal.until("Password of alice: ");
    assert!(!terminal.echoes());
    terminal.press("wonderland\n");
    let shown = terminal.until("The same again: ");
    assert!(!shown.contains("wonderland"), "{shown}");
    terminal.press("wonderland\n");
    let (code, printed) = terminal.end();
    assert_eq!(code, Some(0));
    assert!(printed.starts_with("alice:SCRAM-SHA-256$"), "{printed}");
    assert!(terminal.echoes());
}

#[test]
fn two_passwords_that_differ_make_none() {
    let mut terminal = Terminal::hash_password("alice");
    terminal.until("Password of alice: ");
    terminal.press("wonderland\n");
    terminal.until("The same again: ");
    terminal.press("wonderlamd\n");
    terminal.until("the two passwords differ");
    assert_eq!(terminal.end(), (Some(2), String::new()));
}

#[test]
fn interrupting_the_prompt_restores_the_terminal() {
    const CTRL_C: &str = "\u{3}";
    const CTRL_BACKSLASH: &str = "\u{1c}";
    for key in [CTRL_C, CTRL_BACKSLASH] {
        let mut terminal = Terminal::hash_password("alice");
        terminal.until("Password of alice: ");
        assert!(!terminal.echoes());
        terminal.press("wonder");
        terminal.press(key);
        let (code, printed) = terminal.end();
        assert!(terminal.echoes(), "{key:?}");
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{key:?}");
        let shown = terminal.until("interrupted; no line was written");
        assert!(!shown.contains("wonder"), "{shown}");
    }
}

/// Talks to a server up to the prompt for a password.
fn talk_up_to_the_password(program: &Program) -> (Terminal, String) {
    let mut terminal = Terminal::start(&["talk", &program.address(0).to_string()], true);
    terminal.until("ends the talk with QUIT");
    terminal.press("EHLO a.example\n");
    terminal.until("S: 250 ");
    terminal.press("AUTH LOGIN\n");
    let mut shown = terminal.until("S: 334 VXNlcm5hbWU6");
    terminal.press("YWxpY2U=\n");
    shown += &terminal.until("S: 334 UGFzc3dvcmQ6");
    let deadline = Instant::now() + PATIENCE;
    while terminal.echoes() {
        assert!(Instant::now() < deadline, "the terminal still echoes: {shown}");
        std::thread::sleep(Duration::from_millis(5));
    }
    (terminal, shown)
}

fn server_with_logins() -> Program {
    Program::start(&[
        "--listen",
        "127.0.0.1:0",
        "--store",
        "discard:",
        "--auth-any",
        "--allow-plaintext-auth",
    ])
}

#[test]
fn a_talk_shows_the_name_and_not_the_password() {
    let program = server_with_logins();
    let (mut terminal, shown) = talk_up_to_the_password(&program);
    assert!(shown.contains("YWxpY2U="), "the name is seen: {shown}");
    terminal.press("d29uZGVybGFuZA==\n");
    let shown = terminal.until("S: 235 ");
    assert!(!shown.contains("d29uZGVybGFuZA"), "{shown}");
    terminal.press("NOOP seen\n");
    let shown = terminal.until("S: 250 ");
    assert!(shown.matches("NOOP seen").count() == 2 && terminal.echoes(), "echoed and printed: {shown}");
    terminal.press("QUIT\n");
    assert_eq!(terminal.end().0, Some(0));
    assert!(terminal.echoes());
}

#[test]
fn interrupting_a_talk_restores_the_terminal() {
    let program = server_with_logins();
    for key in ["\u{3}", "\u{1c}"] {
        let (mut terminal, _) = talk_up_to_the_password(&program);
        terminal.press("d29u");
        terminal.press(key);
        let shown = terminal.until("S: 221 ");
        assert!(!shown.contains("d29u"), "{shown}");
        terminal.end();
        assert!(terminal.echoes(), "{key:?}");
    }
}
