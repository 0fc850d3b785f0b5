//! Replies to AUTH, and to proxies.

use super::Row;
use crate::reply::catalog::Name;

pub(super) const AUTHENTICATION: &[Row] = &[
    (
        Name::ALREADY_AUTHENTICATED,
        "Already logged in",
        "A session has one login. To log in as another user, connect again.",
    ),
    (
        Name::UNKNOWN_MECHANISM,
        "Mechanism not offered",
        "The server does not take this kind of login, or not without TLS. EHLO lists the mechanisms after AUTH.",
    ),
    (
        Name::ENCRYPTION_REQUIRED,
        "Encrypt first",
        "This kind of login shows the password to everyone on the way. Send STARTTLS first.",
    ),
    (
        Name::BAD_BASE64,
        "Malformed base64",
        "Answers within AUTH are in base64, and this one is not. Often a line end or a space came along when it was encoded.",
    ),
    (
        Name::BAD_CREDENTIALS_SYNTAX,
        "Malformed answer",
        "The base64 is right, and its content is not what the mechanism wants. PLAIN, for one, wants NUL, user, NUL, password.",
    ),
    (
        Name::AUTH_CANCELLED,
        "Login given up",
        "The client sent * to end the login. It may try again, or go on without one.",
    ),
    (
        Name::BAD_CREDENTIALS,
        "Wrong user or password",
        "The login failed. The server does not say which part is wrong, so that nobody can guess users.",
    ),
    (
        Name::TOO_MANY_AUTH_FAILURES,
        "Too many wrong passwords",
        "The client guessed too often, so the server closes the connection. Check the stored password of the client.",
    ),
    (
        Name::NO_PROXY_HEADER,
        "Unexpected PROXY header",
        "A load balancer announced its client here, and the server does not trust its address. Add the address to the trusted proxies.",
    ),
    (
        Name::PROXY_NOT_TRUSTED,
        "Not a trusted proxy",
        "Only addresses that the server trusts may speak for other clients. Add this address to them, if it should.",
    ),
];
