//! Notifications for systemd, or another supervisor that sets `NOTIFY_SOCKET`.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::net::UnixDatagram;

use sd_notify::NotifyState;

/// Sends a state to the supervisor, if there is one.
pub(crate) fn tell(states: &[NotifyState<'_>]) {
    let Some(socket) = env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&socket, states) {
        tracing::warn!(name: "supervisor-failed", %error, "the service's supervisor cannot be told: see NOTIFY_SOCKET");
    }
}

/// Sends without connecting, unlike `sd_notify::notify`: the sandbox blocks connections.
fn send(socket: &OsStr, states: &[NotifyState<'_>]) -> io::Result<()> {
    let lines: String = states.iter().map(|state| format!("{state}\n")).collect();
    UnixDatagram::unbound()?.send_to(lines.as_bytes(), socket).map(drop)
}

/// Says that files are being reloaded, until [`tell`] says that the service is ready.
pub(crate) fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(name: "clock-failed", %error, "the clock cannot be read"),
    }
}
