//! The recipients of a message, as filters and stores change them.

use std::sync::Arc;

use mailchute_proto::{Answer, Envelope, Protocol, Recipient, Refusal, ReversePath, Verdict};

use super::Message;
use super::edits::Places;
use super::field::EditError;
use super::refusals::Refusals;

/// Where the recipients of a message stand in the envelope as the client gave it.
#[derive(Debug)]
pub(super) struct NamedPlaces {
    /// `None` if no filter has changed the recipients.
    places: Option<Places>,
    recipients: usize,
    /// How many recipients the client has named.
    named: usize,
    /// The name of the filter or store that reads the message.
    hook: &'static str,
}

impl NamedPlaces {
    /// Returns the place in the client's envelope of the recipient at this place of the message's envelope. The inner
    /// value is `None` for a recipient that the client has not named.
    fn named(&self, place: usize) -> Option<Option<usize>> {
        match &self.places {
            Some(places) => places.get(place).copied(),
            None => (place < self.recipients).then_some(Some(place)),
        }
    }

    /// Returns the refusal of the recipient at this place of the message's envelope.
    pub(super) fn refusal(&self, refusals: &Refusals, place: usize) -> Option<Refusal> {
        Some(refusals.of(self.named(place)??)?.refusal)
    }

    /// Refuses the recipient at this place of the message's envelope.
    pub(super) fn refuse(&self, refusals: &Refusals, place: usize, refusal: Refusal) {
        match self.named(place) {
            Some(Some(place)) => refusals.refuse(place, refusal, self.hook),
            // The client does not know this recipient, so its own recipients are refused instead.
            Some(None) => {
                (0..self.named).for_each(|place| refusals.refuse(place, refusal.clone(), self.hook));
            }
            None => {}
        }
    }
}

/// Changes of the recipients.
impl Message {
    /// Refuses the message for one recipient, named by its place in the [envelope](Self::envelope).
    ///
    /// | | called by a filter | called by the store |
    /// |---|---|---|
    /// | **LMTP** | the client gets `refusal` for this recipient; filters after it and the store are asked about the others, if any are left | the client gets `refusal` for this recipient, and for the others what the store returns |
    /// | **SMTP** | the whole message is refused; filters after it and the store are not asked, and nothing is kept | the whole message is refused; recipients for whom the store has kept it have it, and get it again if the client tries again |
    ///
    /// Call it before the filter or store returns, before or after the content is read. The first refusal of
    /// a recipient stays. A place without a recipient is ignored.
    ///
    /// In LMTP, a refusal of the whole message is the reply for all recipients that were not refused by name.
    /// It also goes to those that already have the message, so it may be delivered to them again. Before the
    /// content has come, DATA and a BDAT that is not the last have one reply for all. It is chosen as in
    /// SMTP.
    ///
    /// SMTP has one reply for all: the first temporary refusal, otherwise the first refusal
    /// ([`Verdict::for_all`]). So nothing is lost, and the server never claims a delivery that did not
    /// happen. A store that keeps mail by recipient should refuse recipients at RCPT if it can.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Message, Receipt, Recipient, Refusal, Server, Session, Store, testing};
    ///
    /// /// A store with a place for each recipient.
    /// struct Mailboxes;
    ///
    /// impl Store for Mailboxes {
    ///     async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
    ///         let content = message.bytes().await?;
    ///         for (place, recipient) in message.envelope().recipients.iter().enumerate() {
    ///             if let Err(refusal) = keep(recipient, &content).await {
    ///                 message.refuse(place, refusal);
    ///             }
    ///         }
    ///         Ok(Receipt::new("Delivered").with_enhanced(1, 5))
    ///     }
    /// }
    ///
    /// async fn keep(recipient: &Recipient, content: &[u8]) -> Result<(), Refusal> {
    ///     if recipient.as_str().eq_ignore_ascii_case("full@example.com") {
    ///         return Err(Refusal::new(452, (4, 2, 2), "Mailbox full"));
    ///     }
    ///     println!("{} bytes for {recipient}", content.len());
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder().store(Mailboxes).build()?;
    /// let mut client = testing::connect(&server).lmtp().open();
    /// client.greeting().await.expect(220);
    /// client.command("LHLO client.example").await.expect(250);
    /// client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    /// client.command("RCPT TO:<bob@example.com>").await.expect(250);
    /// client.command("RCPT TO:<full@example.com>").await.expect(250);
    /// client.command("DATA").await.expect(354);
    /// client.command("Subject: hello\r\n\r\nHello you two\r\n.").await.expect(250); // for Bob
    /// client.read_reply().await.expect(452); // for the other
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse(&self, place: usize, refusal: Refusal) {
        self.named_places().refuse(self.content.body.refusals(), place, refusal);
    }

