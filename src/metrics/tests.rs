use std::borrow::Cow;

use jiff::civil::date;

use super::*;
use crate::catalog::program::{Asked, Clause, Coverage, Document, EditionClauses, Kind, Promise};
use crate::catalog::program::{Place, Rule, Service, ServiceId, Severity};
use crate::category::{CategoryId, CategorySet};
use crate::classify::{Classified, Collaborator, UnknownValues};
use crate::code::{Code, Unreadable};
use crate::event::{Action, Event, InPlay, PlaceName, Purpose, ServiceName, UnknownInRecord};
use crate::pipeline::{Judged, Outcome};
use crate::place::{CountrySet, PlaceId, StatedPlace};
use crate::verdict::{ClauseId, Fact, FactSet, Finding, FindingPlace, Judgement};

const CANARY: &str = "canary-7f3a";

fn program(places: u16) -> Program {
    let clause = Clause {
        id: "entra.eu-data-boundary".into(),
        document: 0,
        edition: date(2023, 8, 17),
        kind: Kind::Commitment {
            promise: Promise::Rule(Rule::Deadline),
            tenants: None,
            severity: Severity::High,
        },
        coverage: Coverage { covered: CategorySet::EMPTY, possible: CategorySet::EMPTY },
        from: None,
        until: None,
        breadth: 1,
        text: Default::default(),
    };
    let asked = Asked { clause: ClauseId(0), ways: Box::default() };
    Program {
        places: (0..places)
            .map(|n| Place {
                id: format!("place-{n}").into(),
                title: "".into(),
                countries: CountrySet::single(n as u8),
            })
            .collect(),
        services: vec![Service {
            id: "entra.sign-in".into(),
            title: "".into(),
            categories: CategorySet::EMPTY,
            catalogued: true,
        }],
        clauses: vec![clause],
        documents: vec![Document {
            id: "entra-eu".into(),
            title: "".into(),
            publisher: "".into(),
            editions: vec![EditionClauses {
                edition: date(2023, 8, 17),
                from: Default::default(),
                by_service: vec![vec![asked].into()],
            }],
        }],
        documents_hash: "sha256:0".into(),
        ..Program::default()
    }
}

fn canary() -> Event<'static> {
    let text = || Cow::Borrowed(CANARY);
    let names = || vec![text(), text()];
    Event {
        id: None,
        operation: Some(text()),
        data_categories: names(),
        attributes: names(),
        hints: names(),
        location_at_rest: Some(PlaceName::Plain(text())),
        processing_location: Some(PlaceName::Region(text())),
        access_location: Some(text()),
        placement: Some(PlaceName::Plain(text())),
        purpose: Some(Purpose::Other),
        collaborating_tenant: Some(text()),
        subject: Some(text()),
        certifications: Some(names()),
        unknown: UnknownInRecord { fields: 2, action: true, purpose: true, capabilities: 1 },
        ..Event::new(Default::default(), ServiceName::Named(text()), text())
    }
}

fn classified(processing: StatedPlace) -> Classified<'static> {
    Classified {
        time: Default::default(),
        service: Some(ServiceId(0)),
        categories: CategorySet::EMPTY,
        categories_assumed: false,
        at_rest: StatedPlace::Absent,
        at_rest_assumed: false,
        processing,
        processing_assumed: false,
        placement: StatedPlace::Absent,
        action: Action::Handle,
        purpose: None,
        presume_purpose: true,
        in_play: InPlay::default(),
        collaborator: Collaborator::Unnamed,
        recorded: None,
        certifications: None,
        tenant: None,
        unknown: UnknownValues { service: 0, category: 0, attribute: 0, place: 1 },
    }
}

fn violation(place: FindingPlace) -> Judgement {
    let finding = |activity, category| Finding {
        commitment: ClauseId(0),
        activity: Some(activity),
        category: Some(CategoryId(category)),
        place,
        verdict: Verdict::Violation,
        exception: None,
        assumed: FactSet::EMPTY,
        missing: Fact::Place.into(),
        near_misses: (0, 0),
    };
    let process = crate::verdict::Activity::Process;
    Judgement {
        verdict: Verdict::Violation,
        findings: vec![finding(process, 1), finding(process, 2)],
        ..Judgement::default()
    }
}

