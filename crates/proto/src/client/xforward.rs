//! XFORWARD: a relay tells where the next message came from, for the log.

use std::net::IpAddr;

use super::{
    Attribute, address, commands, each_attribute, host_name, port, put, words, written, written_address,
};
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

    /// Writes it for another server, without CRLF: the attributes that are there and that `takes` says the server takes.
    /// A value that is too long for one command is in another.
    ///
    /// ```
    /// use mailchute_proto::{Attribute, XForward};
    ///
    /// let mut forward = XForward::default();
    /// forward.addr = Some(Attribute::Known("2001:db8::1".parse().unwrap()));
    /// forward.name = Some(Attribute::Unavailable);
    /// assert_eq!(forward.commands(|_| true), ["XFORWARD NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1"]);
    /// ```
    #[must_use]
    pub fn commands(&self, takes: impl Fn(&str) -> bool) -> Vec<String> {
        let attributes = [
            ("NAME", written(self.name.as_ref(), String::clone)),
            ("ADDR", written(self.addr.as_ref(), written_address)),
            ("PORT", written(self.port.as_ref(), u16::to_string)),
            ("PROTO", written(self.proto.as_ref(), String::clone)),
            ("HELO", written(self.helo.as_ref(), String::clone)),
            ("IDENT", written(self.ident.as_ref(), String::clone)),
            ("SOURCE", written(self.source.as_ref(), |source| source.as_str().to_owned())),
        ];
        commands("XFORWARD", attributes.into_iter().filter(|(name, _)| takes(name)))
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
    fn as_str(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Remote => "REMOTE",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "LOCAL" => Some(Self::Local),
            "REMOTE" => Some(Self::Remote),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_parsed_as_the_same_attributes() {
        let forward = XForward {
            name: Some(Attribute::Known("mail_1.client.example".to_owned())),
            addr: Some(Attribute::Known("2001:db8::1".parse().unwrap())),
            port: Some(Attribute::Known(4242)),
            proto: Some(Attribute::Known("ESMTP".to_owned())),
            helo: Some(Attribute::Known("a b=c+[192.0.2.1]".to_owned())),
            ident: Some(Attribute::TemporarilyUnavailable),
            source: Some(Attribute::Known(MessageSource::Remote)),
        };
        let commands = forward.commands(|_| true);
        let [command] = commands.as_slice() else { panic!("{commands:?}") };
        let argument = command.strip_prefix("XFORWARD ").unwrap();
        assert_eq!(XForward::parse(argument.as_bytes()).unwrap(), forward);
        assert_eq!(forward.commands(|name| name == "PORT"), ["XFORWARD PORT=4242"]);
    }

    #[test]
    fn long_values_are_split_over_several_commands() {
        let long = Some(Attribute::Known("x".repeat(255)));
        let forward =
            XForward { proto: long.clone(), helo: long.clone(), ident: long, ..XForward::default() };
        let commands = forward.commands(|_| true);
        assert_eq!(commands.len(), 3);
        assert!(commands.iter().all(|command| command.len() <= 510));
        assert!(XForward::default().commands(|_| true).is_empty());
    }
}
