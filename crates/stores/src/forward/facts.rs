//! The facts of our client that the next hop is told, if it asks for that: XFORWARD or XCLIENT of Postfix.

use mailchute::Session;
use mailchute::proxy::{Attribute, MessageSource, XClient, XForward};
use mailchute::session::Protocol;

/// The origin of a message, for the next hop's log. The facts that a relay in front of us has told are passed on.
pub(super) fn xforward(session: &Session) -> XForward {
    if let Some(forwarded) = session.forwarded() {
        return (*forwarded).clone();
    }
    let mut facts = XForward::default();
    facts.name = Some(session.client_name().map_or(Attribute::Unavailable, |name| known(&name)));
    facts.addr = Some(Attribute::Known(session.client_ip()));
    facts.port = Some(port(session));
    facts.proto = Some(known(if session.protocol() == Protocol::Lmtp { "LMTP" } else { "ESMTP" }));
    facts.helo = Some(session.helo_name().map_or(Attribute::Unavailable, |name| known(name.as_str())));
    facts.ident = Some(known(&session.id().to_string()));
    let is_local = session.is_over_unix_socket();
    facts.source =
        Some(Attribute::Known(if is_local { MessageSource::Local } else { MessageSource::Remote }));
    facts
}

/// The client that the next hop is to take the session for.
pub(super) fn xclient(session: &Session) -> XClient {
    let mut facts = XClient::default();
    facts.name = Some(
        session.client_name().map_or(Attribute::Unavailable, |name| Attribute::Known((*name).to_owned())),
    );
    facts.addr = Some(Attribute::Known(session.client_ip()));
    facts.port = Some(port(session));
    facts.helo = session.helo_name().map(Attribute::Known);
    facts.login =
        Some(session.identity().map_or(Attribute::Unavailable, |user| Attribute::Known((*user).to_owned())));
    facts
}

fn known(text: &str) -> Attribute<String> {
    Attribute::Known(text.to_owned())
}

fn port(session: &Session) -> Attribute<u16> {
    match session.client_addr().port() {
        0 => Attribute::Unavailable,
        port => Attribute::Known(port),
    }
}
