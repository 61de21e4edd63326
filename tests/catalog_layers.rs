//! A user's own layer over the built-in catalog: own names, own document, own dates.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;

use bailiwick::catalog::compile::{Catalog, Strictness, compile};
use bailiwick::catalog::layers::{Layer, SourceFile};
use bailiwick::catalog::program::Program;
use bailiwick::classify::InputRules;
use bailiwick::decode::Format;
use bailiwick::directory::Directory;
use bailiwick::pipeline::{Outcome, Pipeline};
use bailiwick::record::{Source, SubjectHasher, render};
use serde_json::{Value, json};

const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/catalog/ours");

fn with(layers: &[Layer]) -> Catalog {
    let mut all = vec![Layer::builtin()];
    all.extend(layers.iter().cloned());
    compile(&all, Strictness::Lenient).unwrap_or_else(|faults| panic!("{faults}"))
}

fn ours() -> Layer {
    Layer::directory(Path::new(OURS)).unwrap()
}

fn layer(name: &str, text: &str) -> Layer {
    let files = vec![SourceFile { name: name.to_owned(), text: text.to_owned() }];
    Layer { builtin: false, files }
}

fn program(layers: &[Layer]) -> Arc<Program> {
    Arc::new(with(layers).program)
}

/// Judges one event; `id`, `tenant` and `time` are filled in where absent.
fn judged(program: &Arc<Program>, event: &Value) -> Value {
    let mut event = event.as_object().unwrap().clone();
    for (key, value) in [("id", "e-1"), ("tenant", "t-1"), ("time", "2026-01-15T12:00:00Z")] {
        event.entry(key).or_insert_with(|| value.into());
    }
    let directory = Arc::new(Directory::new(program, &[]));
    let rules = Arc::new(InputRules::default());
    let mut pipeline = Pipeline::new(program.clone(), directory, rules, Format::Native, 1 << 20);
    let mut found = Value::Null;
    pipeline.record(Some(Value::Object(event).to_string().as_bytes()), |outcome| match outcome {
        Outcome::Judged(judged) => {
            let source = Source::File { file: "-".into(), index: 0 };
            let hasher = SubjectHasher::new(None);
            let record = render(program, &judged, String::new(), source, &hasher);
            found = serde_json::to_value(&record).unwrap();
        }
        Outcome::Unreadable { why, .. } => panic!("{why}"),
    });
    found
}

fn clause_ids(program: &Program) -> Vec<String> {
    program.clauses.iter().map(|clause| format!("{} {}", clause.id, clause.edition)).collect()
}

#[test]
fn a_layer_that_says_all_it_should_has_no_warning() {
    let all = [Layer::builtin(), ours()];
    let catalog = compile(&all, Strictness::Strict).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(catalog.warnings, [""; 0]);
}

#[test]
fn own_services_sites_and_attributes_are_known_by_all_their_names() {
    let program = program(&[ours()]);
    for name in ["hr.database", "HR-DB", "hr-db", "personaldatenbank", "Staff database"] {
        assert_eq!(program.service_id(program.service(name)), "hr.database", "{name}");
    }
    for (site, country) in
        [("fra-dc1", "DE"), ("FRA-DC1", "DE"), ("ams-dc2", "NL"), ("iad-dc1", "US")]
    {
        let place = program.resolve_place(site).id().unwrap_or_else(|| panic!("{site}"));
        assert_eq!(program.place_id(place), country, "{site}");
    }
    for (attribute, category) in
        [("payrollnumber", "user_account.other"), ("Werks-Mail", "user_account.email_address")]
    {
        let id = program.attribute(attribute).unwrap_or_else(|| panic!("{attribute}"));
        assert_eq!(program.category_id(id), category);
    }
    // A service's own default data, marked as assumed.
    let record =
        judged(&program, &json!({"service": "Staff portal", "location_at_rest": "fra-dc1"}));
    assert_eq!(record["service"], "hr.portal");
    assert_eq!(record["findings"][0]["category"], "usage");
    assert_eq!(record["findings"][0]["assumed"], json!(["category"]));
}

