//! The report as the officer gets it: three outputs, from files and from the verdicts topic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use bailiwick::app;
use bailiwick::settings::Settings;
use rdkafka::mocking::MockCluster;
use serde_json::Value;
use support::client::{Out, produce, read_all, wait_for};
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
    let topic = bailiwick(&["report", "--topic", "t"]);
    assert_eq!(topic.status.code(), Some(2), "a topic needs a configuration");
}

#[test]
fn the_verdicts_topic_has_the_same_figures_as_a_file_of_the_same_verdicts() {
    let cluster = MockCluster::new(1).unwrap();
    let topics = [
        ("audit", 2),
        ("bailiwick.violations", 1),
        ("bailiwick.verdicts", 3),
        ("bailiwick.dead-letters", 1),
    ];
    for (topic, partitions) in topics {
        cluster.create_topic(topic, partitions, 1).unwrap();
    }
    let brokers = cluster.bootstrap_servers();
    let events = std::fs::read_to_string(root().join("examples/events.ndjson")).unwrap();
    for (number, event) in events.lines().enumerate() {
        produce(&brokers, "audit", [Out::value(number as i32 % 2, event.as_bytes())]);
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.yaml");
    let tenants = root().join("examples/tenants.yaml");
    let text_of_config = format!(
        "kafka: {{ brokers: '{brokers}' }}\nworkers: 1\nhttp: {{ listen: '127.0.0.1:0' }}\n\
         inputs: [{{ name: all, topics: [audit] }}]\ntenants: {{ file: '{}' }}\n\
         outputs: {{ verdicts: {{ publish: all }} }}\n",
        tenants.display()
    );
    std::fs::write(&config, text_of_config).unwrap();
    let stop = CancellationToken::new();
    let running = app::start(&Settings::load(&config).unwrap(), &stop).unwrap();
    let metrics = running.metrics.clone();
    wait_for("the verdicts", Duration::from_secs(30), || {
        metrics.verdict_counts().iter().sum::<u64>() == 7
    });
    stop.cancel();
    assert_eq!(running.wait().unwrap().unsettled, 0);

    let config = config.to_str().unwrap();
    let from_topic = |output| {
        text(bailiwick(&["report", "--topic", "bailiwick.verdicts", "-c", config, "-o", output]), 0)
    };
    // The very same records in a file: the same report, byte for byte.
    let copy = folder.path().join("copy.ndjson");
    let records = read_all(&brokers, "bailiwick.verdicts");
    assert_eq!(records.len(), 7);
    let lines: Vec<u8> =
        records.into_iter().flat_map(|it| [it.value.unwrap(), b"\n".to_vec()].concat()).collect();
    std::fs::write(&copy, lines).unwrap();
    for output in ["markdown", "csv", "json"] {
        let of_file = bailiwick(&["report", copy.to_str().unwrap(), "-c", config, "-o", output]);
        assert_eq!(from_topic(output), text(of_file, 0), "{output}");
    }
    // The same events judged from a file: the same figures, at other coordinates.
    let judge = ["judge", "examples/events.ndjson", "-c", config, "--fail-on", "never"];
    let judged = folder.path().join("judged.ndjson");
    std::fs::write(&judged, text(bailiwick(&judge), 0)).unwrap();
    let of_file =
        text(bailiwick(&["report", judged.to_str().unwrap(), "-c", config, "-o", "json"]), 0);
    let (of_topic, of_file) = (json(&from_topic("json")), json(&of_file));
    for part in ["events", "verdicts", "catalogs", "documents", "presumed", "not_judged"] {
        assert_eq!(of_topic[part], of_file[part], "{part}");
    }
    let missing = bailiwick(&["report", "--topic", "nowhere", "-c", config]);
    assert_eq!(missing.status.code(), Some(4), "{}", String::from_utf8_lossy(&missing.stderr));
}
