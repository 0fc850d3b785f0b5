//! The client's side of the conversation, without I/O: for a relay that hands mail to a next hop by SMTP or LMTP.
//!
//! [`ReplyReader`] takes bytes and returns replies, [`Capabilities`] is what the next hop announces, [`mail_command`] and
//! [`rcpt_command`] write commands with the parameters that it offers, and [`DotStuffer`] writes the content for DATA.
//!
//! # Examples
//! ```
//! use mailchute_proto::next_hop::{Capabilities, ReplyReader};
//!
//! let mut replies = ReplyReader::default();
//! replies.push(b"250-mail.example.com\r\n250-SIZE 1000000\r\n250 PIPELI");
//! assert_eq!(replies.next_reply()?, None);
//! replies.push(b"NING\r\n");
//! let hello = replies.next_reply()?.unwrap();
//! let capabilities = Capabilities::of_hello(&hello);
//! assert!(capabilities.offer("PIPELINING"));
//! assert_eq!(capabilities.max_size(), Some(1_000_000));
//! # Ok::<(), mailchute_proto::next_hop::BadReply>(())
//! ```

mod capabilities;
mod commands;
mod dot_stuffer;
mod reply_reader;
mod server_reply;

pub use capabilities::Capabilities;
pub use commands::{mail_command, needs_ascii_header, rcpt_command};
pub use dot_stuffer::DotStuffer;
pub use reply_reader::{BadReply, ReplyReader};
pub use server_reply::ServerReply;