#[test]
fn an_own_commitment_is_judged_and_an_own_exception_holds_until_its_day() {
    let program = program(&[ours()]);
    let repair = |time: &str| {
        let event = json!({
            "service": "HR-DB", "time": time, "attributes": ["payrollNumber"],
            "processing_location": "iad-dc1", "purpose": "troubleshooting",
        });
        judged(&program, &event)
    };
    for time in ["2024-05-01T00:00:00Z", "2026-01-15T12:00:00Z", "2026-02-28T23:59:59.999Z"] {
        let record = repair(time);
        assert_eq!(record["verdict"], "excepted", "{time}");
        assert_eq!(record["findings"][0]["exception"], "hr.repairs");
    }
    // The offset counts, not the digits.
    assert_eq!(repair("2026-03-01T00:30:00+01:00")["verdict"], "excepted");
    for time in ["2026-03-01T00:00:00Z", "2026-06-30T12:00:00Z"] {
        let record = repair(time);
        assert_eq!(record["verdict"], "violation", "{time}");
        assert_eq!(record["findings"][0]["commitment"], "hr.staff-data");
        // What is not in force is no near miss.
        assert_eq!(record["findings"][0]["near_misses"], json!([]));
    }
}

#[test]
fn an_event_is_judged_by_the_edition_in_force_at_its_time() {
    let program = program(&[ours()]);
    let at = |time: &str| {
        let event = json!({"service": "hr.database", "time": time, "location_at_rest": "ams-dc2"});
        judged(&program, &event)
    };
    for (time, edition, verdict) in [
        // Before the first edition, the first.
        ("2020-01-01T00:00:00Z", "2025-07-01", "compliant"),
        ("2025-07-01T00:00:00Z", "2025-07-01", "compliant"),
        ("2026-06-30T23:59:59Z", "2025-07-01", "compliant"),
        ("2026-07-01T00:00:00Z", "2026-07-01", "violation"),
        ("2030-01-01T00:00:00Z", "2026-07-01", "violation"),
    ] {
        let record = at(time);
        assert_eq!(record["verdict"], verdict, "{time}");
        assert_eq!(record["findings"].as_array().unwrap().len(), 1, "{time}");
        assert_eq!(record["findings"][0]["edition"], edition, "{time}");
        assert_eq!(record["catalog"]["editions"]["staff-rules"], edition, "{time}");
        assert_eq!(record["catalog"]["editions"]["intune"], "2025-06-25", "{time}");
    }
    // The newer edition says nothing of the portal, nor of processing.
    for event in [
        json!({"service": "hr.portal", "time": "2026-08-01T00:00:00Z", "location_at_rest": "US"}),
        json!({"service": "hr.database", "time": "2026-08-01T00:00:00Z", "processing_location": "US"}),
    ] {
        assert_eq!(judged(&program, &event)["verdict"], "out_of_scope", "{event}");
    }
}

#[test]
fn a_clause_holds_from_its_own_day_until_its_own_day() {
    let program = program(&[ours()]);
    for (time, verdict) in [
        ("2025-09-30T23:59:59Z", "out_of_scope"),
        ("2025-10-01T00:00:00Z", "violation"),
        ("2026-05-31T23:59:59Z", "violation"),
        ("2026-06-01T00:00:00Z", "out_of_scope"),
    ] {
        let event = json!({
            "service": "hr.database", "time": time, "data_categories": ["user_account"],
            "purpose": "profiling", "action": "observe",
        });
        assert_eq!(judged(&program, &event)["verdict"], verdict, "{time}");
    }
}

#[test]
fn own_clauses_stand_after_the_builtin_ones_edition_by_edition_in_the_order_of_the_file() {
    let builtin = clause_ids(&program(&[]));
    let both = clause_ids(&program(&[ours()]));
    assert_eq!(both[..builtin.len()], builtin);
    assert_eq!(
        both[builtin.len()..],
        [
            "hr.staff-data 2025-07-01",
            "hr.repairs 2025-07-01",
            "hr.no-profiling 2025-07-01",
            "hr.staff-data 2026-07-01",
        ]
    );
}

