//! Alerts: violations on a topic, receivers of our own at the other end, and what must not
//! be lost, told twice, or ended too early between them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bailiwick::alert::client::Outcome;
use bailiwick::alert::group::{Kind, Notice};
use bailiwick::alert::{self, AlertError, Pace, Settings, Surroundings};
use bailiwick::app::{self, Role};
use bailiwick::kafka::Cluster;
use bailiwick::metrics::Metrics;
use jiff::Timestamp;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use serde_json::{Value, json};
use support::client::{Out, committed, create_topics, delete_records, produce, unique, wait_for};
use support::kafka;
use support::receiver::{KEY, Receiver};
use support::server::{self, Process, free_address};
use support::stream::{plain, program};
use support::tool::tool;
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_secs(60);

struct World {
    bootstrap: String,
    topic: String,
    _mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl World {
    fn new() -> Self {
        let cluster = MockCluster::new(1).expect("a mock cluster");
        let topic = unique("violations");
        cluster.create_topic(&topic, 1, 1).expect("a topic");
        Self { bootstrap: cluster.bootstrap_servers(), topic, _mock: Some(cluster) }
    }

    /// On a real Apache Kafka.
    fn real(partitions: i32) -> Option<Self> {
        let bootstrap = kafka()?.bootstrap.clone();
        let topic = unique("violations");
        create_topics(&bootstrap, &[(&topic, partitions, &[])]);
        Some(Self { bootstrap, topic, _mock: None })
    }

    fn settings(&self, alert: Value) -> Settings {
        let cluster: Cluster = serde_json::from_value(plain(&self.bootstrap)).unwrap();
        let settings = Settings {
            cluster: Arc::new(cluster),
            topic: self.topic.clone(),
            group: self.topic.clone(),
            alert: serde_json::from_value(alert).unwrap(),
            pace: Pace {
                round: Duration::from_millis(100),
                timeout: Duration::from_secs(2),
                backoff: Duration::from_millis(100),
                most_backoff: Duration::from_millis(200),
                commit_every: Duration::from_millis(100),
            },
        };
        assert_eq!(settings.alert.faults(), []);
        settings
    }

    /// Writes violations at these places, of events that happened some time ago.
    fn violations(&self, places: &[&str], ago: Duration) {
        self.violations_on(0, places, ago);
    }

    fn violations_on(&self, partition: i32, places: &[&str], ago: Duration) {
        let time = Timestamp::now() - jiff::SignedDuration::try_from(ago).unwrap();
        let values: Vec<(String, String)> = places.iter().map(|p| violation(p, time)).collect();
        let out = values.iter().map(|(key, value)| Out {
            key: Some(key.as_bytes()),
            ..Out::value(partition, value.as_bytes())
        });
        produce(&self.bootstrap, &self.topic, out);
    }

    fn committed(&self, target: &str) -> Option<i64> {
        let group = format!("{}-alert-{target}", self.topic);
        committed(&self.bootstrap, &group, &self.topic, 1).remove(&0)
    }
}

fn subject() -> String {
    format!("hmac-sha256:{}", "0a".repeat(32))
}

fn violation(place: &str, time: Timestamp) -> (String, String) {
    let finding = json!({
        "commitment": "entra.eu-data-boundary", "edition": "2023-08-17", "activity": "process",
        "category": "usage", "place": place, "verdict": "violation", "exception": null,
        "assumed": [], "missing": [], "near_misses": [], "explanation": "Usage data in a place.",
    });
    let record = json!({
        "id": unique("v"), "event_id": "canary-event", "tenant": "canary-tenant", "subject": subject(),
        "tenant_geography": "eu-data-boundary", "service": "entra.sign-in", "time": time,
        "verdict": "violation", "findings": [finding],
    });
    let key = format!("entra.eu-data-boundary|entra.sign-in|eu-data-boundary|{place}|usage");
    (key, record.to_string())
}

/// Every receiver's task on a thread of its own.
struct Running {
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    threads: Vec<JoinHandle<Result<(), AlertError>>>,
}

impl Running {
    fn start(settings: &Settings) -> Self {
        let program = program();
        let metrics = Metrics::new(&program, &[]).unwrap();
        let stop = CancellationToken::new();
        let threads = settings
            .receivers(&program)
            .unwrap()
            .into_iter()
            .map(|receiver| {
                let surroundings = Surroundings {
                    program: program.clone(),
                    metrics: metrics.clone(),
                    assigned: Arc::new(|_| {}),
                };
                let (settings, stop) = (settings.clone(), stop.clone());
                std::thread::spawn(move || alert::run(&settings, &surroundings, receiver, &stop))
            })
            .collect();
        Self { metrics, stop, threads }
    }

