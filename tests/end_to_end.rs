//! From an event on a topic to a page: Apache Kafka, `bailiwick run`, Prometheus with the rules
//! as they are shipped, Alertmanager with its configuration as it is shipped, and a webhook.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::client::{Out, create_topics, produce, read_all, unique, wait_for};
use support::receiver::Receiver;
use support::server::{self, Process, Server, free_address, get};
use support::{Broker, kafka};

const LONG: Duration = Duration::from_secs(120);
/// How long an alert lives after its last violation.
const QUIET: Duration = Duration::from_secs(40);
/// Longer than a delivery may take, so that a hung receiver is one that does not answer.
const HUNG: Duration = Duration::from_secs(14);

/// Regions whose country the boundary does not hold.
const US: (&str, &str) = ("eastus", "US");
const BRAZIL: (&str, &str) = ("brazilsouth", "BR");
const JAPAN: (&str, &str) = ("japaneast", "JP");
const INDIA: (&str, &str) = ("centralindia", "IN");
const AUSTRALIA: (&str, &str) = ("australiaeast", "AU");

/// What was written to the input topic.
struct Source {
    bootstrap: String,
    topic: String,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    violations: BTreeSet<String>,
    last: BTreeMap<&'static str, Instant>,
}

impl Source {
    fn violation(&self, (region, country): (&'static str, &'static str)) {
        let mut written = self.written.lock().unwrap();
        let id = unique(country);
        let event = json!({
            "id": id, "time": jiff::Timestamp::now(), "service": "entra.other", "tenant": "t-1",
            "data_categories": ["usage"], "location_at_rest": region,
        });
        written.violations.insert(id);
        written.last.insert(country, Instant::now());
        produce(&self.bootstrap, &self.topic, [Out::value(0, event.to_string().as_bytes())]);
    }
}

/// One `bailiwick run`.
struct Bailiwick {
    folder: PathBuf,
    address: std::net::SocketAddr,
    process: Option<Process>,
}

impl Bailiwick {
    fn start(&mut self) {
        let log = self.folder.join("log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(["run", "-c", "bailiwick.yaml"])
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.process = Some(Process(process.unwrap()));
        wait_for("readiness", LONG, || get(self.address, "/readyz").is_some());
    }

    fn end(&mut self, how: &str) {
        let mut process = self.process.take().expect("a process");
        process.signal(how);
        process.0.wait().unwrap();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }
}

/// An alert in a notification to the webhook.
#[derive(Clone, Debug)]
struct Page {
    name: String,
    /// Its place; of Prometheus' alerts the reason or nothing.
    about: String,
    resolved: bool,
    at: Instant,
    /// Alerts in the same notification.
    together: usize,
}

fn pages(receiver: &Receiver) -> Vec<Page> {
    let mut pages = Vec::new();
    for request in receiver.taken() {
        let notification = request.json();
        let alerts = notification["alerts"].as_array().unwrap();
        pages.extend(alerts.iter().map(|alert| {
            let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
            Page {
                name: label("alertname"),
                about: label("place") + &label("reason"),
                resolved: alert["status"] == "resolved",
                at: request.at,
                together: alerts.len(),
            }
        }));
    }
    pages
}

fn shipped(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file))
        .unwrap()
}

/// A file with every `key:` set to `value`, where it stands on a line of its own.
fn with(text: &str, key: &str, value: &str) -> String {
    let mut found = false;
    let lines = text.lines().map(|line| {
        let bare = line.trim_start();
        if !bare.starts_with(&format!("{key}:")) {
            return line.to_owned();
        }
        found = true;
        format!("{}{key}: {value}", &line[..line.len() - bare.len()])
    });
    let text: Vec<String> = lines.collect();
    assert!(found, "no {key}");
    text.join("\n") + "\n"
}

/// The shipped configuration, which pages sooner, and all of it to this webhook.
fn alertmanager(receiver: &Receiver) -> Option<Server> {
    let config = with(&shipped("alertmanager.yml"), "group_wait", "2s");
    let (route, names) = config.split_once("receivers:\n").expect("receivers");
    let hook = format!("webhook_configs: [{{ url: \"{}\" }}]", receiver.url("/"));
    let names: String = names.lines().map(|name| format!("{name}\n    {hook}\n")).collect();
    server::alertmanager(&with(&format!("{route}receivers:\n{names}"), "group_interval", "2s"))
}

/// The shipped configuration and rules, which look more often and wait for less long.
fn prometheus(bailiwick: &Bailiwick, alertmanager: &Server) -> Option<Server> {
    let config = shipped("prometheus/prometheus.yml");
    let config = with(&with(&config, "scrape_interval", "1s"), "evaluation_interval", "1s")
        .replace("alertmanager:9093", &alertmanager.address.to_string())
        .replace("bailiwick:9464", &bailiwick.address.to_string());
    let alerts = with(&shipped("prometheus/alerts.yml"), "for", "3s");
    server::prometheus(&[
        ("prometheus.yml", &config),
        ("recording.yml", &shipped("prometheus/recording.yml")),
        ("alerts.yml", &alerts),
    ])
}

