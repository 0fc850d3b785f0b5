//! Subjects 1 and 2: addresses and mailboxes.

use super::Row;

pub(super) const ADDRESS: &[Row] = &[
    (
        1,
        "Unknown mailbox",
        "The domain exists here, and the mailbox before the @ does not. Check the spelling of the address.",
        "RFC 3463 §3.2",
    ),
    (
        2,
        "Unknown domain",
        "The domain after the @ does not exist or takes no mail. Check the spelling of the address.",
        "RFC 3463 §3.2",
    ),
    (
        3,
        "Malformed recipient",
        "The recipient is not a valid address. Check for spaces, a missing @ and missing angle brackets.",
        "RFC 3463 §3.2",
    ),
    (
        4,
        "Ambiguous recipient",
        "The address fits more than one mailbox, and the server does not choose. Use the full address.",
        "RFC 3463 §3.2",
    ),
    (5, "Recipient accepted", "The recipient is a valid address here.", "RFC 3463 §3.2"),
    (
        6,
        "Mailbox has moved",
        "The mailbox was here, and the server knows no new address. Ask the recipient for it.",
        "RFC 3463 §3.2",
    ),
    (
        7,
        "Malformed sender",
        "The sender is not a valid address. Check for spaces, a missing @ and missing angle brackets.",
        "RFC 3463 §3.2",
    ),
    (
        8,
        "Sender's domain is unknown",
        "The domain of the sender does not exist or takes no mail, so no error could be returned. Use an address that can be answered.",
        "RFC 3463 §3.2",
    ),
    (
        9,
        "Relayed without confirmation",
        "The message went on to a server that sends no reports, so nothing more will be heard of it.",
        "RFC 3886 §3.3.4",
    ),
    (
        10,
        "Recipient's domain takes no mail",
        "The domain says in the DNS, by an MX record with a dot alone, that it accepts no mail.",
        "RFC 7505 §4.2",
    ),
];

pub(super) const MAILBOX: &[Row] = &[
    (
        1,
        "Mailbox is closed",
        "The mailbox exists and accepts no messages, temporarily or permanently.",
        "RFC 3463 §3.3",
    ),
    (2, "Mailbox full", "The recipient has no room left. Only the recipient can make room.", "RFC 3463 §3.3"),
    (
        3,
        "Too large for the mailbox",
        "The message is larger than this mailbox takes. Send a smaller message, or a link.",
        "RFC 3463 §3.3",
    ),
    (
        4,
        "Mailing list problem",
        "The address is a mailing list, and the server cannot find its members.",
        "RFC 3463 §3.3",
    ),
];
