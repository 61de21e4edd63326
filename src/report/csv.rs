//! The report as CSV: one table, whose first column says what a row is about.

use super::figures::{ClauseFigures, DocumentFigures, ExceptionFigures, Figures, ViolationEntry};
use super::markdown::facts;

/// The columns. A row leaves empty what it has no word for.
const COLUMNS: [&str; 33] = [
    "row",
    "document",
    "edition",
    "clause",
    "section",
    "judged",
    "compliant_stated",
    "compliant_assumed",
    "excepted_stated",
    "excepted_assumed",
    "violated_stated",
    "violated_assumed",
    "indeterminate",
    "without_place",
    "share_without_place",
    "events",
    "what",
    "why",
    "id",
    "event_id",
    "time",
    "tenant",
    "tenant_geography",
    "service",
    "activity",
    "category",
    "place",
    "assumed",
    "near_misses",
    "explanation",
    "source",
    "approved_by",
    "catalog",
];

impl Figures<'_> {
    /// As CSV (RFC 4180).
    pub fn csv(&self) -> String {
        let mut out = COLUMNS.join(",");
        out.push_str("\r\n");
        for (what, time) in [("from", self.from), ("to", self.to)] {
            let time = time.map(|time| time.to_string()).unwrap_or_default();
            row(&mut out, "period", &[("what", what), ("time", &time)]);
        }
        for (verdict, events) in &self.verdicts {
            row(&mut out, "verdict", &[("what", verdict), ("events", &events.to_string())]);
        }
        for (what, events) in [
            ("repeated", self.repeated),
            ("outside_period", self.outside_period),
            ("unreadable", self.unreadable),
        ] {
            row(&mut out, "records", &[("what", what), ("events", &events.to_string())]);
        }
        for (origin, events) in &self.origins {
            row(&mut out, "origin", &[("source", origin), ("events", &events.to_string())]);
        }
        for (hash, events) in &self.catalogs {
            row(&mut out, "catalog", &[("catalog", hash), ("events", &events.to_string())]);
        }
        let of_this_report = [("what", "of_this_report"), ("catalog", self.catalog_of_this_report)];
        row(&mut out, "catalog", &of_this_report);
        for document in &self.documents {
            for (edition, events) in &document.editions {
                let events = events.to_string();
                let cells = [("document", document.id), ("edition", edition), ("events", &events)];
                row(&mut out, "edition", &cells);
            }
            document.clauses.iter().for_each(|it| of_clause(&mut out, document, it));
            document.exceptions.iter().for_each(|it| of_exception(&mut out, document, it));
        }
        self.violations.iter().for_each(|it| of_violation(&mut out, it));
        for (fact, events) in &self.presumed {
            row(&mut out, "presumed", &[("assumed", fact), ("events", &events.to_string())]);
        }
        for gap in &self.not_judged {
            let events = gap.events.map(|events| events.to_string()).unwrap_or_default();
            let cells = [("what", &*gap.what), ("why", gap.why), ("events", &events)];
            row(&mut out, "not_judged", &cells);
        }
        out
    }
}

fn of_clause(out: &mut String, document: &DocumentFigures<'_>, it: &ClauseFigures<'_>) {
    let share = it.share_without_place.map(|share| format!("{share:.4}")).unwrap_or_default();
    let cells = [
        ("document", document.id),
        ("edition", it.edition),
        ("clause", it.clause),
        ("section", it.section),
        ("judged", &it.judged.to_string()),
        ("compliant_stated", &it.compliant.stated.to_string()),
        ("compliant_assumed", &it.compliant.assumed.to_string()),
        ("excepted_stated", &it.excepted.stated.to_string()),
        ("excepted_assumed", &it.excepted.assumed.to_string()),
        ("violated_stated", &it.violated.stated.to_string()),
        ("violated_assumed", &it.violated.assumed.to_string()),
        ("indeterminate", &it.indeterminate.to_string()),
        ("without_place", &it.without_place.to_string()),
        ("share_without_place", &share),
    ];
    row(out, "clause", &cells);
}

fn of_exception(out: &mut String, document: &DocumentFigures<'_>, it: &ExceptionFigures<'_>) {
    let cells = [
        ("document", document.id),
        ("clause", it.clause),
        ("section", it.section),
        ("excepted_stated", &it.permitted.stated.to_string()),
        ("excepted_assumed", &it.permitted.assumed.to_string()),
        ("approved_by", it.approved_by),
    ];
    row(out, "exception", &cells);
}

fn of_violation(out: &mut String, it: &ViolationEntry<'_>) {
    let near: Vec<String> = it
        .near_misses
        .iter()
        .map(|near| {
            let unknown = match near.missing {
                [] => String::new(),
                missing => format!("; unknown: {}", facts(missing)),
            };
            format!("{} ({}{unknown})", near.exception, facts(near.failed))
        })
        .collect();
    let cells = [
        ("document", it.document),
        ("edition", it.edition),
        ("clause", it.clause),
        ("section", it.section),
        ("id", it.id),
        ("event_id", it.event_id.unwrap_or_default()),
        ("time", &it.time.to_string()),
        ("tenant", it.tenant),
        ("tenant_geography", it.tenant_geography),
        ("service", it.service),
        ("activity", it.activity.map_or("", |activity| activity.as_str())),
        ("category", it.category.unwrap_or_default()),
        ("place", it.place.unwrap_or_default()),
        ("assumed", &facts(it.assumed)),
        ("near_misses", &near.join("; ")),
        ("explanation", it.explanation),
        ("source", it.source),
    ];
    row(out, "violation", &cells);
}

fn row(out: &mut String, kind: &str, cells: &[(&str, &str)]) {
    for (number, column) in COLUMNS.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        let given = cells.iter().find(|(name, _)| name == column).map(|(_, value)| *value);
        out.push_str(&cell(if number == 0 { kind } else { given.unwrap_or_default() }));
    }
    out.push_str("\r\n");
}

/// Quoted where it has to be. A spreadsheet takes text that begins like a formula for one, so
/// such text gets an apostrophe.
fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if value.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", value.replace('"', "\"\""));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_can_be_neither_a_formula_nor_two_cells() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@x,y"), "\"'@x,y\"");
        assert_eq!(cell("a \"b\"\nc"), "\"a \"\"b\"\"\nc\"");
        assert_eq!(cell("plain"), "plain");
    }
}