    /// Returns the refusal of the recipient at this place of the [envelope](Self::envelope), if a reader of the message,
    /// or of a [part](Self::split) of it, has [refused](Self::refuse) it. A store that passes the message to several others
    /// can so tell which recipients are left. A recipient that the client has not named has no refusal of its own.
    #[must_use]
    pub fn refusal(&self, place: usize) -> Option<Refusal> {
        self.named_places().refusal(self.content.body.refusals(), place)
    }

    /// Returns where the recipients stand in the client's envelope.
    pub(super) fn named_places(&self) -> NamedPlaces {
        let (places, recipients) = (self.places.clone(), self.envelope.recipients.len());
        NamedPlaces { places, recipients, named: self.named, hook: self.hook }
    }

    /// Adds a recipient that the client has not named, such as an archive or a member of a list.
    ///
    /// The client gets replies for its own recipients only. So if an added recipient is
    /// [refused](Self::refuse), the message is refused for all recipients that the client named. Those that
    /// already have it get it again. To replace a recipient, [redirect](Self::redirect) it.
    pub fn add_recipient(&mut self, recipient: Recipient) {
        let mut recipients = self.placed();
        recipients.push((None, recipient));
        self.set_recipients(recipients);
    }

    /// Delivers to `recipients` instead of the one at this place of the [envelope](Self::envelope): one
    /// address, or the members of an alias. The client gets the result for the new recipients as the reply
    /// for its own, so a refusal of any of them is that reply. Without new recipients it is
    /// [dropped](Self::drop_recipients). A place without a recipient is ignored.
    pub fn redirect(&mut self, place: usize, recipients: impl IntoIterator<Item = Recipient>) {
        let mut placed = self.placed();
        if place < placed.len() {
            let named = placed[place].0;
            placed.splice(place..=place, recipients.into_iter().map(|recipient| (named, recipient)));
            self.set_recipients(placed);
        }
    }

