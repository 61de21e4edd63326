//! The report as the officer gets it: three outputs, from files and from the verdicts topic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bailiwick::app;
use bailiwick::settings::Settings;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use serde_json::Value;
use support::client::{Out, create_topics, delete_records, produce, read_all, unique, wait_for};
use support::kafka;
use tokio_util::sync::CancellationToken;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn bailiwick(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
    command.current_dir(root()).args(arguments).output().unwrap()
}

fn text(output: Output, code: i32) -> String {
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The examples, judged into a file of verdicts. Its path stands in no report.
fn verdicts(folder: &tempfile::TempDir) -> PathBuf {
    let mut judge = vec![
        "judge",
        "examples/events.ndjson",
        "examples/azure-monitor.json",
        "--fail-on",
        "never",
    ];
    judge.extend(["--tenants", "examples/tenants.yaml", "--allow-unreadable", "1"]);
    let path = folder.path().join("verdicts.ndjson");
    std::fs::write(&path, text(bailiwick(&judge), 0)).unwrap();
    path
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_three_outputs_say_what_they_said_before() {
    let folder = tempfile::tempdir().unwrap();
    let verdicts = verdicts(&folder);
    let update = std::env::var_os("BAILIWICK_UPDATE").is_some_and(|update| update == "1");
    let mut changed = Vec::new();
    for (output, end) in [("markdown", "md"), ("csv", "csv"), ("json", "json")] {
        let now = text(bailiwick(&["report", verdicts.to_str().unwrap(), "-o", output]), 0);
        // The catalog's hash changes with every example of a clause.
        let hash = now.find("sha256:").map(|at| now[at..at + 71].to_owned()).unwrap();
        let now = now.replace(&hash, "sha256:HASH");
        let path = root().join(format!("tests/reports/examples.{end}"));
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &now).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != now {
            changed.push(format!("{}:\n{now}", path.display()));
        }
    }
    let how = "BAILIWICK_UPDATE=1 cargo test --test report writes them anew";
    assert!(changed.is_empty(), "{}\n{how}", changed.join("\n"));
}

#[test]
fn the_three_outputs_have_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let verdicts = verdicts(&folder);
    let run = |output| text(bailiwick(&["report", verdicts.to_str().unwrap(), "-o", output]), 0);
    let (markdown, csv, json) = (run("markdown"), run("csv"), json(&run("json")));
    let mut seen = 0;
    for document in json["documents"].as_array().unwrap() {
        for clause in document["clauses"].as_array().unwrap() {
            let (id, judged) = (clause["clause"].as_str().unwrap(), &clause["judged"]);
            let edition = clause["edition"].as_str().unwrap();
            let row = csv.lines().find(|row| row.contains(&format!(",{edition},{id},"))).unwrap();
            assert!(row.starts_with("clause,") && row.contains(&format!(",{judged},")), "{row}");
            let row = markdown.lines().find(|row| row.starts_with(&format!("| `{id}`"))).unwrap();
            assert!(row.contains(&format!("| {judged} |")), "{row}");
            seen += judged.as_u64().unwrap();
        }
    }
    assert!(seen > 10, "{seen}");
    let violations = json["violations"].as_array().unwrap().len();
    assert_eq!(csv.lines().filter(|row| row.starts_with("violation,")).count(), violations);
    assert_eq!(markdown.lines().filter(|row| row.starts_with("### ")).count(), violations);
}

#[test]
fn a_period_leaves_events_out_and_lines_that_are_no_verdicts_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = verdicts(&folder);
    let period = ["--from", "2026-02-03T09:13:00Z", "--to", "2026-02-04", "-o", "json"];
    let file = path.to_str().unwrap();
    let figures = json(&text(bailiwick(&[&["report", file], &period[..]].concat()), 0));
    assert_eq!((&figures["events"], &figures["outside_period"]), (&7.into(), &2.into()));

    let faulty = folder.path().join("faulty.ndjson");
    let verdicts = std::fs::read_to_string(&path).unwrap();
    // The same file again, and a line that is none.
    std::fs::write(&faulty, format!("{verdicts}{{\"id\": 1}}\n\n{verdicts}")).unwrap();
    let output = bailiwick(&["report", faulty.to_str().unwrap(), "-o", "json"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("faulty.ndjson:10 is no verdict"));
    let figures = json(&text(output, 3));
    assert_eq!((&figures["events"], &figures["repeated"]), (&9.into(), &9.into()));
    assert_eq!(figures["unreadable"], 1);

    let wrong = bailiwick(&["report", "--from", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2));
    let empty = bailiwick(&["report", file, "--from", "2026-02-03", "--to", "2026-02-03"]);
    assert_eq!(empty.status.code(), Some(2), "no event is of an empty period");
    let topic = bailiwick(&["report", "--topic", "t"]);
    assert_eq!(topic.status.code(), Some(2), "a topic needs a configuration");
}

