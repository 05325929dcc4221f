//! How a delivery is doing, as the admin pages show it.

use std::sync::{Mutex, PoisonError};

use crate::checkpoint::{Offset, SinkName, Totals};

/// Health of a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Records flow.
    Healthy,
    /// Records flow, but something was lost or is odd; only the operator can mend it.
    Degraded(String),
    /// The sink failed and is tried again with back-off.
    Retrying(String),
    /// The delivery has stopped: misconfigured.
    Stopped(String),
}

/// How a delivery is doing.
#[derive(Clone, Debug)]
pub struct Report {
    /// The sink.
    pub sink: SinkName,
    /// Its health.
    pub health: Health,
    /// Everything below is durable outside or accounted for.
    pub upto: Offset,
    /// Totals of the last committed checkpoint.
    pub totals: Totals,
}

/// A report that the delivery updates and the admin pages read.
#[derive(Debug)]
pub struct DeliveryStatus(Mutex<Report>);

impl DeliveryStatus {
    /// A healthy delivery that has not begun.
    #[must_use]
    pub fn new(sink: SinkName) -> Self {
        let report = Report { sink, health: Health::Healthy, upto: Offset(0), totals: Totals::default() };
        Self(Mutex::new(report))
    }

    /// How it is now.
    #[must_use]
    pub fn report(&self) -> Report {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the report.
    pub fn update(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