    /// Splits the message by its recipients, for a store that passes groups of them to other stores. Each
    /// group of places of the [envelope](Self::envelope) gets a message. A place may be in several groups.
    /// Places without a recipient are left out. Call it before the first read.
    ///
    /// Each part has the edits of the filters, and their [`directory`](Self::directory). This message stays: it
    /// serves to [refuse](Self::refuse) the recipients of a part that was not stored.
    ///
    /// Each of the messages reads the whole content, in any order or at the same time. If there are several,
    /// the bytes are kept as they are for several filters.
    ///
    /// [`refuse`](Self::refuse) on one of them counts its own places. It refuses the client's recipients for
    /// which they stand.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Message, Receipt, Refusal, Server, Session, Store, testing};
    ///
    /// /// Hands recipients of example.com to the first store, and all others to the second.
    /// struct Two<A, B>(A, B);
    ///
    /// impl<A: Store, B: Store> Store for Two<A, B> {
    ///     async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
    ///         let recipients = &message.envelope().recipients;
    ///         let is_first = |place: &usize| recipients[*place].domain_is("example.com");
    ///         let (first, second): (Vec<_>, Vec<_>) = (0..recipients.len()).partition(is_first);
    ///         if second.is_empty() {
    ///             return self.0.store(message, session).await;
    ///         } else if first.is_empty() {
    ///             return self.1.store(message, session).await;
    ///         }
    ///         let groups = [first, second];
    ///         let [one, other] = message.split(&groups).try_into().expect("a part for each group");
    ///         let results = [self.0.store(one, session).await, self.1.store(other, session).await];
    ///         let mut answer = Err(Refusal::internal("no group"));
    ///         for (result, places) in results.into_iter().zip(groups) {
    ///             if let Err(refusal) = &result {
    ///                 places.iter().for_each(|place| message.refuse(*place, refusal.clone()));
    ///             }
    ///             answer = answer.or(result); // a receipt, if a group has one
    ///         }
    ///         answer
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// struct Full;
    ///
    /// impl Store for Full {
    ///     async fn store(&self, _message: Message, _session: &Session) -> Result<Receipt, Refusal> {
    ///         Err(Refusal::new(452, (4, 3, 1), "Disk full"))
    ///     }
    /// }
    ///
    /// let server = Server::builder().store(Two(testing::Inbox::new(), Full)).build()?;
    /// let mut client = testing::connect(&server).lmtp().open();
    /// client.ready().await.expect(250);
    /// client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    /// client.command("RCPT TO:<bob@example.com>").await.expect(250);
    /// client.command("RCPT TO:<carol@example.org>").await.expect(250);
    /// client.data("Subject: hello\r\n\r\nHello you two").await.expect(250); // for Bob
    /// client.read_reply().await.expect(452); // for Carol
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn split(&self, groups: &[impl AsRef<[usize]>]) -> Vec<Self> {
        let placed = self.placed();
        let part = |places: &[usize]| {
            let (places, recipients): (Vec<_>, Vec<_>) =
                places.iter().filter_map(|place| placed.get(*place).cloned()).unzip();
            let mut envelope = Envelope::new(self.envelope.sender.clone());
            envelope.recipients = recipients;
            Self {
                envelope: envelope.into(),
                places: Some(places.into()),
                ..self.with_content(self.content.for_reader(groups.len() > 1), self.reader, self.hook)
            }
        };
        groups.iter().map(|places| part(places.as_ref())).collect()
    }

    /// Drops the recipients for which `is_unwanted` returns true. The client is not told: it gets the same reply for
    /// them as for the others. If none are left, the message is [discarded](Self::discard).
    pub fn drop_recipients(&mut self, mut is_unwanted: impl FnMut(&Recipient) -> bool) {
        let mut recipients = self.placed();
        recipients.retain(|(_, recipient)| !is_unwanted(recipient));
        if recipients.len() < self.envelope.recipients.len() {
            self.set_recipients(recipients);
        }
    }

    /// Changes the sender, to which reports of failed delivery go. The [parameters](mailchute_proto::Sender::parameters) of
    /// MAIL stay. The log shows the client's sender.
    ///
    /// A store that forwards the message passes this sender on. An address that is not ASCII can pass only if the client
    /// asked for SMTPUTF8.
    pub fn set_sender(&mut self, path: ReversePath) {
        let mut envelope = Envelope::clone(&self.envelope);
        envelope.sender.path = path;
        self.envelope = envelope.into();
        self.decide_envelope();
    }

    /// Accepts the message and discards it. If this filter returns without a refusal, no other filter is
    /// asked and nothing is stored. The client gets 250, and only the log says what happened, at level info.
    /// Refuse a message instead if its sender should know.
    pub fn discard(&mut self) {
        self.content.body.edits().decide(self.reader, |outcome| outcome.is_discarded = true);
    }

