//! From counted shapes to figures: by document, clause, exception and reason.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::gaps::not_judged;
use super::{Found, Report, Shape};
use crate::catalog::program::{Clause, Kind, Program};
use crate::verdict::{Activity, Fact, Verdict};

/// The report's content (`schemas/report.schema.json`).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Bailiwick report")]
pub struct Figures<'r> {
    /// Events from this moment on.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub from: Option<Timestamp>,
    /// Events until just before this moment.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub to: Option<Timestamp>,
    /// Events of the period.
    pub events: u64,
    /// Events by verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// Records that a later one of the same id replaced.
    pub repeated: u64,
    /// Records of events outside the period.
    pub outside_period: u64,
    /// Lines or messages that are no verdict records.
    pub unreadable: u64,
    /// Where the events were read, and how many.
    pub origins: BTreeMap<&'r str, u64>,
    /// Hash of the catalog's documents, as the verdicts have it, and events judged by it.
    pub catalogs: BTreeMap<&'r str, u64>,
    /// Hash of the documents that clauses and sections are taken from here.
    pub catalog_of_this_report: &'r str,
    /// By document.
    pub documents: Vec<DocumentFigures<'r>>,
    /// What breaks a commitment, one for each finding.
    pub violations: Vec<ViolationEntry<'r>>,
    /// Fact that was presumed → events that rest on it.
    pub presumed: BTreeMap<&'static str, u64>,
    /// What was not judged, and why.
    pub not_judged: Vec<NotJudged<'r>>,
}

/// One document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DocumentFigures<'r> {
    /// Its id; empty for clauses that the catalog at hand does not have.
    pub id: &'r str,
    /// Its title.
    pub title: &'r str,
    /// Who published it.
    pub publisher: &'r str,
    /// Edition → events at whose time it was in force.
    pub editions: BTreeMap<&'r str, u64>,
    /// By commitment.
    pub clauses: Vec<ClauseFigures<'r>>,
    /// By exception: those that permitted something.
    pub exceptions: Vec<ExceptionFigures<'r>>,
}

/// Events that rest on what is stated, and events that rest on something presumed.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Resting {
    /// On nothing presumed.
    pub stated: u64,
    /// On something presumed.
    pub assumed: u64,
}

impl Resting {
    fn add(&mut self, assumed: bool, events: u64) {
        *(if assumed { &mut self.assumed } else { &mut self.stated }) += events;
    }

    /// Both.
    pub fn all(self) -> u64 {
        self.stated + self.assumed
    }
}

/// One commitment of one edition. An event counts once, by the worst finding of the clause.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClauseFigures<'r> {
    /// The clause.
    pub clause: &'r str,
    /// The edition.
    pub edition: &'r str,
    /// Its title.
    pub title: &'r str,
    /// Where the document has it.
    pub section: &'r str,
    /// Events that the clause was asked of with an answer.
    pub judged: u64,
    /// Inside.
    pub compliant: Resting,
    /// Outside, and permitted.
    pub excepted: Resting,
    /// Broken.
    pub violated: Resting,
    /// Not to be told.
    pub indeterminate: u64,
    /// Events that tell no place.
    pub without_place: u64,
    /// Their share of the judged, from 0 to 1; none where none was judged.
    pub share_without_place: Option<f64>,
}

/// One exception.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExceptionFigures<'r> {
    /// The clause.
    pub clause: &'r str,
    /// Its title.
    pub title: &'r str,
    /// Where the document has it.
    pub section: &'r str,
    /// Who let it in, for exceptions of one's own.
    pub approved_by: &'r str,
    /// Events that it permits.
    pub permitted: Resting,
}

/// One finding that breaks a commitment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ViolationEntry<'r> {
    /// The verdict's id.
    pub id: &'r str,
    /// The source's own.
    pub event_id: Option<&'r str>,
    /// When it happened.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// The tenant.
    pub tenant: &'r str,
    /// Where the tenant is.
    pub tenant_geography: &'r str,
    /// The service.
    pub service: &'r str,
    /// Where the record was read.
    pub source: &'r str,
    /// The clause.
    pub clause: &'r str,
    /// The edition.
    pub edition: &'r str,
    /// The document's title.
    pub document: &'r str,
    /// Where the document has it.
    pub section: &'r str,
    /// Stored or processed.
    pub activity: Option<Activity>,
    /// The data.
    pub category: Option<&'r str>,
    /// The place.
    pub place: Option<&'r str>,
    /// What was presumed.
    pub assumed: &'r [Fact],
    /// Exceptions that do not hold, and why not.
    pub near_misses: Vec<NearMissEntry<'r>>,
    /// In words.
    pub explanation: &'r str,
}

