//! `mailchute talk`: speaks SMTP to a server, and says what each line means.
//!
//! # Why
//!
//! A command waits for the reply to the one before, also from a pipe. So each reply stands below its command, and a
//! server that takes no pipelining is served too.

mod connection;
mod input;
mod screen;
mod stream;
mod tls;

use std::io;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use mailchute::command::Verb;
use mailchute::explain::Follower;
use rustix::termios::OptionalActions;
use tokio::sync::mpsc::Receiver;

use crate::commands::prompt::Unseen;
use crate::failure::Failure;
use crate::options::talk_options::TalkOptions;
use crate::process::signals::StopSignals;
use connection::Connection;
use screen::Screen;
use tls::Tls;

/// Talks until the input or the connection ends. The exit code is 0 if the last reply, but for that to QUIT, was
/// positive.
pub(crate) fn talk(options: &TalkOptions) -> Result<ExitCode, Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::running)?;
    let outcome = runtime.block_on(run(options));
    // Nothing can wake the thread that reads the input. It ends with the program.
    runtime.shutdown_background();
    outcome
}

async fn run(options: &TalkOptions) -> Result<ExitCode, Failure> {
    // All of them, as the terminal may be without echo.
    let mut stop = StopSignals::catch_all()?;
    let target = &options.server;
    let tls = Tls::new(&target.place, options.ca.as_deref())?;
    let mut screen = Screen::new(!options.no_explain);
    let (connection, peer) = Connection::open(target, options.timeout.duration()).await?;
    screen.note(&format!("connected to {peer}")).map_err(Failure::running)?;
    let mut talk = Talk {
        tls,
        screen,
        connection: Some(connection),
        follower: Follower::default(),
        is_lmtp: options.lmtp || target.is_lmtp,
        stuffs: options.dot_stuff,
        recipients: 0,
        last: 0,
        is_content: false,
        is_secret: false,
    };
    if target.is_tls {
        talk.secure().await?;
    }
    talk.replies(1).await?;
    if io::stdin().is_terminal() {
        talk.screen.note("type commands; Ctrl-D ends the talk with QUIT").map_err(Failure::running)?;
    }
    let mut lines = input::lines()?;
    tokio::select! {
        outcome = talk.run(&mut lines) => outcome?,
        () = stop.wait() => {}
    }
    talk.end().await
}

/// A session with a server.
struct Talk {
    tls: Tls,
    screen: Screen,
    /// `None` once the server has closed it, or after QUIT.
    connection: Option<Connection>,
    follower: Follower,
    is_lmtp: bool,
    stuffs: bool,
    /// Recipients of the transaction that were accepted.
    recipients: usize,
    /// The code of the last reply, but for that to QUIT.
    last: u16,
    /// The client is within a message, where QUIT would be content.
    is_content: bool,
    /// The next line of the input holds a password.
    is_secret: bool,
}

/// The beginnings of prompts for the name of a user, in BASE64: `User`, `user` and `USER`.
const USER: [&[u8]; 3] = [b"VXNlc", b"dXNlc", b"VVNFU"];

impl Talk {
    async fn run(&mut self, lines: &mut Receiver<Vec<u8>>) -> Result<(), Failure> {
        while self.connection.is_some() {
            let Some(line) = self.next(lines).await? else { return Ok(()) };
            self.command(&line, lines).await?;
        }
        Ok(())
    }

    /// Waits for the next line of the input, and shows what the server says meanwhile. `None` at the end of either.
    ///
    /// While a password is typed, the terminal does not echo. If this is cancelled, it echoes again.
    async fn next(&mut self, lines: &mut Receiver<Vec<u8>>) -> Result<Option<Vec<u8>>, Failure> {
        let is_unseen = std::mem::take(&mut self.is_secret) && io::stdin().is_terminal();
        // Lines that were typed before stay: they may be pasted.
        let unseen = is_unseen.then(|| Unseen::begin(OptionalActions::Now)).transpose();
        let unseen = unseen.map_err(Failure::running)?;
        let line = self.next_line(lines).await?;
        if unseen.is_some() {
            // The terminal has not shown the end of the line either.
            self.screen.blank().map_err(Failure::running)?;
        }
        Ok(line)
    }

