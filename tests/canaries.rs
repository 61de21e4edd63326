//! What a record says stays in the process: a marked text in every string of every format turns
//! up in the dead letters and nowhere else.
//!
//! What may leave: the tenant's id, an event's id that names no person, the keyed hash of a
//! subject, and canonical names of the catalog. `judge` ends by telling people on standard error
//! which places it could not resolve; that one line may name places. `explain` is for whoever
//! holds the record: its head repeats the operation and the places as they are written. The status
//! page names services and places that the catalog does not know.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::classify::InputRules;
use bailiwick::decode::Format;
use bailiwick::directory::Directory;
use bailiwick::explain::{explain, explain_violations};
use bailiwick::metrics::{Metrics, Tally};
use bailiwick::pipeline::{Outcome, Pipeline};
use bailiwick::record::{Source, SubjectHasher, render};
use rdkafka::mocking::MockCluster;
use serde_json::{Value, json};
use support::client::{Out, count, produce, read_all, wait_for};
use support::receiver::{KEY, Receiver};
use support::server::{Process, free_address};

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
                                let violations = explain_violations(&program, &judged);
                                let whole = explain(&program, &judged, &hasher);
                                let head = ["operation", "tenant", "stored", "processed"]
                                    .map(|it| format!("  {it} "));
                                let mut lines = violations.lines().chain(whole.lines());
                                let told = lines.find(|line| {
                                    has_mark(line) && !head.iter().any(|it| line.starts_with(it))
                                });
                                assert_eq!(told, None, "{}: explained", record.field);
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

/// A real `run` on a cluster, with everything that it can tell somebody switched on.
struct World {
    _cluster: MockCluster<'static, rdkafka::producer::DefaultProducerContext>,
    brokers: String,
    folder: tempfile::TempDir,
    http: std::net::SocketAddr,
    hook: Receiver,
    manager: Receiver,
}

impl World {
    fn new() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        for end in ["violations", "verdicts", "dead-letters"] {
            cluster.create_topic(&format!("bailiwick.{end}"), 2, 1).unwrap();
        }
        cluster.create_topic("audit", 2, 1).unwrap();
        let http = free_address();
        let (hook, manager) = (Receiver::start(), Receiver::start());
        let (brokers, folder) = (cluster.bootstrap_servers(), tempfile::tempdir().unwrap());
        let tenants = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tenants.yaml");
        let text = format!(
            "kafka: {{ brokers: '{brokers}' }}\nworkers: 1\nhttp: {{ listen: '{http}' }}\n\
             log: {{ level: trace }}\nsubject_key: ${{SUBJECT_KEY}}\n\
             inputs: [{{ name: all, topics: [audit] }}]\ntenants: {{ file: '{}' }}\n\
             outputs: {{ verdicts: {{ publish: all }} }}\n\
             alert:\n  max_age: 36500d\n  sinks:\n    - name: hook\n      webhook:\n        \
             url: {}\n        secret: ${{HOOK}}\n        allow: [127.0.0.1]\n    \
             - name: am\n      alertmanager: {{ urls: ['{}'] }}\n",
            tenants.display(),
            hook.url("/hook"),
            manager.url(""),
        );
        std::fs::write(folder.path().join("c.yaml"), text).unwrap();
        Self { _cluster: cluster, brokers, folder, http, hook, manager }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
        command.args(arguments).arg("-c").arg(self.folder.path().join("c.yaml"));
        command.env("SUBJECT_KEY", "sixteen bytes or more").env("HOOK", KEY);
        command
    }

    fn output(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert!(status.success(), "{arguments:?}: {said}");
        assert!(!has_mark(&said), "{arguments:?}: {said}");
        String::from_utf8(stdout).unwrap()
    }

    fn start(&self) -> (Process, PathBuf) {
        let log = self.folder.path().join("log");
        let file = std::fs::File::create(&log).unwrap();
        let mut command = self.command(&["run"]);
        command.env("RUST_BACKTRACE", "1").stdout(Stdio::null()).stderr(file);
        (Process(command.spawn().unwrap()), log)
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.http).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{path}: {answer}");
        answer
    }
}

/// What the page shows of records beside tenants: names of services and places that the catalog
/// does not know, for the person on call who has to look them up.
const PAGE: [&str; 12] = [
    "aad_graph: location",
    "aad_graph: properties.location",
    "activity: RoleLocation",
    "audit: properties.loggedByService",
    "audit_application: properties.loggedByService",
    "graph: location",
    "native: location_at_rest",
    "native: processing_location",
    "native: service",
    "risky_user: location",
    "storage: location",
    "storage: properties.location",
];

/// The field that a marked line of the page has its mark from.
fn shown_as<'r>(line: &str, records: &'r [Marked]) -> &'r str {
    let line = line.to_lowercase();
    let (_, rest) = line.split_once(&MARK.to_lowercase()).unwrap();
    let number: usize = rest.split_once('x').unwrap().0.parse().unwrap();
    &records[number - 1].field
}

