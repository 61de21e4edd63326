//! Every metric of the process: names, labels and their bounds, declared once.
//!
//! In: outcomes, counted by each worker in plain integers and added to the shared counters
//! once a batch. Out: the text that Prometheus reads. It never sees a value of a record other
//! than through numbers of the catalog, so no label can hold one.

mod alerts;
mod table;
mod tally;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use crate::catalog::program::Program;
use crate::verdict::Verdict;

pub use table::{Kind, Metric, catalogue};
pub use tally::Tally;

/// How many places `flows_total` tells apart; further ones are `other`.
pub const FLOW_PLACES: usize = 100;

/// Delays of events: from a second to a week, since diagnostic exports can be hours late.
const DELAY_BUCKETS: [f64; 12] = [
    1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 10_800.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0,
];

/// Judging one event: from half a microsecond to ten milliseconds.
const DURATION_BUCKETS: [f64; 13] =
    [5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 1e-2];

/// The metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    names: Names,
    records: IntCounterVec,
    record_bytes: IntCounterVec,
    events: IntCounterVec,
    verdicts: IntCounterVec,
    findings: IntCounterVec,
    violations: IntCounterVec,
    exceptions: IntCounterVec,
    place_only: IntCounter,
    missing_facts: IntCounterVec,
    without_place: IntCounterVec,
    unknown_values: IntCounterVec,
    flows: IntCounterVec,
    dead_letters: IntCounterVec,
    event_delay: Histogram,
    judgement_duration: Histogram,
    lag: IntGaugeVec,
    last_record: IntGaugeVec,
    assigned: Summed,
    outputs: IntCounterVec,
    outputs_open: Summed,
    rebalances: IntCounter,
    commit_failures: IntCounter,
    offset_gaps: IntCounterVec,
    alerts: alerts::Alerts,
    /// Places that have a label of their own in `flows_total`.
    flow_places: Mutex<HashSet<Box<str>>>,
}

/// A gauge that sums what each worker says.
#[derive(Debug)]
struct Summed {
    gauge: IntGauge,
    by_worker: Mutex<Vec<usize>>,
}

impl Summed {
    fn set(&self, worker: usize, value: usize) {
        let mut by_worker = locked(&self.by_worker);
        if by_worker.len() <= worker {
            by_worker.resize(worker + 1, 0);
        }
        if let Some(slot) = by_worker.get_mut(worker) {
            *slot = value;
        }
        let all: usize = by_worker.iter().sum();
        self.gauge.set(i64::try_from(all).unwrap_or(i64::MAX));
    }
}

/// The catalog's ids by number: the only words that its labels can hold.
#[derive(Debug)]
struct Names {
    clauses: Vec<Box<str>>,
    services: Vec<Box<str>>,
    places: Vec<Box<str>>,
    tenant_geographies: Vec<Box<str>>,
}

impl Names {
    fn of(program: &Program) -> Self {
        let geographies = &program.tenant_geographies;
        Self {
            clauses: program.clauses.iter().map(|clause| clause.id.clone()).collect(),
            services: program.services.iter().map(|service| service.id.clone()).collect(),
            places: program.places.iter().map(|place| place.id.clone()).collect(),
            tenant_geographies: geographies
                .iter()
                .map(|id| program.place_id(*id).into())
                .chain(["other".into(), "unknown".into()])
                .collect(),
        }
    }
}

