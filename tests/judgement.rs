//! The judge against the golden judgements, and against the reference evaluator.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod reference;

use std::sync::Arc;

use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::catalog::program::Program;
use bailiwick::classify::InputRules;
use bailiwick::decode::Format;
use bailiwick::directory::Directory;
use bailiwick::pipeline::{Outcome, Pipeline};
use bailiwick::record::{Source, SubjectHasher, render};
use bailiwick::tenant::TenantRecord;
use serde_json::{Value, json};

fn program() -> Arc<Program> {
    let catalog = compile(&[Layer::builtin()], Strictness::Strict).expect("the builtin catalog");
    Arc::new(catalog.program)
}

/// The product's judgement, in the reference evaluator's shape.
fn judged(
    program: &Arc<Program>,
    event: &Value,
    tenants: &[Value],
    presume_purpose: bool,
) -> Value {
    let records: Vec<TenantRecord> =
        tenants.iter().map(|t| serde_json::from_value(t.clone()).expect("tenant facts")).collect();
    let directory = Arc::new(Directory::new(program, &records));
    let rules = Arc::new(InputRules { presume_purpose, places: Vec::new() });
    let mut pipeline = Pipeline::new(program.clone(), directory, rules, Format::Native, 1 << 20);
    let mut all = Vec::new();
    pipeline.record(Some(event.to_string().as_bytes()), |outcome| match outcome {
        Outcome::Judged(judged) => {
            let source = Source::File { file: "-".into(), index: 0 };
            let record = render(program, &judged, String::new(), source, &SubjectHasher::new(None));
            all.push(serde_json::to_value(&record).unwrap());
        }
        Outcome::Unreadable { why, .. } => panic!("{why}: {event}"),
    });
    let [record] = all.as_slice() else { panic!("one event, one verdict") };
    let findings: Vec<Value> = record["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let near: Vec<Value> = finding["near_misses"]
                .as_array()
                .unwrap()
                .iter()
                .map(|near| {
                    let missing = near.get("missing").cloned().unwrap_or(json!([]));
                    json!({"exception": near["exception"], "failed": near["failed"], "missing": missing})
                })
                .collect();
            json!({
                "commitment": finding["commitment"],
                "activity": finding["activity"],
                "category": finding["category"],
                "place": finding["place"],
                "verdict": finding["verdict"],
                "exception": finding["exception"],
                "assumed": finding["assumed"],
                "missing": finding["missing"],
                "near_misses": near,
            })
        })
        .collect();
    json!({
        "verdict": record["verdict"],
        "tenant_geography": record["tenant_geography"],
        "findings": findings,
    })
}

/// Fills in the keys that a golden file may leave out.
fn whole(mut expected: Value) -> Value {
    for finding in expected["findings"].as_array_mut().unwrap() {
        let finding = finding.as_object_mut().unwrap();
        for key in ["activity", "category", "place", "exception"] {
            finding.entry(key).or_insert(Value::Null);
        }
        for key in ["assumed", "missing", "near_misses"] {
            finding.entry(key).or_insert(json!([]));
        }
        for near in finding["near_misses"].as_array_mut().unwrap() {
            near.as_object_mut().unwrap().entry("missing").or_insert(json!([]));
        }
    }
    expected
}

#[test]
fn every_golden_judgement_is_reproduced() {
    let program = program();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judgements");
    let mut cases = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let golden: Vec<Value> = bailiwick::yaml::read(&path.display().to_string(), &text)
            .unwrap_or_else(|faults| {
                panic!("{}", faults.lines().collect::<Vec<_>>().join("\n"));
            });
        for case in golden {
            let presume = case.get("presume_purpose").and_then(Value::as_bool).unwrap_or(true);
            let tenants = case["tenants"].as_array().cloned().unwrap_or_default();
            let found = judged(&program, &case["event"], &tenants, presume);
            let expected = whole(case["expect"].clone());
            assert_eq!(found, expected, "{}: {}", path.display(), case["name"]);
            cases += 1;
        }
    }
    assert!(cases >= 100, "only {cases} golden judgements were found");
}

#[test]
fn the_reference_evaluator_agrees_on_a_hundred_thousand_cases() {
    let program = program();
    let agree = &|seeds: std::ops::Range<u64>| {
        for seed in seeds {
            let (event, tenants, presume) = reference::case(seed);
            let expected = reference::evaluate(&event, &tenants, presume);
            let found = judged(&program, &event, &tenants, presume);
            assert_eq!(
                found, expected,
                "seed {seed}\nevent {event:#}\ntenants {tenants:#?}\npresume purpose: {presume}"
            );
        }
    };
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || agree(part * 25_000..(part + 1) * 25_000));
        }
    });
}
