//! Numbers and sizes, as pages show them.

/// Returns `1 message` or `2 messages`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Returns a number of bytes, exact below 1 KiB.
pub(crate) fn size(bytes: u64) -> String {
    let with_tenth = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => with_tenth(1024) + " KiB",
        _ => with_tenth(1_048_576) + " MiB",
    }
}
