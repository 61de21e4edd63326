//! One event explained: every clause that was asked, what it found, and why.
//!
//! In: a judged event. Out: a tree of text. It asks the same judge again, with somebody
//! watching, so that an explanation cannot disagree with a verdict.

use std::fmt::Write;

use crate::catalog::program::Program;
use crate::judge::{ExceptionAsked, Silence, Watch, judge_watched};
use crate::pipeline::Judged;
use crate::place::StatedPlace;
use crate::record::{self, SubjectHasher, sentence};
use crate::verdict::{ClauseId, FactSet, Finding, Judgement, Verdict};

/// What was asked, in the order of the asking.
#[derive(Default)]
struct Asked {
    silent: Vec<(ClauseId, Silence)>,
    exceptions: Vec<ExceptionAsked>,
    lapsed: Vec<(usize, ClauseId)>,
}

impl Watch for Asked {
    fn silent(&mut self, clause: ClauseId, why: Silence) {
        self.silent.push((clause, why));
    }
    fn exception(&mut self, asked: ExceptionAsked) {
        self.exceptions.push(asked);
    }
    fn lapsed(&mut self, finding: usize, exception: ClauseId) {
        self.lapsed.push((finding, exception));
    }
}

/// Explains what breaks an event's commitments, and names nothing that the record alone says.
pub fn explain_violations(program: &Program, judged: &Judged<'_>) -> String {
    let mut asked = Asked::default();
    let mut judgement = Judgement::default();
    judge_watched(program, judged.classified, &mut judgement, &mut asked);
    let broken = judgement.findings.iter().filter(|it| it.verdict == Verdict::Violation);
    let mut clauses: Vec<ClauseId> = broken.map(|finding| finding.commitment).collect();
    clauses.sort();
    clauses.dedup();
    let mut text = String::new();
    for clause in clauses {
        of_clause(&mut text, program, &judgement, &asked, clause);
    }
    text
}

/// Explains an event. `hasher` stands a hash for its subject.
pub fn explain(program: &Program, judged: &Judged<'_>, hasher: &SubjectHasher) -> String {
    let mut asked = Asked::default();
    let mut judgement = Judgement::default();
    judge_watched(program, judged.classified, &mut judgement, &mut asked);
    let mut text = String::new();
    head(&mut text, program, judged, &judgement, hasher);
    let mut clauses: Vec<ClauseId> = judgement.findings.iter().map(|f| f.commitment).collect();
    clauses.extend(asked.silent.iter().map(|(clause, _)| *clause));
    clauses.sort();
    clauses.dedup();
    for clause in clauses {
        of_clause(&mut text, program, &judgement, &asked, clause);
    }
    not_judged(&mut text, program, judged);
    text
}

fn head(
    text: &mut String,
    program: &Program,
    judged: &Judged<'_>,
    judgement: &Judgement,
    hasher: &SubjectHasher,
) {
    let (event, classified) = (judged.event, judged.classified);
    let geography = program.tenant_geography_id(judgement.tenant_geography);
    let known = if classified.tenant.is_some() { "" } else { ", not in the directory" };
    let _ = writeln!(text, "{}", judgement.verdict.as_str().to_uppercase());
    let _ = writeln!(text, "  time       {}", event.time);
    let _ = writeln!(text, "  service    {}", program.service_id(classified.service));
    if let Some(operation) = &event.operation {
        // Text of the record's: it must not draw on the terminal.
        let shown: String = operation.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(text, "  operation  {shown}");
    }
    let _ = writeln!(text, "  tenant     {} ({geography}{known})", event.tenant);
    let subject = event.subject.as_ref().and_then(|it| hasher.subject(&event.tenant, it));
    if let Some(subject) = subject {
        let _ = writeln!(text, "  subject    {subject}");
    }
    let categories: Vec<&str> =
        classified.categories.iter().map(|category| program.category_id(category)).collect();
    let assumed = if classified.categories_assumed { " (assumed)" } else { "" };
    let _ = writeln!(text, "  data       {}{assumed}", categories.join(", "));
    for (what, place, name, assumed) in [
        ("stored", classified.at_rest, &event.location_at_rest, classified.at_rest_assumed),
        (
            "processed",
            classified.processing,
            &event.processing_location,
            classified.processing_assumed,
        ),
    ] {
        let written = name.as_ref().map(|name| name.text()).unwrap_or_default();
        let place = match place {
            StatedPlace::Absent => "the record does not tell".to_owned(),
            StatedPlace::Unresolved => format!("{written:?}, which the catalog does not know"),
            StatedPlace::Known(id, _) if assumed => {
                format!("{} (assumed, from the configuration)", program.place_id(id))
            }
            StatedPlace::Known(id, _) => format!("{} ({written})", program.place_id(id)),
        };
        let _ = writeln!(text, "  {what:<10} {place}");
    }
}

