//! The log, on standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::args::LogFormat;
use crate::failure::Failure;

/// Starts to log what `level` lets through.
pub(crate) fn begin(level: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = parse(level).ok_or_else(|| {
        Failure::usage(format!(
            "--log-level {level:?} is no level; write off, error, warn, info, debug or trace, or targets such as \
             warn,mailchute=debug"
        ))
    })?;
    let layer = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let layer = match format {
        LogFormat::Text => layer.with_target(false).boxed(),
        LogFormat::Json => {
            layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().map_err(Failure::running)
}

/// A word by itself has to be a level: read as the name of a target it would switch all else off.
fn parse(level: &str) -> Option<Targets> {
    let is_known = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
    if !level.split(',').all(is_known) {
        return None;
    }
    level.parse().ok()
}
