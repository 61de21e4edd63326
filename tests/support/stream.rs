//! Workers in this process, events to feed them, and the accounts of an independent reader.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::catalog::program::Program;
use bailiwick::decode::Format;
use bailiwick::directory::Directory;
use bailiwick::emit::Outputs;
use bailiwick::ingest::InputTopics;
use bailiwick::kafka::Cluster;
use bailiwick::metrics::Metrics;
use bailiwick::record::SubjectHasher;
use bailiwick::tenant::TenantRecord;
use bailiwick::worker::{
    Judging, Pace, Standing, Summary, Surroundings, WorkerError, WorkerInput, WorkerSettings, run,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::client::{Record, create_topics, read_all, unique};

/// The built-in catalog, compiled once.
pub fn program() -> Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    Arc::clone(PROGRAM.get_or_init(|| {
        let catalog = compile(&[Layer::builtin()], Strictness::Lenient).expect("the catalog");
        Arc::new(catalog.program)
    }))
}

/// The topics of one test, and a group.
#[derive(Clone, Debug)]
pub struct Topics {
    pub input: String,
    pub partitions: i32,
    pub violations: String,
    pub verdicts: String,
    pub dead_letters: String,
    pub group: String,
}

impl Topics {
    pub fn new(bootstrap: &str, name: &str, partitions: i32) -> Self {
        let name = unique(name);
        let topics = Self {
            input: format!("{name}-in"),
            partitions,
            violations: format!("{name}-violations"),
            verdicts: format!("{name}-verdicts"),
            dead_letters: format!("{name}-dead-letters"),
            group: format!("{name}-group"),
        };
        create_topics(
            bootstrap,
            &[
                (&topics.input, partitions, &[("max.message.bytes", "20000000")]),
                (&topics.violations, 2, &[]),
                (&topics.verdicts, 2, &[]),
                (&topics.dead_letters, 2, &[]),
            ],
        );
        topics
    }

    pub fn outputs(&self, publish: &str) -> serde_json::Value {
        json!({
            "violations": {"topic": self.violations},
            "verdicts": {"topic": self.verdicts, "publish": publish},
            "dead_letters": {"topic": self.dead_letters},
        })
    }
}

pub fn plain(bootstrap: &str) -> serde_json::Value {
    json!({"brokers": bootstrap, "librdkafka": {"session.timeout.ms": 6000}})
}

/// A worker's settings: all verdicts published, the input named `audit`.
pub fn settings(number: usize, cluster: &serde_json::Value, topics: &Topics) -> WorkerSettings {
    let outputs: Outputs = serde_json::from_value(topics.outputs("all")).expect("outputs");
    let cluster: Cluster = serde_json::from_value(cluster.clone()).expect("a cluster");
    assert_eq!(cluster.faults(), []);
    WorkerSettings {
        number,
        cluster: Arc::new(cluster),
        group: topics.group.clone(),
        inputs: vec![WorkerInput {
            topics: InputTopics {
                name: "audit".to_owned(),
                topics: vec![topics.input.clone()],
                pattern: None,
            },
            format: Format::default(),
        }],
        outputs: Arc::new(outputs),
        max_record_bytes: 1 << 20,
        hasher: SubjectHasher::new(None),
        pace: Pace { commit_every: Duration::from_millis(200), ..Pace::default() },
    }
}

/// A worker on a thread of its own.
pub struct Running {
    stop: CancellationToken,
    partitions: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Result<Summary, WorkerError>>>,
}

impl Running {
    pub fn start(settings: WorkerSettings) -> Self {
        // `RUST_LOG=info` shows what goes on.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(std::io::stderr)
            .try_init();
        let program = program();
        let tenant: TenantRecord = serde_json::from_value(json!({
            "id": "t-1", "country": "DE", "created": "2020-05-01", "capabilities": {}
        }))
        .expect("a tenant");
        let directory = Arc::new(Directory::new(&program, [&tenant]));
        let names: Vec<String> =
            settings.inputs.iter().map(|input| input.topics.name.clone()).collect();
        let metrics = Metrics::new(&program, &names).expect("metrics");
        let rules = names.iter().map(|_| Arc::default()).collect();
        let partitions = Arc::new(AtomicUsize::new(0));
        let told = Arc::clone(&partitions);
        let surroundings = Surroundings {
            status: std::sync::Arc::new(bailiwick::status::Status::new(8)),
            judging: Arc::new(ArcSwap::from_pointee(Judging { program, directory, rules })),
            metrics,
            assigned: Arc::new(move |standing| {
                let (Standing::Member(partitions) | Standing::Rebalancing(partitions)) = standing;
                told.store(partitions, Ordering::Relaxed);
            }),
        };
        let stop = CancellationToken::new();
        let token = stop.clone();
        let thread = std::thread::spawn(move || run(&settings, &surroundings, &token));
        Self { stop, partitions, thread: Some(thread) }
    }

