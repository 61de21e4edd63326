//! The sample records of other projects against a table that was written by hand.
//!
//! The samples may not be copied into this project, so they are read from beside the checkout
//! (`../shared/samples`). Where they are missing the tests say so and pass, except with
//! `CI=true`: there they fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bailiwick::decode::azure_monitor::decode;
use bailiwick::event::ServiceName;
use serde::Deserialize;
use serde_json::Value;
use support::client::{Out, committed, produce, read_all, wait_for};
use support::kafka;
use support::stream::Topics;

/// One record and what has to come out of it. Field meanings: the head of `table.yaml`.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(deny_unknown_fields, default)]
struct Row {
    file: String,
    index: usize,
    code: Option<String>,
    service: Option<String>,
    tenant: Option<String>,
    time: Option<String>,
    categories: BTreeSet<String>,
    categories_assumed: bool,
    processing_location: Option<String>,
    place: Option<String>,
    tenant_geography: Option<String>,
    verdict: Option<String>,
    exceptions: BTreeSet<String>,
    missing: BTreeSet<String>,
    assumed: BTreeSet<String>,
    why: String,
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table() -> Vec<Row> {
    let text = std::fs::read_to_string(checkout().join("tests/samples/table.yaml"))
        .expect("tests/samples/table.yaml");
    let rows: Vec<Row> = serde_saphyr::from_str(&text).expect("a table of rows");
    assert!(rows.len() > 100 && rows.iter().all(|row| !row.why.is_empty()));
    rows
}

/// The samples' folder; `None` where it may be missing, loudly.
fn samples() -> Option<PathBuf> {
    let folder = checkout().join("../shared/samples");
    if folder.is_dir() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "CI=true, and there are no samples at {}", folder.display());
    eprintln!("\n*** SKIPPED: no sample records at {} ***\n", folder.display());
    None
}

/// The rows, file by file.
fn by_file() -> BTreeMap<String, Vec<Row>> {
    let mut files: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in table() {
        files.entry(row.file.clone()).or_default().push(row);
    }
    for (file, rows) in &files {
        assert!(rows.iter().map(|row| row.index).eq(0..rows.len()), "{file}: indexes have gaps");
    }
    files
}

/// A sample file's text as a sender would write it: some files hold the record as text inside
/// a test case.
fn unwrapped(folder: &Path, file: &str) -> String {
    let text = std::fs::read_to_string(folder.join(file)).expect(file);
    if !file.starts_with("SEKOIA") {
        return text;
    }
    let case: Value = serde_json::from_str(&text).expect(file);
    case["input"]["message"].as_str().expect(file).to_owned()
}

/// The bare records of a sample file, as text.
fn records(folder: &Path, file: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        records: Vec<&'a serde_json::value::RawValue>,
    }
    let text = unwrapped(folder, file);
    if file.ends_with(".log") {
        return text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    }
    match serde_json::from_str::<Envelope<'_>>(&text) {
        Ok(envelope) => envelope.records.iter().map(|record| record.get().to_owned()).collect(),
        Err(_) => vec![text],
    }
}

