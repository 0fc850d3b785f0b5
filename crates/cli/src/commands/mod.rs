//! What each command of the program does.

pub(crate) mod build;
pub(crate) mod certificates;
pub(crate) mod check;
pub(crate) mod hash_password;
pub(crate) mod local_domains;
pub(crate) mod prompt;
pub(crate) mod reload;
pub(crate) mod serve;
pub(crate) mod store;
