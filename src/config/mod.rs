//! What the operator asked for, in three stages: options (what the file says), configuration (merged), settings.

pub mod settings;

pub use settings::Settings;
