//! The command line as a user meets it: exit codes, what goes where, and words for people.
//!
//! Golden texts lie in `tests/cli`; `BAILIWICK_UPDATE=1 cargo test --test cli` writes what is
//! seen now as what is expected.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_bailiwick");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli");

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// Standard output as one JSON value a line.
    fn records(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn last_word(&self) -> &str {
        self.err.lines().last().unwrap_or_default()
    }

    #[track_caller]
    fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }
}

fn run_with(arguments: &[&str], input: &[u8]) -> Ran {
    let output = assert_cmd::Command::new(BINARY)
        .current_dir(FOLDER)
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    Ran {
        code: output.status.code().expect("no signal"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, b"")
}

/// Compares with a golden text.
#[track_caller]
fn golden(name: &str, is: &str) {
    let path = Path::new(FOLDER).join(name);
    if std::env::var_os("BAILIWICK_UPDATE").is_some() {
        fs::write(&path, is).unwrap();
    }
    let should = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(is, should, "{name}");
}

/// A directory of its own, gone with the test.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

const EVENTS: [&str; 4] = ["judge", "events.jsonl", "--tenants", "tenants.yaml"];

/// An event of Intune's with a known tenant's place; `""` for none.
fn event(place: &str) -> String {
    format!(
        r#"{{"id":"e","time":"2026-01-15T12:00:00Z","service":"intune","tenant":"t-de","location_at_rest":"{place}"}}"#
    ) + "\n"
}

#[test]
fn judge_puts_one_verdict_a_line_and_ends_with_the_counts() {
    let ran = run(&EVENTS).ended(1);
    let verdicts: Vec<String> =
        ran.records().iter().map(|record| record["verdict"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        verdicts,
        ["violation", "excepted", "compliant", "indeterminate", "out_of_scope", "indeterminate"]
    );
    let indices: Vec<u64> =
        ran.records().iter().map(|record| record["source"]["index"].as_u64().unwrap()).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4, 5]);
    assert_eq!(
        ran.err,
        "places that the catalog does not know: \"Atlantis\" (1)\nread 6, violation 1, \
         indeterminate 2, excepted 1, compliant 1, out_of_scope 1, without place 1, unreadable 0\n"
    );
}

#[test]
fn what_is_a_failure_is_for_the_caller_to_say() {
    let with = |more: &[&str]| run(&[&EVENTS[..], more].concat()).code;
    assert_eq!(with(&[]), 1);
    assert_eq!(with(&["--fail-on", "violation"]), 1);
    assert_eq!(with(&["--fail-on", "indeterminate"]), 1);
    assert_eq!(with(&["--fail-on", "never"]), 0);
    // Without the violation, it is the indeterminate that counts.
    let without = |more: &[&str]| {
        let events = fs::read_to_string(Path::new(FOLDER).join("events.jsonl")).unwrap();
        let mild: String = events.lines().skip(1).map(|line| format!("{line}\n")).collect();
        run_with(&[&["judge", "--tenants", "tenants.yaml"], more].concat(), mild.as_bytes()).code
    };
    assert_eq!(without(&[]), 0);
    assert_eq!(without(&["--fail-on", "indeterminate"]), 1);
    // What cannot be read and what is broken: the verdict is the worse news.
    let both = format!("{}nonsense\n", event("US"));
    run_with(&["judge", "--tenants", "tenants.yaml"], both.as_bytes()).ended(1);
    let arguments = ["judge", "--tenants", "tenants.yaml", "--fail-on", "never"];
    run_with(&arguments, both.as_bytes()).ended(3);
}

#[test]
fn what_cannot_be_read_is_named_by_file_number_and_code_and_the_rest_is_judged() {
    let text = format!("{}not json\n{{\"service\": 1}}\n{}", event("DE"), event("IE"));
    let ran = run_with(&["judge", "--tenants", "tenants.yaml"], text.as_bytes()).ended(3);
    assert_eq!(ran.records().len(), 2);
    assert_eq!(
        ran.err,
        "-:1 not_json\n-:2 wrong_type\nread 4, violation 0, indeterminate 0, excepted 0, \
         compliant 2, out_of_scope 0, without place 0, unreadable 2\n"
    );
    for (allowed, code) in [("1", 3), ("2", 0)] {
        let arguments = ["judge", "--tenants", "tenants.yaml", "--allow-unreadable", allowed];
        run_with(&arguments, text.as_bytes()).ended(code);
    }
}