#[test]
fn every_sample_record_is_decoded_as_the_table_says() {
    let Some(folder) = samples() else { return };
    let mut wrong = String::new();
    for (file, rows) in by_file() {
        let records = records(&folder, &file);
        assert_eq!(records.len(), rows.len(), "{file}: as many rows as records");
        for (row, record) in rows.iter().zip(&records) {
            for fault in decode_faults(row, record) {
                let _ = writeln!(wrong, "{file}:{}: {fault}", row.index);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Where the decoder and a row disagree. Services, places and hints are names until they are
/// looked up, so only what needs no look-up is compared.
fn decode_faults(row: &Row, record: &str) -> Vec<String> {
    let event = match (decode(record), row.code.as_deref()) {
        // Which format a record has is decided before a decoder sees it.
        (_, Some("unrecognised_format")) => return Vec::new(),
        (Err(why), Some(code)) if why.code.as_str() == code => return Vec::new(),
        (Err(why), _) => return vec![format!("refused: {} {}", why.code, why.field)],
        (Ok(_), Some(code)) => return vec![format!("read, but {code}")],
        (Ok(event), None) => event,
    };
    let mut faults = Vec::new();
    let mut compare = |what: &str, is: Option<String>, should: &Option<String>| {
        if is != *should {
            faults.push(format!("{what} is {is:?}, should be {should:?}"));
        }
    };
    compare("tenant", Some(event.tenant.to_lowercase()), &row.tenant);
    compare("time", Some(event.time.to_string()), &row.time);
    let place = event.processing_location.as_ref().map(|place| place.text().to_owned());
    compare("processing_location", place, &row.processing_location);
    if let ServiceName::Named(service) = &event.service {
        compare("service", Some(service.to_string()), &row.service);
    }
    let stated: BTreeSet<String> = event.data_categories.iter().map(ToString::to_string).collect();
    let looked_up = !event.hints.is_empty() || matches!(event.service, ServiceName::GraphPath(_));
    if row.categories_assumed && !stated.is_empty() {
        faults.push(format!("states {stated:?}, should state nothing"));
    } else if !row.categories_assumed
        && (!stated.is_subset(&row.categories) || (!looked_up && stated != row.categories))
    {
        faults.push(format!("states {stated:?}, should state {:?}", row.categories));
    }
    faults
}

#[test]
fn every_sample_record_is_judged_as_the_table_says() {
    let Some(folder) = samples() else { return };
    let mut wrong = String::new();
    for (file, rows) in by_file() {
        for fault in judge_file(&folder, &file, &rows) {
            let _ = writeln!(wrong, "{file}{fault}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Sends a file through `bailiwick judge` and compares what comes out with its rows.
fn judge_file(folder: &Path, file: &str, rows: &[Row]) -> Vec<String> {
    let work = tempfile::tempdir().expect("a folder for the records");
    let name = Path::new(file).file_name().expect(file);
    let input = work.path().join(name);
    std::fs::write(&input, unwrapped(folder, file)).expect("the records");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .arg("judge")
        .arg(&input)
        .arg("--tenants")
        .arg(checkout().join("tests/samples/tenants.yaml"))
        .args(["-o", "json", "--fail-on", "never", "--dead-letters"])
        .arg(work.path().join("dead-letters.ndjson"))
        .output()
        .expect("bailiwick judge");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut faults = Vec::new();
    let unreadable = rows.iter().any(|row| row.code.is_some());
    let expected = if unreadable { 3 } else { 0 };
    if output.status.code() != Some(expected) {
        faults.push(format!(": exit {:?}, should be {expected}: {said}", output.status.code()));
        return faults;
    }
    let mut verdicts: BTreeMap<u64, Value> = BTreeMap::new();
    for value in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
        let value = value.expect("JSON on standard output");
        let list = if let Value::Array(list) = value { list } else { vec![value] };
        for verdict in list {
            let index = verdict["source"]["index"].as_u64().unwrap_or(u64::MAX);
            verdicts.insert(index, verdict);
        }
    }
    for row in rows {
        let verdict = verdicts.remove(&(row.index as u64));
        let found = match (&row.code, verdict) {
            (Some(code), None) => {
                let line = format!("{}:{} {code}", input.display(), row.index);
                if said.lines().any(|said| said.contains(&line)) {
                    continue;
                }
                vec![format!("no line `{line}`: {said}")]
            }
            (Some(code), Some(_)) => vec![format!("judged, but {code}")],
            (None, None) => vec![format!("no verdict: {said}")],
            (None, Some(verdict)) => verdict_faults(row, &verdict),
        };
        faults.extend(found.into_iter().map(|fault| format!(":{}: {fault}", row.index)));
    }
    faults.extend(verdicts.keys().map(|index| format!(":{index}: a verdict without a row")));
    faults
}

#[test]
fn every_sample_record_is_judged_the_same_through_kafka() {
    let Some(folder) = samples() else { return };
    let Some(broker) = kafka() else { return };
    let files: Vec<(String, Vec<Row>)> = by_file().into_iter().collect();
    let topics = Topics::new(&broker.bootstrap, "samples", 1);
    // One message a file, wrapped as its sender wrapped it: the offset is the file's number.
    let values: Vec<String> = files.iter().map(|(file, _)| unwrapped(&folder, file)).collect();
    let messages = values.iter().map(|value| Out::value(0, value.as_bytes()));
    produce(&broker.bootstrap, &topics.input, messages);

    let work = tempfile::tempdir().expect("a folder for the configuration");
    let config = work.path().join("bailiwick.yaml");
    let text = format!(
        "kafka: {{ brokers: \"{}\" }}\ngroup: {}\nworkers: 1\ntenants: {{ file: {:?} }}\n\
         inputs:\n  - {{ name: samples, topics: [{}] }}\n\
         outputs:\n  violations: {{ topic: {} }}\n  verdicts: {{ topic: {}, publish: all }}\n  \
         dead_letters: {{ topic: {} }}\nhttp: {{ listen: \"127.0.0.1:0\" }}\n",
        broker.bootstrap,
        topics.group,
        checkout().join("tests/samples/tenants.yaml"),
        topics.input,
        topics.violations,
        topics.verdicts,
        topics.dead_letters,
    );
    std::fs::write(&config, text).expect("a configuration");
    let mut run = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["run", "-c"])
        .arg(&config)
        .stdin(Stdio::null())
        .spawn()
        .expect("bailiwick run");
    let expected: BTreeMap<i32, i64> = [(0, files.len() as i64)].into();
    wait_for("commits", Duration::from_secs(60), || {
        committed(&broker.bootstrap, &topics.group, &topics.input, 1) == expected
    });
    let stopped = Command::new("kill").args(["-TERM", &run.id().to_string()]).status();
    assert!(stopped.expect("kill").success());
    assert_eq!(run.wait().expect("the end of it").code(), Some(0), "a clean end on SIGTERM");

    let mut found: BTreeMap<(i64, i64), Value> = BTreeMap::new();
    for record in read_all(&broker.bootstrap, &topics.verdicts) {
        let verdict = record.json();
        let number = |key: &str| verdict["source"][key].as_i64().expect(key);
        found.insert((number("offset"), number("index")), verdict);
    }
    for record in read_all(&broker.bootstrap, &topics.dead_letters) {
        let number =
            |name: &str| record.header(name).and_then(|text| text.parse().ok()).expect(name);
        let place = (number("__connect.errors.offset"), number("bailiwick.index"));
        let code = record.header("bailiwick.code").expect("a code");
        found.insert(place, Value::String(code.to_owned()));
    }
    let mut wrong = String::new();
    for (offset, (file, rows)) in files.iter().enumerate() {
        for row in rows {
            let outcome = found.remove(&(offset as i64, row.index as i64));
            let faults = match (&row.code, outcome) {
                (Some(code), Some(Value::String(is))) if is == *code => Vec::new(),
                (None, Some(verdict @ Value::Object(_))) => verdict_faults(row, &verdict),
                (_, outcome) => vec![format!("came out as {outcome:?}")],
            };
            for fault in faults {
                let _ = writeln!(wrong, "{file}:{}: {fault}", row.index);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(found.is_empty(), "nobody asked for {found:?}");
}

/// Where a verdict and a row disagree.
fn verdict_faults(row: &Row, verdict: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    for (what, should) in [
        ("service", &row.service),
        ("tenant", &row.tenant),
        ("time", &row.time),
        ("tenant_geography", &row.tenant_geography),
        ("verdict", &row.verdict),
    ] {
        let is = text(&verdict[what]);
        if is != *should {
            faults.push(format!("{what} is {is:?}, should be {should:?}"));
        }
    }
    let findings: Vec<&Value> = verdict["findings"].as_array().into_iter().flatten().collect();
    // One text, or a list of texts, of every finding.
    let all = |key: &str| -> BTreeSet<String> {
        let of = |finding: &&Value| match &finding[key] {
            Value::Array(list) => list.iter().filter_map(text).collect(),
            one => text(one).into_iter().collect::<Vec<_>>(),
        };
        findings.iter().flat_map(of).collect()
    };
    for (key, should) in
        [("exception", &row.exceptions), ("missing", &row.missing), ("assumed", &row.assumed)]
    {
        let is = all(key);
        if is != *should {
            faults.push(format!("{key} is {is:?}, should be {should:?}"));
        }
    }
    let places = all("place");
    if places.iter().any(|place| Some(place) != row.place.as_ref()) {
        faults.push(format!("place is {places:?}, should be {:?}", row.place));
    }
    // A finding about an event without a place has no category either.
    let categories = all("category");
    if !categories.is_empty() && categories != row.categories {
        faults.push(format!("category is {categories:?}, should be {:?}", row.categories));
    }
    faults
}
