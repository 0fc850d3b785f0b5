//! The meaning of each line of a session, in plain English: commands, replies, codes and EHLO keywords.
//!
//! Each [`Explanation`] says what happened, what it means and what usually comes next, and names the clause that
//! decides. The tables are made for people who see SMTP for the first time. They hold what this server sends, and also
//! what other servers are known to send.
//!
//! # Examples
//! ```
//! use mailchute_proto::{Verb, explain};
//!
//! let parts = explain::command("MAIL FROM:<alice@example.org> SIZE=1000");
//! let titles: Vec<_> = parts.iter().map(|part| &*part.explanation.title).collect();
//! assert_eq!(titles, ["Begin a message", "The sender", "Size of the message"]);
//!
//! let refused = explain::reply_line("550 5.1.1 No such user", Verb::Rcpt).unwrap();
//! assert_eq!(refused.title, "Unknown mailbox");
//! assert_eq!(refused.clause, Some("RFC 3463 §3.2"));
//! ```

mod code;
mod command;
mod enhanced;
mod explanation;
mod follower;
mod keyword;
mod mechanism;
mod named;
mod parameter;
mod reply;
mod reply_lines;
mod verb;

pub use code::code;
pub use command::{Part, command};
pub use enhanced::{enhanced, enhanced_is_registered};
pub use explanation::Explanation;
pub use follower::Follower;
pub use keyword::keyword;
pub use mechanism::{mechanism, mechanism_name};
pub use parameter::parameter;
pub use reply::{reply, reply_line};
pub use reply_lines::{Line, reply_lines, server_lines};
pub use verb::{verb, verb_name};
