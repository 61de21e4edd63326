//! A record of the violations topic, as much of it as an alert may know.

use jiff::Timestamp;
use serde::Deserialize;

use super::group::{Key, Violation};

/// The longest name, and the longest sentence: longer ones are not ours.
const NAME: usize = 256;
const SENTENCE: usize = 4096;

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    subject: Option<String>,
    tenant_geography: String,
    service: String,
    time: Timestamp,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    commitment: String,
    place: Option<String>,
    category: Option<String>,
    verdict: String,
    explanation: String,
}

/// A keyed hash, and nothing that merely stands in its place.
fn is_hash(subject: &str) -> bool {
    subject.strip_prefix("hmac-sha256:").is_some_and(|digest| {
        digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Reads a violation; a record holds the findings of one group. None where it is none.
pub(super) fn read(value: &[u8]) -> Option<Violation> {
    let record: Record = serde_json::from_slice(value).ok()?;
    let finding = record.findings.into_iter().find(|finding| finding.verdict == "violation")?;
    let none = || "none".to_owned();
    let key = Key {
        commitment: finding.commitment,
        service: record.service,
        tenant_geography: record.tenant_geography,
        place: finding.place.unwrap_or_else(none),
        category: finding.category.unwrap_or_else(none),
    };
    let names = [
        &key.commitment,
        &key.service,
        &key.tenant_geography,
        &key.place,
        &key.category,
        &record.id,
    ];
    let ours = names.iter().all(|name| (1..=NAME).contains(&name.len()))
        && finding.explanation.len() <= SENTENCE;
    ours.then_some(Violation {
        key,
        id: record.id,
        subject: record.subject.filter(|subject| is_hash(subject)),
        explanation: finding.explanation,
        time: record.time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_violation_is_read_and_what_is_none_is_not() {
        let finding = json!({"commitment": "c", "place": null, "category": "usage",
            "verdict": "violation", "explanation": "x"});
        let record = json!({"id": "9f", "tenant": "t-1", "tenant_geography": "europe",
            "service": "s", "time": "2026-01-02T03:04:05Z", "findings": [finding]});
        let read_of = |record: &serde_json::Value| read(record.to_string().as_bytes());
        let violation = read_of(&record).unwrap();
        assert_eq!(
            (violation.key.place.as_str(), violation.key.category.as_str()),
            ("none", "usage")
        );
        let mut named = record.clone();
        let hash = format!("hmac-sha256:{}", "0a".repeat(32));
        for (subject, kept) in [(hash.as_str(), Some(&hash)), ("jo@example.org", None)] {
            named["subject"] = subject.into();
            assert_eq!(read_of(&named).unwrap().subject.as_ref(), kept);
        }
        let mut long = record.clone();
        long["service"] = "s".repeat(300).into();
        let mut kept = record;
        kept["findings"][0]["verdict"] = "compliant".into();
        assert!(read_of(&long).is_none() && read_of(&kept).is_none() && read(b"").is_none());
    }
}
