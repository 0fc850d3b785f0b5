//! From a target to a connection that waits for MAIL: greeting, EHLO or LHLO, STARTTLS, AUTH.

use std::io;
use std::time::Duration;

use mailchute::session::Protocol;
use mailchute_proto::next_hop::Capabilities;
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use super::connection::Connection;
use super::error::HopError;
use super::login::Login;
use super::target::{NextHop, Target};
use super::tls::{HopTls, Tls};

/// How connections are made.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) protocol: Protocol,
    pub(super) tls: HopTls,
    /// The connection begins with TLS.
    pub(super) is_implicit: bool,
    /// `None` if there is no TLS.
    pub(super) client: Option<Tls>,
    pub(super) login: Option<Login>,
    /// For each address of a target, and for each handshake.
    pub(super) connect_limit: Duration,
    /// For the answer to each command.
    pub(super) command_limit: Duration,
}

impl Dial {
    pub(super) async fn connect(
        &self,
        number: usize,
        target: &Target,
        hostname: &str,
    ) -> Result<Connection, HopError> {
        match self.try_connect(number, target, hostname).await {
            // Once more without TLS.
            Err(HopError::Tls(error)) if !self.demands_tls() => {
                target.tls_failed(&error);
                self.try_connect(number, target, hostname).await
            }
            connection => connection,
        }
    }

    fn demands_tls(&self) -> bool {
        self.is_implicit || self.tls == HopTls::Require
    }

    async fn try_connect(
        &self,
        number: usize,
        target: &Target,
        hostname: &str,
    ) -> Result<Connection, HopError> {
        let mut stream = target.next_hop.connect(self.connect_limit).await?;
        let mut is_verified = matches!(target.next_hop, NextHop::Unix(_));
        if let Some(tls) = self.client.as_ref().filter(|_| self.is_implicit) {
            let handshake = tls.handshake(name(target)?, stream);
            let secured = timeout(self.connect_limit, handshake).await.map_err(|_| HopError::Late("TLS"))?;
            stream = secured.map_err(HopError::Tls)?;
            is_verified = true;
        }
        let mut connection = Connection::new(stream, number);
        connection.is_verified = is_verified;
        connection.owed = 1;
        let greeting = connection.reply("the greeting", self.command_limit).await?;
        if !greeting.is_positive() {
            return Err(HopError::Refused("the greeting", greeting));
        }
        self.hello(&mut connection, hostname).await?;
        if !self.is_implicit {
            self.start_tls(&mut connection, target, hostname).await?;
        }
        if let Some(login) = &self.login {
            login.run(&mut connection, self.command_limit).await?;
        }
        Ok(connection)
    }

    /// Says EHLO or LHLO. A server that does not know EHLO gets HELO.
    pub(super) async fn hello(&self, connection: &mut Connection, hostname: &str) -> Result<(), HopError> {
        let verb = if self.protocol == Protocol::Lmtp { "LHLO" } else { "EHLO" };
        let reply = connection.command(&format!("{verb} {hostname}"), verb, self.command_limit).await?;
        if reply.is_positive() {
            connection.capabilities = Capabilities::of_hello(&reply);
            return Ok(());
        }
        if self.protocol == Protocol::Lmtp || !matches!(reply.code().get(), 500..=504) {
            return Err(HopError::Refused(verb, reply));
        }
        let reply = connection.command(&format!("HELO {hostname}"), "HELO", self.command_limit).await?;
        connection.capabilities = Capabilities::default();
        if reply.is_positive() { Ok(()) } else { Err(HopError::Refused("HELO", reply)) }
    }

    async fn start_tls(
        &self,
        connection: &mut Connection,
        target: &Target,
        hostname: &str,
    ) -> Result<(), HopError> {
        let Some(tls) = &self.client else { return Ok(()) };
        let is_demanded = self.demands_tls();
        if !is_demanded && (target.fails_tls() || !connection.capabilities.offer("STARTTLS")) {
            return Ok(());
        }
        if !connection.capabilities.offer("STARTTLS") {
            return Err(HopError::Lacks("STARTTLS"));
        }
        let reply = connection.command("STARTTLS", "STARTTLS", self.command_limit).await?;
        if !reply.is_positive() {
            return if is_demanded { Err(HopError::Refused("STARTTLS", reply)) } else { Ok(()) };
        }
        // Replies in the clear after the last one would be taken for replies inside TLS.
        if !connection.replies.is_empty() {
            return Err(HopError::Lacks("STARTTLS without further words in the clear"));
        }
        let plain = std::mem::replace(&mut connection.stream, Box::new(tokio::io::empty()));
        let handshake = timeout(self.connect_limit, tls.handshake(name(target)?, plain)).await;
        let secured = handshake.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        connection.stream = secured.map_err(HopError::Tls)?;
        connection.is_verified = tls.is_verified;
        self.hello(connection, hostname).await
    }
}

/// The name that the certificate must have. A Unix socket has none.
fn name(target: &Target) -> Result<ServerName<'static>, HopError> {
    target.next_hop.server_name().ok_or(HopError::Lacks("a name that a certificate can have"))
}
