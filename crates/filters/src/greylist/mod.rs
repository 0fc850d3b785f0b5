//! Greylisting: unknown clients come again later.
