//! The report as Markdown, for reading and for keeping.

use std::fmt::Write;

use super::figures::{ClauseFigures, DocumentFigures, Figures, Resting, ViolationEntry};
use crate::verdict::{Fact, Verdict};

impl Figures<'_> {
    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        self.head(&mut out);
        let _ = writeln!(
            out,
            "\nIn the tables that follow an event counts once for a clause, by its worst finding. \
             Assumed is what rests on a fact that no record states."
        );
        for document in &self.documents {
            of_document(&mut out, document);
        }
        self.of_violations(&mut out);
        self.of_presumptions(&mut out);
        self.of_gaps(&mut out);
        out
    }

    fn head(&self, out: &mut String) {
        let period = match (self.from, self.to) {
            (None, None) => "All events that were read".to_owned(),
            (Some(from), None) => format!("Events from {from} on"),
            (None, Some(to)) => format!("Events before {to}"),
            (Some(from), Some(to)) => format!("Events from {from} until before {to}"),
        };
        let _ = writeln!(out, "# Compliance report\n\n{period}, by the time of the event.\n");
        let _ = writeln!(out, "| verdict | events | meaning |\n| --- | ---: | --- |");
        for verdict in Verdict::ALL.into_iter().rev() {
            let events = self.verdicts.get(verdict.as_str()).copied().unwrap_or_default();
            let _ = writeln!(out, "| {verdict} | {events} | {} |", meaning(verdict));
        }
        let _ = writeln!(out, "| **all** | **{}** | |", self.events);
        let _ = writeln!(
            out,
            "\nRecords replaced by a later one of the same id: {}. Records outside the period: {}. \
             Records that could not be read: {}.",
            self.repeated, self.outside_period, self.unreadable
        );
        if !self.origins.is_empty() {
            let _ = writeln!(out, "\n| read from | events |\n| --- | ---: |");
            for (origin, events) in &self.origins {
                let _ = writeln!(out, "| {} | {events} |", text(origin));
            }
        }
        let _ = writeln!(out, "\n| catalog | events judged by it |\n| --- | ---: |");
        for (hash, events) in &self.catalogs {
            let _ = writeln!(out, "| `{}` | {events} |", text(hash));
        }
        let known = self.catalogs.contains_key(self.catalog_of_this_report);
        if !known || self.catalogs.len() > 1 {
            let _ = writeln!(
                out,
                "\nTitles and sections below are those of the catalog `{}`.",
                self.catalog_of_this_report
            );
        }
    }

    fn of_violations(&self, out: &mut String) {
        let _ = writeln!(out, "\n## Violations\n");
        if self.violations.is_empty() {
            let _ = writeln!(out, "None.");
        }
        for (number, violation) in self.violations.iter().enumerate() {
            of_violation(out, number + 1, violation);
        }
    }

    fn of_presumptions(&self, out: &mut String) {
        let _ = writeln!(out, "\n## What was presumed\n");
        if self.presumed.is_empty() {
            let _ = writeln!(out, "Nothing.");
            return;
        }
        let _ = writeln!(out, "| presumed | events that rest on it |\n| --- | ---: |");
        for (fact, events) in &self.presumed {
            let _ = writeln!(out, "| `{fact}` | {events} |");
        }
    }

    fn of_gaps(&self, out: &mut String) {
        let _ = writeln!(out, "\n## What was not judged, and why\n");
        let _ = writeln!(out, "| what | why | events |\n| --- | --- | ---: |");
        for gap in &self.not_judged {
            let events = gap.events.map_or("–".to_owned(), |events| events.to_string());
            let _ = writeln!(out, "| {} | {} | {events} |", text(&gap.what), text(gap.why));
        }
    }
}

