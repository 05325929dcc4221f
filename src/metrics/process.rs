//! What the system knows of this process, under the names that every Prometheus client library uses. Read from `/proc`
//! at each scrape; where there is none, only the start time is told.

use std::{
    fmt, fs,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

use super::Description;

/// Name without unit and suffix, unit, kind and help of each metric, in the order of [`Look::values`].
const METRICS: [(&str, Option<Unit>, MetricType, &str); 7] = [
    ("process_cpu", Some(Unit::Seconds), MetricType::Counter, "Time that the process has kept processors busy"),
    ("process_resident_memory", Some(Unit::Bytes), MetricType::Gauge, "Memory that is in use"),
    ("process_virtual_memory", Some(Unit::Bytes), MetricType::Gauge, "Addresses that are in use"),
    ("process_open_fds", None, MetricType::Gauge, "File descriptors in use"),
    ("process_max_fds", None, MetricType::Gauge, "File descriptors that may be in use"),
    ("process_threads", None, MetricType::Gauge, "Threads of the process"),
    ("process_start_time", Some(Unit::Seconds), MetricType::Gauge, "When the process began, since the Unix epoch"),
];

/// This process.
#[derive(Debug)]
pub(super) struct Process {
    /// Seconds since the Unix epoch. Taken once: what the system would say moves when its clock is set.
    started: f64,
}

impl Process {
    /// This process, which begins now.
    pub(super) fn starting() -> Self {
        Self { started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() }
    }

    pub(super) fn descriptions() -> impl Iterator<Item = Description> {
        METRICS.iter().map(|(name, unit, kind, help)| Description::new(name, unit.as_ref(), help, *kind, &[]))
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let values = Look::now().values(self.started);
        for ((name, unit, kind, help), value) in METRICS.iter().zip(values) {
            let Some(value) = value else { continue };
            let metric = encoder.encode_descriptor(name, &format!("{help}."), unit.as_ref(), *kind)?;
            match kind {
                MetricType::Counter => ConstCounter::new(value).encode(metric)?,
                _ => ConstGauge::new(value).encode(metric)?,
            }
        }
        Ok(())
    }
}

/// What `/proc` says now; zero where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Look {
    cpu_seconds: Option<f64>,
    resident_bytes: Option<f64>,
    virtual_bytes: Option<f64>,
    open: Option<f64>,
    open_max: Option<f64>,
    threads: Option<f64>,
}

impl Look {
    fn now() -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let mut look = Self::read(&read("stat"), &read("status"), &read("limits"));
        // One of them is the directory that is being read.
        #[expect(clippy::cast_precision_loss, reason = "a number of descriptors")]
        let count = |entries: fs::ReadDir| entries.count().saturating_sub(1) as f64;
        look.open = fs::read_dir("/proc/self/fd").ok().map(count);
        look
    }

    /// From the texts of the three files, as `proc(5)` has them.
    fn read(stat: &str, status: &str, limits: &str) -> Self {
        // The name of the program comes before and may hold anything. Behind it, the state is field 3.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        #[expect(clippy::cast_precision_loss, reason = "a hundred, mostly")]
        let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
        let line = |text: &str, name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
            rest.split_ascii_whitespace().next()?.parse::<f64>().ok()
        };
        let kib = |name: &str| Some(line(status, name)? * 1024.0);
        Self {
            cpu_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| (user + system) / ticks_per_second),
            resident_bytes: kib("VmRSS:"),
            virtual_bytes: kib("VmSize:"),
            open: None,
            open_max: line(limits, "Max open files"),
            threads: line(status, "Threads:"),
        }
    }

    fn values(self, started: f64) -> [Option<f64>; METRICS.len()] {
        let Self { cpu_seconds, resident_bytes, virtual_bytes, open, open_max, threads } = self;
        [cpu_seconds, resident_bytes, virtual_bytes, open, open_max, threads, Some(started)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_system_are_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 5 0 900 12345678 77 18446744073709551615";
        let status = "Name:\ta ) b\nVmSize:\t   2048 kB\nVmRSS:\t    1024 kB\nThreads:\t5\n";
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 4096                 files     \n";
        #[expect(clippy::cast_precision_loss, reason = "a hundred, mostly")]
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let expected = Look {
            cpu_seconds: Some(400.0 / ticks),
            resident_bytes: Some(1_048_576.0),
            virtual_bytes: Some(2_097_152.0),
            open: None,
            open_max: Some(1024.0),
            threads: Some(5.0),
        };
        assert_eq!(Look::read(stat, status, limits), expected);
        assert_eq!(Look::read("", "", ""), Look::default());
        let unlimited = "Max open files            unlimited            unlimited            files\n";
        assert_eq!(Look::read("", "", unlimited).open_max, None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_threads_and_files() {
        for (value, (name, ..)) in Look::now().values(1.0).into_iter().zip(METRICS) {
            let value = value.unwrap_or_else(|| panic!("{name} is missing"));
            assert!(value > 0.0 || name == "process_cpu", "{name} {value}");
        }
    }
}
