//! One message on its way to the next hop.

use std::sync::Arc;

use mailchute::params::BodyKind;
use mailchute::session::Protocol;
use mailchute::{Message, Receipt, Recipient, Refusal, Sender, Session, Verdict};
use tokio::sync::oneshot;

use super::Forward;
use super::hop::{Answers, Hop, Ready};
use super::outcome::Outcome;
use super::remembered::Key;
use super::transfer::{self, Broken, Form};

/// A message on its way.
pub(super) struct Forwarding<'f> {
    pub(super) forward: &'f Forward,
    pub(super) session: &'f Session,
    pub(super) hop: Hop,
    pub(super) message: Message,
    /// The same message, to be read again for those who never get it.
    pub(super) rest: Option<Message>,
    pub(super) sender: Sender,
    /// The addresses of those who have it since an earlier time.
    pub(super) have_it: Vec<String>,
}

/// A message that its recipients have, or that is kept for them.
pub(super) struct Delivered {
    pub(super) receipt: Receipt,
    /// `None` if all have it since an earlier time.
    pub(super) key: Option<Key>,
    pub(super) have_it: Vec<String>,
}

impl Forwarding<'_> {
    pub(super) async fn run(mut self) -> Result<Delivered, Refusal> {
        let recipients = self.message.envelope().recipients.clone();
        let has_it = |recipient: &Recipient| self.have_it.iter().any(|address| address == recipient.as_str());
        let (old, new): (Vec<_>, Vec<_>) =
            (0..recipients.len()).partition(|&place| has_it(&recipients[place]));
        let mut answers: Vec<Option<transfer::Answer>> = vec![None; recipients.len()];
        for place in old {
            answers[place] = Some(Ok(Receipt::new("Delivered before")));
        }
        let mut key = None;
        if !new.is_empty() {
            let wanted: Vec<_> = new.iter().map(|&place| &recipients[place]).collect();
            let asked = match self.send(&wanted).await {
                Ok((asked, sent)) => {
                    key = sent;
                    asked
                }
                // Others have it.
                Err(refusal) if refusal.code().get() >= 500 && !self.have_it.is_empty() => {
                    vec![Err(refusal); wanted.len()]
                }
                Err(refusal) => return Err(refusal),
            };
            for (place, answer) in new.iter().zip(asked) {
                answers[*place] = Some(answer);
            }
        }
        let answers: Vec<_> = answers.into_iter().flatten().collect();
        self.conclude(&recipients, answers, key).await
    }

    /// Sends the message to these, and returns the answer for each.
    async fn send(&mut self, wanted: &[&Recipient]) -> Result<(Vec<transfer::Answer>, Option<Key>), Refusal> {
        let (pool, limits) = (&self.forward.0.pool, self.forward.0.limits);
        let is_binary = self.sender.parameters().body == Some(BodyKind::BinaryMime);
        let form = if is_binary { Form::Chunks } else { Form::Lines };
        let (asked, ready) = self.begin(wanted, form).await?;
        let mut answers: Vec<transfer::Answer> = asked.into_iter().map(|asked| Err(refused(asked))).collect();
        let Some(Ready { mut connection, order }) = ready else {
            // Nobody was accepted. The answers are final.
            return Ok((answers, None));
        };
        let mark = self.message.directory().map_or_else(String::new, |directory| mark(&directory));
        let copies = self.message.for_relay().await?;
        let hash = match transfer::send(&mut connection, form, &mark, copies, limits).await {
            Ok(hash) => hash,
            Err(Broken::Content(error)) => return Err(error.into()),
            Err(Broken::Hop(refusal)) => return Err(refusal),
        };
        let key = Key::new(&self.sender, hash);
        let has_it: Vec<_> = order.iter().map(|&place| wanted[place].as_str().to_owned()).collect();
        // In a task of its own: the next hop may accept it after our client was told to try again.
        let (done, told) = oneshot::channel();
        let (forward, pool, late) = (self.forward.clone(), Arc::clone(pool), key.clone());
        tokio::spawn(async move {
            let answers = transfer::answers(&pool, connection, has_it.len(), limits).await;
            if let Err(answers) = done.send(answers) {
                let accepted = has_it.into_iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
                let accepted: Vec<_> = accepted.map(|(address, _)| address).collect();
                if !accepted.is_empty() {
                    forward.remember(late, accepted).await;
                }
            }
        });
        for (place, answer) in order.into_iter().zip(told.await?) {
            answers[place] = answer;
        }
        Ok((answers, Some(key)))
    }

    /// Goes up to the content. A connection that is lost until then is replaced.
    async fn begin(
        &mut self,
        wanted: &[&Recipient],
        form: Form,
    ) -> Result<(Answers, Option<Ready>), Refusal> {
        let pool = Arc::clone(&self.forward.0.pool);
        let mut failures = 0;
        loop {
            let asked = self.hop.agree(&self.sender, wanted, self.session).await?;
            if self.hop.needs_ascii_header(&self.sender) && !self.has_ascii_header().await? {
                return Err(NO_UTF8_HEADER);
            }
            if self.rest.is_none() && self.session.protocol() == Protocol::Smtp {
                // Nobody has it yet, so the one answer can still be right for all.
                let each = asked.iter().map(|answer| answer.clone().map(|()| Verdict::Accept));
                let _all = Verdict::for_all(each)?;
            }
            let ready = self.hop.ready(wanted).filter(|ready| !ready.order.is_empty());
            let Some(mut ready) = ready else { return Ok((asked, None)) };
            if form == Form::Chunks {
                return Ok((asked, Some(ready)));
            }
            match ready.connection.command("DATA", "DATA", pool.dial.command_limit).await {
                Ok(reply) if reply.is_intermediate() => {
                    // An unfinished message: nobody else can use the connection before its answers.
                    ready.connection.owed = 1;
                    return Ok((asked, Some(ready)));
                }
                Ok(reply) => {
                    self.hop.put_back(ready.connection);
                    return Err(reply.refusal());
                }
                Err(error) => {
                    if !ready.connection.is_used {
                        pool.targets[ready.connection.target].failed(&error);
                    }
                    failures += 1;
                    if failures > pool.targets.len() {
                        return Err(error.refusal());
                    }
                }
            }
        }
    }

    async fn has_ascii_header(&mut self) -> Result<bool, Refusal> {
        let header = self.message.header().await?;
        Ok(header.fields().iter().all(|field| field.raw().is_ascii()))
    }

    /// Makes one answer of all.
    async fn conclude(
        self,
        recipients: &[Recipient],
        answers: Vec<transfer::Answer>,
        key: Option<Key>,
    ) -> Result<Delivered, Refusal> {
        let named =
            |places: &[usize]| places.iter().map(|&place| recipients[place].as_str().to_owned()).collect();
        let all: Vec<_> = (0..recipients.len()).collect();
        if self.session.protocol() == Protocol::Lmtp {
            let mut receipt = Receipt::new("Forwarded");
            let mut have_it = Vec::new();
            for (place, answer) in answers.into_iter().enumerate() {
                match answer {
                    Ok(kept) => {
                        receipt = kept;
                        have_it.push(place);
                    }
                    Err(refusal) => self.message.refuse(place, refusal),
                }
            }
            return Ok(Delivered { receipt, key, have_it: named(&have_it) });
        }
        match Outcome::of(&answers) {
            Outcome::Accepted(receipt) => Ok(Delivered { receipt, key, have_it: named(&all) }),
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::PutOff(refusal, have_it) => {
                self.remember(key, recipients, &have_it).await;
                Err(refusal)
            }
            Outcome::Undelivered(receipt, places) => {
                let refused: Vec<_> = places
                    .iter()
                    .filter_map(|&place| Some((place, answers.get(place)?.as_ref().err()?.clone())))
                    .collect();
                let have_it: Vec<_> = (0..recipients.len()).filter(|place| !places.contains(place)).collect();
                let kept = match self.rest {
                    Some(message) => self.forward.0.undelivered.keep(message, &refused, self.session).await,
                    None => Err(Refusal::internal("the message cannot be read again")),
                };
                match kept {
                    Ok(()) => Ok(Delivered { receipt, key, have_it: named(&all) }),
                    Err(refusal) => {
                        let this = Forwarding { rest: None, ..self };
                        this.remember(key, recipients, &have_it).await;
                        Err(refusal)
                    }
                }
            }
        }
    }

    async fn remember(&self, key: Option<Key>, recipients: &[Recipient], places: &[usize]) {
        let addresses = places.iter().map(|&place| recipients[place].as_str().to_owned()).collect();
        if let Some(key) = key {
            self.forward.remember(key, addresses).await;
        }
    }
}

/// Returns the fields that tell the next hop of a directory. Sieve scripts and mail programs know `X-Spam-Flag`.
fn mark(directory: &str) -> String {
    let is_junk = ["Junk", "Spam"].iter().any(|name| directory.eq_ignore_ascii_case(name));
    format!("X-Quarantine: {directory}\r\n{}", if is_junk { "X-Spam-Flag: YES\r\n" } else { "" })
}

/// The refusal of a recipient before the content. One that was accepted gets its answer after the content.
fn refused(asked: Result<(), Refusal>) -> Refusal {
    asked.err().unwrap_or_else(|| Refusal::internal("the next hop has not answered for this recipient"))
}

const NO_UTF8_HEADER: Refusal =
    Refusal::from_static(550, (5, 6, 7), "The next server does not take a header in UTF-8");
