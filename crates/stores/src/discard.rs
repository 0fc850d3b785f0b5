//! A store that keeps nothing.

use mailchute::{Message, Receipt, Refusal, Session, Store};

/// Reads every message to its end, answers 250, and forgets it. Use it to measure a server or to test a
/// client.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::Discard;
///
/// let server = Server::builder().store(Discard).build()?;
/// # Ok::<(), mailchute::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

impl Store for Discard {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        while message.chunk().await?.is_some() {}
        Ok(Receipt::new(format!("Message discarded as {}", message.id())))
    }
}
