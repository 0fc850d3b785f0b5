//! The options of `mailchute deliver` besides those that it shares with `mailchute serve`.

use std::fmt;
use std::str::FromStr;

use clap::Args;

use crate::options::time_span::TimeSpan;

#[derive(Debug, Args)]
pub(crate) struct DeliverOptions {
    /// Take mail out of this stream of NATS JetStream: `nats://HOST/SUBJECT`, or `tls://HOST/SUBJECT`, with commas between
    /// several hosts of a cluster. In the subject, * stands for one word and > for all words at the end, as in
    /// `nats://127.0.0.1/mail.>`. Options follow ?, with & between two: user=NAME with secret=file:PATH or
    /// secret=env:NAME, a secret alone as the token, ca=FILE, cert=FILE with key=FILE. Where the store has
    /// body=s3://BUCKET, repeat it here with its s3- options
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,

    /// The name of the durable consumer of the stream. Programs with the same name share the mail. Mailchute makes the
    /// consumer if there is none
    #[arg(long, value_name = "NAME", default_value = "mailchute-deliver")]
    pub(crate) consumer: String,

    /// How long to wait before the second try of a message, before the third, and so on. The last time recurs
    #[arg(long, value_name = "TIMES", default_value = "5s,30s,2m,10m,30m")]
    pub(crate) backoff: Backoff,

    /// How many times to try a message. After the last one it is a dead letter
    #[arg(long, value_name = "NUMBER", default_value = "20")]
    pub(crate) tries: u32,

    /// Publish messages that cannot be delivered to this subject. {subject} stands for the subject of the message. A
    /// stream must take them; until one does, they stay where they are
    #[arg(long, value_name = "SUBJECT", default_value = "dead.{subject}")]
    pub(crate) dead_letters: String,

    /// How many messages to deliver at a time
    #[arg(long, value_name = "NUMBER", default_value = "16")]
    pub(crate) at_once: usize,

    /// Check the options and the files that they name, without connecting or writing anything
    #[arg(long)]
    pub(crate) check: bool,
}

/// Times with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backoff(pub(crate) Vec<TimeSpan>);

impl FromStr for Backoff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(|time| time.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&times.join(","))
    }
}

/// Returns the flags that only `mailchute deliver` has, as their own command.
pub(crate) fn flags() -> clap::Command {
    let command = clap::Command::new("mailchute deliver").no_binary_name(true).disable_help_flag(true);
    DeliverOptions::augment_args(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_are_times_with_commas_between_them() {
        let backoff: Backoff = "5s, 90,2m".parse().expect("three times");
        assert_eq!(backoff.to_string(), "5s,90s,2m");
        assert!("5s,".parse::<Backoff>().is_err_and(|error| error.contains("such as 5m")));
    }
}