    /// How many partitions the worker has.
    pub fn partitions(&self) -> usize {
        self.partitions.load(Ordering::Relaxed)
    }

    /// Whether the worker has stopped by itself.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for a worker that stops by itself.
    pub fn join(mut self) -> Result<Summary, WorkerError> {
        self.thread.take().expect("a thread").join().expect("no panic")
    }

    /// Stops the worker.
    pub fn stop(self) -> Result<Summary, WorkerError> {
        self.stop.cancel();
        self.join()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A native event that violates the boundary: kept in London.
pub fn violating(id: &str) -> Vec<u8> {
    json!({
        "id": id, "time": "2026-01-15T12:00:00Z", "service": "entra.sign-in", "tenant": "t-1",
        "data_categories": ["usage"], "location_at_rest": "GB",
        "processing_location": "Netherlands", "purpose": "service_operation", "capabilities": [],
    })
    .to_string()
    .into_bytes()
}

/// A native event that complies.
pub fn compliant(id: &str) -> Vec<u8> {
    json!({
        "id": id, "time": "2026-01-15T12:00:00Z", "service": "entra.sign-in", "tenant": "t-1",
        "data_categories": ["usage"], "location_at_rest": "germanywestcentral",
        "processing_location": "Netherlands", "purpose": "service_operation", "capabilities": [],
    })
    .to_string()
    .into_bytes()
}

/// A sign-in record as Azure Monitor writes it, made up.
pub fn sign_in(correlation: &str) -> serde_json::Value {
    json!({
        "time": "2026-01-15T12:00:00.1234567Z",
        "resourceId": "/tenants/22222222-2222-2222-2222-222222222222/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity", "operationVersion": "1.0",
        "category": "SignInLogs", "tenantId": "22222222-2222-2222-2222-222222222222",
        "resultType": "0", "correlationId": correlation, "Level": 4, "location": "DE",
        "properties": {
            "id": correlation, "createdDateTime": "2026-01-15T12:00:00.1234567Z",
            "userId": "00000000-0000-0000-0000-000000000001", "isInteractive": true,
        },
    })
}

/// An Azure Monitor envelope.
pub fn envelope(records: &[serde_json::Value]) -> Vec<u8> {
    json!({ "records": records }).to_string().into_bytes()
}

/// (partition, offset, index) of an event.
pub type Place = (i32, i64, u32);

/// How often each event of the input topic is accounted for: by verdicts and dead letters.
pub fn accounts(bootstrap: &str, topics: &Topics) -> BTreeMap<Place, usize> {
    let mut accounts = BTreeMap::new();
    for record in read_all(bootstrap, &topics.verdicts) {
        let source = &record.json()["source"];
        assert_eq!(source["topic"], topics.input.as_str());
        let number = |name: &str| source[name].as_i64().expect("a number");
        let place = (number("partition") as i32, number("offset"), number("index") as u32);
        *accounts.entry(place).or_default() += 1;
    }
    for record in read_all(bootstrap, &topics.dead_letters) {
        *accounts.entry(place_of(&record)).or_default() += 1;
    }
    accounts
}

/// Where a dead letter came from, by its headers.
pub fn place_of(record: &Record) -> Place {
    let number = |name: &str| -> i64 {
        record.header(name).unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
    };
    (
        number("__connect.errors.partition") as i32,
        number("__connect.errors.offset"),
        record.header("bailiwick.index").map_or(0, |index| index.parse().expect("a number")),
    )
}

/// Input offsets, from 0 to `per_partition`, that no verdict and no dead letter accounts for.
pub fn missing(
    accounts: &BTreeMap<Place, usize>,
    partitions: i32,
    per_partition: i64,
) -> Vec<(i32, i64)> {
    let seen: std::collections::BTreeSet<(i32, i64)> =
        accounts.keys().map(|(partition, offset, _)| (*partition, *offset)).collect();
    (0..partitions)
        .flat_map(|partition| (0..per_partition).map(move |offset| (partition, offset)))
        .filter(|place| !seen.contains(place))
        .collect()
}
