//! A whole transaction of a client.

use std::panic::Location;

use super::client::Client;
use super::reply::Reply;

/// The replies to a transaction: see [`Client::deliver`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The reply to MAIL.
    pub mail: Reply,
    /// The replies to RCPT, one for each recipient. None if MAIL was refused.
    pub rcpt: Vec<Reply>,
    /// The reply to the content, or the one that refused DATA. In LMTP there is one for each accepted
    /// recipient. None if no recipient was accepted.
    pub data: Vec<Reply>,
}

impl Delivery {
    /// Returns the first refusal, or the last reply if there is none.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        let replies = || std::iter::once(&self.mail).chain(&self.rcpt).chain(&self.data);
        replies().find(|reply| reply.is_refusal()).or_else(|| replies().last()).unwrap_or(&self.mail)
    }

    /// Returns the delivery if this is the code of the first refusal, or of the last reply if there is none.
    /// So `expect(250)` means that nothing was refused.
    ///
    /// # Panics
    /// Panics if that reply has another code. The message shows the conversation so far.
    #[track_caller]
    pub fn expect(self, code: u16) -> Self {
        let _ = self.reply().clone().expect(code);
        self
    }
}

impl Client {
    /// Sends a whole transaction: MAIL, RCPT for each recipient, DATA and the content, as
    /// [`data`](Self::data) sends it. It goes on as long as one recipient is accepted. A transaction that
    /// does not reach DATA ends with RSET.
    ///
    /// # Panics
    /// Panics if the server closes the connection.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Server, Verdict, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let inbox = testing::Inbox::new();
    /// let server = Server::builder()
    ///     .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
    ///     .store(inbox.clone())
    ///     .build()?;
    /// let mut client = testing::connect(&server).open();
    /// client.ready().await.expect(250);
    ///
    /// let content = "Subject: hello\r\n\r\nHello Bob\r\n";
    /// client.deliver("alice@client.example", ["bob@example.com"], content).await.expect(250);
    /// assert_eq!(inbox.messages()[0].content(), content);
    ///
    /// let both = ["bob@example.com", "bob@elsewhere.example"];
    /// let delivery = client.deliver("alice@client.example", both, content).await.expect(550);
    /// assert_eq!((delivery.rcpt[0].code(), delivery.rcpt[1].code()), (250, 550));
    /// assert_eq!(inbox.messages().len(), 2); // Bob at example.com has it
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn deliver<'c, R: AsRef<str>>(
        &'c mut self,
        from: &'c str,
        to: impl IntoIterator<Item = R> + 'c,
        content: impl AsRef<[u8]> + 'c,
    ) -> impl Future<Output = Delivery> + 'c {
        let caller = Location::caller();
        async move {
            let mail = self.ask(&format!("MAIL FROM:<{from}>"), caller).await;
            let mut delivery = Delivery { mail, rcpt: Vec::new(), data: Vec::new() };
            if delivery.mail.is_refusal() {
                return delivery;
            }
            for recipient in to {
                let reply = self.ask(&format!("RCPT TO:<{}>", recipient.as_ref()), caller).await;
                delivery.rcpt.push(reply);
            }
            let accepted = delivery.rcpt.iter().filter(|reply| !reply.is_refusal()).count();
            if accepted == 0 {
                // A refusal may have closed the connection.
                self.send_bytes(b"RSET\r\n").await;
                let _ = self.try_read_reply().await;
                return delivery;
            }
            let (reply, has_sent) = self.transfer(content.as_ref(), caller).await;
            delivery.data.push(reply);
            let others = if has_sent && self.is_lmtp() { accepted - 1 } else { 0 };
            for _ in 0..others {
                let reply = self.next_reply(caller).await;
                delivery.data.push(reply);
            }
            delivery
        }
    }
}
