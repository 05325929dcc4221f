//! How a delivery is doing, as the admin pages show it.

use std::sync::{Mutex, MutexGuard, PoisonError};

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
pub struct DeliveryStatus(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    report: Report,
    /// The last thing that went wrong for good since the start; stays when the sink recovers.
    flaw: Option<String>,
}

impl DeliveryStatus {
    /// A healthy delivery that has not begun.
    #[must_use]
    pub fn new(sink: SinkName) -> Self {
        let report = Report { sink, health: Health::Healthy, upto: Offset(0), totals: Totals::default() };
        Self(Mutex::new(Inner { report, flaw: None }))
    }

    /// How it is now.
    #[must_use]
    pub fn report(&self) -> Report {
        self.lock().report.clone()
    }

    /// Changes the report.
    pub fn update(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.lock().report);
    }

    /// Something was lost or is odd: health is degraded from now on, whenever it is not worse.
    pub fn degrade(&self, flaw: String) {
        let mut inner = self.lock();
        if matches!(inner.report.health, Health::Healthy | Health::Degraded(_)) {
            inner.report.health = Health::Degraded(flaw.clone());
        }
        inner.flaw = Some(flaw);
    }

    /// Records flow again: as healthy as it was before the sink failed.
    pub fn recover(&self) {
        let mut inner = self.lock();
        inner.report.health = inner.flaw.clone().map_or(Health::Healthy, Health::Degraded);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_outlives_a_failure() {
        let status = DeliveryStatus::new(SinkName::new("s"));
        status.recover();
        assert_eq!(status.report().health, Health::Healthy);
        status.update(|report| report.health = Health::Retrying("full".into()));
        status.degrade("a file is gone".into());
        assert_eq!(status.report().health, Health::Retrying("full".into()));
        status.recover();
        assert_eq!(status.report().health, Health::Degraded("a file is gone".into()));
        status.degrade("another one too".into());
        assert_eq!(status.report().health, Health::Degraded("another one too".into()));
    }
}
