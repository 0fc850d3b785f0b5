//! The arguments of `mailchute healthcheck`.

use crate::options::time_span::TimeSpan;

#[derive(Debug, clap::Args)]
pub(crate) struct HealthCheck {
    /// The address of --http, or a URL there. /ready says whether the server can take mail, and /live whether it runs
    #[arg(value_name = "URL|[ADDR:]PORT", default_value = "http://127.0.0.1:8025/ready")]
    pub(crate) target: String,

    /// How long the answer may take
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(crate) timeout: TimeSpan,
}