fn of_document(out: &mut String, document: &DocumentFigures<'_>) {
    let _ = writeln!(out, "\n## {}\n", text(document.title));
    if !document.publisher.is_empty() {
        let _ = write!(out, "{}, `{}`.", text(document.publisher), document.id);
        for (edition, events) in &document.editions {
            let _ = write!(out, " Edition {} was in force for {events} events.", text(edition));
        }
        let _ = writeln!(out, "\n");
    }
    let _ = writeln!(
        out,
        "| clause | section | judged | compliant | excepted, stated | excepted, assumed | \
         violated | indeterminate | without a place |"
    );
    let _ = writeln!(out, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for clause in &document.clauses {
        let _ = writeln!(
            out,
            "| `{}`{}{} | {} | {} | {} | {} | {} | {} | {} | {} |",
            clause.clause,
            if clause.edition.is_empty() { String::new() } else { format!(" {}", clause.edition) },
            titled(clause.title),
            text(clause.section),
            clause.judged,
            some_assumed(clause.compliant),
            clause.excepted.stated,
            clause.excepted.assumed,
            some_assumed(clause.violated),
            clause.indeterminate,
            share(clause),
        );
    }
    if document.exceptions.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n| exception in use | section | stated | assumed |");
    let _ = writeln!(out, "| --- | --- | ---: | ---: |");
    for exception in &document.exceptions {
        let approved = match exception.approved_by {
            "" => String::new(),
            name => format!(", approved by {}", text(name)),
        };
        let _ = writeln!(
            out,
            "| `{}`{}{approved} | {} | {} | {} |",
            text(exception.clause),
            titled(exception.title),
            text(exception.section),
            exception.permitted.stated,
            exception.permitted.assumed
        );
    }
}

fn of_violation(out: &mut String, number: usize, it: &ViolationEntry<'_>) {
    let _ = writeln!(out, "### {number}. {}, {}\n", text(it.clause), it.time);
    let _ = writeln!(out, "{}\n", text(it.explanation));
    let section = if it.section.is_empty() { "not in the catalog at hand" } else { it.section };
    let document = if it.document.is_empty() { "" } else { &format!("{}, ", text(it.document)) };
    let _ = writeln!(out, "- source: {document}edition {}, {}", text(it.edition), text(section));
    let _ = writeln!(out, "- service: `{}`", text(it.service));
    let _ = writeln!(out, "- tenant: {} ({})", text(it.tenant), text(it.tenant_geography));
    let activity = it.activity.map_or("–", |activity| activity.as_str());
    let (category, place) = (it.category.unwrap_or("–"), it.place.unwrap_or("–"));
    let _ =
        writeln!(out, "- activity: {activity}; data: {}; place: {}", text(category), text(place));
    if !it.assumed.is_empty() {
        let _ = writeln!(out, "- assumed: {}", facts(it.assumed));
    }
    for near in &it.near_misses {
        let _ = write!(out, "- near miss: `{}`", text(near.exception));
        if !near.failed.is_empty() {
            let _ = write!(out, ", failed on {}", facts(near.failed));
        }
        if !near.missing.is_empty() {
            let _ = write!(out, ", unknown: {}", facts(near.missing));
        }
        let _ = writeln!(out);
    }
    let event = it.event_id.map_or("none".to_owned(), text);
    let _ =
        writeln!(out, "- record: {}; verdict {}; event {event}\n", text(it.source), text(it.id));
}

/// A verdict on an event, for those who read no manual first.
fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Violation => "a commitment is broken, and no exception holds",
        Verdict::Indeterminate => "it cannot be told: a fact is missing",
        Verdict::Excepted => "outside, by a documented exception",
        Verdict::Compliant => "every commitment that was asked is kept",
        Verdict::OutOfScope => "no commitment asks anything of it",
    }
}

fn titled(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!(": {}", text(title)) }
}

fn some_assumed(resting: Resting) -> String {
    match resting.assumed {
        0 => resting.stated.to_string(),
        assumed => format!("{} ({assumed} assumed)", resting.all()),
    }
}

fn share(clause: &ClauseFigures<'_>) -> String {
    match clause.share_without_place {
        None => "–".to_owned(),
        Some(share) => format!("{} ({:.1} %)", clause.without_place, share * 100.0),
    }
}

pub(super) fn facts(facts: &[Fact]) -> String {
    let names: Vec<&str> = facts.iter().map(|fact| fact.as_str()).collect();
    names.join(", ")
}

/// Text of a record may look like markup, and must not become any.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
