//! What people on call want to see of this instance: its last hour, and what broke last.
//!
//! In: each worker's share of events, noted in plain fields and handed over once a batch. Out:
//! bounded boards, and a page made of them and the metrics. It judges nothing and keeps nothing
//! of a record but canonical names, ids, and names that the catalog does not know, cut short.

pub mod page;
mod style;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::catalog::program::Program;
use crate::event::{Event, ServiceName};
use crate::explain::explain_violations;
use crate::pipeline::Judged;
use crate::place::StatedPlace;
use crate::position::Position;
use crate::verdict::{FindingPlace, Verdict};

/// Violations that are kept.
const RECENT: usize = 50;
/// Violations of one batch that are explained, since explaining asks the judge again.
const A_BATCH: usize = 8;
/// Unknown names that are told apart.
const NAMES: usize = 20;
/// What of an unknown name is kept, in characters.
const NAME: usize = 64;
/// Minutes that are counted.
const MINUTES: usize = 60;

/// Events by verdict, in the order of [`Verdict::ALL`].
type Verdicts = [u64; Verdict::ALL.len()];

/// A violation, as it is shown.
#[derive(Clone, Debug)]
struct Recent {
    /// When its batch was judged.
    seen: Timestamp,
    time: Timestamp,
    tenant: String,
    geography: String,
    service: String,
    place: String,
    clauses: Vec<String>,
    documents: Vec<String>,
    source: String,
    id: String,
    tree: String,
}

/// Names that the catalog does not know, told apart up to a bound.
#[derive(Clone, Debug, Default)]
struct Names {
    seen: BTreeMap<String, u64>,
    others: u64,
}

impl Names {
    fn add(&mut self, name: &str, by: u64) {
        let end = name.char_indices().nth(NAME).map_or(name.len(), |(at, _)| at);
        let name = name.get(..end).unwrap_or_default();
        if let Some(count) = self.seen.get_mut(name) {
            *count += by;
        } else if self.seen.len() < NAMES {
            self.seen.insert(name.to_owned(), by);
        } else {
            self.others += by;
        }
    }

    fn merge(&mut self, other: &Self) {
        other.seen.iter().for_each(|(name, count)| self.add(name, *count));
        self.others += other.others;
    }
}

/// What a worker notes of the batch at hand; it shares nothing.
#[derive(Debug, Default)]
pub struct Draft {
    verdicts: Verdicts,
    violations: Vec<Recent>,
    services: Names,
    places: Names,
    unknown: bool,
}

impl Draft {
    /// Notes one event. What is compliant costs an addition.
    pub fn judged(&mut self, program: &Program, judged: &Judged<'_>, at: Position<'_>) {
        let verdict = judged.judgement.verdict;
        if let Some(count) = self.verdicts.get_mut(verdict as usize) {
            *count += 1;
        }
        let unknown = judged.classified.unknown;
        if unknown.service > 0 || unknown.place > 0 {
            self.unknown(judged);
        }
        if verdict == Verdict::Violation && self.violations.len() < A_BATCH {
            self.violations.push(recent(program, judged, at));
        }
    }

