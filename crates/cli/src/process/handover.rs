//! SIGUSR2: a new process of the program takes over the sockets.
//!
//! # Why
//!
//! The new process gets the sockets and not only the port. With `SO_REUSEPORT` each process has its own queue, and
//! connections in the old queue are reset when it closes. The descriptors are passed as systemd passes them, with their
//! flags in the environment, so both ways share their code. A socket pair tells whether the new process is ready. If it
//! closes first, the new process failed.
//!
//! The program is started by its first argument, so that an upgrade is picked up.
//!
//! No secret is passed on. A self-signed certificate belongs to one process, and so do the seeds of a password file
//! without any. To make them last, put them into files. A reload stays in one process and keeps both.

use std::ffi::OsString;
use std::fmt;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixDatagram as Pair;
use std::process::Command;
use std::time::Duration;

use command_fds::{CommandFdExt as _, FdMapping};
use mailchute::listen::ListeningSocket;
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixDatagram;
use tokio::process::Child;

use crate::failure::Failure;
use crate::process::detach::{DETACH, started_as};
use crate::process::inherited::{HANDED_OVER, READY, SANDBOXED};
use crate::process::signals::CaughtSignal;
use crate::process::sockets::Listening;

/// The time in which the next process must be ready. It reads only a few files.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first descriptor of `LISTEN_FDS`.
const FIRST: i32 = 3;

/// Everything that the next process needs.
#[derive(Debug)]
pub(crate) struct Handover {
    /// The command of this process. An upgraded program is found at its path.
    program: OsString,
    arguments: Vec<OsString>,
    sockets: Vec<(String, ListeningSocket)>,
    is_sandboxed: bool,
}

/// The process that now serves.
#[derive(Debug)]
pub(crate) struct Successor {
    pub(crate) process: u32,
}

impl Handover {
    pub(crate) fn of(listening: &Listening, is_sandboxed: bool) -> Result<Self, Failure> {
        let (program, arguments) = started_as();
        let sockets = listening.sockets().map_err(Failure::running)?;
        Ok(Self { program, arguments, sockets, is_sandboxed })
    }

    /// Waits until another process has taken over. If it fails to, this process keeps serving.
    pub(crate) async fn done(&self, signal: &mut CaughtSignal) -> Successor {
        loop {
            signal.wait().await;
            tracing::info!(name: "handing-over", program = %self.program.display(), "handing over to a new process");
            let mut attempt = std::pin::pin!(self.attempt());
            let attempted = loop {
                tokio::select! {
                    attempted = &mut attempt => break attempted,
                    () = signal.wait() => {
                        tracing::warn!(name: "handover-running", "handing over already; this SIGUSR2 changes nothing");
                    }
                }
            };
            match attempted {
                Ok(successor) => return successor,
                Err(error) => {
                    tracing::error!(name: "handover-failed", %error, "not handed over: this process serves on");
                }
            }
        }
    }

    async fn attempt(&self) -> Result<Successor, String> {
        let failed = |what: &str, error: &dyn fmt::Display| format!("{what}: {error}");
        let (ours, theirs) =
            Pair::pair().map_err(|error| failed("cannot create a pair of sockets", &error))?;
        ours.set_nonblocking(true).map_err(|error| failed("cannot create a pair of sockets", &error))?;
        let ours = UnixDatagram::from_std(ours)
            .map_err(|error| failed("cannot create a pair of sockets", &error))?;
        let mut command =
            self.command(theirs.into()).map_err(|error| failed("the sockets cannot be passed", &error))?;
        command.kill_on_drop(false);
        let spawned = command.spawn();
        // The copies of the descriptors must not outlive the start.
        drop(command);
        let child =
            spawned.map_err(|error| failed(&format!("cannot start {}", self.program.display()), &error))?;
        let unproven = Starting { detached: child, said: ours, process: None, has_ended: false };
        unproven.ready().await
    }

    fn command(&self, ready: OwnedFd) -> Result<tokio::process::Command, Box<dyn std::error::Error>> {
        let mut passed = self
            .sockets
            .iter()
            .map(|(_, socket)| socket.as_fd().try_clone_to_owned())
            .collect::<Result<Vec<_>, _>>()?;
        passed.push(ready);
        let count = passed.len().to_string();
        let labels: Vec<_> = self.sockets.iter().map(|(label, _)| label.as_str()).collect();
        let mappings =
            (FIRST..).zip(passed).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd }).collect();
        let mut command = Command::new(&self.program);
        if self.is_sandboxed {
            command.env(SANDBOXED, "1");
        } else {
            command.env_remove(SANDBOXED);
        }
        command
            .args(&self.arguments)
            .env(DETACH, "1")
            .env(HANDED_OVER, labels.join("\n"))
            .env("LISTEN_FDS", count)
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDNAMES")
            .fd_mappings(mappings)?;
        Ok(command.into())
    }

    /// Closes the sockets, as this process is about to stop.
    pub(crate) fn end(self, successor: Option<&Successor>) {
        if successor.is_some() {
            for (_, socket) in &self.sockets {
                socket.leave_file();
            }
        }
    }
}

