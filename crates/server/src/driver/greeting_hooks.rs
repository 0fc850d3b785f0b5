//! The hooks that decide on the greeting.

use mailchute_proto::catalog;
use mailchute_proto::{Refusal, Verdict};

use crate::driver::shared::Shared;
use crate::hooks::{Decision, HookFuture};
use crate::net::arrival::Opening;
use crate::session::Session;

/// Returns the hooks that decide on the greeting: the connect hooks, and inside TLS the secure hooks after
/// them.
pub(super) fn greeting_hooks<'a>(
    shared: &'a Shared,
    session: &'a Session,
    opening: Opening,
) -> HookFuture<'a> {
    let connect = shared.chain.connect(session);
    let Some(tls) = session.tls().filter(|_| opening == Opening::Tls) else { return connect };
    Some(Box::pin(async move {
        let connected = match connect {
            Some(hooks) => hooks.await,
            None => Decision::ACCEPT,
        };
        let Some(secure) = shared.chain.secure(&tls, session).filter(|_| connected.is_yes()) else {
            return connected;
        };
        let mut secured = secure.await;
        // As after STARTTLS, a refusal hangs up.
        secured.answer = match secured.answer {
            Ok(Verdict::Accept) => return connected,
            Ok(Verdict::Refuse) => Err(Refusal::from_reply(catalog::HUNG_UP)),
            Err(refusal) => Err(refusal.hang_up()),
            answer => answer,
        };
        secured
    }))
}
