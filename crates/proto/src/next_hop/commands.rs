//! MAIL and RCPT as a next hop understands them.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Capabilities;
use crate::address::Mailbox;
use crate::envelope::{Recipient, Sender};
use crate::params::{BodyKind, ByMode, Hold, OriginalRecipient, encode_xtext};
use crate::refusal::Refusal;

/// Writes `MAIL FROM:` without CRLF, with the parameters that the next hop offers.
///
/// SIZE, BODY, SMTPUTF8, RET, ENVID, BY, HOLDFOR, HOLDUNTIL and MT-PRIORITY are passed on. Parameters that only ask for a
/// service are left out where the next hop does not offer them. `is_authenticated` says that the next hop is known by
/// verified TLS, without which REQUIRETLS is not kept.
///
/// # Errors
/// The refusal for a message that the next hop cannot take: `552 5.3.4` for its size, `554 5.6.1` for BINARYMIME,
/// `550 5.6.7` for an address in UTF-8, `550 5.7.30` for REQUIRETLS, `550 5.4.7` for a deadline, `550 5.3.3` for a release
/// time.
pub fn mail_command(
    sender: &Sender,
    capabilities: &Capabilities,
    is_authenticated: bool,
) -> Result<String, Refusal> {
    let parameters = sender.parameters();
    let is_utf8 = parameters.smtputf8 && capabilities.offer("SMTPUTF8");
    let mut command = match sender.mailbox() {
        None => "MAIL FROM:<>".to_owned(),
        Some(mailbox) => format!("MAIL FROM:<{}>", address(mailbox, is_utf8)?),
    };
    let mut add = |parameter: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = write!(command, " {parameter}");
    };
    if let Some(size) = parameters.size {
        if capabilities.max_size().is_some_and(|most| size > most) {
            return Err(TOO_LARGE);
        }
        if capabilities.offer("SIZE") {
            add(format_args!("SIZE={size}"));
        }
    }
    match parameters.body {
        Some(BodyKind::BinaryMime)
            if !capabilities.offer("BINARYMIME") || !capabilities.offer("CHUNKING") =>
        {
            return Err(NO_BINARY);
        }
        // Servers that do not offer 8BITMIME take 8-bit content all the same, and nothing here converts it.
        Some(BodyKind::SevenBit | BodyKind::EightBitMime) if !capabilities.offer("8BITMIME") => {}
        Some(body) => add(format_args!("BODY={body}")),
        None => {}
    }
    if is_utf8 {
        add(format_args!("SMTPUTF8"));
    }
    if capabilities.offer("DSN") {
        if let Some(ret) = parameters.ret {
            add(format_args!("RET={ret}"));
        }
        if let Some(envid) = &parameters.envid {
            add(format_args!("ENVID={}", encode_xtext(envid)));
        }
    }
    if parameters.requiretls {
        if !is_authenticated || !capabilities.offer("REQUIRETLS") {
            return Err(NO_REQUIRETLS);
        }
        add(format_args!("REQUIRETLS"));
    }
    match parameters.deliver_by {
        Some(by) if capabilities.offer("DELIVERBY") => add(format_args!("BY={by}")),
        Some(by) if by.mode == ByMode::Return => return Err(NO_DEADLINE),
        _ => {}
    }
    match parameters.hold {
        Some(_) if !capabilities.offer("FUTURERELEASE") => return Err(NO_HOLD),
        Some(Hold::For { seconds }) => add(format_args!("HOLDFOR={seconds}")),
        Some(Hold::Until(time)) => add(format_args!("HOLDUNTIL={time}")),
        None => {}
    }
    if let Some(priority) = parameters.mt_priority.filter(|_| capabilities.offer("MT-PRIORITY")) {
        add(format_args!("MT-PRIORITY={priority}"));
    }
    Ok(command)
}

/// Writes `RCPT TO:` without CRLF. NOTIFY and ORCPT are passed on if the next hop offers DSN.
///
/// # Errors
/// `550 5.6.7` for an address in UTF-8 that the next hop does not take.
pub fn rcpt_command(
    recipient: &Recipient,
    sender: &Sender,
    capabilities: &Capabilities,
) -> Result<String, Refusal> {
    let is_utf8 = sender.parameters().smtputf8 && capabilities.offer("SMTPUTF8");
    let address = match recipient.mailbox() {
        None => recipient.as_str().into(),
        Some(mailbox) => address(mailbox, is_utf8)?,
    };
    let mut command = format!("RCPT TO:<{address}>");
    if capabilities.offer("DSN") {
        let parameters = recipient.parameters();
        if let Some(notify) = parameters.notify {
            let _ = write!(command, " NOTIFY={notify}");
        }
        if let Some(original) = &parameters.orcpt {
            let _ = write!(command, " ORCPT={}", original_recipient(original));
        }
    }
    Ok(command)
}

/// Returns whether the header of a message of this sender must be ASCII: the client used SMTPUTF8, and the next hop does
/// not offer it. Many clients ask for SMTPUTF8 where they do not need it.
#[must_use]
pub fn needs_ascii_header(sender: &Sender, capabilities: &Capabilities) -> bool {
    sender.parameters().smtputf8 && !capabilities.offer("SMTPUTF8")
}

/// The address as the next hop takes it: in ASCII it names the same mailbox if only the domain is in UTF-8.
fn address(mailbox: &Mailbox, is_utf8: bool) -> Result<Cow<'_, str>, Refusal> {
    if is_utf8 || mailbox.is_ascii() {
        return Ok(mailbox.as_str().into());
    }
    let domain = mailbox.domain_to_ascii();
    if !mailbox.local_part().is_ascii() || !domain.is_ascii() {
        return Err(NO_UTF8);
    }
    Ok(format!("{}@{domain}", mailbox.local_part()).into())
}

/// The value of `ORCPT=`.
fn original_recipient(original: &OriginalRecipient) -> String {
    let (kind, address) = (original.addr_type(), original.address());
    if !kind.eq_ignore_ascii_case("utf-8") {
        return format!("{kind};{}", encode_xtext(address));
    }
    let mut encoded = format!("{kind};");
    for character in address.chars() {
        if character.is_ascii_graphic() && !matches!(character, '\\' | '+' | '=') {
            encoded.push(character);
        } else {
            // RFC 6533 §3.
            let _ = write!(encoded, "\\x{{{:02X}}}", u32::from(character));
        }
    }
    encoded
}

const TOO_LARGE: Refusal = Refusal::from_static(552, (5, 3, 4), "Message too big for the next server");
const NO_BINARY: Refusal =
    Refusal::from_static(554, (5, 6, 1), "The next server does not take BODY=BINARYMIME");
const NO_UTF8: Refusal =
    Refusal::from_static(550, (5, 6, 7), "The next server does not take addresses in UTF-8");
const NO_REQUIRETLS: Refusal =
    Refusal::from_static(550, (5, 7, 30), "The next server cannot keep REQUIRETLS");
const NO_DEADLINE: Refusal = Refusal::from_static(550, (5, 4, 7), "The next server cannot keep a deadline");
const NO_HOLD: Refusal = Refusal::from_static(550, (5, 3, 3), "The next server cannot hold a message back");