/// A process that is not ready yet. Dropping this kills it.
struct Starting {
    detached: Child,
    /// The socket on which the new process sends its ID, and that it is ready.
    said: UnixDatagram,
    /// The new process, once it has sent its ID.
    process: Option<Pid>,
    /// Whether it has ended, so that another process may have its ID.
    has_ended: bool,
}

impl Starting {
    /// Waits until the new process is ready, then kills the process between.
    async fn ready(mut self) -> Result<Successor, String> {
        let late = || format!("the new process was not ready within {} s and was killed", PATIENCE.as_secs());
        tokio::time::timeout(PATIENCE, self.hear()).await.unwrap_or_else(|_| Err(late()))?;
        let process = self.process.take().ok_or("the new process did not send its process ID")?;
        self.detached
            .kill()
            .await
            .map_err(|error| format!("the process that started the new one cannot be stopped: {error}"))?;
        Ok(Successor { process: process.as_raw_nonzero().get().unsigned_abs() })
    }

    async fn hear(&mut self) -> Result<(), String> {
        let mut word = [0; 32];
        loop {
            let heard = tokio::select! {
                // A message from a process that has exited does not count.
                biased;
                ended = self.detached.wait() => {
                    return Err(match ended {
                        Ok(status) => {
                            // It exits on its own if the new process has, and by a signal before that.
                            self.has_ended = status.code().is_some();
                            format!("the new process has exited ({status}); its own error message says why")
                        }
                        Err(error) => format!("the new process cannot be waited for: {error}"),
                    });
                }
                heard = self.said.recv(&mut word) => {
                    heard.map_err(|error| format!("cannot hear from the new process: {error}"))?
                }
            };
            let word = &word[..heard];
            match number(word) {
                Some(process) => self.process = Some(process),
                None if word == READY => return Ok(()),
                None => return Err("the new process sent an unknown message instead of READY".to_owned()),
            }
        }
    }
}

/// Returns the ID in a message of a process.
fn number(word: &[u8]) -> Option<Pid> {
    std::str::from_utf8(word).ok()?.parse().ok().and_then(Pid::from_raw)
}

impl Drop for Starting {
    fn drop(&mut self) {
        // From here on, a process that sends its ID fails and exits. An ID sent before is read now.
        let _ = self.said.shutdown(Shutdown::Read);
        let mut word = [0; 32];
        while let Ok((heard, _)) = recv(&self.said, &mut word, RecvFlags::DONTWAIT)
            && heard > 0
        {
            self.process = number(&word[..heard]).or(self.process);
        }
        // They may have exited already.
        let _ = self.detached.start_kill();
        if let Some(process) = self.process.filter(|_| !self.has_ended) {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Stdio;

    use super::*;

    fn sleeping() -> Command {
        let mut command = Command::new("sleep");
        command.arg("30");
        command
    }

    #[tokio::test]
    async fn kills_a_process_whose_number_was_not_heard_yet() {
        let mut process = sleeping().spawn().unwrap();
        let (ours, theirs) = Pair::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.send(process.id().to_string().as_bytes()).unwrap();
        let detached = tokio::process::Command::from(sleeping()).spawn().unwrap();
        let said = UnixDatagram::from_std(ours).unwrap();
        drop(Starting { detached, said, process: None, has_ended: false });
        assert_eq!(process.wait().unwrap().signal(), Some(9));
        assert!(theirs.send(b"1").is_err(), "nobody hears another one");
    }

    #[tokio::test]
    async fn kills_no_process_that_has_ended_by_itself() {
        // It exits once its input ends.
        let mut another = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (ours, theirs) = Pair::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.send(another.id().to_string().as_bytes()).unwrap();
        let detached = tokio::process::Command::new("true").spawn().unwrap();
        let said = UnixDatagram::from_std(ours).unwrap();
        let ended = Starting { detached, said, process: None, has_ended: false }.ready().await;
        assert!(ended.is_err_and(|told| told.contains("has exited")));
        assert!(another.wait().unwrap().success());
    }
}