#[test]
fn dead_letters_keep_each_record_whole_with_its_reason() {
    let scratch = Scratch::new();
    let mut bytes = event("DE").into_bytes();
    bytes.extend_from_slice(b"{\"time\": \"never\", \"note\": \"k\xc3\xb6nig\"}\n");
    bytes.extend_from_slice(b"{\"service\": \"caf\xe9\"}\n");
    bytes.extend_from_slice(br#"{"id":"e","service":"intune","tenant":"t","time":"never"}"#);
    let records = scratch.file("records.jsonl", &bytes);
    let letters = scratch.path("letters.jsonl");
    let arguments = ["judge", &records, "--dead-letters", letters.to_str().unwrap()];
    let ran = run(&arguments).ended(3);
    assert_eq!(ran.records().len(), 1);
    let kept = fs::read_to_string(&letters).unwrap();
    let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(u64, &str)> = kept
        .iter()
        .map(|letter| (letter["index"].as_u64().unwrap(), letter["code"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(1, "unrecognised_format"), (2, "not_utf8"), (3, "invalid_time")]);
    assert!(kept.iter().all(|letter| letter["file"] == records.as_str()));
    assert_eq!(kept[0]["record"], "{\"time\": \"never\", \"note\": \"könig\"}");
    // Bytes that are no text are kept as such.
    assert_eq!(kept[1]["record"], Value::Null);
    assert_eq!(kept[1]["record_hex"], "7b2273657276696365223a2022636166e9227d");
    assert_eq!(kept[2]["field"], "time");
    // Nothing of a record is on the way there.
    assert!(!ran.err.contains("nig") && !ran.err.contains("caf"));
}

#[test]
fn several_files_and_standard_input_are_read_in_the_order_given() {
    let scratch = Scratch::new();
    let first = scratch.file("first.json", format!("[{},{}]", event("DE"), event("FR")));
    let second = scratch.file("second.json", format!("{{\"records\":[{}]}}", event("IT")));
    let ran = run_with(
        &["judge", &first, "-", &second, "--tenants", "tenants.yaml"],
        event("ES").as_bytes(),
    )
    .ended(0);
    let places: Vec<(String, u64, String)> = ran
        .records()
        .iter()
        .map(|record| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let source = &record["source"];
            let place = text(&record["findings"][0]["place"]);
            (text(&source["file"]), source["index"].as_u64().unwrap(), place)
        })
        .collect();
    let expected = [
        (first.clone(), 0, "DE".to_owned()),
        (first, 1, "FR".to_owned()),
        ("-".to_owned(), 0, "ES".to_owned()),
        (second, 0, "IT".to_owned()),
    ];
    assert_eq!(places, expected);
}

#[test]
fn the_same_file_gives_the_same_ids_wherever_it_lies_and_another_file_others() {
    let scratch = Scratch::new();
    let text = format!("{}{}", event("DE"), event("DE"));
    let (here, there) = (scratch.file("a/here", &text), scratch.file("b/there", &text));
    let other = scratch.file("other", format!("{text}\n"));
    let ids = |file: &str, input: &str| -> Vec<String> {
        let ran = run_with(&["judge", file], input.as_bytes());
        ran.records().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
    };
    let expected = ids(&here, "");
    assert_eq!(expected.len(), 2);
    assert_ne!(expected[0], expected[1]);
    assert_eq!(ids(&there, ""), expected);
    assert_eq!(ids("-", &text), expected);
    assert!(ids(&other, "").iter().all(|id| !expected.contains(id)));
}

#[test]
fn a_table_has_one_line_an_event_and_keeps_its_columns_apart() {
    let ran = run(&[&EVENTS[..], &["-o", "table"]].concat()).ended(1);
    golden("table.txt", &ran.out);
    // A place with a long name does not run into the next column.
    let ran = run_with(
        &["judge", "--tenants", "tenants.yaml", "-o", "table"],
        event("eu-data-boundary").as_bytes(),
    );
    assert!(ran.out.contains(" eu-data-boundary intune.storage-geography"), "{}", ran.out);
}

#[test]
fn names_of_unknown_places_are_cut_and_the_first_twenty_are_shown() {
    let long = "Ä".repeat(70);
    let mut text = event(&long) + &event(&format!("{long}B")) + &event("Atlantis");
    let ran = run_with(&["judge", "--tenants", "tenants.yaml"], text.as_bytes()).ended(0);
    let first = ran.err.lines().next().unwrap();
    let cut = "Ä".repeat(64);
    assert_eq!(
        first,
        format!("places that the catalog does not know: \"Atlantis\" (1), \"{cut}\" (2)")
    );
    // They are shown there and nowhere else.
    assert!(!ran.out.contains("Atlantis") && !ran.out.contains('Ä'));
    assert_eq!(ran.records()[0]["findings"][0]["place"], "unknown");
    for number in 0..30 {
        text.push_str(&event(&format!("nowhere-{number}")));
    }
    let ran = run_with(&["judge", "--tenants", "tenants.yaml"], text.as_bytes());
    let first = ran.err.lines().next().unwrap();
    assert_eq!(first.matches("(1)").count() + first.matches("(2)").count(), 20, "{first}");
    assert!(first.ends_with(", and others"), "{first}");
}

#[test]
fn a_configuration_supplies_places_that_are_marked_as_assumed() {
    let ran = run(&["judge", "events.jsonl", "-c", "assumed.yaml"]);
    let records = ran.records();
    // It told a place itself.
    assert_eq!(records[0]["verdict"], "violation");
    // It told none.
    assert_eq!(records[3]["verdict"], "compliant");
    assert_eq!(records[3]["findings"][0]["place"], "NL");
    assert_eq!(records[3]["findings"][0]["assumed"], serde_json::json!(["category", "place"]));
    assert!(ran.last_word().contains("without place 0"), "{}", ran.last_word());
    let ran = run(&["explain", "events.jsonl", "-c", "assumed.yaml", "--index", "3"]).ended(0);
    assert!(ran.out.contains("processed  NL (assumed, from the configuration)"), "{}", ran.out);
    // Another input of the same configuration has other rules.
    let ran = run(&["judge", "events.jsonl", "-c", "assumed.yaml", "--input", "strict"]);
    assert_eq!(ran.records()[3]["verdict"], "indeterminate");
    assert_eq!(ran.records()[1]["findings"][0]["missing"], serde_json::json!(["purpose"]));
    let ran = run(&["judge", "events.jsonl", "-c", "assumed.yaml", "--input", "none"]).ended(2);
    assert_eq!(ran.err, "bailiwick: no input `none`; there are entra, strict\n");
}

#[test]
fn each_kind_of_verdict_is_explained() {
    for (index, name) in [
        ("0", "violation"),
        ("1", "excepted"),
        ("2", "compliant"),
        ("3", "indeterminate"),
        ("4", "out-of-scope"),
        ("5", "unknown-tenant"),
    ] {
        let arguments = ["explain", "events.jsonl", "--tenants", "tenants.yaml", "--index", index];
        let ran = run(&arguments).ended(0);
        golden(&format!("explain-{name}.txt"), &ran.out);
        assert_eq!(ran.err, "");
    }
}

#[test]
fn an_exception_that_is_over_is_explained_as_such() {
    let event = |time: &str| {
        format!(
            r#"{{"id":"e","time":"{time}","service":"hr.database","tenant":"t","attributes":["payrollNumber"],"processing_location":"US","purpose":"troubleshooting"}}"#
        )
    };
    let explained = |time: &str| {
        run_with(&["explain", "--catalog", "../catalog/ours"], event(time).as_bytes()).ended(0).out
    };
    let (before, after) = (explained("2026-02-01T00:00:00Z"), explained("2026-04-01T00:00:00Z"));
    assert!(before.starts_with("EXCEPTED") && before.contains("hr.repairs: yes"), "{before}");
    assert!(after.starts_with("VIOLATION"), "{after}");
    assert!(after.contains("hr.repairs: not in force at the time of the event"), "{after}");
}

#[test]
fn what_cannot_be_explained_is_said() {
    let missing = run(&["explain", "events.jsonl", "--index", "6"]).ended(2);
    assert_eq!(missing.err, "bailiwick: events.jsonl has no record 6; it has 6\n");
    let text = format!("nonsense\n{}", event("DE"));
    let unreadable = run_with(&["explain"], text.as_bytes()).ended(3);
    assert_eq!(unreadable.err, "-:0 not_json: the record is not JSON\n");
    assert_eq!(unreadable.out, "");
    // One that cannot be read does not hide the next.
    run_with(&["explain", "--index", "1", "--tenants", "tenants.yaml"], text.as_bytes()).ended(0);
    let twice =
        format!("{{\"records\":[{}],\"records\":[{}]}}\n{}", event("DE"), event("DE"), event("FR"));
    let ran = run_with(&["explain", "--index", "1"], twice.as_bytes()).ended(3);
    assert!(ran.err.starts_with("-:1 duplicate_key: "), "{}", ran.err);
    let ran = run_with(&["explain", "--index", "2"], twice.as_bytes()).ended(0);
    assert!(ran.out.contains("FR (FR)"), "{}", ran.out);
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [
        &["judg"][..],
        &["judge", "--fail-on", "sometimes"],
        &["judge", "--allow-unreadable", "some"],
        &["judge", "-c", "assumed.yaml", "--tenants", "tenants.yaml"],
        &["judge", "--input", "entra"],
        &["validate", "-c", "assumed.yaml", "--catalog", "../catalog/ours"],
        &["validate", "--connect"],
        &["catalog", "show", "no.such-clause"],
        &["config", "schema", "no-such-schema"],
        &["completions", "cobol"],
        &[],
    ] {
        let ran = run(arguments).ended(2);
        assert_eq!(ran.out, "", "{arguments:?}");
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn files_that_are_not_there_end_with_4_and_faulty_ones_with_78() {
    for arguments in [
        &["judge", "nowhere.jsonl"][..],
        &["judge", "."],
        &["explain", "nowhere.jsonl"],
        &["judge", "events.jsonl", "--dead-letters", "nowhere/letters.jsonl"],
        &["test", "nowhere.yaml"],
    ] {
        let ran = run(arguments).ended(4);
        let name = if arguments.contains(&".") { "bailiwick: . cannot" } else { "nowhere" };
        assert!(ran.err.contains(name), "{}", ran.err);
    }
    // What was read before is judged, and the counts are the last line all the same.
    let ran = run(&["judge", "events.jsonl", "nowhere.jsonl"]).ended(4);
    assert_eq!(ran.records().len(), 6);
    assert!(ran.err.contains("bailiwick: nowhere.jsonl cannot be read: "), "{}", ran.err);
    assert!(ran.last_word().starts_with("read 6, "), "{}", ran.err);

    let scratch = Scratch::new();
    let faulty = scratch.file("tenants.yaml", "- { id: t-1, contry: DE }\n");
    scratch.file("catalog/faulty.yaml", "servces: []\n");
    let catalog = scratch.path("catalog");
    let catalog = catalog.to_str().unwrap();
    let config = scratch.file("config.yaml", "kafka: {}\n");
    for arguments in [
        &["judge", "events.jsonl", "--tenants", &faulty][..],
        &["judge", "events.jsonl", "--tenants", "nowhere.yaml"],
        &["judge", "events.jsonl", "--catalog", catalog],
        &["judge", "events.jsonl", "--catalog", "nowhere"],
        &["judge", "events.jsonl", "-c", &config],
        &["judge", "events.jsonl", "-c", "nowhere.yaml"],
        &["catalog", "list", "--catalog", catalog],
        &["test", "--catalog", catalog],
        &["test", "assumed.yaml"],
        &["validate", "-c", &config],
        &["validate", "--catalog", catalog],
        &["validate", "--tenants", &faulty],
        &["run", "-c", "nowhere.yaml"],
    ] {
        let ran = run(arguments).ended(78);
        assert_eq!(ran.records_or_nothing(), 0, "{arguments:?}: {}", ran.out);
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
}

impl Ran {
    /// How many lines of standard output are verdicts.
    fn records_or_nothing(&self) -> usize {
        self.out.lines().filter(|line| line.starts_with('{')).count()
    }
}

#[test]
fn validate_says_what_it_read_and_every_fault_of_every_file() {
    let good =
        run(&["validate", "--catalog", "../catalog/ours", "--tenants", "tenants.yaml", "--strict"])
            .ended(0);
    assert!(
        good.out.starts_with("tenants: 1 read\ncatalog: 27 clauses of 3 documents, "),
        "{}",
        good.out
    );
    assert_eq!(good.err, "");
    let good = run(&["validate", "-c", "assumed.yaml"]).ended(0);
    assert!(good.out.ends_with("configuration: 2 inputs, 1 tenants\n"), "{}", good.out);

    let scratch = Scratch::new();
    let clause = "document: ours\nedition: 2026-01-01\nclauses:\n  - id: ours.logs\n    \
        kind: commitment\n    title: Ours\n    severity: low\n    rationale: So.\n    \
        services: [intune]\n    stays: { store: DE }\n";
    scratch.file("catalog/a.yaml", clause);
    let catalog = scratch.path("catalog");
    let catalog = catalog.to_str().unwrap();
    let warned = run(&["validate", "--catalog", catalog]).ended(0);
    let warning = "a.yaml:4: clause `ours.logs` has no example that violates and none that permits";
    assert!(warned.out.starts_with("warning: ") && warned.out.contains(warning), "{}", warned.out);
    let strict = run(&["validate", "--catalog", catalog, "--strict"]).ended(78);
    assert!(strict.err.contains("has no example"), "{}", strict.err);

    scratch.file("catalog/b.yaml", "sites: { x: Atlantis }\nservces: []\n");
    let tenants = scratch.file("tenants.yaml", "- { id: t-1, contry: DE }\n");
    let faulty = run(&["validate", "--catalog", catalog, "--tenants", &tenants]).ended(78);
    for told in ["b.yaml:1: unknown place", "b.yaml:2: unknown key", "tenants.yaml:1: unknown key"]
    {
        assert!(faulty.err.contains(told), "{told}: {}", faulty.err);
    }
    // Rules that do not fit the catalog are faults of the configuration.
    let config = fs::read_to_string(Path::new(FOLDER).join("assumed.yaml")).unwrap();
    let config = scratch.file("unfit.yaml", config.replace("westeurope", "Atlantis"));
    let unfit = run(&["validate", "-c", &config]).ended(78);
    assert!(unfit.err.contains("Atlantis"), "{}", unfit.err);
}

#[test]
fn own_tests_pass_or_tell_what_came_instead() {
    let count = |ran: &Ran| -> u64 { ran.last_word().split(' ').next().unwrap().parse().unwrap() };
    let builtin = run(&["test"]).ended(0);
    assert!(count(&builtin) > 60, "{}", builtin.err);
    assert_eq!(builtin.out, "");
    let passed = run(&["test", "tests-that-pass.yaml"]).ended(0);
    assert_eq!(count(&passed), count(&builtin) + 3);
    let failed = run(&["test", "tests-that-fail.yaml", "tests-that-pass.yaml"]).ended(1);
    assert_eq!(count(&failed), count(&builtin) + 4);
    assert!(failed.last_word().contains(" passed, 4 failed; "), "{}", failed.err);
    golden("tests-that-fail.txt", &failed.out);
    // A directory is all its files, and those below it.
    let scratch = Scratch::new();
    let text = fs::read(Path::new(FOLDER).join("tests-that-pass.yaml")).unwrap();
    scratch.file("tests/a.yaml", &text);
    scratch.file("tests/below/b.yml", &text);
    scratch.file("tests/notes.txt", "no tests");
    let ran = run(&["test", scratch.path("tests").to_str().unwrap()]).ended(0);
    assert_eq!(count(&ran), count(&builtin) + 6);
}

#[test]
fn the_catalog_is_listed_and_a_clause_is_shown_whole() {
    let list = run(&["catalog", "list"]).ended(0);
    let ids: BTreeSet<&str> =
        list.out.lines().filter_map(|line| line.strip_prefix("    ")?.split(' ').next()).collect();
    assert_eq!(ids.len(), 23);
    assert!(list.out.contains("edition 2023-08-17") && list.out.contains("edition 2025-06-25"));
    assert!(list.out.lines().any(|line| line.starts_with("documents sha256:")));
    for id in ids {
        let shown = run(&["catalog", "show", id]).ended(0);
        assert!(shown.out.starts_with(&format!("{id}\n")), "{}", shown.out);
    }
    for id in ["entra.legacy-placement", "entra.eu-data-boundary", "intune.no-profiling"] {
        golden(&format!("show-{id}.txt"), &run(&["catalog", "show", id]).out);
    }
    let ours = run(&["catalog", "show", "hr.repairs", "--catalog", "../catalog/ours"]).ended(0);
    golden("show-hr.repairs.txt", &ours.out);
    // A clause of two editions is shown twice, each with its own examples.
    let both = run(&["catalog", "show", "hr.staff-data", "--catalog", "../catalog/ours"]).ended(0);
    golden("show-hr.staff-data.txt", &both.out);
    let wrong = run(&["catalog", "show", "hr.repair", "--catalog", "../catalog/ours"]).ended(2);
    assert_eq!(wrong.err, "bailiwick: no clause `hr.repair`; did you mean `hr.repairs`?\n");
}

#[test]
fn the_five_schemas_are_printed_as_they_are_published() {
    for name in ["config", "event", "tenant", "verdict", "catalog"] {
        let printed = run(&["config", "schema", name]).ended(0);
        let printed: Value = serde_json::from_str(&printed.out).unwrap();
        let path = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let published: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(printed, published, "{name}");
    }
    assert_eq!(run(&["config", "schema"]).out, run(&["config", "schema", "config"]).out);
    let wrong = run(&["config", "schema", "verdicts"]).ended(2);
    assert!(wrong.err.contains("verdict"), "{}", wrong.err);
}

#[test]
fn completions_and_the_manual_are_printed() {
    for (shell, word) in
        [("bash", "complete -F"), ("zsh", "#compdef bailiwick"), ("fish", "complete -c bailiwick")]
    {
        let ran = run(&["completions", shell]).ended(0);
        assert!(ran.out.contains(word), "{shell}");
        assert!(ran.out.contains("explain") && ran.out.contains("allow-unreadable"), "{shell}");
    }
    let manual = run(&["man"]).ended(0);
    assert!(manual.out.contains(".TH bailiwick") && manual.out.contains("78"), "{}", manual.out);
    let help = run(&["--help"]).ended(0);
    for command in
        ["run", "demo", "judge", "explain", "validate", "test", "catalog", "config", "man"]
    {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
    }
    assert!(run(&["--version"]).ended(0).out.starts_with("bailiwick 0."));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let scratch = Scratch::new();
    let many: String = (0..20_000).map(|_| event("DE")).collect();
    let many = scratch.file("many.jsonl", many);
    let commands: [&[&str]; 8] = [
        &["judge", &many, "--tenants", "tenants.yaml"],
        &["judge", &many, "--tenants", "tenants.yaml", "-o", "table"],
        &["explain", "events.jsonl"],
        &["catalog", "list"],
        &["catalog", "show", "entra.analytics"],
        &["config", "schema", "catalog"],
        &["man"],
        &["validate"],
    ];
    for arguments in commands {
        // Both outputs into one pipe, as with `2>&1 | head -1`; the reader is gone at once.
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut child = Command::new(BINARY)
            .current_dir(FOLDER)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        if arguments[0] == "judge" {
            reader.read_exact(&mut [0; 10]).unwrap();
        }
        drop(reader);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}
