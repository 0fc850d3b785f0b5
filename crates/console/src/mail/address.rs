//! The addresses of a field.

use std::fmt;

use serde::Serialize;

/// One address of `From:`, `To:` and the like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Address {
    pub(crate) name: Option<String>,
    pub(crate) address: String,
}

impl Address {
    /// Returns the addresses of a field, those of groups too.
    pub(crate) fn all(field: Option<&mail_parser::Address<'_>>) -> Vec<Self> {
        let all = field.into_iter().flat_map(mail_parser::Address::iter);
        all.map(|one| Self {
            name: one.name.as_deref().map(str::to_owned),
            address: one.address.as_deref().unwrap_or_default().to_owned(),
        })
        .collect()
    }

    /// Returns the part after the last `@`, in lower case.
    pub(crate) fn domain(&self) -> Option<String> {
        self.address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}
