//! The answer of a filter that cannot answer.

use mailchute_filters::OnFailure;

/// The value of `on-failure`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnFailureOption {
    /// The client gets `451 4.7.1` and tries again.
    #[default]
    Tempfail,
    /// The filter is skipped.
    Accept,
}

impl From<OnFailureOption> for OnFailure {
    fn from(option: OnFailureOption) -> Self {
        match option {
            OnFailureOption::Tempfail => Self::TempFail,
            OnFailureOption::Accept => Self::Accept,
        }
    }
}
