//! Sockets that were passed in: by systemd, or by the process that served before.

use std::env;
use std::os::unix::net::UnixDatagram;

use listenfd::ListenFd;
use mailchute::listen::{Endpoint, ListeningSocket};

use crate::failure::Failure;
use crate::options::listen_at::ListenAddress;
use crate::process::listener::Listener;

/// The variable that says what each socket of a predecessor is for, one line each. The descriptors come as from
/// systemd, without `LISTEN_PID`, which is unknown before the process exists. The last one is for the message that this
/// process is ready.
pub(crate) const HANDED_OVER: &str = "MAILCHUTE_HANDED_OVER";

/// The variable that says that a predecessor is in the sandbox, and so are the processes that it starts.
pub(crate) const SANDBOXED: &str = "MAILCHUTE_SANDBOXED";

/// The message to a predecessor that this process is ready. It follows the process ID.
pub(crate) const READY: &[u8] = b"READY";

/// The sockets that are still unused, each with its name or its purpose.
#[derive(Debug)]
pub(crate) struct Inherited {
    sockets: Vec<(String, ListeningSocket)>,
    /// The socket to the predecessor that waits until this process is ready.
    predecessor: Option<UnixDatagram>,
}

impl Inherited {
    /// Takes the sockets that were passed to this process. It changes the environment, so that programs started from
    /// here do not take them. Call it once, before a second thread exists.
    pub(crate) fn receive() -> Result<Self, Failure> {
        let handed_over = env::var(HANDED_OVER).ok();
        let names = env::var("LISTEN_FDNAMES").ok();
        let mut descriptors = ListenFd::from_env();
        let count = descriptors.len();
        let (labels, predecessor): (Vec<String>, _) = match (handed_over, names) {
            (Some(labels), _) => {
                let ready =
                    count.checked_sub(1).and_then(|last| descriptors.take_unix_datagram(last).ok()?);
                let ready = ready.ok_or_else(|| {
                    Failure::unusable(format!(
                        "{HANDED_OVER} is set, but no process is handing over; unset it"
                    ))
                })?;
                say(&ready, std::process::id().to_string().as_bytes())?;
                (labels.lines().map(str::to_owned).collect(), Some(ready))
            }
            (None, Some(names)) if count > 0 => (names.split(':').map(str::to_owned).collect(), None),
            // systemd's word for a socket without a name.
            (None, _) => (vec!["unknown".to_owned(); count], None),
        };
        let expected = count - usize::from(predecessor.is_some());
        if labels.len() != expected {
            return Err(Failure::unusable(format!(
                "{expected} sockets but {} names were passed; pass one name for each socket",
                labels.len()
            )));
        }
        let sockets = labels
            .into_iter()
            .enumerate()
            .map(|(index, label)| Ok((label.clone(), socket(&mut descriptors, index, &label)?)))
            .collect::<Result<_, Failure>>()?;
        Ok(Self { sockets, predecessor })
    }

    /// Takes the sockets for a flag.
    pub(crate) fn take(&mut self, listener: &Listener) -> Result<Vec<ListeningSocket>, Failure> {
        let label = match (&self.predecessor, &listener.place) {
            (None, ListenAddress::Systemd(name)) => name.clone(),
            (None, _) => return Ok(Vec::new()),
            (Some(_), _) => listener.to_string(),
        };
        match &listener.place {
            ListenAddress::Systemd(_) => {
                let taken: Vec<_> = self.sockets.extract_if(.., |(of, _)| *of == label).collect();
                if taken.is_empty() {
                    return Err(self.has_none(listener));
                }
                Ok(taken.into_iter().map(|(_, socket)| socket).collect())
            }
            ListenAddress::Own(endpoint) => {
                let Some(index) = self.sockets.iter().position(|(of, _)| *of == label) else {
                    return Ok(Vec::new());
                };
                let (_, socket) = self.sockets.remove(index);
                let socket = match endpoint {
                    Endpoint::Unix(_) => socket.with_file().map_err(|error| {
                        Failure::unusable(format!(
                            "{endpoint}: the file of this socket is gone: {error}; restart the program"
                        ))
                    })?,
                    _ => socket,
                };
                Ok(vec![socket])
            }
            // A name may have several addresses, each with its own socket.
            ListenAddress::AllInterfaces(_) | ListenAddress::Host(..) => {
                let taken = self.sockets.extract_if(.., |(of, _)| *of == label);
                Ok(taken.map(|(_, socket)| socket).collect())
            }
        }
    }

    /// Whether a predecessor has passed a socket for a flag.
    pub(crate) fn has(&self, listener: &Listener) -> bool {
        let label = listener.to_string();
        self.predecessor.is_some() && self.sockets.iter().any(|(of, _)| *of == label)
    }

    fn has_none(&self, listener: &Listener) -> Failure {
        let place = &listener.place;
        if self.sockets.is_empty() {
            return Failure::unusable(format!(
                "{place}: no passed socket is left; start the program from a .socket unit of systemd, and name each of its \
                 sockets once"
            ));
        }
        Failure::unusable(format!(
            "{place}: no socket of this name was passed, only {}; set FileDescriptorName= in the .socket unit",
            self.names()
        ))
    }

    /// Checks that each socket is in use: on an unused one, clients would wait forever. A predecessor with another
    /// configuration may pass unused ones. They are closed once the predecessor stops.
    pub(crate) fn all_taken(&self) -> Result<(), Failure> {
        if self.has_predecessor() {
            for (place, _) in &self.sockets {
                tracing::info!(name: "place-left", %place, "no option asks for this place any more: it is listened on no longer");
            }
            return Ok(());
        }
        if self.sockets.is_empty() {
            return Ok(());
        }
        Err(Failure::unusable(format!(
            "no flag uses these passed sockets: {}; write --listen, --tls-listen, --lmtp or --http systemd:NAME \
             for each",
            self.names()
        )))
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.sockets.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    /// Whether this process was started inside the sandbox, which it cannot leave.
    pub(crate) fn is_sandboxed(&self) -> bool {
        self.predecessor.is_some() && env::var_os(SANDBOXED).is_some()
    }

    /// Whether another process serves until this process is ready.
    pub(crate) fn has_predecessor(&self) -> bool {
        self.predecessor.is_some()
    }

    /// Tells the predecessor that this process listens.
    pub(crate) fn tell_ready(self) -> Result<(), Failure> {
        let Some(predecessor) = self.predecessor else { return Ok(()) };
        say(&predecessor, READY)?;
        for (place, socket) in self.sockets {
            // A socket file of our own is removed with the listener. A file that systemd made stays.
            if !place.starts_with("systemd:") {
                drop(socket.with_file());
            }
        }
        Ok(())
    }
}

fn say(predecessor: &UnixDatagram, word: &[u8]) -> Result<(), Failure> {
    let gone = |error| Failure::running(format!("the old process has exited: {error}"));
    predecessor.send(word).map_err(gone).map(drop)
}

fn socket(descriptors: &mut ListenFd, index: usize, label: &str) -> Result<ListeningSocket, Failure> {
    let wrong = |what: String| Failure::unusable(format!("passed socket {label}: {what}"));
    let socket = if let Ok(Some(socket)) = descriptors.take_tcp_listener(index) {
        ListeningSocket::try_from(socket)
    } else if let Ok(Some(socket)) = descriptors.take_unix_listener(index) {
        ListeningSocket::try_from(socket)
    } else {
        return Err(wrong("this is not a stream socket; set ListenStream= in the .socket unit".to_owned()));
    };
    socket.map_err(|error| wrong(format!("{error}; set ListenStream= and Accept=no in the .socket unit")))
}
