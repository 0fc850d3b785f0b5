//! XCLIENT: a proxy names its client, and the session starts again for that client.

use std::net::IpAddr;

use super::{
    Attribute, address, commands, each_attribute, host_name, port, put, words, written, written_address,
};
use crate::address::HeloName;
use crate::command::Verb;
use crate::question::Ehlo;
use crate::reply::{Reply, catalog};
use crate::sasl::presented;

/// The attributes of an XCLIENT, which replace what the session knew. `None` was not sent.
///
/// The format is Postfix's XCLIENT. Values are decoded and hold no control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct XClient {
    /// `NAME`: the client's host name, verified by a lookup in both directions.
    pub name: Option<Attribute<String>>,
    /// `REVERSE_NAME`: the reverse DNS name of the client's address, not verified.
    pub reverse_name: Option<Attribute<String>>,
    /// `ADDR`: the client's address.
    pub addr: Option<Attribute<IpAddr>>,
    /// `PORT`: the client's port.
    pub port: Option<Attribute<u16>>,
    /// `DESTADDR`: the address that the client connected to.
    pub dest_addr: Option<Attribute<IpAddr>>,
    /// `DESTPORT`: the port that the client connected to.
    pub dest_port: Option<Attribute<u16>>,
    /// `PROTO`: the protocol between the client and the proxy.
    pub proto: Option<Attribute<ProxiedProtocol>>,
    /// `HELO`: the name that the client gave in EHLO or HELO.
    pub helo: Option<Attribute<HeloName>>,
    /// `LOGIN`: the user that the client authenticated as, prepared by [`saslprep`](crate::saslprep).
    pub login: Option<Attribute<String>>,
}

/// The protocol that a proxy speaks with its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxiedProtocol {
    /// The client said HELO.
    Smtp,
    /// The client said EHLO.
    Esmtp,
}

impl XClient {
    /// The line in the EHLO reply.
    pub(crate) const KEYWORD: &str = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT REVERSE_NAME";

    /// Returns the greeting that the client sent to the proxy, if known. It counts as EHLO unless the proxy says
    /// HELO.
    #[must_use]
    pub fn hello(&self) -> Option<Ehlo> {
        let name = self.helo.as_ref().and_then(Attribute::known)?.clone();
        let verb = match self.proto {
            Some(Attribute::Known(ProxiedProtocol::Smtp)) => Verb::Helo,
            _ => Verb::Ehlo,
        };
        Some(Ehlo { verb, name, is_extended: verb == Verb::Ehlo })
    }

    /// Writes it for another server, without CRLF: the attributes that are there and that `takes` says the server takes.
    /// After each of the commands the server's session begins again.
    #[must_use]
    pub fn commands(&self, takes: impl Fn(&str) -> bool) -> Vec<String> {
        let proto = |proto: &ProxiedProtocol| match proto {
            ProxiedProtocol::Smtp => "SMTP".to_owned(),
            ProxiedProtocol::Esmtp => "ESMTP".to_owned(),
        };
        let attributes = [
            ("NAME", written(self.name.as_ref(), String::clone)),
            ("REVERSE_NAME", written(self.reverse_name.as_ref(), String::clone)),
            ("ADDR", written(self.addr.as_ref(), written_address)),
            ("PORT", written(self.port.as_ref(), u16::to_string)),
            ("DESTADDR", written(self.dest_addr.as_ref(), written_address)),
            ("DESTPORT", written(self.dest_port.as_ref(), u16::to_string)),
            ("PROTO", written(self.proto.as_ref(), proto)),
            ("HELO", written(self.helo.as_ref(), |helo| helo.as_str().to_owned())),
            ("LOGIN", written(self.login.as_ref(), String::clone)),
        ];
        commands("XCLIENT", attributes.into_iter().filter(|(name, _)| takes(name)))
    }

    pub(crate) fn parse(argument: &[u8]) -> Result<Self, Reply> {
        let mut client = Self::default();
        each_attribute(argument, |name, told| match name {
            "NAME" => put(&mut client.name, told, host_name),
            "REVERSE_NAME" => put(&mut client.reverse_name, told, host_name),
            "ADDR" => put(&mut client.addr, told, address),
            "PORT" => put(&mut client.port, told, port),
            "DESTADDR" => put(&mut client.dest_addr, told, address),
            "DESTPORT" => put(&mut client.dest_port, told, port),
            "PROTO" => put(&mut client.proto, told, ProxiedProtocol::parse),
            "HELO" => put(&mut client.helo, told, |text| HeloName::parse(text.as_bytes()).ok()),
            "LOGIN" => put(&mut client.login, told, user),
            _ => Err(catalog::BAD_ATTRIBUTE),
        })?;
        Ok(client)
    }
}

/// Prepares the user name as if the client had logged in here.
fn user(text: &str) -> Option<String> {
    presented(&words(text)?).map(|mut user| std::mem::take(&mut *user))
}

impl ProxiedProtocol {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "SMTP" => Some(Self::Smtp),
            "ESMTP" => Some(Self::Esmtp),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_becomes_a_typed_value() {
        let told = "NAME=mail_1.client.example ADDR=IPV6:2001:DB8::1 PORT=4242 PROTO=esmtp HELO=[192.0.2.1] \
                    LOGIN=tim+20b DESTADDR=192.0.2.25 DESTPORT=25 REVERSE_NAME=[tempunavail]";
        let client = XClient::parse(told.as_bytes()).unwrap();
        assert_eq!(client.name, Some(Attribute::Known("mail_1.client.example".to_owned())));
        assert_eq!(client.addr, Some(Attribute::Known("2001:db8::1".parse().unwrap())));
        assert_eq!(client.port, Some(Attribute::Known(4242)));
        assert_eq!(client.proto, Some(Attribute::Known(ProxiedProtocol::Esmtp)));
        assert_eq!(client.helo.unwrap().known().unwrap().as_str(), "[192.0.2.1]");
        assert_eq!(client.login, Some(Attribute::Known("tim b".to_owned())));
        assert_eq!(client.dest_addr, Some(Attribute::Known("192.0.2.25".parse().unwrap())));
        assert_eq!(client.dest_port, Some(Attribute::Known(25)));
        assert_eq!(client.reverse_name, Some(Attribute::TemporarilyUnavailable));
    }

    #[test]
    fn what_is_written_is_parsed_as_the_same_attributes() {
        let told = "NAME=mail_1.client.example ADDR=IPV6:2001:db8::1 PORT=4242 PROTO=ESMTP HELO=[192.0.2.1] \
                    LOGIN=tim+20b DESTADDR=192.0.2.25 DESTPORT=25 REVERSE_NAME=[TEMPUNAVAIL]";
        let client = XClient::parse(told.as_bytes()).unwrap();
        let commands = client.commands(|_| true);
        let [command] = commands.as_slice() else { panic!("{commands:?}") };
        let argument = command.strip_prefix("XCLIENT ").unwrap();
        assert_eq!(XClient::parse(argument.as_bytes()).unwrap(), client);
    }

    #[test]
    fn an_address_that_maps_ipv4_is_that_ipv4_address() {
        let client = XClient::parse(b"ADDR=IPV6:::ffff:192.0.2.1").unwrap();
        assert_eq!(client.addr, Some(Attribute::Known("192.0.2.1".parse().unwrap())));
    }
}
