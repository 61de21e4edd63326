//! What a record says stays in the process: a marked text in every string of every format turns
//! up in the dead letters and nowhere else.
//!
//! What may leave: the tenant's id, an event's id that names no person, and canonical names of
//! the catalog. `judge` ends by telling people on standard error which places it could not
//! resolve; that one line may name places.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::classify::InputRules;
use bailiwick::decode::Format;
use bailiwick::directory::Directory;
use bailiwick::metrics::{Metrics, Tally};
use bailiwick::pipeline::{Outcome, Pipeline};
use bailiwick::record::{Source, SubjectHasher, render};
use serde_json::{Value, json};

/// No name of the catalog has these letters, in any case.
const MARK: &str = "Qzx7Canary";
const TENANT: &str = "5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01";

/// Fields whose value leaves: the record's tenant, and its id where that names no person (the
/// id of a risky user does).
const LEAVE: [&str; 33] = [
    "aad_graph: properties.requestId",
    "aad_graph: tenantId",
    "activity: correlationId",
    "activity: identity.claims.http://schemas.microsoft.com/identity/claims/tenantid",
    "activity_rest: claims.http://schemas.microsoft.com/identity/claims/tenantid",
    "activity_rest: correlationId",
    "adfs_sign_in: properties.id",
    "adfs_sign_in: tenantId",
    "audit: properties.id",
    "audit: tenantId",
    "audit_application: properties.id",
    "audit_application: tenantId",
    "graph: properties.requestId",
    "graph: tenantId",
    "intune_audit: properties.AuditEventId",
    "intune_audit: tenantId",
    "intune_devices: properties.AADTenantId",
    "intune_operational: properties.MessageId",
    "intune_operational: tenantId",
    "native: id",
    "native: tenant",
    "provisioning: properties.id",
    "provisioning: tenantId",
    "risky_user: tenantId",
    "service_principal_sign_in: properties.id",
    "service_principal_sign_in: tenantId",
    "sign_in: properties.id",
    "sign_in: tenantId",
    "sign_in_text_properties: properties.id",
    "storage: correlationId",
    "storage: identity.requester.tenantId",
    "user_risk_event: properties.id",
    "user_risk_event: tenantId",
];

/// A record with one marked text.
struct Marked {
    /// The kind of record, and the path of the field that has it.
    field: String,
    text: String,
}

fn mark(number: usize) -> String {
    format!("{MARK}{number}x")
}

/// A record for every string in `value`, with that string replaced, and another with the mark
/// behind it; and a record for every object in it with an unknown field.
fn marked(kind: &str, value: &Value, number: &mut usize) -> Vec<Marked> {
    let mut paths = Vec::new();
    strings(value, &mut Vec::new(), &mut paths);
    let mut all = Vec::new();
    for (path, found) in paths {
        let field = format!("{kind}: {}", path.join("."));
        for whole in [true, false] {
            *number += 1;
            let mut changed = value.clone();
            let place = at(&mut changed, &path);
            match found {
                true if whole => *place = mark(*number).into(),
                true => {
                    let before = place.as_str().unwrap();
                    *place = format!("{before}{}", mark(*number)).into();
                }
                false if whole => place[mark(*number)] = 1.into(),
                false => place["unheardOf"] = mark(*number).into(),
            }
            all.push(Marked { field: field.clone(), text: changed.to_string() });
        }
    }
    all
}

/// Paths of all strings (`true`) and objects (`false`), with the numbers of lists in between.
fn strings(value: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, bool)>) {
    let children: Vec<(String, &Value)> = match value {
        Value::String(_) => {
            found.push((path.clone(), true));
            return;
        }
        Value::Object(object) => {
            found.push((path.clone(), false));
            object.iter().map(|(key, value)| (key.clone(), value)).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect()
        }
        _ => return,
    };
    for (key, value) in children {
        path.push(key);
        strings(value, path, found);
        path.pop();
    }
}

fn at<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Value {
    path.iter().fold(value, |value, key| match value {
        Value::Array(list) => &mut list[key.parse::<usize>().unwrap()],
        object => &mut object[key.as_str()],
    })
}

/// A native event with every field there is.
fn native() -> Value {
    json!({
        "id": "e-1",
        "time": "2026-02-03T09:12:44Z",
        "service": "entra.multi-tenant-collaboration",
        "tenant": TENANT,
        "operation": "Guest invited",
        "action": "observe",
        "data_categories": ["usage", "user_account"],
        "attributes": ["mail", "mobilePhone"],
        "location_at_rest": "eastus",
        "processing_location": "brazilsouth",
        "access_location": "FR",
        "purpose": "analytics",
        "capabilities": ["multi_tenant_collaboration"],
        "collaborating_tenant": "5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a02",
        "subject": "jo@example.org",
        "recorded": "2024-01-02T03:04:05Z",
        "certifications": ["ISO 27001"],
        "unheard_of": {"a": ["free text"]},
    })
}

fn fixtures() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/azure-monitor");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
        })
        .collect()
}

