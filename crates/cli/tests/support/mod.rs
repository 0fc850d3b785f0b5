//! Starts the program and connects to it.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod dns;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;

/// More time than anything here takes. A test that reaches it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Salted 4,096 times from "pencil" (the vector of RFC 7677 §3).
pub(crate) const SCRAM: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                                wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

/// alice and bob, each with the password "pencil".
pub(crate) const ALICE: &str = "AGFsaWNlAHBlbmNpbA==";
pub(crate) const BOB: &str = "AGJvYgBwZW5jaWw=";

pub(crate) fn mailchute(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailchute"));
    command.args(arguments);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MAILCHUTE_"))
    {
        command.env_remove(name);
    }
    command
}

/// Runs the program until it exits on its own.
pub(crate) fn run(arguments: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = mailchute(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// Writes a configuration file into `directory`, and returns its path.
pub(crate) fn write_config(directory: &Path, text: &str) -> String {
    let path = directory.join("mailchute.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Writes self-signed `cert.pem` and `key.pem` into `directory`, and returns their paths.
pub(crate) fn write_certificate(directory: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["mx.example.com".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    (file("cert.pem", made.cert.pem()), file("key.pem", made.signing_key.serialize_pem()))
}

/// Waits until a process has ended. Until then it may accept a connection, and say that it stops.
pub(crate) fn wait_until_ended(process: Pid) {
    let status = format!("/proc/{}/status", process.as_raw_nonzero());
    while std::fs::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ")) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The running program. Dropping this kills it, and the process that took over last.
pub(crate) struct Program {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// Its output so far.
    log: String,
    /// Its log lines that no test has asked for yet.
    passed_by: Vec<String>,
    /// The process that took over last.
    successor: Option<Pid>,
    /// Its standard output up to the empty line before the advice.
    pub(crate) welcome: Vec<String>,
}

impl Program {
    /// Starts it and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, None)
    }

    /// Like [`start`](Self::start), with an environment variable.
    pub(crate) fn start_with(arguments: &[&str], variable: Option<(&str, &str)>) -> Self {
        Self::start_command(mailchute(arguments).envs(variable))
    }

    /// Like [`start`](Self::start), with a JSON log, which also names the addresses.
    pub(crate) fn start_with_json(arguments: &[&str]) -> Self {
        let mut command = mailchute(arguments);
        command.args(["--log-format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut program = Self {
            child,
            stderr,
            log: String::new(),
            passed_by: Vec::new(),
            successor: None,
            welcome: Vec::new(),
        };
        program.logged(r#""event":"ready""#);
        let listening = |line: &str| {
            let rest = line.split_once(r#""event":"listening","address":""#)?.1;
            Some(format!("listening on {} ", rest.split_once('"')?.0))
        };
        program.welcome = program.log.lines().filter_map(listening).collect();
        program
    }

    /// Like [`start`](Self::start), with a prepared command.
    pub(crate) fn start_command(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let welcome: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        // The rest is read too, so the program never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, log: String::new(), passed_by: Vec::new(), successor: None, welcome }
    }

    /// Its listen addresses, in the order of its flags.
    pub(crate) fn address(&self, index: usize) -> SocketAddr {
        let line =
            self.welcome.iter().filter_map(|line| line.strip_prefix("listening on ")).nth(index).unwrap();
        line.split(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address(0))
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.process(), signal).unwrap();
    }

    pub(crate) fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Like [`log_line_with`](Self::log_line_with), for one text.
    pub(crate) fn logged(&mut self, text: &str) -> String {
        self.log_line_with(&[text])
    }

    /// Returns the first new line with one of these texts, from it or a process that took over. Lines of two processes
    /// come in any order.
    pub(crate) fn log_line_with(&mut self, texts: &[&str]) -> String {
        let is_meant = |line: &str| texts.iter().any(|text| line.contains(text));
        if let Some(index) = self.passed_by.iter().position(|line| is_meant(line)) {
            return self.passed_by.remove(index);
        }
        loop {
            let mut line = String::new();
            self.wait_for_log(texts);
            let length = self.stderr.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "none of {texts:?} is in the log: {}", self.log);
            self.log += &line;
            if is_meant(&line) {
                return line;
            }
            self.passed_by.push(line);
        }
    }

    /// A line that never comes fails the test.
    fn wait_for_log(&self, texts: &[&str]) {
        if self.stderr.buffer().is_empty() {
            let mut ready = [PollFd::new(self.stderr.get_ref(), PollFlags::IN)];
            let limit = Timespec { tv_sec: 2 * PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
            let count = poll(&mut ready, Some(&limit)).unwrap();
            assert_ne!(count, 0, "nothing was logged for long, and none of {texts:?}: {}", self.log);
        }
    }

    /// Waits until it, or its last successor, has handed over; returns the process that now serves.
    pub(crate) fn handed_over(&mut self) -> Pid {
        let line = self.log_line_with(&["handed over: the new process serves", "not handed over"]);
        let process =
            line.trim_end().rsplit_once("process=").and_then(|(_, id)| Pid::from_raw(id.parse().ok()?));
        self.successor = process;
        process.unwrap_or_else(|| panic!("it has not handed over: {}", self.log))
    }

    /// Its standard output after the welcome.
    pub(crate) fn rest_of_stdout(&mut self) -> String {
        let mut text = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// Waits for its end without reading its log.
    pub(crate) fn wait_without_reading(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }

    /// Waits for its end, and that of all successors; returns its exit code and their logs.
    pub(crate) fn wait(mut self) -> (i32, String) {
        self.stderr.read_to_string(&mut self.log).unwrap();
        self.successor = None;
        (self.child.wait().unwrap().code().unwrap(), std::mem::take(&mut self.log))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(successor) = self.successor {
            let _ = rustix::process::kill_process(successor, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client over TCP.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Reads a reply and returns its last line.
    pub(crate) fn read_reply(&mut self) -> String {
        self.lines().pop().unwrap()
    }

    /// Sends a line and returns all lines of the reply.
    pub(crate) fn hear_all(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.lines().join("\n")
    }

    fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let is_last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line.trim_end().to_owned());
            if is_last {
                return lines;
            }
        }
    }

    pub(crate) fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.read_reply()
    }

    /// Greets and sends a message up to its final dot, which the test sends.
    pub(crate) fn begin_message(&mut self, recipient: &str) {
        assert!(self.read_reply().starts_with("220 "));
        for (command, code) in [
            ("EHLO client.example", "250"),
            ("MAIL FROM:<a@b.example>", "250"),
            (&format!("RCPT TO:<{recipient}>"), "250"),
            ("DATA", "354"),
        ] {
            let reply = self.say(command);
            assert!(reply.starts_with(code), "{command}: {reply}");
        }
    }
}
