//! The browser source.
