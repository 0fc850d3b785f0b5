//! The users of the password file, as hooks.

pub(crate) mod any_login;
pub(crate) mod auth_file;
#[cfg(feature = "console")]
mod console_logins;
pub(crate) mod decoys;
pub(crate) mod fair_queue;
pub(crate) mod login_field;
pub(crate) mod pool;
pub(crate) mod seed;
pub(crate) mod verifier;

use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use mailchute::auth::ScramVerifier;
use mailchute::{Authenticator, Builder, Check, Credentials, Install, Refusal, ScramVerifiers, Session};
use tokio::sync::oneshot::error::RecvError;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::options::args::Options;
use crate::users::auth_file::AuthFile;
use crate::users::pool::PasswordPool;

/// Checks passwords, and gives verifiers to SCRAM.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    /// A reload replaces this file. A check that was begun uses the file it started with.
    file: Arc<RwLock<Arc<AuthFile>>>,
    /// Fixed for each session when it begins, by the file at that time.
    offers_scram: bool,
    pool: PasswordPool,
    /// How often the file was replaced.
    generation: Arc<AtomicU64>,
}

impl Users {
    /// The users of the password file, if the options name one.
    pub(crate) fn of(options: &Options) -> Result<Option<Self>, Failure> {
        options.auth_file.as_deref().map(Self::read).transpose()
    }

    /// The users of the password file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = AuthFile::read(path, None)?;
        let offers_scram = file.has_scram();
        let file = RwLock::new(Arc::new(file));
        let pool = PasswordPool::start()?;
        Ok(Self { file: Arc::new(file), offers_scram, pool, generation: Arc::default() })
    }

    /// Reads the password file again, and returns the users for new sessions. [`replace`](Self::replace) puts the file in
    /// force for running sessions too, so that a removed user cannot log in there.
    pub(crate) fn read_again(&self, path: &Path) -> Result<(Self, AuthFile), Failure> {
        let file = AuthFile::read(path, Some(&self.file()))?;
        Ok((Self { offers_scram: file.has_scram(), ..self.clone() }, file))
    }

    /// Applies another file. Authenticated sessions stay authenticated.
    pub(crate) fn replace(&self, file: AuthFile) {
        let users = file.count();
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(file);
        self.generation.fetch_add(1, Ordering::Release);
        // From this line on the new file is active.
        tracing::info!(name: "users-read", users, "read the password file again");
    }

    /// Returns whether the password is right, or `None` for an unknown user.
    async fn check_password(
        &self,
        user: &str,
        password: &str,
        client: IpAddr,
    ) -> Result<Option<bool>, RecvError> {
        // The password of an unknown user is checked against a decoy, so that the time reveals nothing.
        let file = self.file();
        let found = file.find(user);
        let is_known = found.known.is_some();
        let Some(verifier) = found.known.or(found.like).cloned() else {
            return Ok(None);
        };
        let is_right = self.pool.check(client, verifier, Zeroizing::new(password.to_owned())).await?;
        Ok(is_known.then_some(is_right))
    }

    fn file(&self) -> Arc<AuthFile> {
        Arc::clone(&self.file.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Install for Users {
    /// SCRAM is offered if the file has verifiers for it.
    fn install(self, builder: Builder) -> Builder {
        let builder = builder.authenticator(self.clone());
        if self.offers_scram { builder.scram_verifiers(self) } else { builder }
    }
}

impl Authenticator for Users {
    async fn check(&self, credentials: &Credentials, session: &Session) -> Result<Check, Refusal> {
        if credentials.are_proven() {
            // By SCRAM, or by a certificate. A SCRAM user may have been removed from the file since the challenge. A
            // certificate's user need not be in it.
            let is_known = self.file().find(credentials.user()).known.is_some();
            return Ok(if is_known { Check::Right } else { Check::NotMine });
        }
        let Credentials::Password { user, password, act_as: None, .. } = credentials else {
            return Ok(Check::NotMine);
        };
        Ok(Check::of(self.check_password(user, password.reveal(), session.client_ip()).await?))
    }
}

impl ScramVerifiers for Users {
    /// A user without a SCRAM verifier in the file gets a decoy.
    async fn scram_verifier(&self, user: &str, _session: &Session) -> Result<Option<ScramVerifier>, Refusal> {
        let file = self.file();
        let found = file.find(user);
        // Made for known users too, so that the time reveals nothing.
        let decoy = found.scram_decoy();
        let known = found.known.and_then(|verifier| verifier.for_scram());
        Ok(known.cloned().or(decoy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "alice:SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                         wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    const ARGON: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$\
                         aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

    #[test]
    fn unknown_users_look_like_each_class_of_lines_with_one_seed() {
        let bob = ALICE.replace("alice", "bob").replace("4096", "100000");
        let text = format!("{ALICE}\n{bob} 00112233445566778899aabbccddeeff\ncarol:{ARGON}\n");
        let file = AuthFile::parse(&text, None).unwrap();
        let kinds = ["alice", "bob", "carol"].map(|user| file.find(user).known.unwrap().class());
        let mut decoys = [0; 3];
        for unknown in (0..300).map(|number| format!("unknown{number}")) {
            let like = file.find(&unknown).like.unwrap().class();
            decoys[kinds.iter().position(|&kind| kind == like).unwrap()] += 1;
        }
        assert!(decoys.iter().all(|&count| count > 50), "a third each: {decoys:?}");
    }

    /// These spellings contain a soft hyphen, a ligature, or full-width letters. If each had another salt or took
    /// another time, a client could tell that the user is unknown.
    #[test]
    fn all_spellings_of_an_unknown_name_look_alike() {
        let bob = ALICE.replace("alice", "bob").replace("4096", "100000");
        let text = format!("{ALICE}\n{bob} 00112233445566778899aabbccddeeff\ncarol:{ARGON}\n");
        let file = AuthFile::parse(&text, None).unwrap();
        for number in 0..100 {
            let name = format!("IX{number}");
            let [first, others @ ..] = [
                &name,
                &format!("I\u{AD}X{number}"),
                &format!("\u{2168}{number}"),
                &format!("\u{FF29}\u{FF38}{number}"),
            ]
            .map(|name| {
                let found = file.find(name);
                assert!(found.known.is_none());
                let decoy = found.scram_decoy().unwrap();
                (found.like.unwrap().class(), decoy.iterations(), decoy.salt().to_vec())
            });
            assert!(others.iter().all(|other| *other == first), "{name}: {first:?} {others:?}");
        }
    }
}
