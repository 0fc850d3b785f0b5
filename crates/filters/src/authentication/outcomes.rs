//! The outcomes of a transaction.

use std::sync::Arc;

use crate::arc::ArcOutcome;
use crate::dkim::DkimOutcome;
use crate::dmarc::DmarcOutcome;
use crate::spf;

/// The outcomes of the checks of a transaction, as far as they are known. A clone costs reference counts.
///
/// That of SPF is known from MAIL on, and the others once [`Authentication`](super::Authentication) has read the message.
/// They are `None` for clients that are not checked.
///
/// # Examples
/// ```
/// use mailchute::Session;
/// use mailchute_filters::authentication::Outcomes;
///
/// fn signers(session: &Session) -> Vec<String> {
///     let outcomes = session.transaction_state().get::<Outcomes>().unwrap_or_default();
///     let signatures = outcomes.dkim.iter().flat_map(|dkim| &dkim.signatures);
///     signatures.filter_map(|signature| signature.domain.clone()).collect()
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcomes {
    /// SPF of the sender, or of EHLO for the null sender.
    pub spf: Option<Arc<spf::Outcome>>,
    /// The signatures of the message.
    pub dkim: Option<Arc<DkimOutcome>>,
    /// The chain of seals of earlier servers.
    pub arc: Option<Arc<ArcOutcome>>,
    /// DMARC of the author.
    pub dmarc: Option<Arc<DmarcOutcome>>,
}
