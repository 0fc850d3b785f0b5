//! The log, on standard error.

use std::io::{self, IsTerminal as _};
use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, reload};

use crate::args::LogFormat;
use crate::failure::Failure;

/// What is logged, as `--log-level` says it.
#[derive(Debug, Clone)]
pub(crate) struct LogLevel(Targets);

/// The log that was begun.
#[derive(Debug)]
pub(crate) struct Log(reload::Handle<Targets, Registry>);

impl Log {
    /// Starts to log what `level` lets through.
    pub(crate) fn begin(level: &LogLevel, format: LogFormat) -> Result<Self, Failure> {
        let (filter, handle) = reload::Layer::new(level.0.clone());
        let layer = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
        let layer = match format {
            LogFormat::Text => layer.with_target(false).boxed(),
            LogFormat::Json => {
                layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
            }
        };
        let layer = layer.with_filter(filter);
        tracing_subscriber::registry().with(layer).try_init().map_err(Failure::running)?;
        Ok(Self(handle))
    }

    /// Logs what `level` lets through from now on.
    pub(crate) fn set(&self, level: &LogLevel) {
        if let Err(error) = self.0.reload(level.0.clone()) {
            tracing::error!(%error, "the level of the log cannot be changed");
        }
    }
}

impl FromStr for LogLevel {
    type Err = String;

    /// A word by itself has to be a level: read as the name of a target it would switch all else off.
    fn from_str(level: &str) -> Result<Self, String> {
        let is_known = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
        let targets = level.parse().ok().filter(|_| level.split(',').all(is_known));
        targets.map(Self).ok_or_else(|| {
            "write off, error, warn, info, debug or trace, or targets such as warn,mailchute=debug".to_owned()
        })
    }
}
