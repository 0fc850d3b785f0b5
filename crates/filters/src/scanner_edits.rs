//! The edits that scanners ask for.
