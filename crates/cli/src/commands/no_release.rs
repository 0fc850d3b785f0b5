//! Releases of the console, which this program does not have.

use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::privileges::Account;

/// No next hop: without the console no option names one.
#[derive(Debug, Clone)]
pub(crate) enum NextHop {}

impl NextHop {
    /// # Errors
    /// Never.
    pub(crate) fn open(_options: &Options, _account: Option<&Account>) -> Result<Option<Self>, Failure> {
        Ok(None)
    }
}
