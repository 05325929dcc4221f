//! How metrics are registered: each with its name, unit, labels and help said once.

use std::fmt;

use prometheus_client::{
    metrics::{MetricType, TypedMetric, family::Family, info::Info},
    registry::{Metric, Registry, Unit},
};

use super::process::Process;

/// What all names of our own begin with.
const PREFIX: &str = "headwater";

/// What is said about a metric in `docs/metrics.md` and to whoever scrapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name of its samples; of a histogram without `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Names of its labels.
    pub labels: Vec<&'static str>,
    /// One sentence without a final dot.
    pub help: &'static str,
}

/// Makes `Metrics` and `Metrics::new` of a list: help, name (without prefix, unit and suffix), kind, and, where it has
/// them, unit and labels.
macro_rules! declare {
    ($(
        #[doc = $help:literal]
        $visible:vis $name:ident: $kind:ident $(in $unit:ident)? $(by [$($label:literal),+])?;
    )+) => {
        /// All metrics; cheap to clone.
        #[derive(Clone, Debug)]
        pub struct Metrics {
            registry: Arc<Registry>,
            descriptions: Arc<[Description]>,
            $(
                #[doc = $help]
                $visible $name: catalogue::metric!(type $kind $([$($label),+])?),
            )+
        }

        impl Metrics {
            /// All metrics at zero.
            #[must_use]
            pub fn new() -> Self {
                let mut list = Catalogue::new(Process::starting());
                $(
                    let unit = catalogue::metric!(unit $($unit)?);
                    let $name = catalogue::metric!(
                        add list, stringify!($name), unit, $help.trim_ascii(), $kind $([$($label),+])?
                    );
                )+
                let (registry, descriptions) = list.finish();
                Self { registry: registry.into(), descriptions: descriptions.into(), $($name),+ }
            }
        }
    };
}

/// The parts of [`declare`] that depend on what is there.
macro_rules! metric {
    (type $kind:ident) => { $kind };
    (type $kind:ident [$($label:literal),+]) => { Labelled<$kind, { [$($label),+].len() }> };
    (unit) => { None };
    (unit $unit:ident) => { Some(Unit::$unit) };
    (add $list:ident, $name:expr, $unit:expr, $help:expr, $kind:ident) => {
        $list.add($name, $unit, $help, $kind::default())
    };
    (add $list:ident, $name:expr, $unit:expr, $help:expr, $kind:ident [$($label:literal),+]) => {
        $list.add_labelled($name, $unit, $help, [$($label),+], $kind::default)
    };
}

pub(super) use {declare, metric};

/// Registers metrics and remembers what they are.
#[derive(Debug)]
pub(super) struct Catalogue {
    registry: Registry,
    descriptions: Vec<Description>,
}

impl Catalogue {
    /// With what is known of the build and of the process.
    pub(super) fn new(process: Process) -> Self {
        let mut list = Self { registry: Registry::default(), descriptions: Vec::new() };
        let features = if cfg!(feature = "mimalloc") { "mimalloc" } else { "" };
        let facts = vec![
            ("version", env!("CARGO_PKG_VERSION")),
            ("features", features),
            ("system", std::env::consts::OS),
            ("architecture", std::env::consts::ARCH),
        ];
        list.add_info("build", "The program that runs", facts);
        list.descriptions.extend(Process::descriptions());
        list.registry.register_collector(Box::new(process));
        list
    }

    /// A metric without labels.
    pub(super) fn add<M>(&mut self, name: &str, unit: Option<Unit>, help: &'static str, metric: M) -> M
    where
        M: Metric + TypedMetric + Clone,
    {
        self.describe(name, unit.as_ref(), help, M::TYPE, &[]);
        self.register(name, unit, help, metric.clone());
        metric
    }

    /// A metric with labels; each combination of their values has one of its own, made by `make`.
    pub(super) fn add_labelled<M, const N: usize>(
        &mut self,
        name: &str,
        unit: Option<Unit>,
        help: &'static str,
        labels: [&'static str; N],
        make: fn() -> M,
    ) -> Labelled<M, N>
    where
        M: Metric + TypedMetric + Clone,
    {
        self.describe(name, unit.as_ref(), help, M::TYPE, &labels);
        let family = Family::new_with_constructor(make);
        self.register(name, unit, help, family.clone());
        Labelled { names: labels, family }
    }

    /// Facts that do not change while the program runs, as labels of a metric that is always 1.
    fn add_info(&mut self, name: &str, help: &'static str, facts: Vec<(&'static str, &'static str)>) {
        let labels: Vec<_> = facts.iter().map(|(name, _)| *name).collect();
        self.describe(name, None, help, MetricType::Info, &labels);
        self.register(name, None, help, Info::new(facts));
    }

    fn register(&mut self, name: &str, unit: Option<Unit>, help: &str, metric: impl Metric) {
        let name = format!("{PREFIX}_{name}");
        match unit {
            Some(unit) => self.registry.register_with_unit(name, help, unit, metric),
            None => self.registry.register(name, help, metric),
        }
    }

    fn describe(
        &mut self,
        name: &str,
        unit: Option<&Unit>,
        help: &'static str,
        kind: MetricType,
        labels: &[&'static str],
    ) {
        let name = format!("{PREFIX}_{name}");
        self.descriptions.push(Description::new(&name, unit, help, kind, labels));
    }

    pub(super) fn finish(self) -> (Registry, Vec<Description>) {
        (self.registry, self.descriptions)
    }
}

impl Description {
    /// Of a metric that is registered under `name` with `unit`.
    pub(super) fn new(
        name: &str,
        unit: Option<&Unit>,
        help: &'static str,
        kind: MetricType,
        labels: &[&'static str],
    ) -> Self {
        let unit = unit.map_or(String::new(), |unit| format!("_{}", unit.as_str()));
        let (kind, suffix) = match kind {
            MetricType::Counter => ("counter", "_total"),
            MetricType::Info => ("gauge", "_info"),
            MetricType::Histogram => ("histogram", ""),
            _ => ("gauge", ""),
        };
        Self { name: format!("{name}{unit}{suffix}"), kind, labels: labels.to_vec(), help }
    }
}

/// Labels with their values.
type Values<const N: usize> = [(&'static str, String); N];

/// Metrics that differ in the values of their labels.
pub(super) struct Labelled<M, const N: usize> {
    names: [&'static str; N],
    family: Family<Values<N>, M, fn() -> M>,
}

impl<M: Clone, const N: usize> Labelled<M, N> {
    /// The one with these values, made when it is first asked for. Takes a lock, so it is to be kept.
    pub(super) fn at(&self, values: [&str; N]) -> M {
        let mut labels = self.names.map(|name| (name, String::new()));
        for ((_, label), value) in labels.iter_mut().zip(values) {
            value.clone_into(label);
        }
        self.family.get_or_create_owned(&labels)
    }
}

impl<M, const N: usize> Clone for Labelled<M, N> {
    fn clone(&self) -> Self {
        Self { names: self.names, family: self.family.clone() }
    }
}

impl<M, const N: usize> fmt::Debug for Labelled<M, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Labelled").field(&self.names).finish()
    }
}
