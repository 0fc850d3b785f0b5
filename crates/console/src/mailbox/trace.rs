//! The trace fields that the server wrote on top of a message: the envelope, the client, and the results of checks.

use super::results::{login, results};
use super::summary::Client;

/// The fields above and in our `Received:`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) envelope_from: Option<String>,
    pub(super) recipients: Vec<String>,
    pub(super) queue_id: Option<String>,
    pub(super) client: Option<Client>,
    pub(super) findings: Vec<String>,
    /// The name of the user who sent it.
    pub(super) login: Option<String>,
}

/// The most recipients and findings that are read.
const MOST: usize = 1_000;

impl Trace {
    /// Reads the fields from the top down to `Received:`. Whatever stands below was sent by the client.
    pub(super) fn read(head: &[u8]) -> Self {
        let mut trace = Self::default();
        for (name, value) in fields(head) {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if is("Return-Path") && trace.envelope_from.is_none() {
                trace.envelope_from =
                    Some(value.trim().trim_start_matches('<').trim_end_matches('>').to_owned());
            } else if is("Delivered-To") || is("X-Envelope-To") {
                let addresses = value.split(',').map(|one| one.trim().trim_matches(['<', '>']));
                let room = MOST.saturating_sub(trace.recipients.len());
                let known: Vec<_> =
                    addresses.filter(|one| !one.is_empty()).take(room).map(str::to_owned).collect();
                trace.recipients.extend(known);
            } else if is("Authentication-Results") {
                trace.read_results(&value);
            } else if is("Received") {
                trace.read_received(&value);
                break;
            }
        }
        trace
    }

    fn read_results(&mut self, value: &str) {
        for words in results(value) {
            if let Some(name) = login(&words) {
                self.login.get_or_insert_with(|| name.to_owned());
                continue;
            }
            let finding = words.first().filter(|word| word.contains('=') && self.findings.len() < MOST);
            self.findings.extend(finding.map(|word| word.to_ascii_lowercase()));
        }
    }

    /// Reads `from HELO (CLIENT) by HOST (Mailchute) with PROTOCOL id ID (version=… cipher=…) for <ADDRESS>; DATE`.
    fn read_received(&mut self, value: &str) {
        let Some((from, by)) = value.split_once(" (Mailchute) with ") else { return };
        let mut words = by.split([' ', ';']);
        let (Some(protocol), Some("id"), Some(id)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        self.queue_id = Some(id.to_owned());
        let from = from.trim_start().strip_prefix("from ").and_then(|from| from.rsplit_once(" by "));
        if let Some((helo, client)) = from.and_then(|(from, _)| from.split_once(" (")) {
            let address = client.trim_end_matches(')').replace(['[', ']'], "").replace("IPv6:", "");
            self.client = Some(Client { helo: helo.to_owned(), address, protocol: protocol.to_owned() });
        }
        if self.recipients.is_empty() {
            let address = by.split_once(" for <").and_then(|(_, rest)| rest.split_once('>'));
            self.recipients.extend(address.map(|(address, _)| address.to_owned()));
        }
    }
}

/// Returns the fields of a header, unfolded, with spaces for control characters.
fn fields(head: &[u8]) -> impl Iterator<Item = (String, String)> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let mut end = 0;
        loop {
            let line = memchr::memchr(b'\n', &rest[end..]).map(|at| end + at + 1)?;
            end = line;
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (field, after) = rest.split_at(end);
        rest = after;
        let text = String::from_utf8_lossy(field).replace(['\r', '\n', '\t'], " ");
        let (name, value) = text.split_once(':')?;
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Some((
            name.trim_end().to_owned(),
            value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Return-Path: <alice@example.org>\n\
        Authentication-Results: mx.example.com;\n\tspf=pass smtp.mailfrom=example.org;\n\tdkim=none; auth=pass smtp.auth=\"alice; x\"\n\
        Delivered-To: bob@example.com\nDelivered-To: eve@example.com\n\
        Received: from client.example (mail.example.org [192.0.2.1])\n\
        \tby mx.example.com (Mailchute) with ESMTPSA id 1K1BAS6430W-1\n\
        \t(version=TLSv1.3 cipher=TLS13_AES_128_GCM_SHA256); Sat, 31 Jan 2026 12:00:00 +0000\n\
        Delivered-To: forged@example.com\nSubject: x\n\ntext\n";

    #[test]
    fn reads_the_envelope_and_the_client() {
        let trace = Trace::read(MESSAGE.as_bytes());
        assert_eq!(Trace::read(MESSAGE.replace('\n', "\r\n").as_bytes()), trace);
        assert_eq!(trace.envelope_from.as_deref(), Some("alice@example.org"));
        assert_eq!(trace.recipients, ["bob@example.com", "eve@example.com"]);
        assert_eq!(trace.queue_id.as_deref(), Some("1K1BAS6430W-1"));
        assert_eq!(trace.findings, ["spf=pass", "dkim=none"]);
        assert_eq!(trace.login.as_deref(), Some("alice; x"));
        let client = trace.client.unwrap();
        assert_eq!(
            (client.helo.as_str(), client.address.as_str(), client.protocol.as_str()),
            ("client.example", "mail.example.org 192.0.2.1", "ESMTPSA")
        );
    }

    #[test]
    fn one_recipient_can_stand_in_received_only() {
        let trace = Trace::read(
            b"Received: from x ([IPv6:2001:db8::1])\n\tby mx (Mailchute) with SMTP id A-1\n\tfor <bob@example.com>; x\n\n",
        );
        assert_eq!(trace.recipients, ["bob@example.com"]);
        assert_eq!(trace.client.unwrap().address, "2001:db8::1");
        assert_eq!(trace.envelope_from, None);
    }

    #[test]
    fn mail_of_other_programs_says_nothing_and_never_panics() {
        for text in [
            "",
            "\n",
            "x",
            ":",
            "Received: (Mailchute) with id",
            "Received: from a by b (Postfix) with ESMTP id X; date\nReturn-Path: <x>\n\n",
            "Received:  (Mailchute) with SMTP id A-1",
            "no field\nReturn-Path: <x>\n\n",
            "\u{fffd}:\u{fffd}\n \n\t",
        ] {
            assert_eq!(Trace::read(text.as_bytes()), Trace::default(), "{text}");
        }
        let many = "Delivered-To: a@b\n".repeat(40_000);
        assert_eq!(Trace::read(many.as_bytes()).recipients.len(), MOST);
    }
}
