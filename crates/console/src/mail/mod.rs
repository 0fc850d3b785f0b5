//! A message, read for people: its header, its parts, its text and its HTML.
