//! How a delivery is doing, as the admin pages show it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::checkpoint::{Offset, SinkName, Totals};

/// A delivery reports several times a second. One that has not for so long hangs in a call to its disk.
const HANGS_AFTER: Duration = Duration::from_secs(10);

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
    /// When the delivery last said how it is.
    said_at: Instant,
}

impl DeliveryStatus {
    /// A healthy delivery that has not begun.
    #[must_use]
    pub fn new(sink: SinkName) -> Self {
        let report = Report { sink, health: Health::Healthy, upto: Offset(0), totals: Totals::default() };
        Self(Mutex::new(Inner { report, flaw: None, said_at: Instant::now() }))
    }

    /// How it is now.
    #[must_use]
    pub fn report(&self) -> Report {
        self.lock().report.clone()
    }

    /// Changes the report.
    pub fn update(&self, change: impl FnOnce(&mut Report)) {
        let mut inner = self.lock();
        change(&mut inner.report);
        inner.said_at = Instant::now();
    }

    /// For how long the delivery has hung at `now`, if it does. One that has failed waits before it goes on.
    #[must_use]
    pub fn hangs_for(&self, now: Instant) -> Option<Duration> {
        let inner = self.lock();
        let works = matches!(inner.report.health, Health::Healthy | Health::Degraded(_));
        Some(now.saturating_duration_since(inner.said_at)).filter(|silence| works && *silence > HANGS_AFTER)
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

    #[test]
    fn a_delivery_that_says_nothing_hangs_unless_it_has_failed() {
        let status = DeliveryStatus::new(SinkName::new("s"));
        let later = Instant::now() + 2 * HANGS_AFTER;
        assert_eq!(status.hangs_for(Instant::now()), None);
        assert!(status.hangs_for(later).is_some_and(|silence| silence > HANGS_AFTER));
        status.update(|report| report.health = Health::Retrying("full".into()));
        assert_eq!(status.hangs_for(later), None);
    }
}
