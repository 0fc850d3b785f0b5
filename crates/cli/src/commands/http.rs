//! HTTP: metrics and health, and the console if there is one.

use std::time::Duration;

use mailchute::Server;
#[cfg(feature = "console")]
use mailchute_console::Console;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::commands::chaos::Chaos;
use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::sockets::HttpSocket;
#[cfg(feature = "console")]
use crate::users::Users;

/// How long requests may take to their end when the program stops. Streams of events have no end.
const GRACE: Duration = Duration::from_secs(1);

/// The sockets on which HTTP is served.
#[derive(Debug)]
pub(crate) struct Http {
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
}

impl Http {
    /// Serves HTTP on sockets.
    #[cfg(feature = "console")]
    pub(crate) fn begin(
        options: &Options,
        server: &Server,
        chaos: &Chaos,
        sockets: Vec<HttpSocket>,
    ) -> Result<Self, Failure> {
        let mut http = Self { stop: watch::Sender::new(false), serving: JoinSet::new() };
        let mut console = Console::builder(server).pages(options.web.console).chaos(chaos.clone());
        for name in &options.web.console_name {
            console = console.name(name.to_string());
        }
        if let Some(file) = &options.web.console_auth {
            console = console.logins(Users::read(file)?);
        }
        let console = console.build();
        for socket in sockets {
            let socket = tokio::net::TcpListener::from_std(socket.socket).map_err(Failure::running)?;
            let (console, mut stop) = (console.clone(), http.stop.subscribe());
            http.serving.spawn(async move {
                let stop = async move {
                    // Without a sender the program stops too.
                    let _ = stop.wait_for(|is_stopping| *is_stopping).await;
                };
                if let Err(error) = console.serve(socket, stop).await {
                    tracing::error!(name: "http-failed", %error, "HTTP is not served any more");
                }
            });
        }
        Ok(http)
    }

    /// Without the console no option asks for HTTP.
    #[cfg(not(feature = "console"))]
    pub(crate) fn begin(
        _options: &Options,
        _server: &Server,
        _chaos: &Chaos,
        _sockets: Vec<HttpSocket>,
    ) -> Result<Self, Failure> {
        Ok(Self { stop: watch::Sender::new(false), serving: JoinSet::new() })
    }

    /// Accepts no more connections, as another process does.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Stops, and waits for requests that have begun.
    pub(crate) async fn end(mut self) {
        self.stop();
        let _ =
            tokio::time::timeout(GRACE, async { while self.serving.join_next().await.is_some() {} }).await;
    }
}