/// An exception that does not hold.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NearMissEntry<'r> {
    /// The exception.
    pub exception: &'r str,
    /// Conditions that failed.
    pub failed: &'r [Fact],
    /// Facts that were unknown.
    pub missing: &'r [Fact],
}

/// Something that was not judged.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotJudged<'r> {
    /// What.
    pub what: String,
    /// Why.
    pub why: &'r str,
    /// Events, where they can be counted.
    pub events: Option<u64>,
}

/// Clauses that the catalog at hand does not have stand behind all documents.
const UNKNOWN_DOCUMENT: usize = usize::MAX;

type ByClause<'r> = BTreeMap<(usize, usize, &'r str, &'r str), ClauseFigures<'r>>;

pub(super) fn figures<'r>(report: &'r Report, program: &'r Program) -> Figures<'r> {
    let shapes = || {
        let seen = report.shapes.iter().filter(|(_, events)| *events > 0);
        seen.map(|(shape, events)| (&**shape, *events))
    };
    let mut figures = Figures {
        from: report.period.from,
        to: report.period.to,
        events: shapes().map(|(_, events)| events).sum(),
        verdicts: Verdict::ALL.iter().map(|verdict| (verdict.as_str(), 0)).collect(),
        repeated: report.repeated,
        outside_period: report.outside,
        unreadable: report.unreadable,
        origins: BTreeMap::new(),
        catalogs: BTreeMap::new(),
        catalog_of_this_report: &program.documents_hash,
        documents: Vec::new(),
        violations: violations(report, program),
        presumed: BTreeMap::new(),
        not_judged: Vec::new(),
    };
    let mut clauses = ByClause::new();
    let mut exceptions: BTreeMap<(usize, usize, &str), Resting> = BTreeMap::new();
    let mut editions: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (shape, events) in shapes() {
        *figures.verdicts.entry(shape.verdict.as_str()).or_default() += events;
        *figures.origins.entry(&shape.origin).or_default() += events;
        *figures.catalogs.entry(&shape.catalog).or_default() += events;
        for (document, edition) in &shape.editions {
            *editions.entry(document).or_default().entry(edition).or_default() += events;
        }
        let presumed: BTreeSet<&'static str> =
            shape.findings.iter().flat_map(|it| &it.assumed).map(|fact| fact.as_str()).collect();
        for fact in presumed {
            *figures.presumed.entry(fact).or_default() += events;
        }
        add_findings(program, shape, events, &mut clauses, &mut exceptions);
    }
    never_asked(program, &mut clauses);
    let rows: Vec<&ClauseFigures<'_>> = clauses.values().collect();
    figures.not_judged = not_judged(report, program, &rows);
    figures.documents = documents(program, clauses, &exceptions, &editions);
    figures
}

fn add_findings<'r>(
    program: &'r Program,
    shape: &'r Shape,
    events: u64,
    clauses: &mut ByClause<'r>,
    exceptions: &mut BTreeMap<(usize, usize, &'r str), Resting>,
) {
    let asked: BTreeSet<(&str, &str)> =
        shape.findings.iter().map(|it| (&*it.commitment, &*it.edition)).collect();
    for (id, edition) in asked {
        let of_clause =
            || shape.findings.iter().filter(|it| it.commitment == id && it.edition == edition);
        let Some(worst) = of_clause().map(|it| it.verdict).max() else { continue };
        let assumed = of_clause().any(|it| it.verdict == worst && !it.assumed.is_empty());
        let key = place_in_table(program, id, edition);
        let clause =
            clauses.entry((key.0, key.1, id, edition)).or_insert_with(|| row(program, id, edition));
        clause.judged += events;
        match worst {
            Verdict::Compliant => clause.compliant.add(assumed, events),
            Verdict::Excepted => clause.excepted.add(assumed, events),
            Verdict::Violation => clause.violated.add(assumed, events),
            Verdict::Indeterminate | Verdict::OutOfScope => clause.indeterminate += events,
        }
        if of_clause().any(Found::lacks_place) {
            clause.without_place += events;
        }
        clause.share_without_place = Some(clause.without_place as f64 / clause.judged as f64);
    }
    let permits: BTreeSet<&str> =
        shape.findings.iter().filter_map(|it| it.exception.as_deref()).collect();
    for id in permits {
        let assumed = shape
            .findings
            .iter()
            .any(|it| it.exception.as_deref() == Some(id) && !it.assumed.is_empty());
        let key = place_in_table(program, id, "");
        exceptions.entry((key.0, key.1, id)).or_default().add(assumed, events);
    }
}

