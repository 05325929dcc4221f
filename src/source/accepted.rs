//! What became of a request that brought an event.

use crate::{
    event::json::BatchError,
    journal::{Refused, Ticket},
};

/// What a source made of a request. The reasons are stable codes, as in metrics.
#[derive(Debug)]
#[must_use = "the answer depends on it"]
pub enum Accepted {
    /// The event is in the journal; the ticket tells when it is safe.
    Taken(Ticket),
    /// There is no event; the client is answered as usual.
    Dropped(&'static str),
    /// The request brought several events, one of which is none: 400 and no event. Counted once.
    BadBatch(BatchError),
    /// The request is malformed: 400. Not counted by the source.
    Bad(&'static str),
    /// The journal does not take the event: 413 for [`Refused::TooLarge`], else 503 and `Retry-After`.
    Refused(Refused),
}