    fn counts(&self, line: &str) -> bool {
        self.metrics.encode().unwrap().lines().any(|it| it == format!("bailiwick_{line}"))
    }

    fn stop(self) {
        self.stop.cancel();
        for thread in self.threads {
            thread.join().expect("no panic").expect("a clean end");
        }
    }
}

fn manager(name: &str, urls: &[&str]) -> Value {
    json!({"name": name, "alertmanager": {"urls": urls}})
}

fn hook(receiver: &Receiver) -> Value {
    let url = receiver.url("/hook");
    json!({"name": "hook", "webhook": {"url": url, "secret": KEY, "allow": ["127.0.0.1"]}})
}

/// (status, place, count) of each event that a webhook took.
fn told(receiver: &Receiver) -> Vec<(String, String, u64)> {
    let events = receiver.taken().into_iter().map(|request| {
        let data = &request.json()["data"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let count = data["count"].as_u64().unwrap();
        (text(&data["status"]), text(&data["labels"]["place"]), count)
    });
    events.collect()
}

fn statuses(receiver: &Receiver) -> Vec<String> {
    told(receiver).into_iter().map(|(status, ..)| status).collect()
}

#[test]
fn a_storm_is_folded_refreshed_and_resolved_and_every_message_is_signed() {
    let world = World::new();
    let receiver = Receiver::start();
    let alert = json!({"quiet": "4s", "refresh": "1s", "sinks": [hook(&receiver)]});
    world.violations(&["US"; 50], Duration::ZERO);
    let running = Running::start(&world.settings(alert));
    wait_for("the alert", LONG, || !receiver.taken().is_empty());
    world.violations(&["US"; 5], Duration::ZERO);
    wait_for("the end", LONG, || statuses(&receiver).last().is_some_and(|it| it == "resolved"));
    let told = told(&receiver);
    assert_eq!(told.first().unwrap().0, "firing");
    assert!(told.len() <= 5, "55 violations are few messages: {told:?}");
    assert!(statuses(&receiver).contains(&"refreshed".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), &("resolved".to_owned(), "US".to_owned(), 55));
    wait_for("commits", LONG, || world.committed("hook") == Some(55));
    assert!(running.counts("alerts_active{sink=\"hook\"} 0"));
    for request in receiver.taken() {
        assert!(request.is_signed(KEY), "{request:?}");
        let event = request.json();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["id"].as_str(), request.header("webhook-id"));
        assert!(!request.text().contains("canary"), "{}", request.text());
        assert_eq!(event["data"]["annotations"]["description"], "Usage data in a place.");
        assert_eq!(event["data"]["annotations"]["subject"], subject());
    }
    running.stop();
}

#[test]
fn a_restart_finds_its_alerts_again_and_ends_them_once_they_are_quiet() {
    restart(&World::new());
}

#[test]
fn a_restart_on_a_real_kafka_finds_its_alerts_again() {
    if let Some(world) = World::real(1) {
        restart(&world);
    }
}

fn restart(world: &World) {
    let receiver = Receiver::start();
    let alert = json!({"quiet": "5s", "refresh": "1s", "sinks": [hook(&receiver)]});
    let settings = world.settings(alert);
    let running = Running::start(&settings);
    world.violations(&["US", "GB", "US"], Duration::ZERO);
    wait_for("two alerts", LONG, || told(&receiver).len() >= 2);
    // The offset stays at the oldest group that goes on, so that a restart finds it.
    wait_for("a commit", LONG, || world.committed("hook") == Some(1));
    running.stop();
    let before = told(&receiver).len();
    // What comes meanwhile keeps GB alive; US is quiet for longer than the process was away.
    std::thread::sleep(Duration::from_secs(6));
    world.violations(&["GB"], Duration::ZERO);
    let running = Running::start(&settings);
    let ended = |place: &str| {
        told(&receiver).iter().any(|(status, of, _)| status == "resolved" && of == place)
    };
    wait_for("the end of US", LONG, || ended("US"));
    assert!(!ended("GB"), "{:?}", told(&receiver));
    wait_for("the end of GB", LONG, || ended("GB"));
    let after: Vec<_> = statuses(&receiver).split_off(before);
    assert!(!after.contains(&"firing".to_owned()), "nobody is paged again: {after:?}");
    wait_for("commits", LONG, || world.committed("hook") == Some(4));
    running.stop();
}

#[test]
fn a_dead_receiver_holds_no_other_and_loses_nothing() {
    let world = World::new();
    let (hooked, managed) = (Receiver::start(), Receiver::start());
    hooked.answer(|_| 503);
    let url = managed.url("");
    // Nobody listens on the second replica.
    let sinks = json!([hook(&hooked), manager("am", &[&url, "http://127.0.0.1:1"])]);
    let alert = json!({"quiet": "2s", "refresh": "1s", "sinks": sinks});
    let running = Running::start(&world.settings(alert));
    world.violations(&["US", "GB"], Duration::ZERO);
    wait_for("the living replica", LONG, || world.committed("am-0") == Some(2));
    assert!(running.counts("alert_deliveries_total{outcome=\"delivered\",sink=\"hook\"} 0"));
    assert!(matches!(world.committed("hook"), None | Some(0)));
    assert!(matches!(world.committed("am-1"), None | Some(0)));
    wait_for("the lag", LONG, || running.counts("alert_consumer_lag_records{sink=\"hook\"} 2"));
    hooked.answer(|_| 200);
    wait_for("both alerts", LONG, || {
        let mut firing = told(&hooked);
        firing.retain(|(status, ..)| status == "firing");
        firing.sort();
        firing.iter().map(|(_, place, _)| place.as_str()).collect::<Vec<_>>() == ["GB", "US"]
    });
    wait_for("commits", LONG, || world.committed("hook") == Some(2));
    running.stop();
}

#[test]
fn violations_that_retention_took_away_are_no_lag() {
    let Some(world) = World::real(1) else { return };
    let receiver = Receiver::start();
    world.violations(&["US", "GB", "FR"], Duration::ZERO);
    delete_records(&world.bootstrap, &world.topic, 0, 3);
    let alert = json!({"quiet": "9s", "refresh": "1s", "sinks": [hook(&receiver)]});
    let running = Running::start(&world.settings(alert));
    // The end of a partition is known by the statistics, which come every five seconds.
    std::thread::sleep(Duration::from_secs(12));
    assert!(running.counts("alert_consumer_lag_records{sink=\"hook\"} 0"));
    world.violations(&["US"], Duration::ZERO);
    wait_for("what is new", LONG, || told(&receiver).len() == 1);
    running.stop();
}

#[test]
fn an_alertmanager_gets_labels_and_explicit_ends_and_one_refused_alert_splits_the_batch() {
    let world = World::new();
    let receiver = Receiver::start();
    receiver.answer(|request| if request.text().contains("\"BAD\"") { 400 } else { 200 });
    let url = receiver.url("");
    let alert = json!({"quiet": "3s", "refresh": "1s", "sinks": [manager("am", &[&url])]});
    world.violations(&["US", "BAD", "GB", "FR", "BR"], Duration::ZERO);
    let running = Running::start(&world.settings(alert));
    let alerts = || -> Vec<Value> {
        let requests = receiver.taken().into_iter();
        requests.flat_map(|it| it.json().as_array().unwrap().clone()).collect()
    };
    let taken = |place: &str| alerts().iter().any(|it| it["labels"]["place"] == place);
    wait_for("the others", LONG, || ["US", "GB", "FR", "BR"].into_iter().all(taken));
    let first = alerts()[0].clone();
    assert_eq!(first["labels"]["alertname"], "BailiwickViolation");
    assert_eq!(first["labels"]["severity"].as_str().map(|it| it != "unknown"), Some(true));
    assert!(first["annotations"]["source"].as_str().unwrap().contains("2023-08-17"), "{first}");
    let time =
        |alert: &Value, key: &str| -> Timestamp { alert[key].as_str().unwrap().parse().unwrap() };
    assert!(time(&first, "endsAt") > time(&first, "startsAt"));
    assert!(receiver.taken().iter().all(|request| request.path == "/api/v2/alerts"));
    // The end is explicit, and what is refused is counted and holds nobody.
    wait_for("the end", LONG, || {
        alerts().iter().any(|alert| time(alert, "endsAt") <= Timestamp::now())
    });
    wait_for("commits", LONG, || world.committed("am-0") == Some(5));
    assert!(!running.counts("alert_deliveries_total{outcome=\"refused\",sink=\"am-0\"} 0"));
    running.stop();
}

#[test]
fn a_redirection_is_not_followed_and_a_target_that_is_not_allowed_is_not_asked() {
    let world = World::new();
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    receiver.redirect(&elsewhere.url("/"));
    let mut alert = json!({"quiet": "9s", "refresh": "1s", "sinks": [hook(&receiver)]});
    world.violations(&["US"], Duration::ZERO);
    let running = Running::start(&world.settings(alert.clone()));
    wait_for("the attempt", LONG, || {
        !running.counts("alert_deliveries_total{outcome=\"redirected\",sink=\"hook\"} 0")
    });
    assert!(elsewhere.seen().is_empty());
    running.stop();
    assert!(matches!(world.committed("hook"), None | Some(0)), "it is not lost");

    alert["sinks"][0]["webhook"]["allow"] = json!(["hooks.example.org"]);
    let asked = receiver.seen().len();
    let mut settings = world.settings(json!({}));
    settings.alert = serde_json::from_value(alert).unwrap();
    let error = settings.receivers(&program()).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "alert_target_not_allowed");
    assert_eq!(receiver.seen().len(), asked);
}

