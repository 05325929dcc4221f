use crate::event::Event;

/// Lets a test make one event panic.
pub(super) fn panic_if_asked(event: &Event<'_>) {
    assert!(event.event_type != Some("panic, please"), "asked for");
}