    async fn next_line(&mut self, lines: &mut Receiver<Vec<u8>>) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            let Some(connection) = &mut self.connection else { return Ok(None) };
            tokio::select! {
                line = lines.recv() => return Ok(line),
                line = connection.line() => self.heard(line)?,
            };
        }
    }

    async fn command(&mut self, line: &[u8], lines: &mut Receiver<Vec<u8>>) -> Result<(), Failure> {
        let was_login = self.follower.is_login();
        self.screen.sent(line, &mut self.follower).map_err(Failure::running)?;
        self.send(line).await?;
        let verb = self.follower.answered().filter(|_| !was_login);
        if verb == Some(Verb::Bdat) {
            return self.chunk(line, lines).await;
        }
        let code = self.replies(1).await?;
        match (verb, code) {
            (Some(Verb::StartTls), 220) => self.secure().await?,
            (Some(Verb::Data), 354) => self.content(lines).await?,
            (Some(Verb::Rcpt), 200..300) => self.recipients += 1,
            (Some(Verb::Mail | Verb::Rset | Verb::Ehlo | Verb::Lhlo | Verb::Helo), 200..300) => {
                self.recipients = 0;
            }
            (Some(Verb::Quit), _) => self.connection = None,
            _ => {}
        }
        Ok(())
    }

    /// Sends content up to the line that holds only a dot.
    async fn content(&mut self, lines: &mut Receiver<Vec<u8>>) -> Result<(), Failure> {
        self.is_content = true;
        let mut bytes = 0;
        loop {
            let Some(mut line) = self.next(lines).await? else { return Ok(()) };
            if line == b"." {
                break;
            }
            if self.stuffs && line.starts_with(b".") {
                line.insert(0, b'.');
            }
            bytes += line.len() + 2;
            self.send(&line).await?;
        }
        self.send(b".").await?;
        self.is_content = false;
        self.screen.sent_content(bytes).map_err(Failure::running)?;
        self.screen.sent_dot().map_err(Failure::running)?;
        let count = self.replies_to_message();
        self.replies(count).await.map(drop)
    }

    /// Sends the bytes that BDAT has announced. Each line of the input counts with a CRLF, and the last one is cut.
    async fn chunk(&mut self, command: &[u8], lines: &mut Receiver<Vec<u8>>) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(command);
        let mut words = text.split_whitespace().skip(1);
        let announced: usize = words.next().and_then(|size| size.parse().ok()).unwrap_or(0);
        let is_last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        self.is_content = true;
        let mut left = announced;
        while left > 0 {
            let Some(mut line) = self.next(lines).await? else { return Ok(()) };
            line.extend_from_slice(b"\r\n");
            line.truncate(left);
            left -= line.len();
            self.send_bytes(&line).await?;
        }
        self.is_content = false;
        self.screen.sent_content(announced).map_err(Failure::running)?;
        let count = if is_last { self.replies_to_message() } else { 1 };
        self.replies(count).await.map(drop)
    }

    /// Returns how many replies a message has: in LMTP one for each recipient.
    fn replies_to_message(&mut self) -> usize {
        let recipients = std::mem::take(&mut self.recipients);
        if self.is_lmtp { recipients.max(1) } else { 1 }
    }

    async fn send(&mut self, line: &[u8]) -> Result<(), Failure> {
        self.send_bytes(&[line, b"\r\n"].concat()).await
    }

    async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        // The server may have closed after a last reply, which is worth reading.
        match connection.send(bytes).await {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Failure::running(error)),
            _ => Ok(()),
        }
    }

    /// Waits for so many replies, and returns the code of the last one; 0 if the connection ends before.
    async fn replies(&mut self, count: usize) -> Result<u16, Failure> {
        let mut code = 0;
        for _ in 0..count {
            loop {
                let Some(connection) = &mut self.connection else { return Ok(0) };
                let line = connection.line_in_time().await;
                if let Some(number) = self.heard(line)? {
                    code = number;
                    break;
                }
            }
        }
        Ok(code)
    }

    /// Shows a line of the server, or that it has closed. Returns the code if the line ends a reply.
    fn heard(&mut self, line: io::Result<Option<Vec<u8>>>) -> Result<Option<u16>, Failure> {
        let line = match line {
            Ok(Some(line)) => line,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(Failure::running(error)),
            end => {
                self.connection = None;
                let why = end.err().map(|error| format!(": {error}")).unwrap_or_default();
                self.screen
                    .note(&format!("the server closed the connection{why}"))
                    .map_err(Failure::running)?;
                return Ok(None);
            }
        };
        self.screen.received(&line, &mut self.follower).map_err(Failure::running)?;
        let code = std::str::from_utf8(line.get(..3).unwrap_or_default())
            .ok()
            .and_then(|digits| digits.parse().ok());
        let code = code.filter(|_| !self.follower.is_reply());
        let prompt = line.get(4..).unwrap_or_default();
        self.is_secret = self.follower.is_login() && !USER.iter().any(|user| prompt.starts_with(user));
        if let Some(code) = code
            && self.follower.answered() != Some(Verb::Quit)
        {
            self.last = code;
        }
        Ok(code)
    }

    async fn secure(&mut self) -> Result<(), Failure> {
        let Some(connection) = self.connection.take() else { return Ok(()) };
        let (connection, secured, dropped) = connection.secure(&self.tls).await?;
        self.connection = Some(connection);
        self.screen.secured(&secured, dropped).map_err(Failure::running)
    }

    /// Ends the session with QUIT, and returns the exit code.
    async fn end(mut self) -> Result<ExitCode, Failure> {
        if self.is_content && self.connection.take().is_some() {
            let text =
                "the input ended within the message, so the connection is closed and the server drops it";
            self.screen.note(text).map_err(Failure::running)?;
            return Ok(ExitCode::FAILURE);
        }
        if self.connection.is_some() && !self.follower.is_reply() {
            if self.follower.is_login() {
                self.screen.sent(b"*", &mut self.follower).map_err(Failure::running)?;
                self.send(b"*").await?;
                self.replies(1).await?;
            }
            self.screen.sent(b"QUIT", &mut self.follower).map_err(Failure::running)?;
            self.send(b"QUIT").await?;
            self.replies(1).await?;
        }
        Ok(if matches!(self.last, 200..400) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