fn count(tally: &mut Tally, program: &Program, processing: StatedPlace, place: FindingPlace) {
    count_judgement(tally, program, processing, &violation(place));
}

fn count_judgement(
    tally: &mut Tally,
    program: &Program,
    processing: StatedPlace,
    judgement: &Judgement,
) {
    let (event, classified) = (canary(), classified(processing));
    let judged =
        Judged { index: 0, format: "native", event: &event, classified: &classified, judgement };
    tally.outcome(program, &Outcome::Judged(judged));
}

fn metrics(program: &Program) -> (Arc<Metrics>, Tally) {
    let metrics = Metrics::new(program, &["entra".into()]).unwrap();
    let tally = Tally::new(metrics.clone(), "entra");
    (metrics, tally)
}

#[test]
fn violations_stand_at_zero_for_each_pair_in_scope_before_the_first_one() {
    let (metrics, _) = metrics(&program(1));
    let text = metrics.encode().unwrap();
    let zero = "bailiwick_violations_total\
        {commitment=\"entra.eu-data-boundary\",service=\"entra.sign-in\"} 0\n";
    assert!(text.contains(zero), "{text}");
}

#[test]
fn an_event_that_breaks_a_commitment_in_two_findings_is_one_violation() {
    let program = program(1);
    let (metrics, mut tally) = metrics(&program);
    count(&mut tally, &program, StatedPlace::Unresolved, FindingPlace::Unknown);
    assert_eq!(metrics.verdict_counts(), [0; 5], "nothing is shared before the flush");
    tally.flush(Default::default());
    assert_eq!(metrics.verdict_counts(), [0, 0, 0, 0, 1]);
    let by_commitment = metrics.sum_by("bailiwick_violations_total", "commitment");
    assert_eq!(by_commitment.get("entra.eu-data-boundary"), Some(&1));
    assert_eq!(metrics.sum_by("bailiwick_findings_total", "verdict")["violation"], 2);
    assert_eq!(metrics.sum_by("bailiwick_missing_facts_total", "fact")["place"], 1);
    tally.flush(Default::default());
    assert_eq!(metrics.verdict_counts(), [0, 0, 0, 0, 1], "a count is shared once");
}

#[test]
fn indeterminate_events_that_lack_nothing_but_a_place_are_counted_apart() {
    let program = program(1);
    let (metrics, mut tally) = metrics(&program);
    let mut judgement = violation(FindingPlace::None);
    count_judgement(&mut tally, &program, StatedPlace::Absent, &judgement);
    judgement.verdict = Verdict::Indeterminate;
    count_judgement(&mut tally, &program, StatedPlace::Absent, &judgement);
    count_judgement(&mut tally, &program, StatedPlace::Unresolved, &judgement);
    judgement.findings[1].missing = Fact::Tenant.into();
    count_judgement(&mut tally, &program, StatedPlace::Absent, &judgement);
    tally.flush(Default::default());
    tally.flush(Default::default());
    assert_eq!(metrics.verdict_counts(), [0, 0, 0, 3, 1]);
    let series = metrics.series("bailiwick_indeterminate_place_only_total");
    assert_eq!(series, BTreeMap::from([(vec![], 2)]));
}

#[test]
fn the_hundred_and_first_place_and_those_after_it_are_other() {
    let program = program(200);
    let (metrics, mut tally) = metrics(&program);
    let mut second = Tally::new(metrics.clone(), "entra");
    for n in 0..200 {
        let place = PlaceId(n);
        // Two workers share the bound.
        let tally = if n % 2 == 0 { &mut tally } else { &mut second };
        let stated = StatedPlace::Known(place, CountrySet::single(n as u8));
        count(tally, &program, stated, FindingPlace::Known(place));
    }
    tally.flush(Default::default());
    second.flush(Default::default());
    let places = metrics.sum_by("bailiwick_flows_total", "place");
    assert_eq!(places.len(), FLOW_PLACES + 1);
    assert_eq!(places["other"], 100);
}

