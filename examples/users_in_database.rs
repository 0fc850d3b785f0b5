//! Keep users in a database, with SCRAM verifiers of their passwords; PLAIN and LOGIN are checked against the same.
//!
//! A stolen table allows no login. To try it, in another terminal:
//! ```sh
//! gsasl --smtp --connect=127.0.0.1:2525 --no-starttls --mechanism=SCRAM-SHA-256 --authentication-id=alice --password=wonderland  # 235 2.7.0 Authentication successful
//! swaks --server 127.0.0.1:2525 --tls --to bob@example.com --auth PLAIN --auth-user alice --auth-password wonderland  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --tls --to bob@example.com --auth PLAIN --auth-user alice --auth-password guessed  # 535 5.7.8 Authentication credentials invalid
//! swaks --server 127.0.0.1:2525 --tls --to bob@example.com --auth LOGIN --auth-user mallory --auth-password x  # 535 5.7.8 Authentication credentials invalid
//! ```

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use mailchute::auth::ScramVerifier;
use mailchute::{
    Authenticator, Builder, Check, Credentials, Install, Refusal, ScramVerifiers, Server, Session,
};
use mailchute_examples::{print_and_forget, serve, throw_away_certificate};
use rusqlite::{Connection, OptionalExtension as _};

#[derive(Clone)]
struct Users(Arc<Mutex<Connection>>);

impl Users {
    fn open(path: &str) -> Result<Self, Box<dyn Error>> {
        let database = Connection::open(path)?;
        database.execute("CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, verifier TEXT)", ())?;
        let salt: Vec<u8> = database.query_row("SELECT randomblob(16)", (), |row| row.get(0))?;
        let verifier = ScramVerifier::from_password("wonderland", salt, ScramVerifier::ITERATIONS)?;
        database.execute("INSERT OR IGNORE INTO users VALUES ('alice', ?1)", [verifier.to_string()])?;
        Ok(Self(Arc::new(Mutex::new(database))))
    }

    /// Looks up a user, on a thread that may wait for the disk. A locked database makes the client try again.
    fn verifier(&self, user: &str) -> Result<Option<ScramVerifier>, Refusal> {
        let database = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let query = "SELECT verifier FROM users WHERE name = ?1";
        let found = database.query_row(query, [user], |row| row.get::<_, String>(0)).optional();
        let later = |error| Refusal::from(error).with_reply(454, (4, 7, 0), "Try again later");
        Ok(found.map_err(later)?.map(|verifier| verifier.parse()).transpose()?)
    }
}

impl ScramVerifiers for Users {
    async fn scram_verifier(&self, user: &str, _session: &Session) -> Result<Option<ScramVerifier>, Refusal> {
        let (users, user) = (self.clone(), user.to_owned());
        tokio::task::spawn_blocking(move || users.verifier(&user)).await?
    }
}

impl Authenticator for Users {
    async fn check(&self, credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
        let (users, credentials) = (self.clone(), credentials.clone());
        let check = move || match &credentials {
            // SCRAM has proved that the client knows the password. Acting as another user is not allowed here.
            _ if credentials.act_as().is_some() => Ok(Check::Wrong),
            _ if credentials.are_proven() => Ok(Check::Right),
            Credentials::Password { user, password, .. } => {
                let verifier = users.verifier(user)?;
                Ok(Check::of(verifier.map(|verifier| verifier.is_of(password.reveal()))))
            }
            _ => Ok(Check::NotMine),
        };
        tokio::task::spawn_blocking(check).await?
    }
}

impl Install for Users {
    fn install(self, builder: Builder) -> Builder {
        builder.scram_verifiers(self.clone()).authenticator(self)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let builder = Server::builder().tls(throw_away_certificate()?).require_auth();
    serve(builder.with(Users::open("users.db")?).on_store(print_and_forget).build()?).await?;
    Ok(())
}
