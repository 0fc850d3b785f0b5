//! The metrics of the process. Only Linux tells all of them.

use std::fmt;
use std::fs;
use std::time::SystemTime;

use crate::metrics::page::Page;
use crate::metrics::server::since_1970;

/// Units of the processor's time in `/proc` (`USER_HZ`), which is the same on all architectures that Rust supports.
const TICKS: f64 = 100.0;

pub(super) fn metrics(page: &mut Page<'_>, began: SystemTime) -> fmt::Result {
    page.gauge(
        "process_start_time_seconds",
        "When the process began, in seconds since 1970",
        since_1970(began),
    )?;
    if let Some(seconds) = processor_time() {
        page.counter("process_cpu_seconds", "Processor time of the process", seconds)?;
    }
    if let Some(bytes) = resident_memory() {
        page.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM", bytes)?;
    }
    // The directory that is being read counts too.
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        page.gauge(
            "process_open_fds",
            "Files and sockets that are open",
            files.count().saturating_sub(1) as u64,
        )?;
    }
    Ok(())
}

fn processor_time() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before the last parenthesis may hold spaces.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let user: u32 = fields.get(11)?.parse().ok()?;
    let system: u32 = fields.get(12)?.parse().ok()?;
    Some((f64::from(user) + f64::from(system)) / TICKS)
}

/// Returns the bytes of memory that are in RAM.
pub(crate) fn resident_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