fn bailiwick(broker: &Broker, folder: &Path, alertmanager: &Server) -> (Bailiwick, Source, String) {
    let name = unique("e2e");
    let [input, violations, dead] =
        ["in", "violations", "dead"].map(|topic| format!("{name}-{topic}"));
    let bootstrap = broker.bootstrap.clone();
    create_topics(&bootstrap, &[(&input, 1, &[]), (&violations, 4, &[]), (&dead, 1, &[])]);
    let address = free_address();
    let config = json!({
        "kafka": {"brokers": bootstrap, "librdkafka": {"session.timeout.ms": 6000}},
        "group": name, "http": {"listen": address.to_string()},
        "tenants": {"inline": [{"id": "t-1", "country": "DE", "capabilities": {}}]},
        "inputs": [{"name": "audit", "topics": [input]}],
        "outputs": {"violations": {"topic": violations}, "dead_letters": {"topic": dead}},
        "alert": {
            "quiet": format!("{}s", QUIET.as_secs()), "refresh": "2s",
            "sinks": [{"name": "am", "alertmanager": {"urls": [alertmanager.url()]}}],
        },
    });
    std::fs::write(folder.join("bailiwick.yaml"), config.to_string()).unwrap();
    let mut bailiwick = Bailiwick { folder: folder.to_owned(), address, process: None };
    bailiwick.start();
    let source = Source { bootstrap, topic: input, written: Mutex::default() };
    (bailiwick, source, violations)
}

#[test]
fn a_page_arrives_is_grouped_and_resolves_though_alertmanager_dies_and_hangs_and_run_restarts() {
    let Some(broker) = kafka() else { return };
    let receiver = Receiver::start();
    let Some(mut alertmanager) = alertmanager(&receiver) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut bailiwick, source, violations) = bailiwick(broker, folder.path(), &alertmanager);
    let source = Arc::new(source);
    let Some(prometheus) = prometheus(&bailiwick, &alertmanager) else { return };
    let paged = |name: &str, about: &str, resolved: bool| {
        let mut pages = pages(&receiver).into_iter();
        pages.any(|it| (it.name == name && it.about == about) && it.resolved == resolved)
    };
    let violated = |place: (&str, &str)| paged("BailiwickViolation", place.1, false);

    // Two places are violated all the time; the others once each, at the worst moment.
    let over = Arc::new(AtomicBool::new(false));
    let feeder = {
        let (source, over) = (source.clone(), over.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                source.violation(US);
                source.violation(BRAZIL);
                std::thread::sleep(Duration::from_secs(1));
            }
        })
    };
    wait_for("the pages", LONG, || violated(US) && violated(BRAZIL));
    assert!(pages(&receiver).iter().any(|it| it.name == "BailiwickViolation" && it.together > 1));
    produce(&source.bootstrap, &source.topic, [Out::value(0, b"no JSON")]);
    wait_for("Prometheus' pages", LONG, || {
        paged("BailiwickWatchdog", "", false) && paged("BailiwickDeadLetters", "not_json", false)
    });

    // What was read and could not be delivered must not be gone with the process.
    alertmanager.kill();
    source.violation(JAPAN);
    std::thread::sleep(Duration::from_secs(5));
    bailiwick.end("-KILL");
    bailiwick.start();
    alertmanager.start_again();
    wait_for("what happened while Alertmanager was dead", LONG, || violated(JAPAN));

    alertmanager.hang();
    source.violation(INDIA);
    std::thread::sleep(HUNG);
    alertmanager.go_on();
    wait_for("what happened while Alertmanager hung", LONG, || violated(INDIA));

    let down = |resolved: bool| {
        let pages = pages(&receiver).into_iter();
        pages.filter(|it| it.name == "BailiwickDown" && it.resolved == resolved).count()
    };
    let (fired, ended) = (down(false), down(true));
    bailiwick.end("-TERM");
    source.violation(AUSTRALIA);
    wait_for("the page that nothing is judged", LONG, || down(false) > fired);
    bailiwick.start();
    wait_for("what happened while none ran", LONG, || violated(AUSTRALIA));
    wait_for("the end of that page", LONG, || down(true) > ended);

    let early = pages(&receiver);
    let early = early.iter().find(|it| it.resolved && ["US", "BR"].contains(&it.about.as_str()));
    assert!(early.is_none(), "it goes on: {early:?}\n{}", bailiwick.log());
    over.store(true, Ordering::Relaxed);
    feeder.join().unwrap();
    let places = [US, BRAZIL, JAPAN, INDIA, AUSTRALIA].map(|(_, country)| country);
    wait_for("the ends", LONG, || {
        places.iter().all(|place| paged("BailiwickViolation", place, true))
    });
    wait_for("Alertmanager's calm", LONG, || {
        alertmanager.active().iter().all(|it| it["labels"]["alertname"] != "BailiwickViolation")
    });

    let written = source.written.lock().unwrap();
    let pages = pages(&receiver);
    for page in pages.iter().filter(|it| it.name == "BailiwickViolation" && it.resolved) {
        let after = page.at.duration_since(written.last[page.about.as_str()]);
        assert!(after >= QUIET, "{page:?} {after:?} after its last violation");
    }
    let kept: BTreeSet<String> = read_all(&source.bootstrap, &violations)
        .iter()
        .map(|record| record.json()["event_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kept, written.violations, "the topic keeps every violation");
    let told = receiver.taken().len();
    assert!(told < written.violations.len(), "{told} pages of {}", written.violations.len());
    assert_eq!(prometheus.ask("up{job=\"bailiwick\"} == 1").len(), 1);
}
