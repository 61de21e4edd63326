//! The published schemas: as the types have them, and true of every file they speak of.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::classify::InputRules;
use bailiwick::decode::Format;
use bailiwick::directory::Directory;
use bailiwick::event::UnknownInRecord;
use bailiwick::pipeline::{Outcome, Pipeline};
use bailiwick::record::{Source, SubjectHasher, render};
use bailiwick::schema;
use bailiwick::tenant::TenantRecord;
use jsonschema::Validator;
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator(name: &str) -> Validator {
    let schema = schema::named(name).expect("a published schema");
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Fails with every fault there is, each with its path.
fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|fault| format!("{what}{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn yaml(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    bailiwick::yaml::read(&path.display().to_string(), &text)
        .unwrap_or_else(|faults| panic!("{}", faults.lines().collect::<Vec<_>>().join("\n")))
}

/// Every file below a folder whose name ends so, in order.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let folder = root().join("schemas");
    let update = std::env::var_os("BAILIWICK_UPDATE").is_some_and(|update| update == "1");
    let mut stale = Vec::new();
    for (name, schema) in schema::all() {
        let path = folder.join(format!("{name}.schema.json"));
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::fs::read_to_string(&path).ok().as_deref() == Some(&text) {
            continue;
        }
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, text).unwrap();
        } else {
            stale.push(path.display().to_string());
        }
    }
    let published = files("schemas", ".schema.json").len();
    assert_eq!(published, schema::all().len(), "a file in schemas/ that no type has");
    assert!(
        stale.is_empty(),
        "stale: {}\nrewrite with: BAILIWICK_UPDATE=1 cargo test --test schemas",
        stale.join(", ")
    );
}

#[test]
fn every_schema_says_what_it_is_and_is_valid_itself() {
    for (name, schema) in schema::all() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert!(schema["title"].as_str().unwrap().starts_with("Bailiwick"), "{name}");
        validator(name);
    }
}

#[test]
fn the_catalogs_files_fit_the_schema_of_catalog_files() {
    let validator = validator("catalog");
    let files = files("catalog", ".yaml");
    assert!(files.len() >= 10, "{files:?}");
    for file in files {
        assert_valid(&validator, &yaml(&file), &file.display().to_string());
    }
}

#[test]
fn a_mistyped_key_of_a_catalog_file_does_not_fit() {
    let validator = validator("catalog");
    assert!(!validator.is_valid(&json!({"claues": []})));
    assert!(!validator.is_valid(&json!({"sites": {"fra-dc1": 1}})));
    assert!(validator.is_valid(&json!({"sites": {"fra-dc1": "DE"}})));
}

#[test]
fn events_and_tenants_of_the_catalogs_examples_fit_once_filled_in() {
    let (event, tenant) = (validator("event"), validator("tenant"));
    let catalog = compile(&[Layer::builtin()], Strictness::Strict).unwrap();
    let mut seen = 0;
    for clause in &catalog.examples {
        for example in &clause.examples {
            let what = format!("{}: {}", clause.clause, example.name.value);
            let mut filled = example.event.clone();
            for (key, value) in [("id", "e-1"), ("tenant", "t-1"), ("time", "2026-01-02T03:04:05Z")]
            {
                filled.entry(key).or_insert(value.into());
            }
            assert_valid(&event, &filled.into(), &what);
            if let Some(mut facts) = example.tenant.clone() {
                facts.entry("id").or_insert("t-1".into());
                assert_valid(&tenant, &facts.into(), &what);
            }
            seen += 1;
        }
    }
    assert!(seen >= 60, "only {seen} examples");
}

#[test]
fn events_and_tenants_of_the_golden_judgements_fit_and_so_do_their_verdicts() {
    let (event, tenant, verdict) = (validator("event"), validator("tenant"), validator("verdict"));
    let catalog = compile(&[Layer::builtin()], Strictness::Strict).unwrap();
    let program = Arc::new(catalog.program);
    let mut seen = 0;
    for file in files("tests/judgements", ".yaml") {
        for case in yaml(&file).as_array().unwrap() {
            let what = format!("{}: {}", file.display(), case["name"]);
            let tenants = case["tenants"].as_array().cloned().unwrap_or_default();
            for facts in &tenants {
                assert_valid(&tenant, facts, &what);
            }
            let records: Vec<TenantRecord> =
                tenants.into_iter().map(|facts| serde_json::from_value(facts).unwrap()).collect();
            let directory = Arc::new(Directory::new(&program, &records));
            let mut pipeline = Pipeline::new(
                program.clone(),
                directory,
                Arc::new(InputRules::default()),
                Format::Native,
                1 << 20,
            );
            pipeline.record(Some(case["event"].to_string().as_bytes()), |outcome| {
                let Outcome::Judged(judged) = outcome else { panic!("{what}: unreadable") };
                // A word of a closed set that the product only counts is a fault of the schema.
                match judged.event.unknown == UnknownInRecord::default() {
                    true => assert_valid(&event, &case["event"], &what),
                    false => assert!(!event.is_valid(&case["event"]), "{what}"),
                }
                let hasher = SubjectHasher::new(None);
                let sources = [
                    Source::File { file: "-".into(), index: 0 },
                    Source::Kafka {
                        input: "entra".into(),
                        topic: "audit".into(),
                        partition: 0,
                        offset: 42,
                        index: 0,
                    },
                ];
                for source in sources {
                    let record = render(&program, &judged, "0".repeat(32), source, &hasher);
                    assert_valid(&verdict, &serde_json::to_value(&record).unwrap(), &what);
                }
            });
            seen += 1;
        }
    }
    assert!(seen >= 100, "only {seen} golden judgements");
}

#[test]
fn the_sample_tenants_and_the_examples_for_users_fit() {
    let tenant = validator("tenant");
    for file in ["tests/samples/tenants.yaml", "examples/tenants.yaml"] {
        for facts in yaml(&root().join(file)).as_array().unwrap() {
            assert_valid(&tenant, facts, file);
        }
    }
    let event = validator("event");
    let text = std::fs::read_to_string(root().join("examples/events.ndjson")).unwrap();
    for line in text.lines() {
        assert_valid(&event, &serde_json::from_str(line).unwrap(), line);
    }
}

#[test]
fn the_golden_report_fits_and_one_with_a_wrong_type_does_not() {
    let report = validator("report");
    let text = std::fs::read_to_string(root().join("tests/reports/examples.json")).unwrap();
    let mut golden: Value = serde_json::from_str(&text).unwrap();
    assert!(golden["violations"].as_array().is_some_and(|list| !list.is_empty()));
    assert_valid(&report, &golden, "tests/reports/examples.json");
    golden["from"] = "yesterday".into();
    assert!(!report.is_valid(&golden));
    golden["from"] = Value::Null;
    golden["documents"][0]["clauses"][0]["judged"] = "many".into();
    assert!(!report.is_valid(&golden));
}
