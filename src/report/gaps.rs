//! What a report has to say about what was not judged, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use super::figures::{ClauseFigures, NotJudged};
use crate::catalog::program::{Kind, Program, Promise, Rule};
use crate::record::sentence::words;
use crate::verdict::{Fact, Verdict};

/// What no record can tell, whichever records there are.
const ALWAYS: [(&str, &str); 4] = [
    ("From where a user or administrator reached the data", "no document of the catalog limits it"),
    ("Events that no log tells", "a verdict needs a record"),
    (
        "Records of events that could not be read",
        "they have no verdict; they are in the dead letters, each with its reason",
    ),
    (
        "Copies of Intune data in other services, and what Microsoft Entra ID holds for Intune",
        "the Intune document speaks of the copy in Intune alone",
    ),
];

/// How a verdict names a service that its catalog did not know.
const UNKNOWN: &str = "unknown";

pub(super) fn not_judged<'r>(
    report: &'r Report,
    program: &'r Program,
    clauses: &[&ClauseFigures<'r>],
) -> Vec<NotJudged<'r>> {
    let mut list = Vec::new();
    let (mut silent, mut lacking) = (BTreeMap::new(), BTreeMap::new());
    for (shape, events) in report.shapes.iter().filter(|(_, events)| *events > 0) {
        if shape.verdict == Verdict::OutOfScope {
            *silent.entry(&*shape.service).or_insert(0) += events;
        }
        let open = shape.findings.iter().filter(|it| it.verdict == Verdict::Indeterminate);
        let facts: BTreeSet<(Fact, bool)> = open
            .flat_map(|it| it.missing.iter().map(|fact| (*fact, it.lacks_place())))
            .map(|(fact, none)| (fact, fact == Fact::Place && none))
            .collect();
        for fact in facts {
            *lacking.entry(fact).or_insert(0) += events;
        }
    }
    list.extend(lacking.into_iter().map(|((fact, none), events)| NotJudged {
        what: format!("Events left open for want of {}", words(fact)),
        why: match (fact, none) {
            (Fact::Place, true) => "the record states no place",
            (Fact::Place, false) => "the place is not in the catalog, or too wide to decide",
            (Fact::Tenant, _) => "the tenant is not in the directory",
            _ => "neither the record nor the tenant's facts state it",
        },
        events: Some(events),
    }));
    list.extend(silent.into_iter().map(|(service, events)| {
        let known = program.services.iter().find(|it| *it.id == *service);
        NotJudged {
            what: match service {
                UNKNOWN => "Events of services without a name in the catalog".to_owned(),
                service => format!("Events of {service} that are out of scope"),
            },
            why: match known {
                None => "the catalog does not know the service",
                Some(it) if !it.catalogued => "no document of the catalog speaks of the service",
                Some(_) => "no clause in force is about such an event or its tenant",
            },
            events: Some(events),
        }
    }));
    let idle = clauses.iter().filter(|it| it.judged == 0);
    list.extend(idle.map(|it| NotJudged {
        what: format!("Clause {}", it.clause),
        why: if is_deadline(program, it.clause) {
            "a deadline, which no single event decides"
        } else {
            "no event of the period shows what it is about"
        },
        events: None,
    }));
    if report.unreadable > 0 {
        list.push(NotJudged {
            what: "Lines or messages that are no verdict records".to_owned(),
            why: "they could not be read",
            events: Some(report.unreadable),
        });
    }
    list.extend(report.notes.iter().map(|note| NotJudged {
        what: note.what.clone(),
        why: &note.why,
        events: note.events,
    }));
    list.extend(ALWAYS.map(|(what, why)| NotJudged { what: what.to_owned(), why, events: None }));
    list
}

fn is_deadline(program: &Program, id: &str) -> bool {
    program.clauses.iter().filter(|clause| *clause.id == *id).any(|clause| {
        matches!(&clause.kind, Kind::Commitment { promise: Promise::Rule(Rule::Deadline), .. })
    })
}