impl Metrics {
    /// Declares every metric, and starts `violations_total` at 0 for each pair in scope.
    pub fn new(program: &Program, inputs: &[String]) -> Result<Arc<Self>, prometheus::Error> {
        let registry = Registry::new();
        let counters = |metric: Metric| {
            let counters = IntCounterVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let counter = |metric: Metric| {
            let counter = IntCounter::with_opts(Opts::new(metric.name, metric.help))?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauges = |metric: Metric| {
            let gauges = IntGaugeVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
            registry.register(Box::new(gauges.clone()))?;
            Ok::<_, prometheus::Error>(gauges)
        };
        let histogram = |metric: Metric, buckets: &[f64]| {
            let options = HistogramOpts::new(metric.name, metric.help).buckets(buckets.to_vec());
            let histogram = Histogram::with_opts(options)?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let summed = |metric: Metric| {
            let gauge = IntGauge::with_opts(Opts::new(metric.name, metric.help))?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(Summed { gauge, by_worker: Mutex::default() })
        };
        let seconds = HistogramOpts::new(table::ALERT_SECONDS.name, table::ALERT_SECONDS.help)
            .buckets(alerts::DELIVERY_BUCKETS.to_vec());
        let delivery_seconds = HistogramVec::new(seconds, table::ALERT_SECONDS.labels)?;
        registry.register(Box::new(delivery_seconds.clone()))?;

        let metrics = Self {
            registry: registry.clone(),
            names: Names::of(program),
            records: counters(table::RECORDS)?,
            record_bytes: counters(table::RECORD_BYTES)?,
            events: counters(table::EVENTS)?,
            verdicts: counters(table::VERDICTS)?,
            findings: counters(table::FINDINGS)?,
            violations: counters(table::VIOLATIONS)?,
            exceptions: counters(table::EXCEPTIONS)?,
            place_only: counter(table::PLACE_ONLY)?,
            missing_facts: counters(table::MISSING_FACTS)?,
            without_place: counters(table::WITHOUT_PLACE)?,
            unknown_values: counters(table::UNKNOWN_VALUES)?,
            flows: counters(table::FLOWS)?,
            dead_letters: counters(table::DEAD_LETTERS)?,
            event_delay: histogram(table::EVENT_DELAY, &DELAY_BUCKETS)?,
            judgement_duration: histogram(table::JUDGEMENT_DURATION, &DURATION_BUCKETS)?,
            lag: gauges(table::LAG)?,
            last_record: gauges(table::LAST_RECORD)?,
            assigned: summed(table::ASSIGNED)?,
            outputs: counters(table::OUTPUTS)?,
            outputs_open: summed(table::OUTPUTS_OPEN)?,
            rebalances: counter(table::REBALANCES)?,
            commit_failures: counter(table::COMMIT_FAILURES)?,
            offset_gaps: counters(table::OFFSET_GAPS)?,
            alerts: alerts::Alerts {
                active: gauges(table::ALERTS_ACTIVE)?,
                deliveries: counters(table::ALERT_DELIVERIES)?,
                seconds: delivery_seconds,
                lag: gauges(table::ALERT_LAG)?,
                too_old: counters(table::ALERTS_TOO_OLD)?,
                unreadable: counters(table::ALERTS_UNREADABLE)?,
            },
            flow_places: Mutex::default(),
        };

        let build = gauges(table::BUILD_INFO)?;
        build.get_metric_with_label_values(&[env!("CARGO_PKG_VERSION")])?.set(1);
        let catalog = gauges(table::CATALOG_INFO)?;
        for document in &program.documents {
            for edition in &document.editions {
                let edition = edition.edition.to_string();
                let labels = [&*document.id, &edition, &program.documents_hash];
                catalog.get_metric_with_label_values(&labels)?.set(1);
            }
        }
        // An alert on an increase needs the 0 before the first violation.
        for (clause, service) in program.violable_pairs() {
            let labels = [program.clause_id(clause), program.service_id(Some(service))];
            metrics.violations.get_metric_with_label_values(&labels)?;
        }
        for input in inputs {
            metrics.records.get_metric_with_label_values(&[input])?;
            metrics.record_bytes.get_metric_with_label_values(&[input])?;
        }
        metrics.outputs(0, 0, 0, 0);
        for verdict in Verdict::ALL {
            metrics.verdicts.get_metric_with_label_values(&[verdict.as_str()])?;
        }
        Ok(Arc::new(metrics))
    }

    /// Everything, in the text format that Prometheus reads.
    pub fn encode(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Notes how far behind an assigned partition is.
    pub fn set_lag(&self, topic: &str, partition: i32, records: i64) {
        if let Ok(lag) = self.lag.get_metric_with_label_values(&[topic, &partition.to_string()]) {
            lag.set(records);
        }
    }

    /// Forgets a partition that was taken away, so that its last lag does not linger.
    pub fn drop_lag(&self, topic: &str, partition: i32) {
        // An error here only says that no lag was ever noted.
        let _ = self.lag.remove_label_values(&[topic, &partition.to_string()]);
    }

    /// Notes how many partitions a worker holds.
    pub fn set_assigned(&self, worker: usize, partitions: usize) {
        self.assigned.set(worker, partitions);
    }

    /// Counts a worker's messages to the output topics, and notes how many are open.
    pub fn outputs(&self, worker: usize, acknowledged: u64, failed: u64, open: usize) {
        for (outcome, messages) in [("acknowledged", acknowledged), ("failed", failed)] {
            if let Ok(outputs) = self.outputs.get_metric_with_label_values(&[outcome]) {
                outputs.inc_by(messages);
            }
        }
        self.outputs_open.set(worker, open);
    }

    /// Counts a change of the assignment.
    pub fn rebalance(&self) {
        self.rebalances.inc();
    }

    /// Counts an offset commit that failed.
    pub fn commit_failed(&self) {
        self.commit_failures.inc();
    }

    /// Counts records of an assigned topic that were gone before they could be read.
    pub fn offset_gap(&self, topic: &str, records: u64) {
        if let Ok(gaps) = self.offset_gaps.get_metric_with_label_values(&[topic]) {
            gaps.inc_by(records);
        }
    }

    /// The events judged so far, by verdict in the order of [`crate::verdict::Verdict::ALL`].
    pub fn verdict_counts(&self) -> [u64; 5] {
        Verdict::ALL.map(|verdict| {
            self.verdicts
                .get_metric_with_label_values(&[verdict.as_str()])
                .map_or(0, |counter| counter.get())
        })
    }

    /// Dead letters so far, of all inputs and reasons.
    pub fn dead_letter_count(&self) -> u64 {
        use prometheus::core::Collector;
        let families = self.dead_letters.collect();
        let series = families.iter().flat_map(|family| family.get_metric());
        series.map(|series| series.get_counter().get_value() as u64).sum()
    }

    /// The value of each series of a counter by the value of one of its labels, summed over
    /// the others: `violations_total` by `commitment`, say. Empty for names not in the table.
    pub fn sum_by(&self, name: &str, label: &str) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for family in self.registry.gather().iter().filter(|family| family.name() == name) {
            for series in family.get_metric() {
                let value = series.get_label().iter().find(|pair| pair.name() == label);
                let key = value.map(|pair| pair.value().to_owned()).unwrap_or_default();
                *sums.entry(key).or_default() += series.get_counter().get_value() as u64;
            }
        }
        sums
    }

    /// The value of each series of a counter or gauge, by the values of its labels in the order
    /// of their names. Empty for names not in the table.
    pub fn series(&self, name: &str) -> BTreeMap<Vec<String>, i64> {
        let families = self.registry.gather();
        let series = families.iter().filter(|family| family.name() == name);
        series
            .flat_map(|family| family.get_metric())
            .map(|series| {
                let labels = series.get_label().iter().map(|pair| pair.value().to_owned());
                let value = series.get_counter().get_value() + series.get_gauge().get_value();
                (labels.collect(), value as i64)
            })
            .collect()
    }

    /// The label of a place in `flows_total`: its own for the first hundred, then `other`.
    fn flow_place<'n>(&self, place: &'n str) -> &'n str {
        let mut places = locked(&self.flow_places);
        if places.contains(place) {
            return place;
        }
        if places.len() < FLOW_PLACES {
            places.insert(place.into());
            return place;
        }
        "other"
    }
}

/// Counts are whole after every statement, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
