//! The log, on standard error. `docs/log.md` lists its events and keys.

mod before;
mod level;
mod line;
mod queue;
mod values;
mod writer;

use std::io::{self, IsTerminal as _};
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, reload};

use crate::args::LogFormat;
use crate::failure::Failure;
use line::Lines;
use queue::{Entrance, Queue};

pub(crate) use before::{say_without_log, wrong_usage};
pub(crate) use level::LogLevel;

/// The log that was begun.
#[derive(Debug)]
pub(crate) struct Log {
    level: reload::Handle<Targets, Registry>,
    lines: Lines,
    queue: Arc<Queue>,
}

impl Log {
    /// Starts to gather what `level` lets through; [`write`](Self::write) has it written.
    pub(crate) fn begin(level: &LogLevel, format: LogFormat) -> Result<Self, Failure> {
        let (filter, handle) = reload::Layer::new(level.targets().clone());
        let queue = Arc::new(Queue::default());
        let lines = Lines(format);
        let layer = fmt::layer()
            .event_format(lines)
            .fmt_fields(lines)
            .with_writer(Entrance(Arc::clone(&queue)))
            .with_ansi(io::stderr().is_terminal())
            // It would write to standard error by itself.
            .log_internal_errors(false)
            .with_filter(filter);
        tracing_subscriber::registry().with(layer).try_init().map_err(Failure::running)?;
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(tracing::field::display);
            tracing::error!(name: "panicked", place, panic = panic.payload_as_str(), "a thread panicked");
        }));
        Ok(Self { level: handle, lines, queue })
    }

    /// Starts the thread that writes. The sandbox is for threads that are started within it.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        self.queue.write_to_stderr(self.lines).map_err(Failure::running)
    }

    /// Logs what `level` lets through from now on.
    pub(crate) fn set(&self, level: &LogLevel) {
        if let Err(error) = self.level.reload(level.targets().clone()) {
            tracing::error!(name: "level-kept", %error, "the level of the log cannot be changed");
        }
    }

    /// Says what the program ends with, and waits, for a short time only, until all is written.
    pub(crate) fn end(&self, outcome: Result<(), Failure>) -> ExitCode {
        let code = match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                self.queue.push(self.lines.failure(&failure).as_bytes());
                failure.exit_code()
            }
        };
        // Where no thread can be started there is nobody to write.
        if self.write().is_ok() {
            self.queue.end();
        }
        code
    }

    pub(crate) fn is_json(&self) -> bool {
        self.lines.0 == LogFormat::Json
    }
}
