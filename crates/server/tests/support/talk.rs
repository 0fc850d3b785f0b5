//! A client over any transport: a socket, TLS, a pipe of any size.

use std::net::SocketAddr;

use mailchute::Server;
use mailchute::listen::Io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The address of clients in memory.
pub(crate) const CLIENT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)), 40_000);

/// One end of a conversation.
#[derive(Debug)]
pub(crate) struct Talk<S> {
    stream: BufReader<S>,
}

/// A pipe to its own session that holds `capacity` bytes each way. The task ends with the session.
pub(crate) fn pipe(server: &Server, capacity: usize) -> (Talk<DuplexStream>, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(capacity);
    let server = server.clone();
    let session = tokio::spawn(async move { server.serve_connection(theirs, CLIENT).await });
    (Talk::new(ours), session)
}

/// Like [`pipe`], for a session that begins in the test's task, has received EHLO, and goes on in its own task.
pub(crate) async fn moved_pipe(server: Server) -> (Talk<DuplexStream>, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(65_536);
    let mut session = Box::pin(async move { server.serve_connection(theirs, CLIENT).await });
    let mut client = Talk::new(ours);
    tokio::select! {
        () = &mut session => panic!("the session goes on"),
        _ = client.hello() => {}
    }
    (client, tokio::spawn(session))
}

/// Serves on a free loopback port while the test's runtime lasts.
pub(crate) async fn listen(server: &Server) -> SocketAddr {
    let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
    let address = serving.addrs()[0];
    tokio::spawn(serving.into_future());
    address
}

pub(crate) async fn connect(address: SocketAddr) -> Talk<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("it is a socket");
    Talk::new(stream)
}

impl Talk<TcpStream> {
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.stream.get_ref().local_addr().expect("it is connected")
    }
}

impl<S: Io> Talk<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// The transport, for an upgrade. No unread input may remain.
    pub(crate) fn into_inner(self) -> S {
        assert_eq!(self.stream.buffer(), b"", "bytes would be lost");
        self.stream.into_inner()
    }

    /// The transport, to inspect it.
    pub(crate) fn get_ref(&self) -> &S {
        self.stream.get_ref()
    }

    /// Sends bytes unchanged. Bytes that a closed connection does not take are lost.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        if self.stream.write_all(bytes.as_ref()).await.is_ok() {
            let _ = self.stream.flush().await;
        }
    }

    /// Sends a line and reads the reply.
    pub(crate) async fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n")).await;
        self.read_reply().await
    }

    /// Sends a line and checks the start of the reply.
    #[track_caller]
    pub(crate) fn ask<'a>(&'a mut self, line: &'a str, begin: &'a str) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.say(line).await;
            assert!(reply.starts_with(begin), "{caller}: {line:?} was answered {reply:?} and not {begin:?}");
            reply
        }
    }

    /// One reply with all its lines; empty after the server has closed.
    pub(crate) async fn read_reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let line = self.line().await;
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            match self.stream.read_u8().await {
                Ok(byte) => line.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8(line).expect("replies are ASCII")
    }

    /// Everything that the server sends until it closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// The bytes of one read; empty after the server has closed.
    pub(crate) async fn read(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 64 * 1024];
        let length = self.stream.read(&mut bytes).await.unwrap_or(0);
        bytes.truncate(length);
        bytes
    }

    /// Closes the sending side. The client can still read.
    pub(crate) async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Runs the session up to EHLO.
    pub(crate) async fn hello(&mut self) -> String {
        let greeting = self.read_reply().await;
        assert!(greeting.starts_with("220 "), "the greeting is {greeting:?}");
        self.ask("EHLO client.example", "250").await
    }
}