    fn unknown(&mut self, judged: &Judged<'_>) {
        self.unknown = true;
        let (event, classified): (&Event<'_>, _) = (judged.event, judged.classified);
        if classified.unknown.service > 0 {
            self.services.add(
                match &event.service {
                    ServiceName::Named(name)
                    | ServiceName::Logged(name)
                    | ServiceName::Provider(name) => name,
                    // Segments of a path name persons and groups.
                    ServiceName::GraphPath(_) => "(a path of Microsoft Graph)",
                    ServiceName::Unnamed => "(none named)",
                },
                1,
            );
        }
        for (place, name) in [
            (classified.at_rest, &event.location_at_rest),
            (classified.processing, &event.processing_location),
        ] {
            if let (StatedPlace::Unresolved, Some(name)) = (place, name) {
                self.places.add(name.text(), 1);
            }
        }
    }
}

fn recent(program: &Program, judged: &Judged<'_>, at: Position<'_>) -> Recent {
    let judgement = judged.judgement;
    let broken = || judgement.findings.iter().filter(|it| it.verdict == Verdict::Violation);
    let mut clauses: Vec<String> = Vec::new();
    let mut documents: Vec<String> = Vec::new();
    for finding in broken() {
        let Some(clause) = program.clause(finding.commitment) else { continue };
        if clauses.iter().any(|known| **known == *clause.id) {
            continue;
        }
        clauses.push(clause.id.to_string());
        if let Some(document) = program.documents.get(usize::from(clause.document)) {
            let (section, edition) = (&clause.text.section, clause.edition);
            documents.push(format!("{}, {edition}, “{section}”", document.title));
        }
    }
    let place = broken().map(|it| it.place).find(|it| *it != FindingPlace::None);
    Recent {
        seen: Timestamp::UNIX_EPOCH,
        time: judged.event.time,
        tenant: judged.event.tenant.chars().take(NAME).collect(),
        geography: program.tenant_geography_id(judgement.tenant_geography).to_owned(),
        service: program.service_id(judged.classified.service).to_owned(),
        place: match place {
            Some(FindingPlace::Known(id)) => program.place_id(id).to_owned(),
            Some(FindingPlace::Unknown) => "unknown".to_owned(),
            Some(FindingPlace::None) | None => "–".to_owned(),
        },
        clauses,
        documents,
        source: format!("{}/{}/{}/{}", at.topic, at.partition, at.offset, at.index),
        id: at.id(),
        tree: explain_violations(program, judged),
    }
}

/// What one worker has shown so far.
#[derive(Debug)]
struct Board {
    /// By minute since 1970, modulo the ring's length.
    minutes: [(i64, Verdicts); MINUTES],
    recent: VecDeque<Recent>,
    services: Names,
    places: Names,
    partitions: Vec<(String, i32)>,
}

impl Default for Status {
    fn default() -> Self {
        Self::new(1)
    }
}

/// The boards of all workers.
#[derive(Debug)]
pub struct Status {
    boards: Vec<Mutex<Board>>,
    since: Timestamp,
}

impl Status {
    /// Empty boards for so many workers.
    pub fn new(workers: usize) -> Self {
        let boards = (0..workers).map(|_| Mutex::new(Board::new())).collect();
        Self { boards, since: Timestamp::now() }
    }

    /// Takes over what a worker noted of a batch.
    pub fn flush(&self, worker: usize, draft: &mut Draft, now: Timestamp) {
        let Some(mut board) = self.board(worker) else { return };
        board.count(now.as_second().div_euclid(60), &std::mem::take(&mut draft.verdicts));
        for violation in draft.violations.drain(..) {
            if board.recent.len() == RECENT {
                board.recent.pop_front();
            }
            board.recent.push_back(Recent { seen: now, ..violation });
        }
        if std::mem::take(&mut draft.unknown) {
            board.services.merge(&std::mem::take(&mut draft.services));
            board.places.merge(&std::mem::take(&mut draft.places));
        }
    }

    /// Notes the partitions that a worker has now.
    pub fn own(&self, worker: usize, partitions: Vec<(String, i32)>) {
        if let Some(mut board) = self.board(worker) {
            board.partitions = partitions;
        }
    }

    fn board(&self, worker: usize) -> Option<MutexGuard<'_, Board>> {
        self.boards.get(worker).map(locked)
    }
}

/// A board is whole after every statement, so a panic elsewhere does not spoil it.
fn locked(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    fn new() -> Self {
        Self {
            minutes: [(i64::MIN, [0; 5]); MINUTES],
            recent: VecDeque::new(),
            services: Names::default(),
            places: Names::default(),
            partitions: Vec::new(),
        }
    }

    fn count(&mut self, minute: i64, verdicts: &Verdicts) {
        let slot = usize::try_from(minute.rem_euclid(MINUTES as i64)).unwrap_or_default();
        let Some((of, counts)) = self.minutes.get_mut(slot) else { return };
        if *of != minute {
            (*of, *counts) = (minute, [0; 5]);
        }
        for (count, more) in counts.iter_mut().zip(verdicts) {
            *count += more;
        }
    }
}