#[test]
fn marks_leave_run_in_dead_letters_alone() {
    let world = World::new();
    let records = records();
    let out = records.iter().enumerate();
    let out = out.map(|(n, record)| Out::value(n as i32 % 2, record.text.as_bytes()));
    produce(&world.brokers, "audit", out);
    let (run, log) = world.start();
    let topic = |end: &str| format!("bailiwick.{end}");
    let all = records.len() as i64;
    wait_for("all records", Duration::from_secs(120), || {
        let of = |end| count(&world.brokers, &topic(end));
        of("verdicts") + of("dead-letters") == all
    });
    let violations = read_all(&world.brokers, &topic("violations"));
    let groups: BTreeSet<_> = violations.iter().map(|it| it.key.clone()).collect();
    assert!(groups.len() > 5, "{groups:?}");
    let fired = |receiver: &Receiver, of_list: bool| {
        let bodies = receiver.taken().into_iter().map(|request| request.json());
        let alerts = bodies.flat_map(|body| match of_list {
            true => body.as_array().unwrap().clone(),
            false => vec![body["data"].clone()],
        });
        alerts.map(|alert| alert["labels"].to_string()).collect::<BTreeSet<_>>().len()
    };
    wait_for("all alerts", Duration::from_secs(60), || {
        fired(&world.hook, false) == groups.len() && fired(&world.manager, true) == groups.len()
    });

    // Alerts, page and metrics.
    let requests = [world.hook.seen(), world.manager.seen()].concat();
    let with_subject = requests.iter().filter(|it| it.text().contains("\"hmac-sha256:")).count();
    assert!(with_subject > 0, "no alert has a subject");
    for request in requests {
        assert!(!has_mark(&request.text()), "alert: {}", request.text());
    }
    let metrics = world.get("/metrics");
    assert!(metrics.contains("bailiwick_verdicts_total") && !has_mark(&metrics), "{metrics}");
    let page = world.get("/");
    assert!(page.contains("; tenant "), "{page}");
    let shown: Vec<&str> = page.lines().filter(|line| has_mark(line)).collect();
    assert!(!shown.is_empty());
    for line in shown {
        let field = shown_as(line, &records);
        assert!(PAGE.contains(&field) || LEAVE.contains(&field), "page: {field}: {line}");
    }

    // Verdicts and violations: the event's id and the tenant, which is a verdict's key as well.
    let verdicts = read_all(&world.brokers, &topic("verdicts"));
    let mut subjects = BTreeSet::new();
    for (kind, record) in verdicts
        .iter()
        .map(|it| ("verdict", it))
        .chain(violations.iter().map(|it| ("violation", it)))
    {
        let mut value = record.json();
        let key = String::from_utf8(record.key.clone().unwrap()).unwrap();
        assert!(kind == "verdict" || !has_mark(&key), "{key}");
        without_ids(&mut value);
        subjects.extend(value["subject"].as_str().map(str::to_owned));
        let text = value.to_string();
        assert!(!has_mark(&text) && !text.contains("jo@example.org"), "{kind}: {text}");
        assert!(record.headers.iter().all(|(key, value)| !has_mark(&format!("{key}{value}"))));
    }
    // The two marked subjects of each service, and the plain one at tenants known and marked.
    assert!(subjects.len() >= 4, "{subjects:?}");
    for letter in read_all(&world.brokers, &topic("dead-letters")) {
        assert!(has_mark(&String::from_utf8(letter.value.unwrap()).unwrap()), "kept whole");
        let headers = format!("{:?}", letter.headers);
        assert!(!has_mark(&headers), "{headers}");
    }

    // The report repeats ids and tenants of verdicts, and nothing else.
    let may: BTreeSet<String> = records
        .iter()
        .enumerate()
        .filter(|(_, record)| LEAVE.contains(&record.field.as_str()))
        .map(|(number, _)| mark(number + 1))
        .collect();
    for output in ["markdown", "csv", "json"] {
        let report = world.output(&["report", "--topic", "-o", output]);
        assert!(report.contains("entra.eu-data-boundary"), "{report}");
        let left = may.iter().fold(report, |text, mark| text.replace(mark, ""));
        assert!(!has_mark(&left), "{output}: {left}");
    }

    // On files the subject has the same hash as on the topic.
    let file = world.folder.path().join("event.json");
    std::fs::write(&file, native().to_string()).unwrap();
    let file = file.to_str().unwrap();
    let judged = world.output(&["judge", "--fail-on", "never", file]);
    let judged: Value = serde_json::from_str(&judged).unwrap();
    let subject = judged["subject"].as_str().unwrap();
    assert!(subjects.contains(subject), "{subject}");
    let explained = world.output(&["explain", file]);
    assert!(explained.contains(subject) && !explained.contains("jo@example.org"), "{explained}");

    drop(run);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("TRACE") && !has_mark(&log) && !log.contains("jo@example.org"), "{log}");
}
