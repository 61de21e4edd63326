//! The clauses' examples, as data: what `bailiwick test` runs.

use jiff::Timestamp;

use super::source::{ClauseKind, Example};

/// The examples of one clause.
#[derive(Clone, Debug)]
pub struct ClauseExamples {
    /// The clause.
    pub clause: String,
    /// Whether it promises or permits.
    pub kind: ClauseKind,
    /// In force from this moment on.
    pub from: Option<Timestamp>,
    /// In force until just before this moment.
    pub until: Option<Timestamp>,
    /// The examples, in order.
    pub examples: Vec<Example>,
}
