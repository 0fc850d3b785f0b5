//! XFORWARD: a relay tells where the next message came from, for the log.

use std::net::IpAddr;

use super::{Attribute, address, each_attribute, host_name, port, put, words};
use crate::reply::{Reply, catalog};

/// The attributes of an XFORWARD: the client that the next message came from. `None` was not sent.
///
/// The format is Postfix's XFORWARD. It is a record, not a proof: decisions depend on the client of the session.
/// Values are decoded and hold no control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct XForward {
    /// `NAME`: the client's host name.
    pub name: Option<Attribute<String>>,
    /// `ADDR`: the client's address.
    pub addr: Option<Attribute<IpAddr>>,
    /// `PORT`: the client's port.
    pub port: Option<Attribute<u16>>,
    /// `PROTO`: the protocol by which the message arrived.
    pub proto: Option<Attribute<String>>,
    /// `HELO`: the name that the client gave in EHLO or HELO.
    pub helo: Option<Attribute<String>>,
    /// `IDENT`: the relay's identifier of the message.
    pub ident: Option<Attribute<String>>,
    /// `SOURCE`: whether the message came from inside the relay's network.
    pub source: Option<Attribute<MessageSource>>,
}

/// Where a relay received a message from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageSource {
    /// `LOCAL`: from the relay's own system.
    Local,
    /// `REMOTE`: from elsewhere.
    Remote,
}

impl XForward {
    /// The line in the EHLO reply.
    pub(crate) const KEYWORD: &str = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";

    pub(crate) fn parse(argument: &[u8]) -> Result<Self, Reply> {
        let mut forward = Self::default();
        each_attribute(argument, |name, told| match name {
            "NAME" => put(&mut forward.name, told, host_name),
            "ADDR" => put(&mut forward.addr, told, address),
            "PORT" => put(&mut forward.port, told, port),
            "PROTO" => put(&mut forward.proto, told, words),
            "HELO" => put(&mut forward.helo, told, words),
            "IDENT" => put(&mut forward.ident, told, words),
            "SOURCE" => put(&mut forward.source, told, MessageSource::parse),
            _ => Err(catalog::BAD_ATTRIBUTE),
        })?;
        Ok(forward)
    }

    /// Adds the attributes of another XFORWARD. A newer value replaces an older one.
    ///
    /// # Examples
    ///
    /// ```
    /// use mailchute_proto::{Attribute, XForward};
    ///
    /// let mut first = XForward::default();
    /// first.port = Some(Attribute::Known(4242));
    /// let mut second = XForward::default();
    /// second.ident = Some(Attribute::Known("4Xyz".to_owned()));
    /// first.update(second);
    /// assert_eq!(first.port, Some(Attribute::Known(4242)));
    /// assert!(first.ident.is_some());
    /// ```
    pub fn update(&mut self, newer: Self) {
        let Self { name, addr, port, proto, helo, ident, source } = newer;
        self.name = name.or(self.name.take());
        self.addr = addr.or(self.addr);
        self.port = port.or(self.port);
        self.proto = proto.or(self.proto.take());
        self.helo = helo.or(self.helo.take());
        self.ident = ident.or(self.ident.take());
        self.source = source.or(self.source);
    }
}

impl MessageSource {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "LOCAL" => Some(Self::Local),
            "REMOTE" => Some(Self::Remote),
            _ => None,
        }
    }
}
