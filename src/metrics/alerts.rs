//! What is counted of alerts, by receiver: names of the configuration, and a closed set of
//! outcomes.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGaugeVec};

use super::Metrics;

/// One delivery: from ten milliseconds to the longest that is waited for.
pub(super) const DELIVERY_BUCKETS: [f64; 8] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The metrics of alerts.
#[derive(Debug)]
pub(super) struct Alerts {
    pub(super) active: IntGaugeVec,
    pub(super) deliveries: IntCounterVec,
    pub(super) seconds: HistogramVec,
    pub(super) lag: IntGaugeVec,
    pub(super) too_old: IntCounterVec,
    pub(super) unreadable: IntCounterVec,
}

impl Metrics {
    /// Starts a receiver's series at 0.
    pub fn alert_sink(&self, sink: &str, outcomes: &[&str]) {
        self.set_alerts(sink, 0);
        for outcome in outcomes {
            self.alerts_delivered(sink, outcome, 0);
        }
        self.alert_too_old(sink, 0);
        self.alert_unreadable(sink, 0);
    }

    /// Notes how many alerts of a receiver are firing.
    pub fn set_alerts(&self, sink: &str, active: usize) {
        if let Ok(gauge) = self.alerts.active.get_metric_with_label_values(&[sink]) {
            gauge.set(i64::try_from(active).unwrap_or(i64::MAX));
        }
    }

    /// Counts alerts by what became of them.
    pub fn alerts_delivered(&self, sink: &str, outcome: &str, alerts: usize) {
        let counter = self.alerts.deliveries.get_metric_with_label_values(&[sink, outcome]);
        if let Ok(counter) = counter {
            counter.inc_by(alerts as u64);
        }
    }

    /// Notes how long a receiver took.
    pub fn alert_took(&self, sink: &str, took: Duration) {
        if let Ok(histogram) = self.alerts.seconds.get_metric_with_label_values(&[sink]) {
            histogram.observe(took.as_secs_f64());
        }
    }

    /// Notes how many violations a receiver has not been told of.
    pub fn set_alert_lag(&self, sink: &str, records: i64) {
        if let Ok(gauge) = self.alerts.lag.get_metric_with_label_values(&[sink]) {
            gauge.set(records);
        }
    }

    /// Counts violations that are too old to page anyone.
    pub fn alert_too_old(&self, sink: &str, violations: u64) {
        if let Ok(counter) = self.alerts.too_old.get_metric_with_label_values(&[sink]) {
            counter.inc_by(violations);
        }
    }

    /// Counts records of the violations topic that are no violations.
    pub fn alert_unreadable(&self, sink: &str, records: u64) {
        if let Ok(counter) = self.alerts.unreadable.get_metric_with_label_values(&[sink]) {
            counter.inc_by(records);
        }
    }
}
