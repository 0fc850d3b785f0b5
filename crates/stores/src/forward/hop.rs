//! The transaction at the next hop that belongs to the transaction of our client.

use std::sync::Arc;

use mailchute::{Recipient, Refusal, Sender, Session};
use mailchute_proto::next_hop::{ServerReply, mail_command, needs_ascii_header, rcpt_command};

use super::connection::Connection;
use super::error::HopError;
use super::facts;
use super::pool::Pool;

/// A transaction at the next hop. When it is dropped, the next hop's transaction is reset and its connection can be used
/// by others. A future that is dropped within a command closes the connection.
#[derive(Debug)]
pub(super) struct Hop {
    pool: Arc<Pool>,
    open: Option<Open>,
}

/// A connection, and what the next hop has accepted.
#[derive(Debug)]
struct Open {
    connection: Connection,
    /// `None` before MAIL.
    sender: Option<Sender>,
    accepted: Vec<Recipient>,
}

/// The transactions at next hops that belong to the transaction of a session, between its commands. There are several if
/// each message goes to several servers.
#[derive(Debug, Default)]
pub(super) struct Hops(Vec<Between>);

/// A transaction between two commands of our client. When it is dropped, so is the transaction.
#[derive(Debug)]
struct Between {
    pool: Arc<Pool>,
    /// The number of the connection, which others may have by now.
    number: Option<u64>,
    sender: Option<Sender>,
    accepted: Vec<Recipient>,
}

impl Between {
    fn of(mut hop: Hop) -> Self {
        let pool = Arc::clone(&hop.pool);
        match hop.open.take() {
            Some(Open { connection, sender, accepted }) => {
                Self { number: Some(pool.parked.put(connection)), pool, sender, accepted }
            }
            None => Self { pool, number: None, sender: None, accepted: Vec::new() },
        }
    }

    fn open(mut self) -> Hop {
        let connection = self.number.take().and_then(|number| self.pool.parked.take(number));
        let (sender, accepted) = (self.sender.take(), std::mem::take(&mut self.accepted));
        let open = connection.map(|connection| Open { connection, sender, accepted });
        Hop { pool: Arc::clone(&self.pool), open }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        if let Some(connection) = self.number.and_then(|number| self.pool.parked.take(number)) {
            self.pool.put(connection, self.sender.is_some());
        }
    }
}

impl Hops {
    /// Takes the transaction at the next hop of this pool out of the session's.
    pub(super) fn take(session: &Session, pool: &Arc<Pool>) -> Option<Hop> {
        let mut hops = session.transaction_state().remove::<Self>()?;
        let hop = hops.0.iter().position(|hop| Arc::ptr_eq(&hop.pool, pool)).map(|at| hops.0.swap_remove(at));
        session.transaction_state().insert(hops);
        hop.map(Between::open)
    }

    /// Keeps a transaction for the next command of the session.
    pub(super) fn put(session: &Session, hop: Hop) {
        let mut hops = session.transaction_state().remove::<Self>().unwrap_or_default();
        hops.0.push(Between::of(hop));
        session.transaction_state().insert(hops);
    }

    /// Returns whether a next hop has accepted a recipient that is not one of these.
    pub(super) fn have_others(session: &Session, wanted: &[&Recipient]) -> bool {
        let of = |hops: &Self| {
            let mut accepted = hops.0.iter().flat_map(|hop| &hop.accepted);
            accepted.any(|recipient| !wanted.contains(&recipient))
        };
        session.transaction_state().with(of).unwrap_or(false)
    }
}

/// The answers of the next hop to the recipients, by their places.
pub(super) type Answers = Vec<Result<(), Refusal>>;

/// A transaction that waits for DATA.
pub(super) struct Ready {
    pub(super) connection: Connection,
    /// The places of the recipients, in the order in which the next hop has them.
    pub(super) order: Vec<usize>,
}

impl Hop {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self { pool, open: None }
    }

    /// Returns whether the header must be ASCII, although our client may send UTF-8.
    pub(super) fn needs_ascii_header(&self, sender: &Sender) -> bool {
        self.open.as_ref().is_some_and(|open| needs_ascii_header(sender, &open.connection.capabilities))
    }

    /// Makes the next hop's transaction one for exactly these recipients. Recipients that it already has
    /// stay. If it has others, the transaction begins again. A connection that is lost is replaced, as no content has been sent.
    ///
    /// # Errors
    /// The refusal of MAIL, or that no next hop can be reached.
    pub(super) async fn agree(
        &mut self,
        sender: &Sender,
        wanted: &[&Recipient],
        session: &Session,
    ) -> Result<Answers, Refusal> {
        let mut is_new = false;
        let mut failures = 0;
        loop {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => Open {
                    connection: self.pool.get(session.hostname(), is_new).await.map_err(HopError::refusal)?,
                    sender: None,
                    accepted: Vec::new(),
                },
            };
            let error = match open.agree(&self.pool, sender, wanted, session).await {
                Ok(answers) => {
                    self.open = Some(open);
                    return answers;
                }
                Err(error) => error,
            };
            // A connection that waited for a while may have been closed meanwhile: that says nothing about the target.
            if !open.connection.is_used {
                self.pool.targets[open.connection.target].failed(&error);
                failures += 1;
            }
            if failures >= self.pool.targets.len() {
                return Err(error.refusal());
            }
            is_new = true;
        }
    }

    /// Takes the transaction out, to send the content. `wanted` is what it was [made](Self::agree) for.
    pub(super) fn ready(&mut self, wanted: &[&Recipient]) -> Option<Ready> {
        let open = self.open.take()?;
        let order = places(&open.accepted, wanted)?;
        Some(Ready { connection: open.connection, order })
    }

    /// Gives a connection back whose transaction is still there.
    pub(super) fn put_back(&self, connection: Connection) {
        self.pool.put(connection, true);
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        if let Some(Open { connection, sender, .. }) = self.open.take() {
            self.pool.put(connection, sender.is_some());
        }
    }
}

