//! What AUTH asks of the outside: a nonce, a verifier, a verdict.
//!
//! # Why
//!
//! A SCRAM proof goes to the authentication hooks like all credentials, so one place decides who is let in. Without
//! such a hook the proof is enough, except to act as another user.

use mailchute_proto::question::Scram;
use mailchute_proto::{Ask, Credentials, Nonce, Reply, ScramAnswer, ScramVerifier, Verdict};

use crate::connection::read_outcome::ReadOutcome;
use crate::connection::wire::Wire;
use crate::driver::ask_hooks::ask_hooks;
use crate::driver::decoys;
use crate::driver::shared::Shared;
use crate::session::Session;

/// A nonce for CRAM-MD5.
pub(super) fn nonce() -> Result<Nonce, Reply> {
    decoys::nonce().map_err(without_random_numbers)
}

/// What SCRAM needs: the verifier of the user or of nobody, a nonce, and what the TLS session binds to.
pub(super) async fn scram(
    shared: &Shared,
    wire: &mut Wire,
    unsent: &mut Vec<u8>,
    scram: &Scram,
    session: &Session,
) -> Result<Result<ScramAnswer, Reply>, ReadOutcome> {
    let mut found = None;
    let hooks = async {
        match shared.chain.scram_verifier(&scram.user, session).await {
            Ok(verifier) => {
                found = verifier;
                Verdict::Accept
            }
            Err(reply) => Verdict::Reply(reply),
        }
    };
    if let Verdict::Reply(reply) = ask_hooks(shared, wire, unsent, Some(Box::pin(hooks))).await? {
        return Ok(Err(reply));
    }
    let channel_binding =
        scram.channel_binding.and_then(|binding| wire.channel_bindings()?.into_data(binding));
    Ok(answer(shared, scram, found, channel_binding).map_err(without_random_numbers))
}

fn answer(
    shared: &Shared,
    scram: &Scram,
    found: Option<ScramVerifier>,
    channel_binding: Option<Vec<u8>>,
) -> Result<ScramAnswer, Reply> {
    // Made whether it is needed or not, so that the time tells nothing.
    let decoy = shared.scram_secret.decoy(&scram.user)?;
    let verifier = found.unwrap_or(decoy);
    Ok(ScramAnswer { verifier, nonce: decoys::nonce()?, channel_binding })
}

/// Whether credentials are good. A proof that holds needs nobody's word, unless it is to act as somebody else.
pub(super) async fn judge(
    shared: &Shared,
    wire: &mut Wire,
    unsent: &mut Vec<u8>,
    credentials: &Credentials,
    session: &Session,
) -> Result<Verdict, ReadOutcome> {
    session.forget_identified();
    match shared.chain.auth(credentials, session) {
        None => Ok(credentials.are_proven().into()),
        hooks => ask_hooks(shared, wire, unsent, hooks).await,
    }
}

/// Answers about credentials. Refused ones are remembered, if the host has random numbers to do it by.
pub(super) fn decide(ask: Ask<'_, Credentials>, verdict: Verdict) {
    if verdict.is_positive() {
        return ask.answer(verdict);
    }
    match decoys::random() {
        Ok(key) => ask.answer_by_key(verdict, key),
        Err(_) => ask.answer(verdict),
    }
}

fn without_random_numbers(failure: Reply) -> Reply {
    let error = failure.cause().map(tracing::field::display);
    tracing::error!(name: "no-random-numbers", error, "the host has no random numbers");
    failure
}