#[test]
fn a_week_of_history_pages_nobody() {
    let world = World::new();
    let receiver = Receiver::start();
    let alert = json!({"quiet": "9s", "refresh": "1s", "sinks": [hook(&receiver)]});
    world.violations(&["US", "GB", "FR"], Duration::from_secs(7 * 86_400));
    produce(&world.bootstrap, &world.topic, [Out::value(0, b"no json")]);
    world.violations(&["BR"], Duration::from_secs(3600));
    let running = Running::start(&world.settings(alert));
    wait_for("the young one", LONG, || !receiver.taken().is_empty());
    assert_eq!(told(&receiver), [("firing".to_owned(), "BR".to_owned(), 1)]);
    assert!(running.counts("alerts_too_old_total{sink=\"hook\"} 3"));
    assert!(running.counts("alerts_unreadable_total{sink=\"hook\"} 1"));
    running.stop();
}

#[test]
fn two_instances_share_the_alerts_and_neither_ends_the_others() {
    // The mock cluster sometimes stalls when a second member comes late.
    let Some(world) = World::real(2) else { return };
    let receiver = Receiver::start();
    let alert = json!({"quiet": "15s", "refresh": "1s", "sinks": [hook(&receiver)]});
    let settings = world.settings(alert);
    let one = Running::start(&settings);
    world.violations_on(0, &["US"], Duration::ZERO);
    world.violations_on(1, &["GB"], Duration::ZERO);
    wait_for("two alerts", LONG, || told(&receiver).len() == 2);
    // What is told while the group deals out shares may be told again, with the same id.
    let group = format!("{}-alert-hook", world.topic);
    wait_for("commits", LONG, || {
        committed(&world.bootstrap, &group, &world.topic, 2) == [(0, 0), (1, 0)].into()
    });
    let other = Running::start(&settings);
    let active = "alerts_active{sink=\"hook\"} 1";
    wait_for("a share each", LONG, || one.counts(active) && other.counts(active));
    assert_eq!(statuses(&receiver), ["firing", "firing"], "nothing ended by moving");
    wait_for("both ends", LONG, || told(&receiver).len() >= 4);
    let mut all = told(&receiver);
    all.sort();
    let told: Vec<_> = all.iter().map(|(is, place, _)| (is.as_str(), place.as_str())).collect();
    let expected = [("firing", "GB"), ("firing", "US"), ("resolved", "GB"), ("resolved", "US")];
    assert_eq!(told, expected);
    one.stop();
    other.stop();
}