impl Open {
    /// `Err` is the end of the connection, and `Ok(Err)` the refusal of MAIL.
    async fn agree(
        &mut self,
        pool: &Pool,
        sender: &Sender,
        wanted: &[&Recipient],
        session: &Session,
    ) -> Result<Result<Answers, Refusal>, HopError> {
        let limit = pool.dial.command_limit;
        let is_same = self.sender.as_ref() == Some(sender);
        let present = places(&self.accepted, wanted).filter(|_| is_same || self.sender.is_none());
        let present = match present {
            Some(present) => present,
            None => {
                let reply = self.connection.command("RSET", "RSET", limit).await?;
                if !reply.is_positive() {
                    return Err(HopError::Refused("RSET", reply));
                }
                self.sender = None;
                self.accepted.clear();
                Vec::new()
            }
        };
        let mut commands = Vec::new();
        if self.sender.is_none() {
            self.name_client(pool, session, &mut commands).await?;
            match mail_command(sender, &self.connection.capabilities, self.connection.is_verified) {
                Ok(command) => commands.push(command),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        let mail = self.sender.is_none().then(|| commands.len() - 1);
        let mut answers: Answers = wanted.iter().map(|_| Ok(())).collect();
        let mut asked = Vec::new();
        for (place, recipient) in wanted.iter().enumerate().filter(|(place, _)| !present.contains(place)) {
            match rcpt_command(recipient, sender, &self.connection.capabilities) {
                Ok(command) => {
                    commands.push(command);
                    asked.push(place);
                }
                Err(refusal) => answers[place] = Err(refusal),
            }
        }
        let goes_on = |number, reply: &ServerReply| Some(number) != mail || reply.is_positive();
        let replies = self.connection.commands(&commands, limit, goes_on).await?;
        if let Some(mail) = mail {
            let Some(reply) = replies.get(mail) else { return Err(HopError::Lacks("an answer to MAIL")) };
            if matches!(reply.code().get(), 530..=538) {
                // It wants TLS or AUTH of us, and the client cannot help that.
                return Err(HopError::Refused("MAIL", reply.clone()));
            }
            if !reply.is_positive() {
                return Ok(Err(reply.refusal()));
            }
            self.sender = Some(sender.clone());
        }
        let first = commands.len() - asked.len();
        for (place, reply) in asked.into_iter().zip(replies.into_iter().skip(first)) {
            if reply.is_positive() {
                self.accepted.push(wanted[place].clone());
            } else {
                answers[place] = Err(reply.refusal());
            }
        }
        Ok(Ok(answers))
    }

    /// Tells the next hop who the client is, if it offers that.
    async fn name_client(
        &mut self,
        pool: &Pool,
        session: &Session,
        commands: &mut Vec<String>,
    ) -> Result<(), HopError> {
        let connection = &mut self.connection;
        if connection.capabilities.offer("XFORWARD") {
            let takes = |name: &str| connection.capabilities.offer_word("XFORWARD", name);
            commands.extend(facts::xforward(session).commands(takes));
        } else if connection.capabilities.offer("XCLIENT") && !connection.is_authenticated {
            let takes = |name: &str| connection.capabilities.offer_word("XCLIENT", name);
            for command in facts::xclient(session).commands(takes) {
                let reply = connection.command(&command, "XCLIENT", pool.dial.command_limit).await?;
                if !reply.is_positive() {
                    return Err(HopError::Refused("XCLIENT", reply));
                }
            }
            // The session begins again.
            pool.dial.hello(connection, session.hostname()).await?;
        }
        Ok(())
    }
}

/// The place of each accepted recipient among those that are wanted; `None` if one of them is not wanted.
fn places(accepted: &[Recipient], wanted: &[&Recipient]) -> Option<Vec<usize>> {
    let mut is_taken = vec![false; wanted.len()];
    let mut after = 0;
    let place = |recipient: &Recipient| {
        let is_it = |place: &usize| !is_taken[*place] && wanted[*place] == recipient;
        // Most often they are in the same order.
        let place = (after..wanted.len()).find(is_it).or_else(|| (0..after).find(is_it))?;
        is_taken[place] = true;
        after = place + 1;
        Some(place)
    };
    accepted.iter().map(place).collect()
}