/// Every marked record of every format; each mark stands in exactly one of them.
fn records() -> Vec<Marked> {
    let mut number = 0;
    let mut all = marked("native", &native(), &mut number);
    // Personal records of Intune, and one that knows no service.
    for service in ["intune", "somebody's own service"] {
        let mut event = native();
        event["service"] = service.into();
        all.extend(marked("native", &event, &mut number));
    }
    for (name, fixture) in fixtures() {
        all.extend(marked(&name, &fixture, &mut number));
    }
    // What is no record at all.
    for text in ["{\"id\":\"@\"", "@", "[\"@\"]", "{\"@\":\"@\"}", "{\"id\":\"@\",\"id\":\"@\"}"] {
        number += 1;
        let text = text.replace('@', &mark(number));
        all.push(Marked { field: "no record".to_owned(), text });
    }
    all
}

fn has_mark(text: &str) -> bool {
    text.to_lowercase().contains(&MARK.to_lowercase())
}

/// Takes out of a verdict what may leave, and says whether it was marked.
fn without_ids(verdict: &mut Value) -> bool {
    let ids = ["event_id", "tenant"].map(|key| verdict[key].take());
    ids.iter().any(|id| id.as_str().is_some_and(has_mark))
}

#[test]
fn marks_leave_judge_in_dead_letters_alone() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tenants.yaml");
    let records = records();
    assert!(records.len() > 900, "{}", records.len());
    let letters = folder.path().join("dead-letters.ndjson");
    // One file a record, so that broken ones do not run into each other.
    let files: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(number, record)| {
            let path = folder.path().join(format!("{number}.json"));
            std::fs::write(&path, &record.text).unwrap();
            path
        })
        .collect();
    let judge = |output: &str| {
        let ended = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(["judge", "--fail-on", "never", "--allow-unreadable", "99999", "-o", output])
            .arg("--tenants")
            .arg(&tenants)
            .arg("--dead-letters")
            .arg(&letters)
            .args(&files)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "1")
            .output()
            .unwrap();
        assert!(ended.status.success(), "{}", ended.status);
        (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
    };
    let (verdicts, said) = judge("json");
    for line in said.lines().filter(|line| !line.starts_with("places that the catalog")) {
        assert!(!has_mark(line), "standard error: {line}");
    }
    let mut judged = 0;
    let mut left = BTreeSet::new();
    for line in verdicts.lines() {
        let mut verdict: Value = serde_json::from_str(line).unwrap();
        let file = verdict["source"]["file"].as_str().unwrap();
        let number: usize = Path::new(file).file_stem().unwrap().to_str().unwrap().parse().unwrap();
        if without_ids(&mut verdict) {
            left.insert(records[number].field.clone());
        }
        assert!(!has_mark(&verdict.to_string()), "{}: {verdict}", records[number].field);
        judged += 1;
    }
    let may: BTreeSet<String> = LEAVE.map(str::to_owned).into();
    assert_eq!(left, may, "left as an id or a tenant, and what may");
    assert!(judged > 800, "only {judged} of {} could be read", records.len());

    // Everything that was not judged is kept whole.
    let letters = std::fs::read_to_string(&letters).unwrap();
    assert_eq!(letters.lines().count(), records.len() - judged);
    for line in letters.lines() {
        assert!(has_mark(line), "{line}");
    }

    let (table, said_again) = judge("table");
    assert!(!has_mark(&table), "the table");
    assert_eq!(said, said_again);
}

/// Gathers log lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn marks_leave_the_pipeline_in_no_log_line_no_reason_and_no_metric() {
    let log = Log::default();
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || lines.clone())
        .finish();
    let program = compile(&[Layer::builtin()], Strictness::Strict).unwrap().program;
    let program = Arc::new(program);
    let rules = Arc::new(InputRules::default());
    let directory = Arc::new(Directory::default());
    let hasher = SubjectHasher::new(Some(b"a key"));
    let metrics = Metrics::new(&program, &["entra".to_owned()]).unwrap();
    let mut tally = Tally::new(metrics.clone(), "entra");
    let mut counted = 0;
    tracing::subscriber::with_default(subscriber, || {
        for format in [Format::Auto, Format::Native, Format::AzureMonitor] {
            let mut pipeline =
                Pipeline::new(program.clone(), directory.clone(), rules.clone(), format, 1 << 20);
            for record in records() {
                // Alone, and in an envelope with a neighbour.
                let envelope = format!(r#"{{"records":[{}, {}]}}"#, native(), record.text);
                for text in [&record.text, &envelope] {
                    pipeline.record(Some(text.as_bytes()), |outcome| {
                        tally.outcome(&program, &outcome);
                        counted += 1;
                        match outcome {
                            Outcome::Judged(judged) => {
                                let source = Source::File { file: "-".into(), index: 0 };
                                let verdict =
                                    render(&program, &judged, String::new(), source, &hasher);
                                let mut verdict = serde_json::to_value(verdict).unwrap();
                                without_ids(&mut verdict);
                                assert!(!has_mark(&verdict.to_string()), "{}", record.field);
                            }
                            Outcome::Unreadable { why, .. } => {
                                assert!(!has_mark(&format!("{why} {why:?}")), "{}", record.field);
                            }
                        }
                    });
                }
            }
        }
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!has_mark(&log), "{log}");

    tally.flush(jiff::Timestamp::UNIX_EPOCH);
    let metrics = metrics.encode().unwrap();
    assert!(metrics.contains("bailiwick_verdicts_total") && counted > 5_000, "{counted}");
    assert!(!has_mark(&metrics), "{metrics}");
}