#[test]
fn a_receiver_that_asks_for_time_gets_it_up_to_the_longest_wait() {
    let world = World::new();
    let receiver = Receiver::start();
    let alert = json!({"quiet": "60s", "refresh": "1s", "sinks": [hook(&receiver)]});
    let mut settings = world.settings(alert);
    settings.pace.most_backoff = Duration::from_secs(3);
    for (status, seconds) in [(429, 2), (503, 3600)] {
        receiver.busy(status, seconds);
        let before = receiver.seen().len();
        let running = Running::start(&settings);
        world.violations(&["US", "GB"], Duration::ZERO);
        wait_for("two attempts", LONG, || receiver.seen().len() >= before + 2);
        let attempts = &receiver.seen()[before..];
        let waited = attempts[1].at - attempts[0].at;
        let wanted = Duration::from_secs(seconds).min(settings.pace.most_backoff);
        let most = wanted + Duration::from_secs(5);
        assert!(waited >= wanted && waited < most, "{status}: {waited:?}");
        running.stop();
    }
}

#[test]
fn a_proxy_before_an_alertmanager_is_shown_what_it_asks_for() {
    for (more, expected) in [
        (json!({"basic_auth": {"username": "ops", "password": "a:b"}}), "Basic b3BzOmE6Yg=="),
        (json!({"bearer_token": "t0ken"}), "Bearer t0ken"),
    ] {
        let world = World::new();
        let receiver = Receiver::start();
        receiver.answer(
            move |request| {
                if request.header("authorization") == Some(expected) { 200 } else { 401 }
            },
        );
        let mut sink = manager("am", &[&receiver.url("")]);
        let settings = |sink: &Value| {
            world.settings(json!({"quiet": "60s", "refresh": "1s", "sinks": [sink]}))
        };
        world.violations(&["US"], Duration::ZERO);
        let running = Running::start(&settings(&sink));
        wait_for("a refusal", LONG, || !receiver.seen().is_empty());
        running.stop();
        assert!(receiver.taken().is_empty());
        sink["alertmanager"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let running = Running::start(&settings(&sink));
        wait_for("the alert", LONG, || !receiver.taken().is_empty());
        running.stop();
    }
}

/// An Alertmanager that speaks TLS with a certificate of its own and asks for a password.
struct Secured {
    // Before the folder, which goes last.
    _process: Process,
    folder: tempfile::TempDir,
    port: u16,
}

/// bcrypt, of the least cost there is.
const PASSWORD: (&str, &str) =
    ("hunter2-of-the-tests", "$2b$04$abcdefghijklmnopqrstuuFceQkPidzJMSNCqWmmEH3Qj7I/QpK3q");

impl Secured {
    fn start() -> Option<Self> {
        use std::process::{Command, Stdio};
        let mut alertmanager = tool("prometheus-alertmanager")?;
        tool("openssl")?;
        let folder = tempfile::tempdir().unwrap();
        let (path, port) = (folder.path(), free_address().port());
        for name in ["right", "wrong"] {
            let mut command = Command::new("openssl");
            command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]);
            command.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
            command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
            assert!(command.current_dir(path).output().unwrap().status.success(), "openssl");
        }
        let web = format!(
            "tls_server_config: {{ cert_file: right.pem, key_file: right.key }}\n\
             basic_auth_users: {{ ops: '{}' }}\n",
            PASSWORD.1
        );
        let route = "route: { receiver: none }\nreceivers: [{ name: none }]\n";
        std::fs::write(path.join("web.yml"), web).unwrap();
        std::fs::write(path.join("alertmanager.yml"), route).unwrap();
        let process = alertmanager
            .args(["--config.file=alertmanager.yml", "--web.config.file=web.yml"])
            .args(["--storage.path=data", "--cluster.listen-address="])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { folder, port, _process: Process(process) })
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