/// A longer retention, and phone calls kept at home.
const OVERRIDES: &str = "
document: our-contract
edition: 2026-01-01
clauses:
  - id: entra.mfa-telephony
    override: true
    kind: exception
    title: Phone numbers go to European networks alone
    rationale: Our contract is narrower.
    until: 2027-01-01
    approved_by: the board
    to: [entra.eu-data-residency, entra.eu-data-boundary]
    services: [entra.multifactor-authentication]
    categories: [user_account.phone_number]
    allows: { process: europe }
    when: { purpose: { any: [telephony] } }
  - id: intune.audit-log-retention
    override: true
    kind: commitment
    title: Audit logs are kept for two years
    severity: low
    rationale: Our contract is longer.
    services: [intune]
    categories: [audit_log]
    rule: { max_age: { action: observe, years: 2 } }
";

#[test]
fn a_clause_that_overrides_takes_the_place_of_its_namesake() {
    let (before, after) = (program(&[]), program(&[layer("overrides.yaml", OVERRIDES)]));
    assert_eq!(clause_ids(&before), clause_ids(&after));
    let old_log = json!({
        "service": "intune", "action": "observe", "data_categories": ["audit_log"],
        "recorded": "2024-07-15T00:00:00Z",
    });
    let call = json!({
        "service": "Azure MFA", "data_categories": ["user_account.phone_number"],
        "processing_location": "US", "purpose": "telephony", "tenant": "t-1",
    });
    for (event, commitment, then, now) in [
        (&old_log, "intune.audit-log-retention", "violation", "compliant"),
        (&call, "entra.eu-data-boundary", "excepted", "indeterminate"),
    ] {
        for (program, expected) in [(&before, then), (&after, now)] {
            let record = judged(program, event);
            let findings = record["findings"].as_array().unwrap();
            let finding = findings.iter().find(|f| f["commitment"] == commitment).unwrap();
            assert_eq!(finding["verdict"], expected, "{commitment}");
        }
    }
    // The document of the overriding file has no clauses of its own, and so no edition.
    let record = judged(&after, &old_log);
    assert_eq!(record["catalog"]["editions"].as_object().unwrap().len(), 2);
}

#[test]
fn a_clause_of_a_third_layer_replaces_its_namesake_in_every_edition() {
    let text = "document: theirs\nedition: 2026-01-01\nclauses:\n  - id: hr.staff-data\n    \
        override: true\n    kind: commitment\n    title: Anywhere in Europe\n    severity: low\n    \
        rationale: So.\n    services: [hr]\n    stays: { store: europe }\n";
    let program = program(&[ours(), layer("theirs.yaml", text)]);
    for (time, edition) in
        [("2026-01-01T00:00:00Z", "2025-07-01"), ("2027-01-01T00:00:00Z", "2026-07-01")]
    {
        let event = json!({"service": "hr.portal", "time": time, "location_at_rest": "GB"});
        let record = judged(&program, &event);
        assert_eq!(record["verdict"], "compliant", "{time}");
        assert_eq!(record["findings"][0]["edition"], edition);
    }
}

#[test]
fn a_service_that_overrides_keeps_the_names_that_it_had() {
    let text = "services:\n  - id: entra.sign-in\n    title: Our sign-ins\n    \
        categories: [usage]\n    override: true\n";
    let program = program(&[layer("services.yaml", text)]);
    for name in ["entra.sign-in", "Sign-In", "Our sign-ins"] {
        assert_eq!(program.service_id(program.service(name)), "entra.sign-in", "{name}");
    }
    let event = json!({"service": "Sign-In", "location_at_rest": "DE"});
    assert_eq!(judged(&program, &event)["findings"][0]["category"], "usage");
}

#[test]
fn a_layer_changes_the_hash_of_documents_only_where_it_has_clauses() {
    let builtin = with(&[]).program;
    let named = with(&[layer("sites.yaml", "sites: { fra-dc1: DE }\n")]).program;
    assert_eq!(builtin.documents_hash, named.documents_hash);
    assert_ne!(builtin.reference_hash, named.reference_hash);
    let more = with(&[layer("overrides.yaml", OVERRIDES)]).program;
    assert_ne!(builtin.documents_hash, more.documents_hash);
    assert_eq!(builtin.reference_hash, more.reference_hash);
}

#[test]
fn the_examples_of_an_own_layer_are_run_at_a_time_when_their_clause_holds() {
    let passed = |arguments: &[&str]| -> u64 {
        let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .arg("test")
            .args(arguments)
            .output()
            .unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words}{:?}", String::from_utf8(output.stdout));
        words.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(passed(&["--catalog", OURS]), passed(&[]) + 9);
}
