//! When file-like sinks roll and sync.
