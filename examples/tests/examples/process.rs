//! A running example.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::client::Client;

/// The timeout of every wait; more than a busy machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A process that runs an example in its own directory. Dropping this kills it, also after a panic.
pub(crate) struct Example {
    process: Child,
    printed: Receiver<String>,
    printed_first: Vec<String>,
    address: SocketAddr,
    directory: TempDir,
}

impl Example {
    /// Starts an example on a free port and waits until it listens.
    pub(crate) fn start(name: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let program = executable(name);
        let mut process = Command::new(&program)
            .current_dir(&directory)
            .env("MAILCHUTE_LISTEN", "127.0.0.1:0")
            .env("MAILCHUTE_HTTP", "127.0.0.1:0")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?}: {error}; `cargo build --examples` makes it"));
        let stdout = process.stdout.take().expect("its output is a pipe");
        let (sender, printed) = channel();
        // The thread ends with the process, which closes the pipe.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut example = Self { process, printed, printed_first: Vec::new(), address, directory };
        let line = loop {
            let line = example.prints("");
            if line.starts_with("listening on ") {
                break line;
            }
            example.printed_first.push(line);
        };
        example.address = line["listening on ".len()..].parse().expect("an address");
        example
    }

    /// Connects, and reads the greeting.
    pub(crate) fn connect(&self) -> Client {
        let mut client = self.connect_and_wait();
        let greeting = client.read_reply();
        assert!(greeting.starts_with("220 ") && greeting.ends_with(" ESMTP Mailchute"), "{greeting}");
        client
    }

    /// Connects, without reading the greeting.
    pub(crate) fn connect_and_wait(&self) -> Client {
        Client::connect(self.address)
    }

    /// Like [`connect_and_wait`](Self::connect_and_wait), from a chosen address of this host.
    pub(crate) fn connect_from(&self, client: [u8; 4]) -> Client {
        Client::connect_from(client, self.address)
    }

    /// The lines that it printed before its listen address.
    pub(crate) fn printed_first(&self) -> &[String] {
        &self.printed_first
    }

    /// Waits for a line that contains `text`, and returns it.
    pub(crate) fn prints(&self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            match self.printed.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => before.push(line),
                Err(end) => {
                    let end = if end == RecvTimeoutError::Timeout { "in time" } else { "to its end" };
                    panic!("the example did not print {text:?} {end}, but {before:#?}");
                }
            }
        }
    }

    /// The directory that it runs in.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The peak memory, in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("the process runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        peak.and_then(|peak| peak.trim().parse::<u64>().ok()).expect("a number of KiB") * 1024
    }

    /// Stops it like Ctrl-C, and waits until it has exited successfully.
    pub(crate) fn ends_by_ctrl_c(mut self) {
        kill_process(Pid::from_child(&self.process), Signal::INT).expect("the process runs");
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("it is a child of ours") {
                assert!(status.success(), "it ended with {status}");
                return;
            }
            assert!(Instant::now() < until, "it did not end in time");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Cargo puts tests into `deps`, and examples next to it.
fn executable(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own file");
    let profile = test.parent().and_then(Path::parent).expect("it lies in a directory of cargo's");
    profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}
