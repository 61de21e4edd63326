//! Examples and tests put before the judge.
//!
//! In: an event and tenants as written in a file, and what must come of them. Out: nothing,
//! or one line that says what came instead. It uses the same pipeline as everything else.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::catalog::examples::ClauseExamples;
use crate::catalog::program::Program;
use crate::catalog::source::{ClauseKind, Example, Shows};
use crate::classify::InputRules;
use crate::decode::Format;
use crate::directory::Directory;
use crate::pipeline::{Outcome, Pipeline};
use crate::record::{FindingRecord, Source, SubjectHasher, VerdictRecord, render};
use crate::tenant::TenantRecord;
use crate::verdict::Verdict;

/// When events happen that do not say when.
const USUAL_TIME: &str = "2026-01-15T12:00:00Z";

/// An event and whose it is.
pub struct Trial {
    /// The event; `id`, `time` and `tenant` are filled in where absent.
    pub event: Map<String, Value>,
    /// Tenants of the directory; the `id` of the first is filled in where absent.
    pub tenants: Vec<Map<String, Value>>,
    /// Whether an absent purpose is presumed.
    pub presume_purpose: bool,
}

/// Judges a trial: the verdict record, as JSON.
fn judge(program: &Arc<Program>, trial: Trial) -> Result<Value, String> {
    let Trial { mut event, tenants, presume_purpose } = trial;
    for (key, value) in [("id", "example"), ("time", USUAL_TIME), ("tenant", "t-1")] {
        event.entry(key).or_insert_with(|| value.into());
    }
    let mut records = Vec::new();
    for (number, mut tenant) in tenants.into_iter().enumerate() {
        if number == 0 {
            tenant.entry("id").or_insert_with(|| "t-1".into());
        }
        let record: TenantRecord = serde_json::from_value(Value::Object(tenant))
            .map_err(|error| format!("the tenant's facts are faulty: {error}"))?;
        records.push(record);
    }
    let directory = Arc::new(Directory::new(program, &records));
    let rules = Arc::new(InputRules { presume_purpose, ..InputRules::default() });
    let mut pipeline = Pipeline::new(program.clone(), directory, rules, Format::Native, usize::MAX);
    let mut result = Err("the event gave no verdict".to_owned());
    let text = Value::Object(event).to_string();
    pipeline.record(Some(text.as_bytes()), |outcome| {
        result = match outcome {
            Outcome::Judged(judged) => {
                let source = Source::File { file: "-".into(), index: 0 };
                let hasher = SubjectHasher::new(None);
                let record: VerdictRecord<'_> =
                    render(program, &judged, String::new(), source, &hasher);
                serde_json::to_value(&record).map_err(|error| error.to_string())
            }
            Outcome::Unreadable { why, .. } => Err(format!("the event cannot be read: {why}")),
        };
    });
    result
}

/// Runs one example of a clause.
///
/// # Errors
/// What came instead of what the example shows.
pub fn example(
    program: &Arc<Program>,
    clause: &ClauseExamples,
    example: &Example,
) -> Result<(), String> {
    let mut tenants: Vec<Map<String, Value>> = example.tenant.iter().cloned().collect();
    for other in &example.others {
        if let Ok(Value::Object(other)) = serde_json::to_value(other) {
            tenants.push(other);
        }
    }
    let mut event = example.event.clone();
    event.entry("time").or_insert_with(|| time_of(clause).into());
    let record = judge(program, Trial { event, tenants, presume_purpose: true })?;
    let record: VerdictRecord<'_> =
        serde_json::from_value(record).map_err(|error| error.to_string())?;
    let condition = example.condition.as_ref().map(|condition| condition.value.as_str());
    let shown = match clause.kind {
        ClauseKind::Commitment => commitment_shows(&clause.clause, example.shows, &record.findings),
        ClauseKind::Exception => {
            exception_shows(program, &clause.clause, example.shows, condition, &record.findings)
        }
    };
    if shown {
        return Ok(());
    }
    let findings: Vec<String> =
        record.findings.iter().map(|finding| finding.explanation.clone()).collect();
    Err(format!("{}: {}", record.verdict, findings.join(" | ")))
}

