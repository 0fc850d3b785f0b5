//! The connection as the driver sees it: bytes in, bytes out, timeouts and stops.
//!
//! # Why
//!
//! A stop leaves handshakes and PROXY headers one second, since only after them can a new client be told 421.
//!
//! Commands are read 16 KiB at a time, into a buffer from a pool. A session that waits for anything but the bytes of a
//! message holds no more than that. The read that brings the end of a message may bring 64 KiB of commands with it.

use std::future::{Future as _, poll_fn};
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, timeout};

use crate::connection::read_outcome::{Interruptible, ReadOutcome};
use crate::connection::shutdown_signal::{ShutdownSignal, Urgency};
use crate::connection::slots::{Full, Slot};
use crate::connection::stream::Transport;
use crate::net::io::Io;
use crate::proxy::{self, Header, ProxyError};
use crate::runtime::read_buffer::{self, READ, REMAINDER};
use crate::runtime::timer::Timer;
use crate::runtime::yield_queue::YieldQueue;
use crate::session::disconnect::Disconnect;
use crate::tls::{Acceptor, ChannelBindings, TlsFacts};

/// The bytes of commands in one read. A client that reads no replies makes the server hold as many. A pipelined group
/// is shorter, even with a message of a few pages.
pub(crate) const COMMANDS: usize = REMAINDER;

/// The bytes in one read from a client whose commands are no longer answered.
const UNHEARD: usize = 4 * 1024;

/// The bytes of replies whose memory is kept for the next. It fits a pipelined group, without the text of EHLO or HELP.
pub(crate) const SHORT_REPLIES: usize = 128;

pub(crate) struct Wire {
    io: Transport,
    pub(crate) input: BytesMut,
    /// The input is in a read buffer, or in the rest of one.
    is_in_read_buffer: bool,
    timer: Timer,
    slot: Slot,
    /// The waker of both the timer and a stop of the server. `None` if theirs may differ.
    waker: Option<Waker>,
    /// Some written replies are not sent yet: TLS takes more than the connection does.
    is_unflushed: bool,
    /// The client has closed its side. Its earlier commands are still answered.
    has_ended: bool,
}

impl Wire {
    pub(crate) fn new(io: Box<dyn Io>, slot: Slot) -> Self {
        let io = Transport::Plain(io);
        Self {
            io,
            input: BytesMut::new(),
            is_in_read_buffer: false,
            timer: Timer::new(),
            slot,
            waker: None,
            is_unflushed: false,
            has_ended: false,
        }
    }

