//! The log, on standard error. `docs/log.md` lists its events and keys.

mod before;
mod events;
mod format;
mod in_force;
mod keys;
mod level;
mod line;
mod queue;
mod spans;
mod time;
mod values;
mod writer;

use std::io::{self, IsTerminal as _};
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;

use crate::failure::Failure;
use events::Events;
use in_force::InForce;
use line::Lines;
use queue::Queue;
use spans::Spans;

pub(crate) use before::{report_without_log, wrong_usage};
pub(crate) use format::LogFormat;
pub(crate) use level::LogLevel;

/// The running log.
#[derive(Debug)]
pub(crate) struct Log {
    level: Arc<InForce>,
    lines: Lines,
    queue: Arc<Queue>,
}

impl Log {
    /// Starts to collect what `level` passes; [`write`](Self::write) starts to write it.
    pub(crate) fn begin(level: &LogLevel, format: LogFormat) -> Result<Self, Failure> {
        let level = Arc::new(InForce::new(level));
        let queue = Arc::new(Queue::default());
        let lines = Lines(format);
        let has_colors = io::stderr().is_terminal();
        let events = Events {
            level: Arc::clone(&level),
            lines,
            has_colors,
            queue: Arc::clone(&queue),
            spans: Spans::default(),
        };
        tracing::subscriber::set_global_default(events).map_err(Failure::running)?;
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(tracing::field::display);
            tracing::error!(name: "panicked", place, panic = panic.payload_as_str(), "a thread panicked");
        }));
        Ok(Self { level, lines, queue })
    }

    /// Starts the thread that writes. Call it inside the sandbox, so that the thread is sandboxed too.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        self.queue.write_to_stderr(self.lines).map_err(Failure::running)
    }

    /// Logs what `level` passes from now on.
    pub(crate) fn set(&self, level: &LogLevel) {
        self.level.set(level);
    }

    /// Logs the outcome of the program. Dropping the log writes the rest.
    pub(crate) fn end(self, outcome: Result<(), Failure>) -> ExitCode {
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                self.queue.push(self.lines.failure(&failure).as_bytes());
                failure.exit_code()
            }
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.lines.0 == LogFormat::Json
    }
}

impl Drop for Log {
    /// Waits a short time until everything is written. A panic of the main thread runs this too.
    fn drop(&mut self) {
        // Without a thread, writing could block forever.
        if self.write().is_ok() {
            self.queue.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::*;

    const HOW: &str = "MAILCHUTE_TEST_PANICS";

    /// This test runs again in its own process, as the log and the panic hook belong to the whole process.
    #[test]
    fn a_panic_is_logged_whether_or_not_the_writer_runs() {
        if let Ok(how) = env::var(HOW) {
            let log = Log::begin(&"info".parse().expect("a level"), LogFormat::Json).expect("the only log");
            if how == "writing" {
                log.write().expect("a thread");
            }
            panic!("on purpose");
        }
        for how in ["gathering", "writing"] {
            let name = "log::tests::a_panic_is_logged_whether_or_not_the_writer_runs";
            let program = env::current_exe().expect("this program");
            let child = Command::new(program).args([name, "--exact", "--nocapture"]).env(HOW, how).output();
            let child = child.expect("it runs");
            let log = String::from_utf8_lossy(&child.stderr);
            assert_eq!(child.status.code(), Some(101), "{how}: {log}");
            let panics = log.matches(r#""level":"error","event":"panicked","text":"a thread panicked""#);
            assert_eq!(panics.count(), 1, "{how}: {log}");
        }
    }
}