/// When the example of a clause happens: at the usual time, or as near to it as the clause holds.
fn time_of(clause: &ClauseExamples) -> String {
    let Ok(usual) = USUAL_TIME.parse::<Timestamp>() else { return USUAL_TIME.to_owned() };
    let moment = match (clause.from, clause.until) {
        (Some(from), _) if usual < from => from,
        (_, Some(until)) if usual >= until => {
            until.checked_sub(SignedDuration::from_secs(1)).unwrap_or(until)
        }
        _ => usual,
    };
    moment.to_string()
}

fn commitment_shows(clause: &str, shows: Shows, findings: &[FindingRecord<'_>]) -> bool {
    let mut own = findings.iter().filter(|finding| finding.commitment == clause).peekable();
    match shows {
        Shows::Violates => own.any(|finding| finding.verdict == Verdict::Violation),
        Shows::Permits => {
            own.peek().is_some() && own.all(|finding| finding.verdict == Verdict::Compliant)
        }
        Shows::Outside => own.peek().is_none(),
    }
}

fn exception_shows(
    program: &Program,
    clause: &str,
    shows: Shows,
    condition: Option<&str>,
    findings: &[FindingRecord<'_>],
) -> bool {
    let broken = || {
        findings.iter().filter(|finding| {
            finding.verdict == Verdict::Violation && is_to(program, clause, &finding.commitment)
        })
    };
    let names = |finding: &FindingRecord<'_>| {
        finding.near_misses.iter().any(|near| near.exception == clause)
    };
    match (shows, condition) {
        (Shows::Violates, _) => broken().next().is_some(),
        (Shows::Permits, _) => {
            findings.iter().any(|finding| finding.exception.as_deref() == Some(clause))
        }
        (Shows::Outside, Some("service")) => broken().next().is_some() && !broken().any(names),
        (Shows::Outside, condition) => broken().any(|finding| {
            finding.near_misses.iter().any(|near| {
                let failed: Vec<&str> = near.failed.iter().map(|fact| fact.as_str()).collect();
                near.exception == clause
                    && near.missing.is_empty()
                    && failed.as_slice() == condition.as_slice()
            })
        }),
    }
}

/// Whether a clause is an exception to a commitment, or the very promise that is broken.
fn is_to(program: &Program, clause: &str, commitment: &str) -> bool {
    clause == commitment
        || program.clauses.iter().any(|known| match &known.kind {
            crate::catalog::program::Kind::Exception { to, .. } => {
                *known.id == *clause && to.iter().any(|id| program.clause_id(*id) == commitment)
            }
            crate::catalog::program::Kind::Commitment { .. } => false,
        })
}

/// Holds a trial against what is expected: of an object, the keys that the expectation has;
/// a list must be as long as the expectation's.
///
/// # Errors
/// Where the two differ first.
pub fn expectation(program: &Arc<Program>, trial: Trial, expected: &Value) -> Result<(), String> {
    let found = judge(program, trial)?;
    differ("", expected, &found)
}

fn differ(path: &str, expected: &Value, found: &Value) -> Result<(), String> {
    let name = if path.is_empty() { "verdict record" } else { path };
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().try_for_each(|(key, value)| {
                let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let empty = Value::Array(Vec::new());
                let absent = if value == &empty { &empty } else { &Value::Null };
                differ(&at, value, found.get(key).unwrap_or(absent))
            })
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            expected.iter().zip(found).enumerate().try_for_each(|(index, (expected, found))| {
                differ(&format!("{path}[{index}]"), expected, found)
            })
        }
        (Value::Array(expected), Value::Array(found)) => {
            Err(format!("{name}: expected {} entries, found {}", expected.len(), found.len()))
        }
        (expected, found) if expected == found => Ok(()),
        (expected, found) => Err(format!("{name}: expected {expected}, found {found}")),
    }
}
