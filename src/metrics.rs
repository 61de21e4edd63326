//! Stub: the names that the worker needs, until the real room is there.

use std::sync::Arc;
use std::time::Duration;

use crate::catalog::program::Program;
use crate::pipeline::Outcome;

/// Stub.
#[derive(Debug, Default)]
pub struct Metrics;

impl Metrics {
    /// Stub.
    pub fn new(_program: &Program, _inputs: &[String]) -> Result<Arc<Self>, prometheus::Error> {
        Ok(Arc::new(Self))
    }
    /// Stub.
    pub fn set_lag(&self, _topic: &str, _partition: i32, _records: i64) {}
    /// Stub.
    pub fn drop_lag(&self, _topic: &str, _partition: i32) {}
    /// Stub.
    pub fn set_assigned(&self, _worker: usize, _partitions: usize) {}
    /// Stub.
    pub fn rebalance(&self) {}
    /// Stub.
    pub fn commit_failed(&self) {}
    /// Stub.
    pub fn offset_gap(&self, _topic: &str, _records: u64) {}
}

/// Stub.
#[derive(Debug)]
pub struct Tally;

impl Tally {
    /// Stub.
    pub fn new(_metrics: Arc<Metrics>, _input: &str) -> Self {
        Self
    }
    /// Stub.
    pub fn record(&mut self, _bytes: usize) {}
    /// Stub.
    pub fn outcome(&mut self, _program: &Program, _outcome: &Outcome<'_>) {}
    /// Stub.
    pub fn judged_for(&mut self, _elapsed: Duration, _events: u64) {}
    /// Stub.
    pub fn flush(&mut self, _now: jiff::Timestamp) {}
}
