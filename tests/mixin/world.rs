//! What a live `bailiwick run` needs around it: topics on a real Kafka, events of every kind,
//! receivers that live and one that is dead, and two configurations that do not agree.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use super::support::client::{Out, delete_records, produce};
use super::support::receiver::{KEY, Receiver};
use super::support::stream::{Topics, envelope, sign_in};

/// Records that are gone before anybody reads them.
const LOST: i64 = 5;

/// Topics, a feeder and receivers; they end with it.
pub(crate) struct World {
    bootstrap: String,
    topics: Topics,
    hook: Receiver,
    manager: Receiver,
    fed: Arc<AtomicBool>,
    feeder: Option<JoinHandle<()>>,
}

impl World {
    /// Everything but the processes. Events come until it ends.
    pub(crate) fn new(bootstrap: &str) -> Self {
        let topics = Topics::new(bootstrap, "mixin", 2);
        let (hook, manager) = (Receiver::start(), Receiver::start());
        // One commitment's alerts are refused for good.
        hook.answer(|request| match request.text().contains("intune.storage-geography") {
            true => 400,
            false => 200,
        });
        let mut world = Self {
            bootstrap: bootstrap.to_owned(),
            topics,
            hook,
            manager,
            fed: Arc::new(AtomicBool::new(true)),
            feeder: None,
        };
        world.lose();
        produce(bootstrap, &world.topics.violations, [Out::value(0, b"no violation")]);
        let (fed, bootstrap, topic) =
            (world.fed.clone(), world.bootstrap.clone(), world.topics.input.clone());
        world.feeder = Some(std::thread::spawn(move || {
            while fed.load(Ordering::Relaxed) {
                let values = events(Timestamp::now());
                let out = values.iter().flat_map(|value| [0, 1].map(|to| Out::value(to, value)));
                produce(&bootstrap, &topic, out);
                std::thread::sleep(Duration::from_millis(300));
            }
        }));
        world
    }

    /// The group stands at records that retention has taken away.
    fn lose(&self) {
        let topic = &self.topics.input;
        produce(&self.bootstrap, topic, (0..LOST).map(|_| Out::value(0, b"{}")));
        let group: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("group.id", &self.topics.group)
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Offset(0)).unwrap();
        group.commit(&list, CommitMode::Sync).unwrap();
        delete_records(&self.bootstrap, topic, 0, LOST);
    }

    /// Two configurations of one group in a folder: the second knows a document more, and leaves
    /// the alerts to the first.
    pub(crate) fn configurations(&self, folder: &Path, listen: [SocketAddr; 2]) -> [PathBuf; 2] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sinks = json!([
            {"name": "hook", "webhook":
                {"url": self.hook.url("/"), "secret_file": "key", "allow": ["127.0.0.1"]}},
            // Nobody listens on the second replica.
            {"name": "am", "alertmanager":
                {"urls": [self.manager.url(""), "http://127.0.0.1:1"]}},
        ]);
        std::fs::write(folder.join("key"), KEY).unwrap();
        let ours = root.join("tests/catalog/ours");
        [(json!(["builtin"]), sinks, listen[0]), (json!(["builtin", ours]), json!([]), listen[1])]
            .map(|(catalog, sinks, listen)| {
                let name = format!("{}.yaml", catalog.as_array().unwrap().len());
                let config = json!({
                    "kafka": {"brokers": self.bootstrap, "librdkafka": {
                        "session.timeout.ms": 6000}},
                    "group": self.topics.group,
                    "workers": 1,
                    "catalog": catalog,
                    "tenants": {"file": root.join("examples/tenants.yaml")},
                    "inputs": [{"name": "audit", "topics": [self.topics.input]}],
                    "outputs": self.topics.outputs("all"),
                    "alert": {"refresh": "1s", "sinks": sinks},
                    "http": {"listen": listen},
                });
                let path = folder.join(name);
                // JSON is YAML.
                std::fs::write(&path, config.to_string()).unwrap();
                path
            })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.fed.store(false, Ordering::Relaxed);
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

/// Something of everything that a metric counts.
fn events(now: Timestamp) -> Vec<Vec<u8>> {
    let event = |more: Value| {
        let mut event = json!({
            "id": "e", "time": now, "service": "entra.sign-in",
            "tenant": "5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01", "data_categories": ["usage"],
        });
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        event.to_string().into_bytes()
    };
    let in_london = json!({"location_at_rest": "GB", "processing_location": "DE"});
    let mut long_ago = in_london.clone();
    long_ago["time"] = json!("2026-02-03T09:12:44Z");
    let mut sign_in = sign_in("e");
    sign_in["time"] = json!(now);
    sign_in["properties"]["createdDateTime"] = json!(now);
    vec![
        event(json!({"location_at_rest": "DE", "processing_location": "NL"})),
        event(json!({"location_at_rest": "NL", "processing_location": "DE"})),
        // Violations: one that pages, one whose page is refused, one that is too old to page.
        event(in_london),
        event(json!({"service": "intune", "data_categories": ["device_account"],
            "location_at_rest": "eastus"})),
        event(long_ago),
        // Excepted: as stated, and as presumed.
        event(json!({"processing_location": "brazilsouth", "purpose": "service_operation"})),
        event(json!({"processing_location": "brazilsouth"})),
        // Indeterminate: for want of a place alone, and for want of a category too.
        event(json!({})),
        event(json!({"data_categories": ["usage", "no-category"], "location_at_rest": "atlantis",
            "processing_location": "DE"})),
        // Out of scope: nobody knows the service.
        event(json!({"service": "no.service", "processing_location": "US"})),
        envelope(&[sign_in]),
        b"no json".to_vec(),
    ]
}
