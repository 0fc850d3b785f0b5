//! A listener, described by four bytes.

use mailchute_proto::{
    AuthPolicy, BareLineEnds, DateTime, EnvelopeSyntax, Limits, Mechanism, PlaintextAuth, PriorityProfile,
    Protocol, Settings, TlsPolicy,
};

use crate::session::tempers::Tempers;
use crate::session::{Record, Session, assert_bytes, dialogue};

/// The number of bytes that describe it.
pub(crate) const LENGTH: usize = 4;

/// Each bit of the first two bytes stands for one setting, and the other two bytes for limits that are easily reached.
pub(crate) fn listener(octets: [u8; LENGTH]) -> Session {
    let [first, second, limits @ ..] = octets;
    let is_set = |octet: u8, bit: u8| octet & (1 << bit) != 0;
    let mut settings = Settings::new("mx.example.com");
    settings.tls = match first & 0b11 {
        0 => TlsPolicy::Off,
        2 => TlsPolicy::Required,
        _ => TlsPolicy::Offered,
    };
    settings.mechanisms = if is_set(first, 2) { Mechanism::ALL.to_vec() } else { Vec::new() };
    settings.plaintext_auth =
        if is_set(first, 3) { PlaintextAuth::Anywhere } else { PlaintextAuth::InsideTls };
    settings.auth = if is_set(first, 4) { AuthPolicy::Required } else { AuthPolicy::Optional };
    settings.bare_line_ends = match first >> 5 & 0b11 {
        1 => BareLineEnds::Tolerate,
        2 => BareLineEnds::Normalize,
        _ => BareLineEnds::Refuse,
    };
    if is_set(second, 4) {
        settings.envelope = EnvelopeSyntax::Lenient;
    }
    if is_set(second, 2) {
        settings.limits = low(limits);
    }
    let has_more = is_set(second, 3);
    if has_more {
        settings.deliver_by = Some(60);
        settings.mt_priority = Some(PriorityProfile::Mixer);
        settings.future_release = Some(3_600);
        settings.mail_parameters.push("COLOUR".to_owned());
        settings.rcpt_parameters.push("COLOUR".to_owned());
    }
    let protocol = if is_set(first, 7) { Protocol::Lmtp } else { Protocol::Smtp };
    let mut session = Session::of_every_temper(
        settings,
        Tempers {
            protocol,
            implicit_tls: first & 0b11 == 3,
            trusted: is_set(second, 0),
            answers_each: is_set(second, 1),
            turned_away: is_set(second, 5),
        },
    );
    session.now = DateTime::parse("2026-03-01T09:30:00Z").filter(|_| has_more);
    session
}

fn low([first, second]: [u8; 2]) -> Limits {
    let mut limits = Limits::default();
    limits.command_line = 8 + usize::from(first);
    limits.auth_line = 8 + usize::from(second);
    limits.message_size = u64::from(second);
    limits.recipients = 1 + usize::from(first & 0b11);
    limits.transactions = u32::from(first >> 2 & 0b11);
    limits.errors = u32::from(first >> 4);
    limits.errors_before_delay = u32::from(second & 0b111);
    limits.junk_commands = u32::from(first >> 2);
    limits.auth_failures = u32::from(second >> 3 & 0b11);
    limits.received_headers = u32::from(second >> 5 & 0b11);
    limits.header_size = u64::from(first) / 2;
    limits.header_fields = u32::from(second >> 4);
    limits
}

/// The bytes that describe a listener much like this one.
pub(crate) fn told(session: &Session) -> [u8; LENGTH] {
    let settings = &session.settings;
    let tls = match settings.tls {
        TlsPolicy::Off => 0,
        TlsPolicy::Offered if session.is_inside_tls => 3,
        TlsPolicy::Offered => 1,
        TlsPolicy::Required => 2,
    };
    let bare = match settings.bare_line_ends {
        BareLineEnds::Refuse => 0,
        BareLineEnds::Tolerate => 1,
        BareLineEnds::Normalize => 2,
    };
    let first = tls
        | u8::from(!settings.mechanisms.is_empty()) << 2
        | u8::from(settings.plaintext_auth == PlaintextAuth::Anywhere) << 3
        | u8::from(settings.auth == AuthPolicy::Required) << 4
        | bare << 5
        | u8::from(session.protocol == Protocol::Lmtp) << 7;
    let has_limits = settings.limits != Limits::default();
    let has_more = settings.deliver_by.is_some() || session.now.is_some();
    let second = u8::from(session.is_trusted)
        | u8::from(session.answers.iter().any(|answer| answer.stage == "each")) << 1
        | u8::from(has_limits) << 2
        | u8::from(has_more) << 3
        | u8::from(settings.envelope == EnvelopeSyntax::Lenient) << 4;
    [first, second, 0x3f, 0x7f]
}

/// Runs the session whole, cut at these places, and byte by byte. The replies and messages are equal, and match the
/// client's own reading.
pub(crate) fn check(session: &Session, segments: &[Vec<u8>], cuts: &[usize]) -> Record {
    let whole = session.cut(segments, &[]);
    dialogue::check_with(session.settings.bare_line_ends, segments, &whole);
    for record in [session.cut(segments, cuts), session.byte_by_byte(segments)] {
        assert_bytes(&record.output, &whole.output, "output");
        assert_eq!(record, whole);
    }
    let limits = &session.settings.limits;
    for message in &whole.messages {
        let is_small = message.content.len() as u64 <= limits.message_size || limits.message_size == 0;
        assert!(
            is_small && message.recipients.len() <= limits.recipients,
            "{limits:?} let through {message:?}"
        );
    }
    whole
}

/// Two places in this many bytes, selected by two bytes.
pub(crate) fn cuts(octets: [u8; 2], length: usize) -> [usize; 2] {
    let mut cuts = octets.map(|octet| usize::from(octet) * (length + 1) / 256);
    cuts.sort_unstable();
    cuts
}
