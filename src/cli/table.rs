//! Verdicts as a table: one line an event, the worst finding named.

use std::io::{self, Write};

use crate::record::VerdictRecord;

/// Writes the column heads.
pub(super) fn head(out: &mut impl Write) -> io::Result<()> {
    line(out, "VERDICT", "TIME", "SERVICE", "TENANT GEOGRAPHY", "PLACE", "WHY")
}

/// Writes one verdict.
pub(super) fn row(out: &mut impl Write, record: &VerdictRecord<'_>) -> io::Result<()> {
    // The first of the worst: `max_by_key` takes the last of equals.
    let worst = record.findings.iter().rev().max_by_key(|finding| finding.verdict);
    let place = worst.and_then(|finding| finding.place.as_deref()).unwrap_or("-");
    let why = match worst {
        None => "-".to_owned(),
        Some(finding) => {
            let mut why = finding.commitment.to_string();
            if let Some(exception) = &finding.exception {
                why = format!("{why}, {exception}");
            }
            if !finding.missing.is_empty() {
                let missing: Vec<&str> = finding.missing.iter().map(|fact| fact.as_str()).collect();
                why = format!("{why}, missing {}", missing.join(" "));
            }
            why
        }
    };
    let time = record.time.to_string();
    let geography = &record.tenant_geography;
    line(out, record.verdict.as_str(), &time, &record.service, geography, place, &why)
}

fn line(
    out: &mut impl Write,
    verdict: &str,
    time: &str,
    service: &str,
    geography: &str,
    place: &str,
    why: &str,
) -> io::Result<()> {
    // Every column ends in a space of its own, whatever a user's catalog calls its places.
    writeln!(out, "{verdict:<13} {time:<24} {service:<43} {geography:<16} {place:<16} {why}")
}
