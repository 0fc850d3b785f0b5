//! Offer every AUTH mechanism: SCRAM proofs, passwords, OAuth tokens, and CRAM-MD5 for very old clients.
//!
//! Each user authenticates by a mechanism that the client knows. To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --tls --to bob@example.com --auth LOGIN --auth-user alice --auth-password wonderland  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --to bob@example.com --auth CRAM-MD5 --auth-user alice --auth-password wonderland  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --to bob@example.com --auth CRAM-MD5 --auth-user alice --auth-password guessed  # 535 5.7.8 Authentication credentials invalid
//! curl -kv --ssl-reqd --url smtp://127.0.0.1:2525 --login-options AUTH=OAUTHBEARER --user alice --oauth2-bearer down-the-rabbit-hole --mail-from a@example.com --mail-rcpt bob@example.com --crlf -T /etc/hostname  # 235 2.7.0 Authentication successful
//! ```

use std::error::Error;

use mailchute::auth::{Mechanism, ScramVerifier};
use mailchute::{Check, Credentials, Server, Session};
use mailchute_examples::{print_and_forget, serve, throw_away_certificate};

const USER: &str = "alice";

/// Only CRAM-MD5 needs the password itself.
const PASSWORD: &str = "wonderland";

/// The SCRAM verifier of that password, as `mailchute hash-password alice` prints it.
const VERIFIER: &str = "SCRAM-SHA-256$4096:NtI3U/F+0v2ApfARaGpmnQ==$cOT2v9HynMcFe293i8tunKifYFUy5v7DOqni7StMkX4=:/L6N5ypiUoN9nBCweo99Qtuk4ngb05D9soUDiShFe9Q=";

/// A token as an authorization server issues it. Real tokens are signed, or checked with that server.
const TOKEN: &str = "down-the-rabbit-hole";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let verifier: ScramVerifier = VERIFIER.parse()?;
    let server = Server::builder()
        .tls(throw_away_certificate()?)
        .require_auth()
        // The first three are offered anyway. Tokens and CRAM-MD5 are offered only by name.
        .mechanisms(Mechanism::ALL.iter().copied())
        .on_scram(move |user, _session| {
            let known = (user == USER).then(|| verifier.clone());
            async { Ok(known) }
        })
        .on_auth(|credentials, session| async move { Check::right_if(judge(&credentials, &session)) })
        .on_mail_from(
            |_from, session| async move { println!("from {}", session.identity().unwrap_or_default()) },
        )
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}

fn judge(credentials: &Credentials, session: &Session) -> bool {
    match credentials {
        Credentials::Bearer { user, token, .. } => {
            // The token decides the user, whatever the client says.
            session.identify(USER);
            token.reveal() == TOKEN && user.as_deref().is_none_or(|user| user == USER)
        }
        _ => credentials.are_proven() || credentials.is(USER, PASSWORD),
    }
}