    /// Returns whether [`file_into`](Self::file_into) takes a name, so that a configuration can be checked beforehand.
    ///
    /// ```
    /// use mailchute::Message;
    ///
    /// assert!(Message::is_directory("Junk") && Message::is_directory("Lists/Rust users"));
    /// assert!(!Message::is_directory(".Junk") && !Message::is_directory("../mail"));
    /// ```
    #[must_use]
    pub fn is_directory(name: &str) -> bool {
        let is_of_part = |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'-' | b'_');
        let is_part =
            |part: &str| !part.trim().is_empty() && part.trim() == part && part.bytes().all(is_of_part);
        name.len() <= 100 && name.split('/').all(is_part)
    }

    /// Asks the store to keep the message in a directory, such as `Junk`, if it has directories. The last filter that
    /// asks decides.
    ///
    /// # Errors
    /// [`EditError::Directory`] if the name has anything other than ASCII letters, digits, spaces, `-`, `_`, and `/`
    /// between its parts, or more than 100 bytes. So no name leads out of the store.
    ///
    /// If a name comes from the client, such as a [subaddress](Recipient::subaddress), look it up in a list
    /// of known names. Otherwise clients make as many directories as they like.
    pub fn file_into(&mut self, directory: &str) -> Result<(), EditError> {
        if !Self::is_directory(directory) {
            return Err(EditError::Directory { name: directory.into() });
        }
        self.content.body.edits().decide(self.reader, |outcome| outcome.directory = Some(directory.into()));
        Ok(())
    }

    /// Returns the directory that a filter has asked for by [`file_into`](Self::file_into), here or before the message was
    /// [queued](crate::listen::Queued::directory).
    #[must_use]
    pub fn directory(&self) -> Option<Arc<str>> {
        let before =
            || self.session.queued()?.asked_directory().filter(|name| Self::is_directory(name)).cloned();
        self.content.body.edits().outcome().directory.or_else(before)
    }

    /// Returns the recipients, with the place of each in the client's envelope.
    fn placed(&self) -> Vec<(Option<usize>, Recipient)> {
        let place = |index| self.places.as_ref().map_or(Some(index), |places| places[index]);
        let recipients = self.envelope.recipients.iter().enumerate();
        recipients.map(|(index, recipient)| (place(index), recipient.clone())).collect()
    }

    fn set_recipients(&mut self, recipients: Vec<(Option<usize>, Recipient)>) {
        let (places, recipients): (Vec<_>, Vec<_>) = recipients.into_iter().unzip();
        let mut envelope = Envelope::new(self.envelope.sender.clone());
        envelope.recipients = recipients;
        self.envelope = envelope.into();
        self.places = Some(places.into());
        self.decide_envelope();
    }

    /// Makes the envelope that of the readers after this one.
    fn decide_envelope(&self) {
        let envelope = Some((Arc::clone(&self.envelope), self.places.clone()));
        self.content.body.edits().decide(self.reader, |outcome| outcome.envelope = envelope);
    }

    /// Applies a filter's changes of recipients. Returns the answer if no other reader is to be asked.
    pub(crate) fn settle(&mut self) -> Option<Answer> {
        let outcome = self.content.body.edits().outcome();
        if let Some((envelope, places)) = outcome.envelope {
            self.envelope = envelope;
            self.places = places;
        }
        let refusals = self.content.body.refusals();
        if !refusals.are_none() {
            if self.session.protocol() == Protocol::Smtp || refusals.count() >= self.named {
                return Some(refusals.answer());
            }
            let mut recipients = self.placed();
            recipients.retain(|(place, _)| place.is_none_or(|place| refusals.of(place).is_none()));
            let (places, recipients): (Vec<_>, Vec<_>) = recipients.into_iter().unzip();
            let mut envelope = Envelope::new(self.envelope.sender.clone());
            envelope.recipients = recipients;
            self.envelope = envelope.into();
            self.places = Some(places.into());
        }
        if outcome.is_discarded || self.envelope.recipients.is_empty() {
            tracing::info!(name: "discarded", id = %self.id, "a filter discarded a message");
            return Some(Ok(Verdict::Accept));
        }
        None
    }
}
