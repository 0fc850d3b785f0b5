//! Sizes of options.

use std::fmt;
use std::str::FromStr;

use crate::options::units::{self, Fault};

/// A number of bytes: `25M`, `512K`, `1G` or an integer. K is 1,024 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// Units, from the largest to the smallest.
const UNITS: [(char, u64); 3] = [('G', 1 << 30), ('M', 1 << 20), ('K', 1 << 10)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        units::read(&text.to_ascii_uppercase(), &UNITS).map(Self).map_err(|fault| match fault {
            Fault::NoNumber => {
                "this is not a size; write a number of bytes, or one with K, M or G, such as 25M".to_owned()
            }
            Fault::TooLarge => "the size is too large; write less than 17179869184G".to_owned(),
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        units::write(f, self.0, &UNITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_bytes_and_binary_units_in_either_case() {
        for (text, bytes, printed) in [
            ("0", 0, "0"),
            ("1000", 1_000, "1000"),
            ("26214400", 26_214_400, "25M"),
            ("25M", 26_214_400, "25M"),
            ("25m", 26_214_400, "25M"),
            ("512K", 524_288, "512K"),
            ("1536k", 1_572_864, "1536K"),
            ("1G", 1_073_741_824, "1G"),
            ("2048M", 2_147_483_648, "2G"),
            ("18446744073709551615", u64::MAX, "18446744073709551615"),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
            assert_eq!(Size(bytes).to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_not_a_size() {
        for text in [
            "",
            "M",
            "-1",
            "+1",
            "1.5M",
            "25 M",
            "25MB",
            "25MiB",
            "5m5",
            "1K1K",
            "0x10",
            "1_000",
            "٢M",
            "K\u{212a}",
        ] {
            let error = text.parse::<Size>().expect_err(text);
            assert!(error.contains("such as 25M"), "{text}: {error}");
        }
        for text in ["18446744073709551616", "18014398509481984K", "99999999999G"] {
            assert!(text.parse::<Size>().expect_err(text).contains("too large"), "{text}");
        }
    }
}