fn of_clause(
    text: &mut String,
    program: &Program,
    judgement: &Judgement,
    asked: &Asked,
    id: ClauseId,
) {
    let Some(clause) = program.clause(id) else { return };
    let section = match &*clause.text.section {
        "" => String::new(),
        section => format!(", {section}"),
    };
    let _ = writeln!(text, "\n{} ({}{section})", clause.id, clause.edition);
    if !clause.text.title.is_empty() {
        let _ = writeln!(text, "  {}", clause.text.title);
    }
    if let Some((_, why)) = asked.silent.iter().find(|(silent, _)| *silent == id) {
        let why = match why {
            Silence::NotInForce => "not in force at the time of the event",
            Silence::Tenant => "not for this tenant: its location is outside",
            Silence::NotShown => "the event does not show what the clause is about",
        };
        let _ = writeln!(text, "  └─ nothing to find: {why}");
        return;
    }
    let findings: Vec<(usize, &Finding)> = judgement
        .findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| finding.commitment == id)
        .collect();
    for (place, (number, finding)) in findings.iter().enumerate() {
        let last = place + 1 == findings.len();
        let (branch, stem) = if last { ("└─", "   ") } else { ("├─", "│  ") };
        let _ = writeln!(
            text,
            "  {branch} {}: {}",
            finding.verdict,
            sentence(program, judgement, finding)
        );
        let ways = asked.exceptions.iter().filter(|way| way.finding == *number);
        let lapsed = asked.lapsed.iter().filter(|(finding, _)| finding == number);
        let lines: Vec<String> = ways
            .map(|way| of_way(program, finding, way))
            .chain(lapsed.map(|(_, id)| {
                format!("{}: not in force at the time of the event", program.clause_id(*id))
            }))
            .collect();
        for (place, line) in lines.iter().enumerate() {
            let branch = if place + 1 == lines.len() { "└─" } else { "├─" };
            let _ = writeln!(text, "  {stem}{branch} {line}");
        }
    }
    let broken = findings.iter().any(|(_, finding)| finding.verdict == Verdict::Violation);
    if broken && !clause.text.remediation.is_empty() {
        let _ = writeln!(text, "  What to do: {}", clause.text.remediation);
    }
}

fn of_way(program: &Program, finding: &Finding, way: &ExceptionAsked) -> String {
    let id = way.answer.exception;
    let name = program.clause_id(id);
    let words = |facts: FactSet| record::sentence::list(facts);
    if !way.answer.failed.is_empty() {
        return format!("{name}: no, it fails on {}", words(way.answer.failed));
    }
    if !way.answer.missing.is_empty() {
        return format!("{name}: cannot be told without {}", words(way.answer.missing));
    }
    let presumed = if way.assumed.is_empty() {
        String::new()
    } else {
        format!(", presuming {}", words(way.assumed))
    };
    let named = if finding.exception == Some(id) { "" } else { ", but a narrower one is named" };
    format!("{name}: yes{presumed}{named}")
}

fn not_judged(text: &mut String, program: &Program, judged: &Judged<'_>) {
    let mut notes = Vec::new();
    if judged.event.access_location.is_some() {
        notes.push("from where a user or administrator reached the data: no document limits it");
    }
    let service = judged.classified.service.and_then(|id| program.services.get(usize::from(id.0)));
    match service {
        None => notes.push("the event as a whole: the catalog does not know its service"),
        Some(service) if !service.catalogued => {
            notes.push("the event as a whole: no document of the catalog speaks of its service");
        }
        Some(service) if &*service.id == "intune" => {
            notes.push(
                "copies that other services hold, and what Microsoft Entra ID holds for Intune",
            );
        }
        Some(_) => {}
    }
    if !notes.is_empty() {
        let _ = writeln!(text, "\nNot judged:");
        for note in notes {
            let _ = writeln!(text, "  - {note}");
        }
    }
}
