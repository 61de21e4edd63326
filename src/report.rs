//! The report for those who answer for compliance: figures by document and clause.
//!
//! In: verdict records, wherever they were kept, and the catalog that knows the clauses. Out:
//! the same report for the same records, as Markdown, CSV or JSON. It judges nothing, and does
//! not know where the records were read.

mod csv;
mod figures;
mod gaps;
mod markdown;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::catalog::program::Program;
use crate::record::{FindingRecord, Source, VerdictRecord};
use crate::verdict::{Activity, Fact, Verdict};

pub use figures::Figures;

/// Which events count, by the time at which they happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Until just before this moment.
    pub to: Option<Timestamp>,
}

impl Period {
    fn holds(self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time < to)
    }
}

/// Everything of a verdict that is the same for many events.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shape {
    service: String,
    tenant_geography: String,
    verdict: Verdict,
    findings: Vec<Found>,
    origin: String,
    catalog: String,
    editions: BTreeMap<String, String>,
}

/// A finding, without what only the sentence says of it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Found {
    commitment: String,
    edition: String,
    activity: Option<Activity>,
    category: Option<String>,
    place: Option<String>,
    verdict: Verdict,
    exception: Option<String>,
    assumed: Vec<Fact>,
    missing: Vec<Fact>,
    near_misses: Vec<Near>,
    /// Kept of violations alone.
    explanation: String,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Near {
    exception: String,
    failed: Vec<Fact>,
    missing: Vec<Fact>,
}

impl Found {
    fn of(finding: &FindingRecord<'_>) -> Self {
        let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let near = finding.near_misses.iter().map(|near| Near {
            exception: near.exception.to_string(),
            failed: near.failed.clone(),
            missing: near.missing.clone(),
        });
        let broken = finding.verdict == Verdict::Violation;
        Self {
            commitment: finding.commitment.to_string(),
            edition: finding.edition.to_string(),
            activity: finding.activity,
            category: text(&finding.category),
            place: text(&finding.place),
            verdict: finding.verdict,
            exception: text(&finding.exception),
            assumed: finding.assumed.clone(),
            missing: finding.missing.clone(),
            near_misses: near.collect(),
            explanation: if broken { finding.explanation.clone() } else { String::new() },
        }
    }

    /// The record told neither where data is stored nor where it is processed.
    fn lacks_place(&self) -> bool {
        self.activity.is_none() && self.place.is_none() && self.missing.contains(&Fact::Place)
    }
}

impl Shape {
    fn of(record: &VerdictRecord<'_>) -> Self {
        let editions = &record.catalog.editions;
        Self {
            service: record.service.to_string(),
            tenant_geography: record.tenant_geography.to_string(),
            verdict: record.verdict,
            findings: record.findings.iter().map(Found::of).collect(),
            origin: match &record.source {
                Source::Kafka { input, topic, .. } => format!("input {input}, topic {topic}"),
                Source::File { file, .. } => format!("file {file}"),
            },
            catalog: record.catalog.hash.to_string(),
            editions: editions.iter().map(|(d, e)| (d.to_string(), e.to_string())).collect(),
        }
    }
}

/// What is kept of one event that breaks a commitment, on top of its shape.
#[derive(Debug)]
struct Occurrence {
    id: String,
    event_id: Option<String>,
    tenant: String,
    time: Timestamp,
    source: String,
    shape: usize,
}

/// Verdict records, added up.
///
/// What grows with the number of events is a table of their ids (up to 90 bytes each), because
/// the last record of an id counts, and the list of violations. All else is counted by what
/// events have in common, which the catalog bounds.
#[derive(Debug, Default)]
pub struct Report {
    period: Period,
    numbers: HashMap<Arc<Shape>, usize>,
    shapes: Vec<(Arc<Shape>, u64)>,
    events: HashMap<Id, u32>,
    violations: HashMap<Id, Occurrence>,
    repeated: u64,
    outside: u64,
    unreadable: u64,
    notes: Vec<Note>,
}

/// Something that the records as a whole do not tell.
#[derive(Debug)]
struct Note {
    what: String,
    why: String,
    events: Option<u64>,
}

impl Report {
    /// A report that holds nothing yet.
    pub fn new(period: Period) -> Self {
        Self { period, ..Self::default() }
    }

    /// Adds a verdict record. One of the same id that was added before no longer counts.
    pub fn add(&mut self, record: &VerdictRecord<'_>) {
        let id = short(&record.id);
        if let Some(before) = self.events.remove(&id) {
            self.repeated += 1;
            self.violations.remove(&id);
            if let Some((_, count)) = self.shapes.get_mut(before as usize) {
                *count = count.saturating_sub(1);
            }
        }
        if !self.period.holds(record.time) {
            self.outside += 1;
            return;
        }
        let shape = self.shape(Shape::of(record));
        if let Some((_, count)) = self.shapes.get_mut(shape) {
            *count += 1;
        }
        self.events.insert(id, u32::try_from(shape).unwrap_or(u32::MAX));
        if record.verdict == Verdict::Violation {
            self.violations.insert(
                id,
                Occurrence {
                    id: record.id.clone(),
                    event_id: record.event_id.as_deref().map(str::to_owned),
                    tenant: record.tenant.to_string(),
                    time: record.time,
                    source: coordinates(&record.source),
                    shape,
                },
            );
        }
    }

    /// Counts a line or message that is no verdict record.
    pub fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// Says something of the records as a whole, under what was not judged.
    pub fn note(&mut self, what: impl Into<String>, why: impl Into<String>, events: Option<u64>) {
        self.notes.push(Note { what: what.into(), why: why.into(), events });
    }

    /// The figures, in the terms of the catalog.
    pub fn figures<'r>(&'r self, program: &'r Program) -> Figures<'r> {
        figures::figures(self, program)
    }

    fn shape(&mut self, shape: Shape) -> usize {
        if let Some(number) = self.numbers.get(&shape) {
            return *number;
        }
        let (shape, number) = (Arc::new(shape), self.shapes.len());
        self.numbers.insert(Arc::clone(&shape), number);
        self.shapes.push((shape, 0));
        number
    }
}

/// An id in bytes, which need less room in a table than a number of that size.
type Id = [u8; 16];

/// Ours are 128 bits, and any other text is hashed to as many.
fn short(id: &str) -> Id {
    if id.len() == 32
        && let Ok(number) = u128::from_str_radix(id, 16)
    {
        return number.to_be_bytes();
    }
    let digest = Sha256::digest(id.as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}

fn coordinates(source: &Source<'_>) -> String {
    match source {
        Source::Kafka { topic, partition, offset, index, .. } => {
            format!("{topic}/{partition}/{offset}/{index}")
        }
        Source::File { file, index } => format!("{file}:{index}"),
    }
}

#[cfg(test)]
mod tests;
