//! The questions at MAIL, and the refusals at RCPT.

use std::net::IpAddr;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use mailchute::command::HeloName;
use mailchute::{Answer, Hooks, Recipient, Sender, Session, Verdict};

use super::Dnsbl;
use super::decision::Decision;
use super::list::List;
use super::rules::Action;
use crate::client::is_postmaster;
use crate::dns::{Resolve, reversed};
use crate::filter_id::PerFilter;
use crate::name::{is_domain, to_ascii};

/// The questions of one client at the same time.
const AT_ONCE: usize = 16;

/// Something that lists may know: as it is told, and in the DNS.
struct Subject {
    shown: String,
    labels: String,
}

impl<R: Resolve + Send + 'static> Dnsbl<R> {
    /// Returns the address of a client that lists may know.
    fn address(&self, session: &Session) -> Option<IpAddr> {
        let address = self.exempt.address(session).filter(|address| is_public(*address))?;
        session.identity().is_none().then_some(address)
    }

    /// Asks about a client, unless that was done.
    async fn decide_on_client(&self, address: IpAddr, session: &Session) -> Decision {
        // A list that did not answer may do so for the next message.
        if let Some(decision) =
            PerFilter::<Decision>::get(session.state(), self.id).filter(|decision| !decision.is_failed)
        {
            return decision;
        }
        let subject = Subject { shown: address.to_string(), labels: reversed(address) };
        let decision = self.ask(&self.lists, vec![subject]).await;
        if !self.lists.is_empty() {
            session.add_client_finding(self.name.clone(), decision.word());
        }
        PerFilter::insert(session.state(), self.id, decision.clone());
        decision
    }

    async fn decide_on_domains(&self, from: &Sender, session: &Session) -> Decision {
        let helo = session.helo_name();
        let names = [helo.as_ref().map(HeloName::as_str), from.domain()];
        let mut subjects: Vec<Subject> = Vec::new();
        for name in names.into_iter().flatten() {
            let name = to_ascii(name).to_ascii_lowercase();
            if is_domain(&name) && subjects.iter().all(|subject| subject.labels != name) {
                subjects.push(Subject { shown: name.clone(), labels: name });
            }
        }
        self.ask(&self.domain_lists, subjects).await
    }

    async fn ask(&self, lists: &[List], subjects: Vec<Subject>) -> Decision {
        let mut questions = Vec::with_capacity(lists.len() * subjects.len());
        for list in lists {
            for subject in &subjects {
                questions.push(list.ask(&self.resolver, &subject.shown, &subject.labels, self.timeout));
            }
        }
        let mut decision = Decision::default();
        let mut answers = stream::iter(questions).buffered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(listing) => decision.listings.extend(listing),
                Err(_) => decision.is_failed = true,
            }
        }
        decision
    }
}

impl<R: Resolve + Send + 'static> Hooks for Dnsbl<R> {
    async fn mail_from(&self, from: &Sender, session: &Session) -> Answer {
        let Some(address) = self.address(session) else { return Ok(Verdict::Accept) };
        let (client, domains) =
            join(self.decide_on_client(address, session), self.decide_on_domains(from, session)).await;
        if !self.domain_lists.is_empty() && client.action() != Some(Action::Skip) {
            session.add_finding(self.domain_name.clone(), domains.word());
            PerFilter::insert(session.transaction_state(), self.id, domains);
        }
        Ok(Verdict::Accept)
    }

    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        if is_postmaster(to) || self.address(session).is_none() {
            return Ok(Verdict::Accept);
        }
        let of = |state| PerFilter::<Decision>::get(state, self.id).unwrap_or_default();
        let refusal = of(session.state()).refusal(|address| format!("Client host [{address}]"));
        let refusal =
            refusal.or_else(|| of(session.transaction_state()).refusal(|name| format!("Domain {name}")));
        refusal.map_or(Ok(Verdict::Accept), Err)
    }
}

/// Returns whether lists may know an address: it is that of a host on the Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_special = address.is_private() || address.is_loopback() || address.is_link_local();
            !is_special && !is_shared && a != 0 && a < 224
        }
        IpAddr::V6(address) => {
            // Link-local, unique local, loopback and multicast addresses are all outside of 2000::/3.
            address.segments()[0] >> 13 == 1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_asked_about_addresses_of_the_internet_only() {
        for (address, expected) in [
            ("192.0.2.1", true),
            ("100.63.0.1", true),
            ("2001:db8::1", true),
            ("2a00::1", true),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("100.64.0.1", false),
            ("169.254.1.1", false),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().expect("an address")), expected, "{address}");
        }
    }
}
