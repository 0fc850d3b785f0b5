//! Releases of the console: kept messages go on to real recipients.

use std::fmt;

use jiff::Timestamp;
use mailchute::listen::Queued;
use mailchute::proxy::XForward;
use mailchute::{Envelope, Server};
use mailchute_console::{Outlet, Release, Sending};
use mailchute_stores::{AnyStore, StoreUrl, hand_over};

use crate::commands::store;
use crate::commands::taken_mail::of_taken_mail;
use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::privileges::Account;

/// The next hop of releases.
#[derive(Clone)]
pub(crate) struct NextHop {
    /// A server without listeners, which hands each message on.
    server: Server,
    store: AnyStore,
}

impl NextHop {
    /// Opens the next hop that the options name, with the rights of the user that runs the program.
    pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<Option<Self>, Failure> {
        let Some((name, url)) = options.release() else { return Ok(None) };
        let store = store::open_one(options, &name, url, account)?;
        let server = of_taken_mail(options).with(store.clone()).build();
        Ok(Some(Self { server: server.map_err(Failure::usage)?, store }))
    }

    /// Returns what the console releases, as the options allow it.
    pub(crate) fn release(&self, options: &Options) -> Release {
        let url = options.release().and_then(|(_, url)| StoreUrl::parse(url).ok());
        let names = url.iter().flat_map(StoreUrl::next_hops).map(|next_hop| next_hop.to_string());
        let release = Release::through(names.collect::<Vec<_>>().join(", "), self.clone());
        options.web.console_release_to.iter().cloned().fold(release, Release::allow)
    }

    /// Says goodbye to the next hop.
    pub(crate) async fn disconnect(&self) {
        self.store.disconnect().await;
    }
}

impl fmt::Debug for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NextHop").field(&format_args!("{}", self.store)).finish()
    }
}

impl Outlet for NextHop {
    fn send<'a>(&'a self, envelope: &'a Envelope, content: &'a [u8]) -> Sending<'a> {
        let now = Timestamp::now();
        // The store does not look at the name.
        let message = Queued::new(format!("release-{}", now.as_nanosecond()), now.into());
        Box::pin(
            async move { hand_over(&self.server, message, &XForward::default(), envelope, content).await },
        )
    }
}
