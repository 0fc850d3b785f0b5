//! Asking a next hop which users there are, without sending mail.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mailchute::address::ReversePath;
use mailchute::reply::Severity;
use mailchute::{Recipient, Refusal, Sender, Session};

use super::ForwardBuilder;
use super::hop::Hop;
use super::pool::Pool;
use crate::destination::Destination;
use crate::recipients::Known;

/// How long an answer is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

impl ForwardBuilder {
    /// Asks the next hop which users there are, and forwards nothing to it: by MAIL with the empty sender, RCPT and RSET.
    ///
    /// The next hop is asked for the address of the user, without the detail. Its answer is remembered for a minute. A
    /// permanent refusal that does not concern the address itself, such as `552 5.2.2`, and each temporary refusal becomes
    /// that of the client. If no next hop answers, the client gets `451 4.4.1`, or `451 4.4.5` if all
    /// [connections](Self::connections) stay in use for ten seconds.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open).
    ///
    /// # Examples
    /// ```
    /// use mailchute_stores::recipients::LocalDomain;
    /// use mailchute_stores::{Forward, NextHop};
    ///
    /// let dovecot = Forward::lmtp([NextHop::unix("/run/dovecot/lmtp")]);
    /// let domain = LocalDomain::new("example.com")?.known(dovecot.known()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn known(self) -> io::Result<Known> {
        let pool = self.pool()?;
        let known = Known::asked(move |user, session| {
            let pool = Arc::clone(&pool);
            async move { ask(&pool, &user, &session).await }
        });
        Ok(known.remembered_for(REMEMBERED))
    }
}

async fn ask(pool: &Arc<Pool>, user: &Destination, session: &Session) -> Result<bool, Refusal> {
    let address = user.user_address();
    let mut sender = Sender::new(ReversePath::Null);
    sender.parameters_mut().smtputf8 = !address.is_ascii();
    let recipient: Recipient = address.as_str().parse()?;
    // When it is dropped, the next hop's transaction is reset.
    let mut hop = Hop::new(Arc::clone(pool));
    match hop.agree(&sender, &[&recipient], session).await {
        Ok(mut answers) => match answers.pop().unwrap_or(Err(NO_ANSWER)) {
            Ok(()) => Ok(true),
            Err(refusal) if is_of_the_address(&refusal) => Ok(false),
            Err(refusal) => Err(refusal),
        },
        Err(refusal) if refusal.code().severity() == Severity::Transient => Err(refusal),
        // The refusal of MAIL says nothing of the user.
        Err(refusal) => Err(NO_ANSWER.with_cause(refusal.reply().to_string())),
    }
}

/// Returns whether a refusal says that there is no such address (RFC 3463 §3.2), or gives no reason at all.
fn is_of_the_address(refusal: &Refusal) -> bool {
    let enhanced = refusal.reply().enhanced().map(|code| code.to_string()).unwrap_or_default();
    match enhanced.as_str() {
        "5.0.0" => matches!(refusal.code().get(), 550 | 551 | 553),
        "5.1.0" | "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" => true,
        _ => false,
    }
}

const NO_ANSWER: Refusal = Refusal::from_static(451, (4, 4, 3), "Recipients cannot be looked up now");
