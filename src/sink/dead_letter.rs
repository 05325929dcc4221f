//! Dead letters of one sink.
