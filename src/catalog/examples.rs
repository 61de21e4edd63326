//! The clauses' examples, as data: what `bailiwick test` runs.

use super::source::{ClauseKind, Example};

/// The examples of one clause.
#[derive(Clone, Debug)]
pub struct ClauseExamples {
    /// The clause.
    pub clause: String,
    /// Whether it promises or permits.
    pub kind: ClauseKind,
    /// The examples, in order.
    pub examples: Vec<Example>,
}
