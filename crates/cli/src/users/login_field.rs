//! Writes who has sent a message into it, so that an inbox groups messages by login.

use mailchute::{Filter, Message, Refusal, Session};
use mailchute_filters::results::{AuthenticationResults, MethodResult};

/// Adds `Authentication-Results:` with the name of the user, as RFC 8601 §2.7.4 has it.
#[derive(Debug)]
pub(crate) struct LoginField;

impl Filter for LoginField {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        if let Some(identity) = session.identity() {
            let results =
                AuthenticationResults::new(session.hostname()).results([MethodResult::auth(&identity)]);
            message.add_above_trace("Authentication-Results", &results.to_string())?;
        }
        Ok(())
    }
}