/// A cluster with an input and a topic of verdicts, and a configuration for both.
struct World {
    brokers: String,
    input: String,
    verdicts: String,
    config: PathBuf,
    folder: tempfile::TempDir,
    _mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl World {
    fn mock() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        let world = Self::at(cluster.bootstrap_servers());
        for (topic, partitions) in world.topics() {
            cluster.create_topic(&topic, partitions, 1).unwrap();
        }
        Self { _mock: Some(cluster), ..world }
    }

    /// On a real Apache Kafka.
    fn real() -> Option<Self> {
        let world = Self::at(kafka()?.bootstrap.clone());
        let topics = world.topics();
        let topics: Vec<_> = topics.iter().map(|(name, n)| (name.as_str(), *n, &[][..])).collect();
        create_topics(&world.brokers, &topics);
        Some(world)
    }

    fn at(brokers: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, name) = (folder.path().join("c.yaml"), unique("report"));
        let tenants = root().join("examples/tenants.yaml");
        let text = format!(
            "kafka: {{ brokers: '{brokers}' }}\nworkers: 1\nhttp: {{ listen: '127.0.0.1:0' }}\n\
             group: {name}\ninputs: [{{ name: all, topics: [{name}-in] }}]\n\
             tenants: {{ file: '{}' }}\noutputs:\n  violations: {{ topic: {name}-violations }}\n  \
             verdicts: {{ topic: {name}-verdicts, publish: all }}\n  \
             dead_letters: {{ topic: {name}-letters }}\n",
            tenants.display()
        );
        std::fs::write(&config, text).unwrap();
        let (input, verdicts) = (format!("{name}-in"), format!("{name}-verdicts"));
        Self { brokers, input, verdicts, config, folder, _mock: None }
    }

    fn topics(&self) -> [(String, i32); 4] {
        let name = |end| self.input.replace("-in", end);
        [(name("-in"), 2), (name("-violations"), 1), (name("-verdicts"), 3), (name("-letters"), 1)]
    }

    fn report(&self, arguments: &[&str]) -> Output {
        bailiwick(&[&["report", "-c", self.config.to_str().unwrap()], arguments].concat())
    }

    /// The report on the topic, as JSON.
    fn figures(&self) -> Value {
        json(&text(self.report(&["-o", "json", "--topic"]), 0))
    }
}

/// Made-up verdict records of different events.
fn made_up(numbers: std::ops::Range<u64>) -> Vec<Value> {
    let record = |n: u64| {
        serde_json::json!({
            "id": format!("{n:032x}"), "event_id": format!("e-{n}"), "tenant": "t-1",
            "tenant_geography": "eu-data-boundary", "service": "entra.sign-in",
            "time": "2026-01-15T12:00:00Z", "verdict": "out_of_scope", "findings": [],
            "source": {"input": "all", "topic": "t", "partition": 0, "offset": n, "index": 0},
            "catalog": {"hash": "sha256:0", "editions": {}}, "tenant_facts": null,
        })
    };
    numbers.map(record).collect()
}

/// Puts verdict records on a topic, without `run`.
fn publish(brokers: &str, topic: &str, partition: i32, records: &[Value]) {
    let values: Vec<String> = records.iter().map(Value::to_string).collect();
    produce(brokers, topic, values.iter().map(|value| Out::value(partition, value.as_bytes())));
}

#[test]
fn the_verdicts_topic_has_the_same_figures_as_a_file_of_the_same_verdicts() {
    topic_and_file(&World::mock());
}

#[test]
fn on_a_real_kafka_the_verdicts_topic_has_the_same_figures_as_a_file() {
    if let Some(world) = World::real() {
        topic_and_file(&world);
    }
}

