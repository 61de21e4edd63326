use super::*;
use crate::record::{CatalogRecord, NearMissRecord};

fn finding(clause: &'static str, verdict: Verdict) -> FindingRecord<'static> {
    FindingRecord {
        commitment: clause.into(),
        edition: "2023-08-17".into(),
        activity: Some(Activity::Process),
        category: Some("usage".into()),
        place: Some("US".into()),
        verdict,
        exception: None,
        assumed: Vec::new(),
        missing: Vec::new(),
        near_misses: Vec::new(),
        explanation: "Usage data processed in the United States.".to_owned(),
    }
}

fn record(id: u64, findings: Vec<FindingRecord<'static>>) -> VerdictRecord<'static> {
    VerdictRecord {
        id: format!("{id:032x}"),
        event_id: Some(format!("e-{id}").into()),
        tenant: "t-1".into(),
        subject: None,
        tenant_geography: "eu-data-boundary".into(),
        service: "entra.sign-in".into(),
        time: "2026-01-15T12:00:00Z".parse().unwrap(),
        verdict: findings.iter().map(|it| it.verdict).max().unwrap_or_default(),
        findings,
        source: Source::File { file: "f".into(), index: id },
        catalog: CatalogRecord {
            hash: "sha256:0".into(),
            editions: BTreeMap::from([("entra-eu".into(), "2023-08-17".into())]),
        },
        tenant_facts: None,
    }
}

const CLAUSE: &str = "entra.eu-data-boundary";

fn report(records: &[VerdictRecord<'_>]) -> Report {
    let mut report = Report::new(Period::default());
    records.iter().for_each(|record| report.add(record));
    report
}

#[test]
fn the_last_record_of_an_id_counts_and_the_ones_before_leave_no_trace() {
    let broken = record(1, vec![finding(CLAUSE, Verdict::Violation)]);
    let kept = record(1, vec![finding(CLAUSE, Verdict::Compliant)]);
    let program = Program::default();
    let twice = report(&[broken.clone(), kept]);
    let figures = twice.figures(&program);
    assert_eq!((figures.events, figures.repeated, figures.violations.len()), (1, 1, 0));
    let clause = &figures.documents[0].clauses[0];
    assert_eq!((clause.judged, clause.compliant.all(), clause.violated.all()), (1, 1, 0));
    let again = report(&[broken.clone(), broken.clone(), broken]);
    assert_eq!(again.figures(&program).violations.len(), 1);
}

#[test]
fn an_event_counts_once_for_a_clause_by_its_worst_finding() {
    let program = Program::default();
    let mut presumed = finding(CLAUSE, Verdict::Excepted);
    presumed.exception = Some("entra.transactions".into());
    presumed.assumed = vec![Fact::Purpose];
    let events = [record(
        1,
        vec![finding(CLAUSE, Verdict::Compliant), presumed, finding("x", Verdict::Violation)],
    )];
    let report = report(&events);
    let figures = report.figures(&program);
    let clauses = &figures.documents[0].clauses;
    assert_eq!((clauses[0].clause, clauses[0].judged), (CLAUSE, 1));
    assert_eq!((clauses[0].excepted.assumed, clauses[0].excepted.stated), (1, 0));
    assert_eq!(clauses[1].violated.stated, 1);
    assert_eq!(figures.documents[0].exceptions[0].permitted.assumed, 1);
    assert_eq!(figures.presumed, BTreeMap::from([("purpose", 1)]));
}

#[test]
fn the_period_begins_with_its_first_moment_and_ends_before_its_last() {
    let time: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    for (from, to, events) in [(time, None, 1), (Timestamp::MIN, Some(time), 0)] {
        let mut report = Report::new(Period { from: Some(from), to });
        report.add(&record(1, Vec::new()));
        let program = Program::default();
        let figures = report.figures(&program);
        assert_eq!((figures.events, figures.outside_period), (events, 1 - events));
    }
}

#[test]
fn a_record_without_a_place_is_told_apart_from_one_with_an_unknown_place() {
    let mut silent = finding(CLAUSE, Verdict::Indeterminate);
    (silent.activity, silent.place, silent.missing) = (None, None, vec![Fact::Place]);
    let mut unknown = finding(CLAUSE, Verdict::Indeterminate);
    (unknown.place, unknown.missing) = (Some("unknown".into()), vec![Fact::Place]);
    let report = report(&[record(1, vec![silent]), record(2, vec![unknown])]);
    let program = Program::default();
    let figures = report.figures(&program);
    let clause = &figures.documents[0].clauses[0];
    assert_eq!((clause.without_place, clause.share_without_place), (1, Some(0.5)));
    let why: Vec<&str> = figures.not_judged.iter().take(2).map(|it| it.why).collect();
    assert_ne!(why[0], why[1]);
}

#[test]
fn what_a_record_says_cannot_become_markup() {
    let mut broken = record(1, vec![finding(CLAUSE, Verdict::Violation)]);
    broken.tenant = "<img src=x>|[a](b)\n# t".into();
    broken.findings[0].near_misses = vec![NearMissRecord {
        exception: "entra.transactions".into(),
        failed: vec![Fact::Purpose],
        missing: vec![Fact::Tenant],
    }];
    let report = report(&[broken]);
    let text = report.figures(&Program::default()).markdown();
    assert!(text.contains(r"- tenant: \<img src=x\>\|\[a\](b) \# t (eu-data-boundary)"), "{text}");
    assert!(text.contains("near miss: `entra.transactions`, failed on purpose, unknown: tenant"));
}

#[test]
fn ids_that_are_not_ours_are_told_apart_as_well() {
    let ours = short("000000000000000000000000000000ff");
    assert_eq!(u128::from_be_bytes(ours), 255);
    assert_ne!(short("a"), short("b"));
    assert_ne!(short("ff"), ours);
}
