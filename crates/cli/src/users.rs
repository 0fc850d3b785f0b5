//! The users of the password file, as hooks.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::thread::available_parallelism;

use mailchute::{Answer, Credentials, Hooks, Reply, ScramVerifier, Session};
use tokio::sync::Semaphore;

use crate::auth_file::AuthFile;
use crate::failure::Failure;
use crate::verifier::random;

/// Judges passwords, and gives verifiers to SCRAM.
#[derive(Debug)]
pub(crate) struct Users {
    file: Arc<AuthFile>,
    /// How many passwords are checked at a time: each takes a processor, and argon2id memory, so that who guesses
    /// waits and does not take it from others.
    turns: Arc<Semaphore>,
    /// Decides which user a stranger looks like.
    likeness: RandomState,
    /// What the salts of strangers are made of.
    secret: [u8; 32],
}

impl Users {
    pub(crate) fn new(file: AuthFile) -> Result<Self, Failure> {
        let processors = available_parallelism().map_or(1, usize::from);
        Ok(Self {
            file: Arc::new(file),
            turns: Arc::new(Semaphore::new(processors)),
            likeness: RandomState::new(),
            secret: random()?,
        })
    }

    /// One of so many: always the same for the same stranger.
    fn likeness(&self, user: &str, among: usize) -> usize {
        // Of a number below `among`, which is a usize, nothing is lost.
        #[allow(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
        let hash = self.likeness.hash_one(user) as usize;
        hash % among.max(1)
    }
}

impl Hooks for Users {
    fn judges_credentials(&self) -> bool {
        true
    }

    async fn auth(&self, credentials: &Credentials, _session: &Session) -> Answer {
        if credentials.are_proven() {
            return Ok(true.into());
        }
        let Credentials::Password { user, password, act_as: None, .. } = credentials else {
            return Ok(false.into());
        };
        // A stranger's password is checked as well, against that of somebody, so that the time tells nothing.
        let known = self.file.of(user);
        let somebody = || self.file.verifiers().nth(self.likeness(user, self.file.verifiers().count()));
        let Some(verifier) = known.or_else(somebody).cloned() else {
            return Ok(false.into());
        };
        let turn = Arc::clone(&self.turns).acquire_owned().await?;
        let password = password.clone();
        let is_right = tokio::task::spawn_blocking(move || {
            // Held by the work itself, which goes on when the client has gone.
            let _turn = turn;
            verifier.is_of(password.reveal())
        })
        .await?;
        Ok((is_right && known.is_some()).into())
    }

    fn gives_scram_verifiers(&self) -> bool {
        self.file.verifiers().any(|verifier| verifier.for_scram().is_some())
    }

    /// Who is not in the file, or there with a hash by argon2id, looks like one of those who are.
    async fn scram_verifier(&self, user: &str, _session: &Session) -> Result<Option<ScramVerifier>, Reply> {
        let verifiers = || self.file.verifiers().filter_map(|verifier| verifier.for_scram());
        let like = verifiers().nth(self.likeness(user, verifiers().count()));
        let decoy = like.map(|like| like.imitate(&self.secret, user));
        let known = self.file.of(user).and_then(|verifier| verifier.for_scram());
        Ok(known.cloned().or(decoy))
    }
}
