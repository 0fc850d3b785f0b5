//! Accept mail from users who authenticate, and let them send from their own address only.
//!
//! Passwords are allowed inside TLS only: AUTH is offered after STARTTLS. To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --tls --from alice@example.com --to bob@example.com  # 530 5.7.0 Authentication required
//! swaks --server 127.0.0.1:2525 --tls --from alice@example.com --to bob@example.com --auth PLAIN --auth-user alice --auth-password wonderland  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --tls --from alice@example.com --to bob@example.com --auth PLAIN --auth-user alice --auth-password guessed  # 535 5.7.8 Authentication credentials invalid
//! swaks --server 127.0.0.1:2525 --tls --from alice@example.com --to bob@example.com --auth LOGIN --auth-user bob --auth-password builder  # 553 5.7.1 That is not your address
//! ```

use std::error::Error;

use mailchute::{Check, Refusal, Server};
use mailchute_examples::{print_and_forget, serve, throw_away_certificate};

/// Users and their passwords. A real server stores hashes of passwords.
const USERS: [(&str, &str); 2] = [("alice", "wonderland"), ("bob", "builder")];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .tls(throw_away_certificate()?)
        .require_auth()
        .on_auth(|credentials, _session| async move {
            // A comparison by `is` takes the same time for good and bad guesses.
            Check::right_if(USERS.iter().any(|(user, password)| credentials.is(user, password)))
        })
        .on_mail_from(|from, session| async move {
            let user = session.identity().unwrap_or_default();
            if from.as_str().eq_ignore_ascii_case(&format!("{user}@example.com")) {
                return Ok(());
            }
            Err(Refusal::new(553, (5, 7, 1), "That is not your address"))
        })
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