#[test]
fn no_string_of_an_event_is_ever_in_the_encoding() {
    let program = program(1);
    let (metrics, mut tally) = metrics(&program);
    tally.record(10);
    count(&mut tally, &program, StatedPlace::Unresolved, FindingPlace::Unknown);
    let why = Unreadable::at(Code::WrongType, "tenant");
    let raw = CANARY.as_bytes();
    tally.outcome(&program, &Outcome::Unreadable { index: 0, raw, why });
    tally.judged_for(std::time::Duration::from_micros(3), 2);
    tally.flush(Default::default());
    metrics.set_lag("audit", 0, 5);
    let text = metrics.encode().unwrap();
    assert!(!text.contains(CANARY), "{text}");
    for series in [
        "bailiwick_unknown_values_total{field=\"field\"} 2",
        "bailiwick_unknown_values_total{field=\"place\"} 1",
        "bailiwick_dead_letters_total{input=\"entra\",reason=\"wrong_type\"} 1",
        "bailiwick_events_total{format=\"native\",input=\"entra\"} 1",
        "bailiwick_consumer_lag_records{partition=\"0\",topic=\"audit\"} 5",
        "bailiwick_flows_total{place=\"unknown\",tenant_geography=\"unknown\",verdict=\"violation\"} 1",
    ] {
        assert!(text.contains(series), "{series} is not in\n{text}");
    }
    metrics.drop_lag("audit", 0);
    assert!(!metrics.encode().unwrap().contains("topic=\"audit\""));
}

#[test]
fn every_metric_of_the_table_is_registered_and_no_other() {
    let program = program(1);
    let (metrics, mut tally) = metrics(&program);
    tally.record(1);
    let stated = StatedPlace::Known(PlaceId(0), CountrySet::EMPTY);
    count(&mut tally, &program, stated, FindingPlace::Known(PlaceId(0)));
    tally.outcome(
        &program,
        &Outcome::Unreadable { index: 0, raw: b"", why: Unreadable::whole(Code::Empty) },
    );
    metrics.set_lag("audit", 0, 5);
    metrics.offset_gap("audit", 3);
    metrics.alert_sink("am-0", &["delivered"]);
    metrics.alert_took("am-0", Default::default());
    metrics.set_alert_lag("am-0", 0);
    let mut judged = classified(StatedPlace::Absent);
    judged.service = None;
    let mut judgement = violation(FindingPlace::None);
    for finding in &mut judgement.findings {
        finding.exception = Some(ClauseId(0));
    }
    let judged = Judged {
        index: 0,
        format: "azure-monitor",
        event: &canary(),
        classified: &judged,
        judgement: &judgement,
    };
    tally.outcome(&program, &Outcome::Judged(judged));
    tally.flush(Default::default());
    let text = metrics.encode().unwrap();
    let declared: Vec<String> = catalogue()
        .iter()
        .map(|metric| format!("# TYPE {} {}", metric.name, metric.kind.as_str()))
        .collect();
    let mut served: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
    let mut declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    served.sort_unstable();
    declared.sort_unstable();
    assert_eq!(served, declared);
}

#[test]
fn assigned_partitions_are_summed_over_the_workers() {
    let (metrics, _) = metrics(&program(1));
    metrics.set_assigned(1, 3);
    metrics.set_assigned(0, 2);
    metrics.set_assigned(1, 1);
    assert!(metrics.encode().unwrap().contains("bailiwick_assigned_partitions 3\n"));
}

#[test]
fn outputs_are_counted_from_zero_and_what_is_open_is_summed_over_the_workers() {
    let (metrics, _) = metrics(&program(1));
    let label = |outcome: &str| vec![outcome.to_owned()];
    let counted = |acknowledged, failed| {
        BTreeMap::from([(label("acknowledged"), acknowledged), (label("failed"), failed)])
    };
    assert_eq!(metrics.series("bailiwick_outputs_total"), counted(0, 0));
    metrics.outputs(0, 5, 0, 7);
    metrics.outputs(1, 2, 1, 1);
    metrics.outputs(0, 1, 0, 2);
    assert_eq!(metrics.series("bailiwick_outputs_total"), counted(8, 1));
    assert!(metrics.encode().unwrap().contains("bailiwick_outputs_open 3\n"));
}
