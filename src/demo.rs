//! The whole product on one machine: an embedded Kafka, an invented stream, the real pipeline.
//!
//! In: a seed, a rate and a share of violations. Out: live counts and a table of what was
//! planted and what was found. It knows how its events were made, and not how they are judged.

mod azure;
mod breach;
pub mod generator;
mod native;
mod options;
mod random;
mod show;
mod tenants;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use tokio_util::sync::CancellationToken;

use crate::app::{self, AppError, Running};
use crate::decode::Format;
use crate::emit::Outputs;
use crate::ingest::InputTopics;
use crate::kafka::{Cluster, describe};
use crate::logging;
use crate::metrics::Metrics;
use crate::settings::{Input, Layer, Settings};

use generator::{Form, Generator, Record};
pub use options::Options;
use show::Show;
pub use show::Summary;

/// Topic of the native events.
const NATIVE: &str = "demo.native";
/// Topic of the Azure Monitor records.
const AZURE: &str = "demo.azure-monitor";
/// The inputs: name, topic and format.
const INPUTS: [(&str, &str, Format); 2] =
    [("native", NATIVE, Format::Native), ("azure-monitor", AZURE, Format::AzureMonitor)];

/// Partitions of each.
const PARTITIONS: i32 = 4;

/// Events on their way at most. The embedded cluster keeps only 5 MB a partition, and drops
/// the oldest records whether or not they were read.
const UNDERWAY: u64 = 4000;

/// How long the last records may take after the stream has ended.
const REST: Duration = Duration::from_secs(30);

/// One turn of the stream.
const TURN: Duration = Duration::from_millis(10);

/// Why the demo could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The embedded cluster or its producer.
    #[error("the embedded cluster: {0}")]
    Cluster(String),
    /// The pipeline.
    #[error(transparent)]
    App(#[from] AppError),
}

impl DemoError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cluster(_) => "demo_cluster",
            Self::App(error) => error.code(),
        }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Cluster(_) => 4,
            Self::App(error) => error.exit_code(),
        }
    }
}

impl From<KafkaError> for DemoError {
    fn from(error: KafkaError) -> Self {
        Self::Cluster(describe(&error))
    }
}

/// What was sent.
#[derive(Clone, Debug, Default)]
struct Sent {
    records: u64,
    events: u64,
    unreadable: u64,
    planted: BTreeMap<String, u64>,
}

/// Plays the demo until its time is over or `stop` is cancelled, and waits for the last
/// events to be judged.
///
/// # Errors
/// When the embedded cluster or the pipeline cannot start or go on.
pub fn run(options: &Options, stop: &CancellationToken) -> Result<Summary, DemoError> {
    let cluster = MockCluster::new(3)?;
    let mut settings = settings(cluster.bootstrap_servers(), options);
    let outputs = settings.outputs.topics().into_iter();
    for topic in [NATIVE, AZURE].into_iter().chain(outputs) {
        cluster.create_topic(topic, PARTITIONS, 1)?;
    }
    // The stream ends first, and the workers only after it has been judged to its end.
    let stop_workers = CancellationToken::new();
    let running = match app::start(&settings, &stop_workers) {
        Err(AppError::Listen { .. }) if options.listen.is_none() => {
            settings.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            app::start(&settings, &stop_workers)?
        }
        other => other?,
    };
    let metrics = running.metrics.clone();
    let began = Instant::now();
    let played = play(options, stop, &cluster.bootstrap_servers(), &running);
    stop_workers.cancel();
    let stopped = running.wait();
    let (sent, whole) = played?;
    stopped?;
    Ok(summary(sent, whole, &metrics, began.elapsed()))
}