/// Commitments of the catalog that no event was judged by have a row of zeros.
fn never_asked<'r>(program: &'r Program, clauses: &mut ByClause<'r>) {
    for clause in &program.clauses {
        let known = clauses.keys().any(|(_, _, id, _)| **id == *clause.id);
        if !known && matches!(clause.kind, Kind::Commitment { .. }) {
            let key = place_in_table(program, &clause.id, "");
            let row = row(program, &clause.id, "");
            clauses.insert((key.0, key.1, &clause.id, ""), row);
        }
    }
}

/// The clause of that edition; the newest of that id where there is no such edition.
fn find<'r>(program: &'r Program, id: &str, edition: &str) -> Option<(usize, &'r Clause)> {
    let of_id = || program.clauses.iter().enumerate().filter(|(_, clause)| *clause.id == *id);
    of_id().find(|(_, clause)| clause.edition.to_string() == edition).or(of_id().next_back())
}

/// Its document and its number in the catalog's order.
fn place_in_table(program: &Program, id: &str, edition: &str) -> (usize, usize) {
    find(program, id, edition)
        .map_or((UNKNOWN_DOCUMENT, 0), |(number, clause)| (usize::from(clause.document), number))
}

fn row<'r>(program: &'r Program, id: &'r str, edition: &'r str) -> ClauseFigures<'r> {
    let text = find(program, id, edition).map(|(_, clause)| &clause.text);
    ClauseFigures {
        clause: id,
        edition,
        title: text.map_or("", |text| &text.title),
        section: text.map_or("", |text| &text.section),
        judged: 0,
        compliant: Resting::default(),
        excepted: Resting::default(),
        violated: Resting::default(),
        indeterminate: 0,
        without_place: 0,
        share_without_place: None,
    }
}

fn documents<'r>(
    program: &'r Program,
    clauses: ByClause<'r>,
    exceptions: &BTreeMap<(usize, usize, &'r str), Resting>,
    editions: &BTreeMap<&'r str, BTreeMap<&'r str, u64>>,
) -> Vec<DocumentFigures<'r>> {
    let mut by_document: BTreeMap<usize, DocumentFigures<'r>> = BTreeMap::new();
    let empty = |number: usize| {
        let known = program.documents.get(number);
        DocumentFigures {
            id: known.map_or("", |it| &it.id),
            title: known.map_or("Clauses that the catalog at hand does not have", |it| &it.title),
            publisher: known.map_or("", |it| &it.publisher),
            editions: known.and_then(|it| editions.get(&*it.id)).cloned().unwrap_or_default(),
            clauses: Vec::new(),
            exceptions: Vec::new(),
        }
    };
    for ((document, ..), clause) in clauses {
        by_document.entry(document).or_insert_with(|| empty(document)).clauses.push(clause);
    }
    for ((document, _, id), permitted) in exceptions {
        let text = find(program, id, "").map(|(_, clause)| &clause.text);
        let entry = ExceptionFigures {
            clause: id,
            title: text.map_or("", |text| &text.title),
            section: text.map_or("", |text| &text.section),
            approved_by: text.map_or("", |text| &text.approved_by),
            permitted: *permitted,
        };
        by_document.entry(*document).or_insert_with(|| empty(*document)).exceptions.push(entry);
    }
    by_document.into_values().collect()
}

fn violations<'r>(report: &'r Report, program: &'r Program) -> Vec<ViolationEntry<'r>> {
    let mut occurrences: Vec<_> = report.violations.values().collect();
    occurrences.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    let mut entries = Vec::new();
    for it in occurrences {
        let Some((shape, _)) = report.shapes.get(it.shape) else { continue };
        let broken = shape.findings.iter().filter(|found| found.verdict == Verdict::Violation);
        entries.extend(broken.map(|found| {
            let clause = find(program, &found.commitment, &found.edition).map(|(_, it)| it);
            let document = clause.and_then(|it| program.documents.get(usize::from(it.document)));
            ViolationEntry {
                id: &it.id,
                event_id: it.event_id.as_deref(),
                time: it.time,
                tenant: &it.tenant,
                tenant_geography: &shape.tenant_geography,
                service: &shape.service,
                source: &it.source,
                clause: &found.commitment,
                edition: &found.edition,
                document: document.map_or("", |it| &it.title),
                section: clause.map_or("", |it| &it.text.section),
                activity: found.activity,
                category: found.category.as_deref(),
                place: found.place.as_deref(),
                assumed: &found.assumed,
                near_misses: found
                    .near_misses
                    .iter()
                    .map(|near| NearMissEntry {
                        exception: &near.exception,
                        failed: &near.failed,
                        missing: &near.missing,
                    })
                    .collect(),
                explanation: &found.explanation,
            }
        }));
    }
    entries
}
