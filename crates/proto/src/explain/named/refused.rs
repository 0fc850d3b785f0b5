//! Refusals by the server's rules: hooks that gave no reply of their own.

use super::Row;
use crate::reply::catalog::Name;

pub(super) const REFUSED: &[Row] = &[
    (
        Name::CONNECTION_REFUSED,
        "Client not welcome",
        "A rule of the server refuses this client, whatever it sends. The administrator of the server knows why.",
    ),
    (
        Name::HELO_REFUSED,
        "Greeting not accepted",
        "A rule of the server refuses the name that the client gave. Check that it is the real name of the client's host.",
    ),
    (
        Name::TLS_REFUSED,
        "No TLS now",
        "The server cannot use TLS at the moment, or a rule refuses it. The client tries again later.",
    ),
    (
        Name::SENDER_REFUSED,
        "Sender not accepted",
        "A rule of the server refuses this sender. Use another address, or log in first if the server knows you.",
    ),
    (
        Name::RECIPIENT_REFUSED,
        "Recipient not accepted",
        "The server takes no mail for this address: it does not exist here, or a rule refuses it. Other recipients may still be accepted.",
    ),
    (
        Name::MESSAGE_REFUSED,
        "Message not accepted",
        "A rule of the server refuses the message. Sent again unchanged, it will be refused again.",
    ),
    (
        Name::COMMAND_REFUSED,
        "Command not accepted",
        "A rule of the server refuses this command. Go on with another one.",
    ),
    (
        Name::HUNG_UP,
        "Server hangs up",
        "A rule of the server ends the session. The client may try again later.",
    ),
];
