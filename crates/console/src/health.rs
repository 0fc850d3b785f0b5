//! Health: `/live` says that the process runs, `/ready` that it can take mail.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::state::State;
use crate::vitals::Vitals;

/// How long the last check of the disk holds, so that requests cannot keep the disk busy.
const FRESH: Duration = Duration::from_secs(1);

/// The time in which the disk must answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/live", get(|| async { "ok\n" })).route("/ready", get(ready))
}

/// The answer of `/ready`.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// Why it is not ready.
    reasons: Vec<String>,
}

pub(crate) async fn ready(Shared(state): Shared<Arc<State>>) -> Response {
    let reasons = reasons(&state.vitals).await;
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let readiness = Readiness { ready: reasons.is_empty(), reasons };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(readiness)).into_response()
}

/// Returns why the server cannot take mail. HTTP is served while the server listens, so that needs no check.
async fn reasons(vitals: &Vitals) -> Vec<String> {
    let mut reasons = Vec::new();
    if vitals.is_stopping() {
        reasons.push("the server is stopping".to_owned());
    }
    let now = SystemTime::now();
    let expired = vitals.certificates().iter().filter(|end| **end <= now).count();
    if expired > 0 {
        reasons.push(format!("certificates have expired: {expired}"));
    }
    reasons.extend(written(vitals).await.err());
    reasons
}

/// Returns whether the Maildirs can be written to. One check runs at a time.
async fn written(vitals: &Vitals) -> Result<(), String> {
    let mut written = vitals.written().lock().await;
    if let Some((when, outcome)) = &written.last
        && when.elapsed() < FRESH
    {
        return outcome.clone();
    }
    let directories = vitals.directories();
    // On a disk that does not answer, a check keeps its thread. So none begins before it has ended.
    let mut running = written.running.take().unwrap_or_else(|| {
        tokio::task::spawn_blocking(move || directories.iter().try_for_each(|path| check(path)))
    });
    let outcome = match tokio::time::timeout(PATIENCE, &mut running).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("the store could not be checked".to_owned()),
        Err(_) => {
            written.running = Some(running);
            Err("the disk of the store does not answer".to_owned())
        }
    };
    written.last = Some((Instant::now(), outcome.clone()));
    outcome
}

/// Writes a file where the store begins its files, and removes it.
fn check(maildir: &Path) -> Result<(), String> {
    // Another process may check the same Maildir.
    let number = getrandom::u64().map_err(|error| format!("there are no random numbers: {error}"))?;
    let path = maildir.join("tmp").join(format!("ready-{number:016x}"));
    write(&path).map_err(|error| format!("the store cannot be written to: {error}"))
}

/// Removes a file when it is dropped.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn write(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let _removed = Removed(path.to_owned());
    file.write_all(b"x")
}
