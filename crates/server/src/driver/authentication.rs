//! The answers that AUTH needs from outside the machine: a nonce, a verifier, a verdict.
//!
//! # Why
//!
//! A SCRAM proof goes to the authenticators like all credentials, so one place decides who is let in. Without an
//! authenticator the proof is enough, except to act as another user.
//!
//! The first authenticator that knows the user decides. If all had to agree, two tables of users would let nobody in.
//! A user whom none knows is refused, with or without a proof.

use mailchute_proto::question::Scram;
use mailchute_proto::{
    Answer, Ask, Credentials, Mechanism, Nonce, Refusal, ScramAnswer, ScramVerifier, Verdict,
};

use crate::connection::read_outcome::ReadOutcome;
use crate::connection::wire::Wire;
use crate::driver::ask_hooks::ask_hooks;
use crate::driver::decoys;
use crate::driver::shared::Shared;
use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::hooks::decision::is_yes;
use crate::hooks::{Decision, RefusedBy};
use crate::session::Session;

/// Counts and tells a login that was refused without an authenticator. `identity` is what the client claims.
pub(super) fn refused(shared: &Shared, session: &Session, mechanism: Mechanism, identity: Option<&str>) {
    shared.kinds.login(mechanism, false);
    let event = || Event::login_refused(session, mechanism, identity.map(str::to_owned));
    shared.subscribers.tell(Kind::Auth, event);
}

/// Returns a nonce for CRAM-MD5.
pub(super) fn nonce(shared: &Shared, session: &Session) -> Result<Nonce, Refusal> {
    decoys::nonce().map_err(|failure| {
        refused(shared, session, Mechanism::CramMd5, None);
        without_random_numbers(failure)
    })
}

/// Returns what SCRAM needs: the verifier of the user or a decoy, a nonce, and the channel binding of the TLS
/// session.
pub(super) async fn scram(
    shared: &Shared,
    wire: &mut Wire,
    unsent: &mut Vec<u8>,
    scram: &Scram,
    session: &Session,
    refused_by: &mut Option<Box<RefusedBy>>,
) -> Result<Result<ScramAnswer, Refusal>, ReadOutcome> {
    let mut found = None;
    let hooks = async {
        match shared.chain.scram_verifier(&scram.user, session).await {
            Ok(verifier) => {
                found = verifier;
                Decision::ACCEPT
            }
            Err(decision) => decision,
        }
    };
    let answer = match ask_hooks(shared, wire, unsent, session, Some(Box::pin(hooks)), refused_by).await? {
        Err(refusal) => Err(refusal),
        Ok(_) => {
            let binding =
                scram.channel_binding.and_then(|binding| wire.channel_bindings()?.into_data(binding));
            answer(shared, scram, found, binding).map_err(without_random_numbers)
        }
    };
    if answer.is_err() {
        self::refused(shared, session, scram.mechanism, Some(&scram.user));
    }
    Ok(answer)
}

fn answer(
    shared: &Shared,
    scram: &Scram,
    found: Option<ScramVerifier>,
    channel_binding: Option<Vec<u8>>,
) -> Result<ScramAnswer, Refusal> {
    // Made whether it is needed or not, so that the time reveals nothing.
    let decoy = shared.scram_secret.decoy(&scram.user)?;
    let verifier = found.unwrap_or(decoy);
    Ok(ScramAnswer { verifier, nonce: decoys::nonce()?, channel_binding })
}

/// Judges credentials: whether they are right, and whether a hook refuses their owner. A valid proof needs no
/// authenticator, unless the client wants to act as another user.
pub(super) async fn judge(
    shared: &Shared,
    wire: &mut Wire,
    unsent: &mut Vec<u8>,
    credentials: &Credentials,
    session: &Session,
    refused_by: &mut Option<Box<RefusedBy>>,
) -> Result<Answer, ReadOutcome> {
    session.forget_identified();
    let checked = match shared.chain.check(credentials, session) {
        None => Verdict::accept_if(credentials.are_proven()),
        asked => ask_hooks(shared, wire, unsent, session, asked, refused_by).await?,
    };
    if !is_yes(&checked) {
        return Ok(checked);
    }
    let identified = session.identified();
    let identity = identified.as_deref().unwrap_or_else(|| credentials.identity());
    ask_hooks(shared, wire, unsent, session, shared.chain.authenticated(identity, session), refused_by).await
}

/// Answers about credentials. Refused ones are remembered by a random key, if the host has random numbers.
pub(super) fn decide(ask: Ask<'_, Credentials>, answer: Answer) {
    if is_yes(&answer) {
        return ask.answer(answer);
    }
    match decoys::random() {
        Ok(key) => ask.answer_by_key(answer, key),
        Err(_) => ask.answer(answer),
    }
}

fn without_random_numbers(failure: Refusal) -> Refusal {
    let error = failure.cause().map(tracing::field::display);
    tracing::error!(name: "no-random-numbers", error, "the host has no random numbers");
    failure
}