#[test]
fn a_private_authority_and_a_password_lead_to_a_real_alertmanager_and_wrong_ones_do_not() {
    let Some(server) = Secured::start() else { return };
    let url = format!("https://localhost:{}", server.port);
    let world = World::new();
    let outcome = |sink: &Value| {
        let alert = world.settings(json!({"quiet": "60s", "refresh": "1s", "sinks": [sink]}));
        let mut receiver = alert.receivers(&program()).unwrap().remove(0);
        let now = Timestamp::now();
        receiver.try_out(&Notice::invented(Kind::Firing, now), now)
    };
    let sink = |ca: Option<&str>, password: &str| {
        let basic = json!({"username": "ops", "password": password});
        let ca = ca.map(|name| server.file(name));
        json!({"name": "am", "alertmanager": {"urls": [url], "basic_auth": basic, "ca_file": ca}})
    };
    let right = sink(Some("right.pem"), PASSWORD.0);
    wait_for("the start", LONG, || outcome(&right).outcome == Outcome::Delivered);
    assert_eq!(outcome(&sink(Some("wrong.pem"), PASSWORD.0)).outcome, Outcome::Unreachable);
    assert_eq!(outcome(&sink(None, PASSWORD.0)).outcome, Outcome::Unreachable);
    assert!(outcome(&sink(Some("right.pem"), "other")).text.starts_with("HTTP 401"));
    // A webhook trusts the same way; this one finds a server that knows no such path.
    let hook = |ca: &str| {
        let url = format!("{url}/hook");
        let ca = server.file(ca);
        json!({"name": "hook", "webhook":
            {"url": url, "secret": KEY, "allow": ["localhost"], "ca_file": ca}})
    };
    assert!(outcome(&hook("right.pem")).text.starts_with("HTTP 401"));
    assert_eq!(outcome(&hook("wrong.pem")).outcome, Outcome::Unreachable);
}

