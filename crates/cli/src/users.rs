//! The users of the password file, as hooks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::available_parallelism;

use mailchute::{Answer, Credentials, Hooks, Reply, ScramVerifier, Session};
use tokio::sync::Semaphore;

use crate::auth_file::{AuthFile, User};
use crate::failure::Failure;

/// Judges passwords, and gives verifiers to SCRAM. A handle: clones have the same users.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    path: PathBuf,
    file: Arc<RwLock<Arc<AuthFile>>>,
    /// Which mechanisms are offered is decided at the start.
    gives_verifiers: bool,
    /// How many passwords are checked at a time: each takes a processor, and argon2id memory, so that who guesses
    /// waits and does not take it from others.
    turns: Arc<Semaphore>,
}

impl Users {
    /// Reads the password file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = AuthFile::read(path)?;
        let processors = available_parallelism().map_or(1, usize::from);
        Ok(Self {
            path: path.to_owned(),
            gives_verifiers: has_scram(&file),
            file: Arc::new(RwLock::new(Arc::new(file))),
            turns: Arc::new(Semaphore::new(processors)),
        })
    }

    /// Reads what stands in the file by now, and changes nothing yet.
    pub(crate) fn read_again(&self) -> Result<AuthFile, Failure> {
        self.current().read_again(&self.path)
    }

    /// Puts other users in force, for logins that begin from now on.
    pub(crate) fn replace(&self, file: AuthFile) {
        if has_scram(&file) != self.gives_verifiers {
            tracing::warn!(
                file = %self.path.display(),
                "whether SCRAM is offered was decided at the start by the password file of then; restart the program"
            );
        }
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(file);
    }

    pub(crate) fn count(&self) -> usize {
        self.current().users().count()
    }

    fn current(&self) -> Arc<AuthFile> {
        Arc::clone(&self.file.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn has_scram(file: &AuthFile) -> bool {
    file.users().any(|user| user.verifier.for_scram().is_some())
}

/// One of these: always the same for the same stranger.
fn like<'f>(users: impl Iterator<Item = &'f User>, stranger: &str) -> Option<&'f User> {
    users.max_by_key(|user| user.seed.weight(stranger))
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
        let file = self.current();
        let known = file.of(user);
        let somebody = like(file.users(), user).map(|user| &user.verifier);
        let Some(verifier) = known.or(somebody).cloned() else {
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
        self.gives_verifiers
    }

    /// Who is not in the file, or there with a hash by argon2id, looks like one of those who are.
    async fn scram_verifier(&self, user: &str, _session: &Session) -> Result<Option<ScramVerifier>, Reply> {
        let file = self.current();
        let with_scram = file.users().filter(|user| user.verifier.for_scram().is_some());
        let decoy = like(with_scram, user)
            .and_then(|like| Some(like.verifier.for_scram()?.imitate(like.seed.octets(), user)));
        let known = file.of(user).and_then(|verifier| verifier.for_scram());
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
    fn strangers_look_like_every_kind_of_line_also_where_a_single_one_has_a_seed() {
        let bob = ALICE.replace("alice", "bob").replace("4096", "100000");
        let text = format!("{ALICE}\n{bob} 00112233445566778899aabbccddeeff\ncarol:{ARGON}\n");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("users");
        std::fs::write(&path, text).unwrap();
        let file = AuthFile::read(&path).unwrap();
        let mut likenesses = [0; 3];
        for stranger in (0..300).map(|number| format!("stranger{number}")) {
            let like = like(file.users(), &stranger).unwrap();
            likenesses[file.users().position(|user| std::ptr::eq(user, like)).unwrap()] += 1;
        }
        assert!(likenesses.iter().all(|&strangers| strangers > 50), "a third each: {likenesses:?}");
    }
}
