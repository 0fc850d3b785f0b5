//! The counters of a server, by kind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::{Code, Mechanism};

use crate::connection::slots::Full;
pub use crate::driver::kinds::Answers;
use crate::driver::kinds::VERSIONS;
use crate::hooks::measured::Measured;
use crate::runtime::counters::Count;
use crate::server::Server;
#[cfg(doc)]
use crate::server::stats::Stats;
use crate::session::Finding;
use crate::tls::TlsVersion;

/// The counters of a server by kind. Returned by [`Server::breakdown`].
///
/// They are as exact as [`Stats`], and the kinds are fixed: no client can make more of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Breakdown {
    /// By the name of the listener. A connection that the application took has none, so it is not here.
    pub listeners: Vec<ListenerStats>,
    /// Replies that have been sent at least once. The replies to connections that were turned away are not here.
    pub replies: Vec<ReplyStats>,
    /// Logins, by the mechanism.
    pub logins: Vec<LoginStats>,
    /// TLS handshakes that succeeded, by the version.
    pub tls_handshakes: Vec<(TlsVersion, u64)>,
    /// Connections that were refused because the server had no slot left.
    pub refused_server_full: u64,
    /// Connections that were refused because their client had too many.
    pub refused_client_full: u64,
    /// The time that clients waited between the end of a message and its verdict: for filters and the store.
    pub message_wait: Duration,
    /// Messages whose filter or store failed, panicked or was too slow. They are among the refused ones.
    pub messages_failed: u64,
    /// The time for which the store held clients up, after the end of a message.
    pub store_time: Duration,
    /// How often the store has refused a message, by an error or a panic. It does not count a message that was refused for some
    /// of its recipients, nor an answer that was [too late](crate::Builder::store_timeout).
    pub store_refused: u64,
    /// The hooks and filters that are [measured](crate::Builder::measured), by their names.
    pub measured: Vec<MeasuredStats>,
    /// The [findings](crate::session::Finding) that were made at least once. 256 or fewer have a counter each.
    pub findings: Vec<FindingStats>,
}

/// The counters of one listener, or of several with the same name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListenerStats {
    /// The name, as [`Listener::name`](crate::Listener::name) sets it.
    pub name: Arc<str>,
    /// Sessions that have begun.
    pub sessions: u64,
    /// See [`Stats::messages_accepted`].
    pub messages_accepted: u64,
    /// See [`Stats::messages_refused`].
    pub messages_refused: u64,
    /// See [`Stats::messages_cut_off`].
    pub messages_cut_off: u64,
}

/// The number of replies with a code, to one kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyStats {
    /// The kind of input that they answer.
    pub answers: Answers,
    /// The code; `None` for codes that no RFC gives to SMTP.
    pub code: Option<Code>,
    /// How many there were.
    pub count: u64,
}

/// The logins with one mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginStats {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// See [`Stats::logins_accepted`].
    pub accepted: u64,
    /// See [`Stats::logins_refused`].
    pub refused: u64,
}

/// The counters of the hooks and filters within one [`Builder::measured`](crate::Builder::measured).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeasuredStats {
    /// The name.
    pub name: Arc<str>,
    /// The time for which they held clients up: at commands, and after the end of a message. While a client sends its
    /// message, a filter holds nobody up.
    pub time: Duration,
    /// How often they have refused a client, a command or a message. It also counts panics and failures, but not an answer
    /// that was [too late](crate::Builder::hook_timeout).
    pub refused: u64,
}

/// How often one finding was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FindingStats {
    /// The finding, such as `spf=pass`; `None` for those that share one counter.
    pub finding: Option<Finding>,
    /// How often it was made.
    pub count: u64,
}

impl Server {
    /// Returns the counters by kind. They are for metrics: this call adds up some thousands of numbers.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder().store(testing::Inbox::new()).build()?;
    /// let mut client = testing::connect(&server).open();
    /// client.greeting().await.expect(220);
    /// let [greeting] = &server.breakdown().replies[..] else { panic!("one reply") };
    /// assert_eq!((greeting.code.map(|code| code.get()), greeting.count), (Some(220), 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn breakdown(&self) -> Breakdown {
        let shared = self.shared();
        let kinds = &shared.kinds;
        let mut listeners: BTreeMap<Arc<str>, ListenerStats> = BTreeMap::new();
        for entrance in shared.listener_names.entrances() {
            let name = Arc::clone(&entrance.name);
            let of = listeners
                .entry(Arc::clone(&name))
                .or_insert(ListenerStats { name, ..ListenerStats::default() });
            of.sessions += entrance.counts.sum(Count::Sessions);
            of.messages_accepted += entrance.counts.sum(Count::MessagesAccepted);
            of.messages_refused += entrance.counts.sum(Count::MessagesRefused);
            of.messages_cut_off += entrance.counts.sum(Count::MessagesCutOff);
        }
        let answered = Answers::all();
        let replies = answered.flat_map(|answers| {
            kinds.replies(answers).map(move |(code, count)| ReplyStats { answers, code, count })
        });
        let logins = Mechanism::ALL.iter().map(|&mechanism| LoginStats {
            mechanism,
            accepted: kinds.logins(mechanism, true),
            refused: kinds.logins(mechanism, false),
        });
        let findings = shared.findings.counted().into_iter();
        Breakdown {
            listeners: listeners.into_values().collect(),
            replies: replies.filter(|replies| replies.count > 0).collect(),
            logins: logins.collect(),
            tls_handshakes: VERSIONS.map(|version| (version, kinds.handshakes(version))).to_vec(),
            refused_server_full: kinds.turned_away(Full::Full),
            refused_client_full: kinds.turned_away(Full::FullForClient),
            message_wait: kinds.waited(),
            messages_failed: kinds.failed(),
            store_time: shared.measured.store().time(),
            store_refused: shared.measured.store().refused(),
            measured: shared.measured.all().iter().map(|of| stats_of(of)).collect(),
            findings: findings.map(|(finding, count)| FindingStats { finding, count }).collect(),
        }
    }
}

fn stats_of(measured: &Measured) -> MeasuredStats {
    MeasuredStats { name: Arc::clone(&measured.name), time: measured.time(), refused: measured.refused() }
}
