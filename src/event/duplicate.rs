//! The duplicate memory.
use crate::journal::RunEvent;
/// Shared atomic slots.
#[derive(Debug)]
pub struct DuplicateMemory {}
impl DuplicateMemory {
    /// Looks the event up, remembers it, sets its duplicate flag.
    pub fn decide(&self, _event: &mut RunEvent<'_>) {
        unimplemented!()
    }
}