fn settings(brokers: String, options: &Options) -> Settings {
    let inputs = INPUTS
        .iter()
        .map(|(name, topic, format)| Input {
            topics: InputTopics {
                name: (*name).to_owned(),
                topics: vec![(*topic).to_owned()],
                pattern: None,
            },
            format: *format,
            presume_purpose: true,
            places: Vec::new(),
        })
        .collect();
    Settings {
        catalog: vec![Layer::Builtin],
        tenants: tenants::records(),
        kafka: Cluster {
            brokers,
            profile: Default::default(),
            tls: None,
            sasl: None,
            librdkafka: Default::default(),
        },
        group: "bailiwick-demo".to_owned(),
        // One member: the embedded cluster stalls for a session's length when a second one comes
        // late, as it does on a busy machine.
        workers: 1,
        inputs,
        outputs: Outputs::default(),
        guard: None,
        dashboards: None,
        alert: Default::default(),
        listen: options.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))),
        max_record_bytes: 10 << 20,
        log_format: logging::Format::Text,
        log_level: "info".to_owned(),
        // The persons of the demo are invented.
        subject_key: Some("demo".to_owned().into()),
    }
}

/// Sends the stream and waits until it is judged; `false` where that took too long.
fn play(
    options: &Options,
    stop: &CancellationToken,
    brokers: &str,
    running: &Running,
) -> Result<(Sent, bool), DemoError> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("linger.ms", "5")
        .set("acks", "all")
        .create()?;
    let mut generator = Generator::new(options.seed, options.violations);
    let mut show = Show::new(options, running.address);
    let metrics = &*running.metrics;
    let mut sent = Sent::default();
    let began = Instant::now();
    while !stop.is_cancelled() && !running.has_lost_a_worker() {
        if options.duration.is_some_and(|duration| began.elapsed() >= duration) {
            break;
        }
        let due = (began.elapsed().as_secs_f64() * f64::from(options.rate)) as u64;
        while sent.events + sent.unreadable < due && underway(&sent, metrics) < UNDERWAY {
            send(&producer, generator.record(Timestamp::now()), &mut sent, options)?;
        }
        show.counts(&sent, metrics, began.elapsed());
        thread::sleep(TURN);
    }
    producer.flush(REST)?;
    let ended = Instant::now();
    while underway(&sent, metrics) > 0 && !running.has_lost_a_worker() {
        if ended.elapsed() > REST {
            return Ok((sent, false));
        }
        show.counts(&sent, metrics, began.elapsed());
        thread::sleep(TURN);
    }
    Ok((sent, true))
}

fn underway(sent: &Sent, metrics: &Metrics) -> u64 {
    let done = metrics.verdict_counts().iter().sum::<u64>() + metrics.dead_letter_count();
    (sent.events + sent.unreadable).saturating_sub(done)
}

fn send(
    producer: &ThreadedProducer<DefaultProducerContext>,
    record: Record,
    sent: &mut Sent,
    options: &Options,
) -> Result<(), DemoError> {
    let topic = match record.form {
        Form::Native => NATIVE,
        Form::AzureMonitor => AZURE,
    };
    let mut message = BaseRecord::<(), [u8]>::to(topic).payload(&record.value);
    while let Err((error, refused)) = producer.send(message) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
            return Err(error.into());
        }
        thread::sleep(TURN);
        message = refused;
    }
    sent.records += 1;
    sent.events += record.events;
    sent.unreadable += record.unreadable;
    for plant in &record.planted {
        for clause in plant.breaks {
            *sent.planted.entry((*clause).to_owned()).or_default() += 1;
            tracing::debug!(clause, topic, index = plant.index, "planted: {}", plant.what);
            if options.show_planted {
                show::line(&format!("planted {clause}: {}", plant.what));
            }
        }
    }
    Ok(())
}

fn summary(sent: Sent, whole: bool, metrics: &Arc<Metrics>, elapsed: Duration) -> Summary {
    let mut found = metrics.sum_by("bailiwick_violations_total", "commitment");
    found.retain(|_, count| *count > 0);
    Summary {
        elapsed,
        records: sent.records,
        events: sent.events,
        unreadable: sent.unreadable,
        verdicts: metrics.verdict_counts(),
        dead_letters: metrics.dead_letter_count(),
        planted: sent.planted,
        found,
        whole,
    }
}
