//! The limits and timeouts that can be set by name.

use std::str::FromStr;

use mailchute::Builder;
use mailchute::limits::{Limit, Timeout, Unit};

use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// A setting that has a name.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    /// The default as a user writes it.
    pub(crate) default: String,
    pub(crate) help: &'static str,
}

/// Returns the limits of `--limit` and of the table `[limits]`. The size of a message has its own flag.
pub(crate) fn limits() -> Vec<Named> {
    settable_limits()
        .map(|limit| {
            let value = limit.default_value();
            let default =
                if limit.unit() == Unit::Bytes { Size(value).to_string() } else { value.to_string() };
            Named { name: limit.name(), default, help: limit.summary() }
        })
        .collect()
}

/// Returns the timeouts of `--timeout` and of the table `[timeouts]`. Hooks of the program need none.
pub(crate) fn timeouts() -> Vec<Named> {
    settable_timeouts()
        .map(|timeout| Named {
            name: timeout.name(),
            default: TimeSpan::from(timeout.default_value()).to_string(),
            help: timeout.summary(),
        })
        .collect()
}

fn settable_limits() -> impl Iterator<Item = Limit> {
    Limit::ALL.into_iter().filter(|limit| *limit != Limit::MessageSize)
}

fn settable_timeouts() -> impl Iterator<Item = Timeout> {
    Timeout::ALL.into_iter().filter(|timeout| *timeout != Timeout::Hook)
}

/// Returns the help of `--limit`.
pub(crate) fn limit_help() -> String {
    let names_of = |limits: &mut dyn Iterator<Item = Limit>, separator: &str| {
        limits.map(Limit::name).collect::<Vec<_>>().join(separator)
    };
    format!(
        "Set a limit; repeatable. NAME is one of {}. 0 disables a limit, except {}. {} are sizes, such as 64K",
        names_of(&mut settable_limits(), ", "),
        names_of(&mut settable_limits().filter(|limit| !limit.can_be_disabled()), " and "),
        names_of(&mut settable_limits().filter(|limit| limit.unit() == Unit::Bytes), " and "),
    )
}

/// Returns the help of `--timeout`.
pub(crate) fn timeout_help() -> String {
    format!(
        "Set a timeout, in seconds or as 30s, 5m, 1h or 2d; repeatable. NAME is one of {}",
        names(&timeouts())
    )
}

fn names(all: &[Named]) -> String {
    all.iter().map(|named| named.name).collect::<Vec<_>>().join(", ")
}

/// `NAME=VALUE`, of `--limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LimitSetting {
    limit: Limit,
    value: u64,
}

/// `NAME=TIME`, of `--timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeoutSetting {
    timeout: Timeout,
    time: TimeSpan,
}

impl LimitSetting {
    pub(crate) fn set(self, builder: Builder) -> Builder {
        builder.limit(self.limit, self.value)
    }
}

impl TimeoutSetting {
    pub(crate) fn set(self, builder: Builder) -> Builder {
        builder.timeout(self.timeout, self.time.duration())
    }
}

impl FromStr for LimitSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as connections=1000")?;
        let limit = settable_limits()
            .find(|limit| limit.name() == name)
            .ok_or_else(|| format!("there is no such limit; write one of {}", names(&limits())))?;
        if limit.unit() == Unit::Bytes {
            let Size(value) = value.parse()?;
            return Ok(Self { limit, value });
        }
        let count = value.parse::<u32>();
        let count = count.map_err(|_| "the value is not a number; write one from 0 to 4294967295")?;
        Ok(Self { limit, value: count.into() })
    }
}

impl FromStr for TimeoutSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, time) = text.split_once('=').ok_or("write NAME=TIME, such as command=5m")?;
        let timeout = settable_timeouts()
            .find(|timeout| timeout.name() == name)
            .ok_or_else(|| format!("there is no such timeout; write one of {}", names(&timeouts())))?;
        Ok(Self { timeout, time: time.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use mailchute::Server;

    use super::*;

    /// Returns a builder's debug output after a setting.
    fn set<T: FromStr<Err = String>>(name: &str, value: &str, set: fn(T, Builder) -> Builder) -> String {
        let setting: T = format!("{name}={value}").parse().expect("the name is known");
        format!("{:?}", set(setting, Server::builder()))
    }

    #[test]
    fn a_default_as_it_is_written_is_the_default_of_the_library() {
        for (limit, Named { name, default, .. }) in settable_limits().zip(limits()) {
            let by_library = format!("{:?}", Server::builder().limit(limit, limit.default_value()));
            assert_eq!(set(name, &default, LimitSetting::set), by_library, "{name}");
            assert_ne!(set(name, "777", LimitSetting::set), by_library, "{name}");
        }
        let untouched = format!("{:?}", Server::builder());
        for Named { name, default, .. } in timeouts() {
            assert_eq!(set(name, &default, TimeoutSetting::set), untouched, "{name}");
            assert_ne!(set(name, "777", TimeoutSetting::set), untouched, "{name}");
        }
    }

    #[test]
    fn only_sizes_and_times_take_units() {
        for limit in settable_limits() {
            let (name, is_size) = (limit.name(), limit.unit() == Unit::Bytes);
            assert_eq!(format!("{name}=3K").parse::<LimitSetting>().is_ok(), is_size, "{name}");
            if is_size {
                assert_eq!(
                    set(name, "3K", LimitSetting::set),
                    set(name, "3072", LimitSetting::set),
                    "{name}"
                );
            }
        }
        assert_eq!(
            set("header-size", "4G", LimitSetting::set),
            set("header-size", "4294967296", LimitSetting::set),
            "no size wraps"
        );
        assert!(
            "errors=4294967296".parse::<LimitSetting>().is_err_and(|error| error.contains("to 4294967295"))
        );
        for Named { name, .. } in timeouts() {
            assert_eq!(set(name, "7m", TimeoutSetting::set), set(name, "420", TimeoutSetting::set), "{name}");
        }
    }
}
