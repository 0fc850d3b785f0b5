//! SIGUSR2: a new process of the program takes over the sockets.
//!
//! # Why
//!
//! The new process gets the sockets and not only the port. With `SO_REUSEPORT` each process has its own queue, and
//! connections that wait in the old one are reset when it closes. The descriptors are passed as systemd passes them,
//! with the flags that opened them in the environment, so both ways in are one. A pair of sockets tells whether the
//! new process is ready; its end means that it is not.
//!
//! The program is started by its first argument, because the upgraded program has that name.
//!
//! No secret is passed on. A throw-away certificate, and the seeds of a password file without any, belong to one
//! process. To make them last, put them into files. A reload stays in one process and keeps both.

use std::ffi::OsString;
use std::fmt;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixDatagram as Pair;
use std::process::Command;
use std::time::Duration;

use command_fds::{CommandFdExt as _, FdMapping};
use mailchute::ListeningSocket;
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixDatagram;
use tokio::process::Child;

use crate::failure::Failure;
use crate::process::detach::{DETACH, started_as};
use crate::process::inherited::{HANDED_OVER, READY, SANDBOXED};
use crate::process::signals::CaughtSignal;
use crate::process::sockets::Listening;

/// How long the next process may take to be ready; it reads a few files.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where `LISTEN_FDS` begin.
const FIRST: i32 = 3;

/// All that the next process needs.
#[derive(Debug)]
pub(crate) struct Handover {
    /// As this process was started, so that an upgraded program is found in its place.
    program: OsString,
    arguments: Vec<OsString>,
    sockets: Vec<(String, ListeningSocket)>,
    is_sandboxed: bool,
}

/// The process that serves from now on.
#[derive(Debug)]
pub(crate) struct Successor {
    pub(crate) process: u32,
}

impl Handover {
    pub(crate) fn of(listening: &Listening, is_sandboxed: bool) -> Result<Self, Failure> {
        let (program, arguments) = started_as();
        let sockets = listening.serving.sockets().map_err(Failure::running)?;
        Ok(Self {
            program,
            arguments,
            sockets: listening.listeners.iter().map(ToString::to_string).zip(sockets).collect(),
            is_sandboxed,
        })
    }

    /// Waits until another process has taken over; where one fails to, this one serves on.
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
        // Its copies of the descriptors must not outlive the start.
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

    /// Lets go of the sockets: this process is to stop.
    pub(crate) fn end(self, successor: Option<&Successor>) {
        if successor.is_some() {
            for (_, socket) in &self.sockets {
                socket.leave_file();
            }
        }
    }
}

/// A process that has not said yet that it is ready; dropped, it is killed.
struct Starting {
    detached: Child,
    /// Where the new process says who it is, and that it is ready.
    said: UnixDatagram,
    /// The one that is to serve, once it has said who it is.
    process: Option<Pid>,
    /// Whether it has ended by itself, so that its number may be another's.
    has_ended: bool,
}

impl Starting {
    /// Waits until the new process is ready, then kills the one between.
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
                            // It ends by itself where the other has, and by a signal before it.
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

/// The number of a process, if that is what was said.
fn number(word: &[u8]) -> Option<Pid> {
    std::str::from_utf8(word).ok()?.parse().ok().and_then(Pid::from_raw)
}

impl Drop for Starting {
    fn drop(&mut self) {
        // A process that says its number from here on fails to, and ends; one that has said it unheard is heard now.
        let _ = self.said.shutdown(Shutdown::Read);
        let mut word = [0; 32];
        while let Ok((heard, _)) = recv(&self.said, &mut word, RecvFlags::DONTWAIT)
            && heard > 0
        {
            self.process = number(&word[..heard]).or(self.process);
        }
        // They may have ended by themselves.
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
        // It ends once its input does.
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