fn topic_and_file(world: &World) {
    let events = std::fs::read_to_string(root().join("examples/events.ndjson")).unwrap();
    for (number, event) in events.lines().enumerate() {
        produce(&world.brokers, &world.input, [Out::value(number as i32 % 2, event.as_bytes())]);
    }
    produce(&world.brokers, &world.input, [Out::value(0, b"no event")]);
    let stop = CancellationToken::new();
    let running = app::start(&Settings::load(&world.config).unwrap(), &stop).unwrap();
    let metrics = running.metrics.clone();
    wait_for("the verdicts", Duration::from_secs(60), || {
        metrics.verdict_counts().iter().sum::<u64>() == 7
    });
    stop.cancel();
    assert_eq!(running.wait().unwrap().unsettled, 0);

    let from_topic = |output| text(world.report(&["--topic", &world.verdicts, "-o", output]), 0);
    // The very same records in a file: the same report, byte for byte.
    let copy = world.folder.path().join("copy.ndjson");
    let records = read_all(&world.brokers, &world.verdicts);
    assert_eq!(records.len(), 7);
    let lines: Vec<u8> =
        records.into_iter().flat_map(|it| [it.value.unwrap(), b"\n".to_vec()].concat()).collect();
    std::fs::write(&copy, lines).unwrap();
    for output in ["markdown", "csv", "json"] {
        let of_file = world.report(&[copy.to_str().unwrap(), "-o", output]);
        assert_eq!(from_topic(output), text(of_file, 0), "{output}");
    }
    // Bounds that cut leave the same out.
    let period = ["--from", "2026-02-03T09:13:00Z", "--to", "2026-02-03T09:15:00Z", "-o", "json"];
    let cut = text(world.report(&[&["--topic", &world.verdicts], &period[..]].concat()), 0);
    let of_file = world.report(&[&[copy.to_str().unwrap()], &period[..]].concat());
    assert_eq!(cut, text(of_file, 0));
    let (events, outside) = (&json(&cut)["events"], &json(&cut)["outside_period"]);
    assert!(*events != 0 && *outside != 0, "{events} {outside}");
    // The same events judged from a file: the same figures, at other coordinates.
    let config = world.config.to_str().unwrap();
    let judge = ["judge", "examples/events.ndjson", "-c", config, "--fail-on", "never"];
    let judged = world.folder.path().join("judged.ndjson");
    std::fs::write(&judged, text(bailiwick(&judge), 0)).unwrap();
    let of_file = text(world.report(&[judged.to_str().unwrap(), "-o", "json"]), 0);
    let (of_topic, of_file) = (json(&from_topic("json")), json(&of_file));
    for part in ["events", "verdicts", "catalogs", "documents", "presumed", "not_judged"] {
        assert_eq!(of_topic[part], of_file[part], "{part}");
    }
    assert_eq!(world.figures(), of_topic, "without a name, the configuration's topic");
    let missing = world.report(&["--topic", "nowhere"]);
    assert_eq!(missing.status.code(), Some(4), "{}", String::from_utf8_lossy(&missing.stderr));
    let violations = world.input.replace("-in", "-violations");
    let parts = world.report(&["--topic", &violations]);
    assert_eq!(parts.status.code(), Some(2), "{}", String::from_utf8_lossy(&parts.stderr));
}

#[test]
fn a_topic_is_read_to_the_end_it_had_and_what_it_lost_is_said() {
    let Some(world) = World::real() else { return };
    let figures = world.figures();
    assert_eq!((&figures["events"], &figures["unreadable"]), (&0.into(), &0.into()));

    let (brokers, topic) = (world.brokers.as_str(), world.verdicts.as_str());
    // The same event again, judged anew: the last record counts.
    publish(brokers, topic, 0, &made_up(0..100));
    let mut again = made_up(50..60);
    again.iter_mut().for_each(|record| record["verdict"] = "compliant".into());
    publish(brokers, topic, 0, &again);
    let figures = world.figures();
    assert_eq!((&figures["events"], &figures["repeated"]), (&100.into(), &10.into()));
    assert_eq!(figures["verdicts"]["compliant"], 10);

    // What retention took is said, and what is left is read.
    delete_records(brokers, topic, 0, 30);
    let figures = world.figures();
    let gone = figures["not_judged"].as_array().unwrap().iter().find(|it| it["events"] == 30);
    assert!(gone.unwrap()["what"].as_str().unwrap().contains("no longer holds"), "{gone:?}");
    assert_eq!(figures["events"], 70);

    // Somebody writes all the time: the report ends all the same.
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1.. {
                publish(brokers, topic, 1, &made_up(round * 1000..round * 1000 + 500));
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let began = Instant::now();
        let first = world.figures()["events"].as_u64().unwrap();
        let second = world.figures()["events"].as_u64().unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(first < second && began.elapsed() < Duration::from_secs(40), "{first} {second}");
    });
}
