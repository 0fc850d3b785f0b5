//! The password file of the program.

#[path = "../../crates/cli/src/users/auth_file.rs"]
pub(crate) mod auth_file;
#[path = "../../crates/cli/src/users/decoys.rs"]
pub(crate) mod decoys;
#[path = "../../crates/cli/src/users/seed.rs"]
pub(crate) mod seed;
#[path = "../../crates/cli/src/users/verifier.rs"]
pub(crate) mod verifier;
