//! A client without a socket.

use std::panic::Location;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream, DuplexStream};

use super::conversation::Conversation;
use super::reply::Reply;

/// A client that is connected to a server in memory: see [`connect`](super::connect).
///
/// Its methods panic if the server has closed the connection, or sends something other than a reply, since it
/// is made for tests. A panic names the line of the test and shows the conversation so far.
#[derive(Debug)]
pub struct Client {
    stream: BufStream<DuplexStream>,
    is_lmtp: bool,
    conversation: Conversation,
}

impl Client {
    pub(super) fn new(stream: DuplexStream, is_lmtp: bool) -> Self {
        Self { stream: BufStream::new(stream), is_lmtp, conversation: Conversation::default() }
    }

    pub(super) fn is_lmtp(&self) -> bool {
        self.is_lmtp
    }

    /// Reads the greeting, expects 220, and says EHLO, or LHLO in LMTP. Returns the reply to that.
    ///
    /// # Panics
    ///
    /// Panics if the server greets with a refusal or has closed the connection.
    #[track_caller]
    #[must_use = "expect something of it"]
    pub fn ready(&mut self) -> impl Future<Output = Reply> {
        let caller = Location::caller();
        async move {
            let greeting = self.next_reply(caller).await;
            assert!(greeting.code() == 220, "{caller}: the server said: {greeting}\n{}", self.conversation);
            let hello = if self.is_lmtp { "LHLO client.example" } else { "EHLO client.example" };
            self.ask(hello, caller).await
        }
    }

    /// Reads the greeting, or any reply that comes unasked.
    ///
    /// # Panics
    ///
    /// Panics if the server has closed the connection.
    #[track_caller]
    #[must_use = "expect something of it"]
    pub fn greeting(&mut self) -> impl Future<Output = Reply> {
        self.next_reply(Location::caller())
    }

    /// Reads one more reply, such as that for the next recipient in LMTP.
    ///
    /// # Panics
    ///
    /// Panics if the server has closed the connection.
    #[track_caller]
    #[must_use = "expect something of it"]
    pub fn read_reply(&mut self) -> impl Future<Output = Reply> {
        self.next_reply(Location::caller())
    }

    /// Sends a line, to which CRLF is added, and reads the reply.
    ///
    /// # Panics
    ///
    /// Panics if the server has closed the connection.
    #[track_caller]
    #[must_use = "expect something of it"]
    pub fn command<'c>(&'c mut self, line: &'c str) -> impl Future<Output = Reply> + 'c {
        self.ask(line, Location::caller())
    }

    /// Sends DATA and, after a 354, the content and the final dot. Dots at the beginning of lines are
    /// stuffed, and a last line without an end gets a CRLF. Returns the reply to the content, or to DATA if
    /// that is refused.
    ///
    /// # Panics
    ///
    /// Panics if the server has closed the connection.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let inbox = testing::Inbox::new();
    /// let server = Server::builder().store(inbox.clone()).build()?;
    /// let mut client = testing::connect(&server).open();
    /// client.ready().await.expect(250);
    /// client.command("MAIL FROM:<>").await.expect(250);
    /// client.command("RCPT TO:<bob@example.com>").await.expect(250);
    /// client.data("\r\n.hidden\r\nline").await.expect(250);
    /// assert_eq!(inbox.messages()[0].body(), b".hidden\r\nline\r\n");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    #[must_use = "expect something of it"]
    pub fn data<'c>(&'c mut self, content: impl AsRef<[u8]> + 'c) -> impl Future<Output = Reply> + 'c {
        let caller = Location::caller();
        async move { self.transfer(content.as_ref(), caller).await.0 }
    }

    /// Sends bytes as they are and reads nothing. A closed connection loses them.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.conversation.client_sends(bytes);
        if self.stream.write_all(bytes).await.is_ok() {
            let _ = self.stream.flush().await;
        }
    }

    /// Reads a reply, or returns `None` if the server has closed the connection.
    ///
    /// # Panics
    ///
    /// Panics if a line of the reply does not end with CRLF.
    pub async fn try_read_reply(&mut self) -> Option<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.strip_suffix("\r\n").expect("a reply line ends with CRLF").to_owned();
            self.conversation.server_says(&line);
            let goes_on = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !goes_on {
                return Some(Reply::new(lines, self.conversation.clone()));
            }
        }
    }

    /// Closes the client's side. Replies can still be read.
    pub async fn close(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    pub(super) async fn next_reply(&mut self, caller: &'static Location<'static>) -> Reply {
        match self.try_read_reply().await {
            Some(reply) => reply,
            None => panic!("{caller}: the server has closed the connection\n{}", self.conversation),
        }
    }

    pub(super) async fn ask(&mut self, line: &str, caller: &'static Location<'static>) -> Reply {
        self.send_bytes(format!("{line}\r\n").as_bytes()).await;
        self.next_reply(caller).await
    }

    /// Returns the reply, and whether it is to the content.
    pub(super) async fn transfer(
        &mut self,
        content: &[u8],
        caller: &'static Location<'static>,
    ) -> (Reply, bool) {
        let reply = self.ask("DATA", caller).await;
        if reply.code() != 354 {
            return (reply, false);
        }
        let mut stuffed = Vec::with_capacity(content.len() + 5);
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            if line.first() == Some(&b'.') {
                stuffed.push(b'.');
            }
            stuffed.extend_from_slice(line);
        }
        if !stuffed.is_empty() && !stuffed.ends_with(b"\r\n") {
            stuffed.extend_from_slice(b"\r\n");
        }
        stuffed.extend_from_slice(b".\r\n");
        self.send_bytes(&stuffed).await;
        (self.next_reply(caller).await, true)
    }
}
