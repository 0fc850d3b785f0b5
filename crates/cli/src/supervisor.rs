//! What systemd, or whoever else has set `NOTIFY_SOCKET`, is told of the state of the service.

use sd_notify::NotifyState;

/// Tells it, if somebody wants to know.
pub(crate) fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(name: "supervisor-failed", %error, "the service's supervisor cannot be told: see NOTIFY_SOCKET");
    }
}

/// Tells that files are read again, until [`tell`] says that the service is ready.
pub(crate) fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(name: "clock-failed", %error, "the clock cannot be read"),
    }
}
