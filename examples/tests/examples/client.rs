//! A client that sends exactly what a test says.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::process::PATIENCE;
use crate::tls;

/// The client's stream: TCP, or TLS over it.
trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A connection to an example.
pub(crate) struct Client {
    stream: BufReader<Box<dyn Stream>>,
    /// The same connection below TLS.
    socket: TcpStream,
}

impl Client {
    pub(crate) fn connect(server: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&server, PATIENCE).expect("the server listens"))
    }

    pub(crate) fn connect_from(client: [u8; 4], server: SocketAddr) -> Self {
        // Only tokio can bind the source address.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((client, 0)))?;
            socket.connect(server).await?.into_std()
        });
        let stream = stream.expect("every address of 127.0.0.0/8 is this host's");
        stream.set_nonblocking(false).expect("a socket");
        Self::over(stream)
    }

    fn over(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket.set_write_timeout(Some(PATIENCE)).expect("a socket");
        let stream = socket.try_clone().expect("a socket");
        Self { stream: BufReader::new(Box::new(stream)), socket }
    }

    /// Runs a conversation: sends the lines that begin with `C:`, and expects the lines that begin with `S:`.
    #[track_caller]
    pub(crate) fn talk(&mut self, conversation: &str) {
        for line in conversation.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once(": ") {
                Some(("C", said)) => self.say(said),
                Some(("S", expected)) => assert_eq!(self.read_reply(), expected, "in {conversation}"),
                _ => panic!("{line:?} is said by nobody"),
            }
        }
    }

    /// Sends a line.
    #[track_caller]
    pub(crate) fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes()).expect("the server takes a line");
    }

    /// Sends bytes unchanged.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    /// Reads the next reply, its lines separated by ` / `.
    #[track_caller]
    pub(crate) fn read_reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a line in time");
            let line = line.strip_suffix("\r\n").expect("a whole line, and not the end");
            reply.push_str(line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
            reply.push_str(" / ");
        }
    }

    /// Sends EHLO and returns the offer of the server.
    #[track_caller]
    pub(crate) fn hello(&mut self) -> String {
        self.say("EHLO client.example");
        let offers = self.read_reply();
        assert!(offers.starts_with("250-"), "{offers}");
        offers
    }

    /// Sends a message from Alice to Bob, and returns the reply to its end.
    #[track_caller]
    pub(crate) fn send_message(&mut self, content: &str) -> String {
        self.talk(
            "C: MAIL FROM:<alice@example.com>
             S: 250 2.1.0 Sender OK
             C: RCPT TO:<bob@example.com>
             S: 250 2.1.5 Recipient OK
             C: DATA
             S: 354 End data with <CR><LF>.<CR><LF>",
        );
        self.say(&format!("{}\r\n.", content.replace('\n', "\r\n")));
        self.read_reply()
    }

    /// Sends STARTTLS and goes on inside TLS, with any certificate.
    #[track_caller]
    pub(crate) fn start_tls(&mut self) {
        self.talk(
            "C: STARTTLS
             S: 220 2.0.0 Ready to start TLS",
        );
        let socket = self.socket.try_clone().expect("a socket");
        self.stream = BufReader::new(Box::new(tls::connect(socket)));
    }

    /// Sends QUIT, and expects the connection to close.
    #[track_caller]
    pub(crate) fn quit(mut self) {
        self.talk(
            "C: QUIT
             S: 221 2.0.0 Closing connection",
        );
        assert!(self.is_hung_up_on(), "the connection stays open");
    }

    /// Whether the server has closed the connection.
    pub(crate) fn is_hung_up_on(&mut self) -> bool {
        matches!(self.stream.fill_buf(), Ok([]))
    }
}
