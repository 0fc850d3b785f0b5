//! A mailing list: its members may write to it, and each message goes to all other members.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to crew@lists.example --header 'Subject: Ahoy'  # 250 2.
//! cat mail/new/*  # Subject: [crew] Ahoy
//! cat mail/new/*  # List-Post: <mailto:crew@lists.example>
//! grep --count Delivered-To mail/new/*  # 2
//! swaks --server 127.0.0.1:2525 --from eve@example.com --to crew@lists.example  # 550 5.7.2 Only members may write to crew@lists.example
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to others@lists.example  # 550 5.1.1 No such list
//! ```

use std::error::Error;
use std::sync::Arc;

use mailchute::{Answer, Filter, Hooks, Message, Recipient, Refusal, Server, Session, Verdict};
use mailchute_examples::serve;
use mailchute_stores::Maildir;

struct List {
    address: &'static str,
    members: Vec<Recipient>,
}

impl List {
    fn is(&self, to: &Recipient) -> bool {
        to.as_str().eq_ignore_ascii_case(self.address)
    }
}

impl Hooks for List {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        if !self.is(to) {
            return Err(Refusal::new(550, (5, 1, 1), "No such list"));
        }
        // Anyone can claim to be a member. A list on the Internet relies on SPF and DKIM.
        let is = |member: &Recipient| {
            session.sender().is_some_and(|sender| member.as_str().eq_ignore_ascii_case(sender.as_str()))
        };
        let is_member = self.members.iter().any(is);
        let only_members =
            Refusal::new(550, (5, 7, 2), format!("Only members may write to {}", self.address));
        Verdict::accept_or(is_member, only_members)
    }
}

impl Filter for List {
    async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        let sender = message.envelope().sender.as_str().to_owned();
        for member in &self.members {
            if !member.as_str().eq_ignore_ascii_case(&sender) {
                message.add_recipient(member.clone());
            }
        }
        message.drop_recipients(|recipient| self.is(recipient));
        let subject = message.header().await?.get("Subject").unwrap_or_default().into_owned();
        if !subject.contains("[crew]") {
            message.replace_field("Subject", 0, &format!("[crew] {subject}"))?;
        }
        // The signature covers the unchanged message, and these fields belong to the list.
        message.remove_fields(|name, _value| name == "DKIM-Signature" || name.has_prefix("List-"));
        message.add_below_trace("List-Id", "<crew.lists.example>")?;
        message.add_below_trace("List-Post", &format!("<mailto:{}>", self.address))?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let members = ["alice@example.com", "bob@example.com", "carol@example.com"];
    let members = members.iter().map(|member| member.parse()).collect::<Result<_, _>>()?;
    let list = Arc::new(List { address: "crew@lists.example", members });
    // A list forwards its mail; the example `relay` shows how.
    let server =
        Server::builder().hooks(Arc::clone(&list)).filter(list).store(Maildir::open("mail")?).build()?;
    serve(server).await?;
    Ok(())
}
