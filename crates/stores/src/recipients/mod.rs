//! Recipients: which addresses exist, and what they stand for.
//!
//! [`Recipients`] answers at RCPT. It refuses foreign domains and unknown users, follows aliases, and leaves the
//! [`Destinations`] for the store.

mod aliases;
mod answers;
pub(crate) mod domain;
mod known;
mod mistake;
mod resolve;
mod users;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use mailchute::{Answer, Hooks, Recipient, Refusal, Session, Verdict};

pub use aliases::Aliases;
pub use domain::LocalDomain;
pub use known::Known;
pub use mistake::{FileError, Mistake};

use crate::destination::Destinations;
use domain::DomainIndex;

/// Accepts the recipients of some domains, as [`Hooks`] at RCPT.
///
/// | recipient | reply |
/// |---|---|
/// | of another domain | `550 5.7.1`: nothing is relayed |
/// | an unknown user | `550 5.1.1` |
/// | a user that nobody can look up now | `451`, so that the client tries again |
/// | a known user, an alias, `postmaster` | accepted |
///
/// Addresses compare without regard to case, domains by their A-labels. Each accepted recipient gets its
/// [`Destinations`], which stores such as [`Maildirs`](crate::Maildirs) use.
///
/// A client that guesses addresses is stopped by [`max_errors`](mailchute::Builder::max_errors): each refused recipient
/// counts.
///
/// # Examples
/// ```
/// use mailchute::{Server, testing};
/// use mailchute_stores::Discard;
/// use mailchute_stores::recipients::{Aliases, Known, LocalDomain, Recipients};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let aliases = Aliases::parse("sales: bob, eve").expect("no mistakes");
/// let domain = LocalDomain::new("example.com")?.known(Known::users(["bob", "eve"])?).aliases(aliases);
/// let server = Server::builder().hooks(Recipients::new(vec![domain])?).store(Discard).build()?;
///
/// let mut client = testing::connect(&server).open();
/// client.ready().await.expect(250);
/// client.command("MAIL FROM:<alice@client.example>").await.expect(250);
/// client.command("RCPT TO:<Sales+today@example.com>").await.expect(250);
/// client.command("RCPT TO:<carol@example.com>").await.expect(550); // 5.1.1
/// client.command("RCPT TO:<bob@example.org>").await.expect(550); // 5.7.1
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Recipients(Arc<Domains>);

#[derive(Debug)]
struct Domains {
    domains: Vec<LocalDomain>,
    index: DomainIndex,
}

impl Recipients {
    /// Checks the domains together.
    ///
    /// # Errors
    /// [`RecipientsError`] if two have the same name, or an alias leads in a circle or to a foreign domain.
    pub fn new(domains: Vec<LocalDomain>) -> Result<Self, RecipientsError> {
        let mut index = DomainIndex::default();
        for (number, domain) in domains.iter().enumerate() {
            for name in &domain.names {
                if !index.add(name, number) {
                    return Err(RecipientsError::Repeated(name.to_string()));
                }
            }
        }
        let domains = Domains { domains, index };
        domains.check_aliases()?;
        Ok(Self(Arc::new(domains)))
    }

    /// Resolves a recipient.
    ///
    /// # Errors
    /// The refusal that the client gets.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn resolve(&self, recipient: &Recipient, session: &Session) -> Result<Destinations, Refusal> {
        self.0.resolve(recipient, session).await
    }
}

impl Hooks for Recipients {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let destinations = self.resolve(to, session).await?;
        to.state().insert(destinations);
        Ok(Verdict::Accept)
    }
}

/// Why domains do not make [`Recipients`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecipientsError {
    /// Two domains have this name, or one has it twice.
    Repeated(String),
    /// An alias cannot be used.
    Alias {
        /// The first name of its domain.
        domain: String,
        /// Its line, and what to write instead.
        mistake: Mistake,
    },
}

impl fmt::Display for RecipientsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated(name) => write!(f, "{name} is given twice; leave one of them out"),
            Self::Alias { domain, mistake } => write!(f, "aliases of {domain}, {mistake}"),
        }
    }
}

impl Error for RecipientsError {}

#[cfg(test)]
mod tests;