fn configuration(brokers: &str, receiver: &Receiver) -> String {
    format!(
        "kafka: {{ brokers: '{brokers}' }}\nworkers: 1\nhttp: {{ listen: '127.0.0.1:0' }}\n\
         inputs:\n  - {{ name: entra, topics: [audit] }}\n\
         tenants:\n  inline:\n    - {{ id: t-1, country: DE, capabilities: {{}} }}\n\
         alert:\n  sinks:\n    - name: hook\n      webhook:\n        url: {}\n        \
         secret: ${{HOOK}}\n        allow: [127.0.0.1]\n",
        receiver.url("/hook")
    )
}

#[test]
fn the_whole_process_turns_an_event_into_an_alert_in_one_process_or_in_two() {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["audit", "bailiwick.violations", "bailiwick.dead-letters"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let brokers = cluster.bootstrap_servers();
    let receiver = Receiver::start();
    let text = configuration(&brokers, &receiver);
    let mut settings = app_settings(&text);
    let event = |at_rest: &str| {
        let time = Timestamp::now();
        json!({"id": "e-1", "time": time, "service": "entra.other", "tenant": "t-1",
            "data_categories": ["usage"], "location_at_rest": at_rest})
        .to_string()
    };
    for (roles, place) in [(&[Role::All][..], "US"), (&[Role::Judge, Role::Alert], "JP")] {
        let value = event(place);
        produce(&brokers, "audit", [Out::value(0, value.as_bytes())]);
        let stop = CancellationToken::new();
        let running: Vec<_> =
            roles.iter().map(|role| app::start_as(*role, &settings, &stop).unwrap()).collect();
        wait_for("the alert", LONG, || told(&receiver).iter().any(|(_, of, _)| of == place));
        for (role, process) in roles.iter().zip(&running) {
            wait_for("readiness", LONG, || process.health.ready().is_ok());
            // Who reads no input has no counts of it that stand at 0.
            let counts = process.metrics.series("bailiwick_records_total");
            assert_eq!(counts.is_empty(), *role == Role::Alert, "{role:?}");
        }
        stop.cancel();
        assert!(running.into_iter().all(|process| process.wait().is_ok()));
    }
    settings.alert.sinks.clear();
    let error =
        app::start_as(Role::Alert, &settings, &CancellationToken::new()).map(|_| ()).unwrap_err();
    assert_eq!((error.code(), error.exit_code()), ("alert_no_sinks", 78));
}

fn app_settings(text: &str) -> bailiwick::settings::Settings {
    let environment = |name: &str| (name == "HOOK").then(|| KEY.to_owned());
    bailiwick::settings::Settings::read("c.yaml", text, Path::new(""), &environment)
        .unwrap_or_else(|error| panic!("{:#?}", error.lines()))
}

#[test]
fn validate_looks_at_what_the_receivers_read() {
    let Some(broker) = kafka() else { return };
    let receiver = Receiver::start();
    let topics = ["audit", "bailiwick.violations", "bailiwick.dead-letters"];
    create_topics(&broker.bootstrap, &topics.map(|name| (name, 1, &[][..])));
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("c.yaml");
    std::fs::write(&config, configuration(&broker.bootstrap, &receiver)).unwrap();
    let mut command = assert_cmd::Command::cargo_bin("bailiwick").unwrap();
    command.args(["validate", "--connect", "-c"]).arg(&config).env("HOOK", KEY);
    let said = command.assert().code(0).get_output().stdout.clone();
    let said = String::from_utf8(said).unwrap();
    for line in [
        "ok: alerts from topic bailiwick.violations: can be read; it is empty\n",
        "ok: group bailiwick-alert-hook: has committed nothing",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert!(receiver.seen().is_empty(), "nobody is told");
}

#[test]
fn alert_test_sends_an_alert_and_its_end_and_says_what_the_receiver_answered() {
    let receiver = Receiver::start();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("c.yaml");
    std::fs::write(&config, configuration("127.0.0.1:1", &receiver)).unwrap();
    let test = |sink: &str| {
        let mut command = assert_cmd::Command::cargo_bin("bailiwick").unwrap();
        command.args(["alert", "test", "--sink", sink, "-c"]).arg(&config).env("HOOK", KEY);
        command.assert()
    };
    test("hook").code(0).stdout("hook: firing: HTTP 200\nhook: resolved: HTTP 200\n");
    assert_eq!(statuses(&receiver), ["firing", "resolved"]);
    assert!(receiver.taken().iter().all(|request| request.is_signed(KEY)));
    receiver.answer(|_| 401);
    test("hook").code(4).stdout("hook: firing: HTTP 401\nhook: resolved: HTTP 401\n");
    test("hok").code(2).stdout("").stderr("bailiwick: no sink `hok`; there are hook\n");
}

#[test]
fn a_real_alertmanager_shows_the_alert_and_its_end() {
    let config = "route: { receiver: none }\nreceivers: [{ name: none }]\n";
    let Some(server) = server::alertmanager(config) else { return };
    let world = World::new();
    let alert = json!({"quiet": "3s", "refresh": "1s", "sinks": [manager("am", &[&server.url()])]});
    let running = Running::start(&world.settings(alert));
    world.violations(&["US", "GB", "US"], Duration::ZERO);
    wait_for("two alerts", LONG, || server.active().len() == 2);
    let alerts = server.active();
    let us = alerts.iter().find(|alert| alert["labels"]["place"] == "US").expect("US");
    assert_eq!(us["labels"]["commitment"], "entra.eu-data-boundary");
    assert_eq!(us["annotations"]["description"], "Usage data in a place.");
    assert_eq!(us["annotations"]["subject"], subject());
    wait_for("their end", LONG, || server.active().is_empty());
    wait_for("commits", LONG, || world.committed("am-0") == Some(3));
    running.stop();
}