    /// Reads the PROXY header at the front of the connection, and nothing after it.
    pub(crate) async fn proxy_header(&mut self, limit: Duration) -> Result<Header, ProxyError> {
        let Self { io, slot, .. } = self;
        match slot.stop().unless_stopped(timeout(limit, proxy::read(io))).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(ProxyError::Late),
            Err(_) => Err(ProxyError::Stopped),
        }
    }

    /// Counts the slot for `client`, or for no client.
    pub(crate) fn reassign(&mut self, client: Option<IpAddr>) -> Result<(), Full> {
        self.slot.reassign(client)
    }

    /// Returns whether the client has sent something already.
    pub(crate) async fn has_input(&mut self) -> bool {
        if self.input.is_empty() {
            poll_fn(|context| {
                let _ = self.poll_read(context, COMMANDS);
                Poll::Ready(())
            })
            .await;
        }
        !self.input.is_empty()
    }

    /// Returns the channel bindings of the TLS session, if there is one.
    pub(crate) fn channel_bindings(&self) -> Option<ChannelBindings> {
        match &self.io {
            Transport::Tls(secured) => Some(secured.channel_bindings()),
            Transport::Plain(_) | Transport::Gone => None,
        }
    }

    /// Returns whether the TLS session has a channel binding.
    pub(crate) fn has_channel_binding(&self) -> bool {
        matches!(&self.io, Transport::Tls(secured) if secured.has_channel_binding())
    }

    /// Waits for bytes, and appends at most `at_most` of them to the input.
    pub(crate) async fn fill(
        &mut self,
        at_most: usize,
        interruptible: Interruptible,
        deadline: Instant,
    ) -> ReadOutcome {
        self.set_alarm(deadline);
        poll_fn(|context| self.poll_fill(context, at_most, interruptible)).await
    }

    pub(crate) fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        at_most: usize,
        interruptible: Interruptible,
    ) -> Poll<ReadOutcome> {
        let stops = |urgency| match urgency {
            Urgency::Drain if interruptible == Interruptible::UntilStop => Some(ReadOutcome::Shutdown),
            urgency => urgency.interrupts(),
        };
        let urgency = self.slot.stop().urgency();
        if let Some(wake) = stops(urgency) {
            return Poll::Ready(wake);
        }
        if let Poll::Ready(wake) = self.poll_read(context, at_most) {
            return Poll::Ready(wake);
        }
        // In most rounds timer and stop know this task already. Registering again takes ten times as long.
        let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if is_known && urgency == Urgency::None && self.timer.is_armed() {
            return Poll::Pending;
        }
        if let Some(wake) = stops(self.slot.stop().poll(context)) {
            return Poll::Ready(wake);
        }
        if self.timer.poll(context).is_ready() {
            return Poll::Ready(ReadOutcome::Timeout);
        }
        // A task without budget is scheduled again, and the timer was not registered.
        self.waker = has_budget_remaining().then(|| context.waker().clone());
        Poll::Pending
    }

    fn poll_read(&mut self, context: &mut Context<'_>, at_most: usize) -> Poll<ReadOutcome> {
        if self.has_ended {
            return Poll::Ready(ReadOutcome::Gone);
        }
        self.make_room();
        self.io.read_at_most(at_most);
        let mut room = (&mut self.input).limit(at_most);
        let read = pin!(self.io.read_buf(&mut room)).poll(context);
        match read {
            Poll::Ready(Ok(0) | Err(_)) => {
                self.has_ended = true;
                Poll::Ready(ReadOutcome::Gone)
            }
            Poll::Ready(Ok(_)) => Poll::Ready(ReadOutcome::Input),
            Poll::Pending => {
                self.shrink();
                Poll::Pending
            }
        }
    }

    /// Makes room for a read: in the current buffer if no slice of it is left, or else in another.
    fn make_room(&mut self) {
        let has_room = self.input.capacity() - self.input.len() >= READ / 2;
        if !has_room && !self.input.try_reclaim(READ / 2) {
            let remainder = std::mem::replace(&mut self.input, read_buffer::take());
            self.is_in_read_buffer = true;
            self.input.extend_from_slice(&remainder);
            self.input.reserve(READ / 4);
        }
    }

    /// Gives the read buffer back while nothing is read.
    pub(crate) fn shrink(&mut self) {
        if self.is_in_read_buffer {
            self.is_in_read_buffer = !read_buffer::shrink(&mut self.input);
        }
        self.io.shrink();
    }

    /// Gives the read buffer back with what is in it.
    fn give_back(&mut self) {
        let buffer = std::mem::take(&mut self.input);
        if std::mem::take(&mut self.is_in_read_buffer) {
            read_buffer::give_back(buffer);
        }
    }

    /// Sends all of `output`, and leaves it empty.
    pub(crate) async fn flush(&mut self, output: &mut Vec<u8>, limit: Duration) -> Result<(), ReadOutcome> {
        if output.is_empty() && !self.is_unflushed {
            return Ok(());
        }
        let mut is_first = true;
        poll_fn(|context| match self.poll_send(context, output) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(_)) => Poll::Ready(Err(ReadOutcome::Gone)),
            Poll::Pending => {
                if let Some(wake) = self.must_stop(context) {
                    return Poll::Ready(Err(wake));
                }
                // Most replies go out at once, and need neither clock nor timer.
                if std::mem::take(&mut is_first) {
                    self.set_timer(limit);
                    self.shrink();
                }
                self.poll_timer(context).map(|()| Err(ReadOutcome::Timeout))
            }
        })
        .await
    }

    /// Sends what can be sent now. It is ready when all is sent.
    fn poll_send(&mut self, context: &mut Context<'_>, output: &mut Vec<u8>) -> Poll<io::Result<()>> {
        let mut sent = 0;
        let outcome = loop {
            if sent == output.len() {
                break Pin::new(&mut self.io).poll_flush(context);
            }
            match Pin::new(&mut self.io).poll_write(context, &output[sent..]) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(length)) => sent += length,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        output.drain(..sent);
        self.is_unflushed = outcome.is_pending();
        // The memory of a long reply, such as that to EHLO, is not held while the session waits.
        if output.is_empty() && output.capacity() > SHORT_REPLIES {
            *output = Vec::new();
        }
        outcome
    }

    /// Serves the connection while the session waits for something else: sends replies, and reads commands. It is
    /// ready only if the server must stop, or if the client has disconnected and no command of it is left to answer.
    pub(crate) fn poll_background(
        &mut self,
        context: &mut Context<'_>,
        unsent: &mut Vec<u8>,
    ) -> Poll<ReadOutcome> {
        if let Some(wake) = self.must_stop(context) {
            return Poll::Ready(wake);
        }
        let is_all_sent = unsent.is_empty() && !self.is_unflushed;
        if !is_all_sent && matches!(self.poll_send(context, unsent), Poll::Ready(Err(_))) {
            return Poll::Ready(ReadOutcome::Gone);
        }
        while !self.has_ended && self.input.len() < COMMANDS {
            let wake = ready!(self.poll_read(context, COMMANDS - self.input.len()));
            if wake == ReadOutcome::Gone && self.input.is_empty() {
                return Poll::Ready(ReadOutcome::Gone);
            }
            if self.input.len() == COMMANDS {
                self.shrink();
            }
        }
        if self.has_ended && self.input.is_empty() { Poll::Ready(ReadOutcome::Gone) } else { Poll::Pending }
    }

    /// Returns why the session must end now, even within a transaction.
    pub(crate) fn must_stop(&mut self, context: &Context<'_>) -> Option<ReadOutcome> {
        self.asks_for(context);
        self.slot.stop().poll(context).interrupts()
    }

    /// Returns the signal that tells the session to end.
    pub(crate) fn stop(&self) -> &Arc<ShutdownSignal> {
        self.slot.stop()
    }

    /// Waits for a while, unless the session has to end at once.
    pub(crate) async fn pause(&mut self, pause: Duration) {
        self.shrink();
        self.set_timer(pause);
        poll_fn(|context| match self.must_stop(context) {
            Some(_) => Poll::Ready(()),
            None => self.poll_timer(context),
        })
        .await;
    }

    /// Sets the timer of [`poll_timer`](Self::poll_timer) to `limit` from now.
    pub(crate) fn set_timer(&mut self, limit: Duration) {
        self.set_alarm(Instant::now() + limit);
    }

    /// Sets the timer like [`set_timer`](Self::set_timer), to a point in time.
    pub(crate) fn set_alarm(&mut self, deadline: Instant) {
        self.timer.set(deadline);
    }

    pub(crate) fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.asks_for(context);
        self.timer.poll(context)
    }

    /// Notes that the timer or the stop is about to wake another task than the other one.
    fn asks_for(&mut self, context: &Context<'_>) {
        self.waker.take_if(|known| !known.will_wake(context.waker()));
    }

    /// Replaces the plain transport by TLS. After a failure the transport is gone, since the session cannot
    /// go on in the clear.
    ///
    /// # Errors
    /// The inner error says why the handshake failed. [`ReadOutcome::Shutdown`] means that the server stops,
    /// and the handshake was not complete in a moment.
    pub(crate) async fn upgrade(
        &mut self,
        limit: Duration,
        tls: &Acceptor,
        yield_queue: &YieldQueue,
    ) -> Result<io::Result<TlsFacts>, ReadOutcome> {
        self.give_back();
        self.waker = None;
        let Transport::Plain(plain) = std::mem::replace(&mut self.io, Transport::Gone) else {
            return Err(ReadOutcome::Gone);
        };
        let (secured, facts) =
            match self.slot.stop().unless_stopped(timeout(limit, tls.accept(plain, yield_queue))).await? {
                Ok(Ok(secured)) => secured,
                Ok(Err(error)) => return Ok(Err(error)),
                Err(elapsed) => return Ok(Err(elapsed.into())),
            };
        self.io = Transport::Tls(Box::new(secured));
        Ok(Ok(facts))
    }

    /// Closes the connection so that the last reply arrives. A socket that is closed while bytes of the
    /// client are unread takes the reply back. After a QUIT nothing is unread, and the socket is dropped.
    pub(crate) async fn close(&mut self, after: Disconnect) {
        const LINGER: Duration = Duration::from_secs(2);
        // An idle client has sent nothing that could take its 421 back, so a stop need not wait long.
        const LINGER_AT_SHUTDOWN: Duration = Duration::from_millis(200);
        let has_quit = after == Disconnect::Quit && self.input.is_empty();
        self.give_back();
        if !has_quit {
            // After that time the client has the reply, or will never have it.
            let interruptible = if after == Disconnect::Shutdown { LINGER_AT_SHUTDOWN } else { LINGER };
            let _ = timeout(interruptible, self.linger()).await;
        } else if self.io.is_secure() {
            let _ = timeout(LINGER, self.io.shutdown()).await;
        }
        self.io = Transport::Gone;
    }

    /// Waits for the client to close its side, and drops what it still sends.
    async fn linger(&mut self) -> io::Result<()> {
        const LINGER_OCTETS: usize = 1024 * 1024;
        self.io.shutdown().await?;
        let mut dropped = 0;
        while dropped < LINGER_OCTETS {
            self.input.clear();
            self.input.reserve(UNHEARD);
            match self.io.read_buf(&mut self.input).await? {
                0 => break,
                length => dropped += length,
            }
        }
        Ok(())
    }
}

impl Drop for Wire {
    /// Returns the buffer of the last read to the pool.
    fn drop(&mut self) {
        self.give_back();
    }
}
