//! The process as a whole: it starts, gets ready, judges, stops in order, and says why not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use bailiwick::app::{self, AppError};
use bailiwick::settings::Settings;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

fn settings(brokers: &str, more: &str) -> Settings {
    let text = format!(
        "kafka: {{ brokers: '{brokers}' }}\nworkers: 2\nhttp: {{ listen: '127.0.0.1:0' }}\n\
         inputs:\n  - {{ name: entra, topics: [audit] }}\n\
         tenants:\n  inline:\n    - {{ id: t-1, country: DE, capabilities: {{}} }}\n{more}"
    );
    Settings::read("c.yaml", &text, Path::new(""), &|_| None)
        .unwrap_or_else(|error| panic!("{:#?}", error.lines()))
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_process_gets_ready_judges_serves_its_counts_and_stops_in_order() {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["audit", "bailiwick.violations", "bailiwick.dead-letters"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let brokers = cluster.bootstrap_servers();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
    let event = br#"{"id":"e-1","time":"2026-01-15T12:00:00Z","service":"entra.other",
        "tenant":"t-1","data_categories":["usage"],"location_at_rest":"eastus"}"#;
    producer.send(BaseRecord::<(), [u8]>::to("audit").payload(event)).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();

    let stop = CancellationToken::new();
    let running = app::start(&settings(&brokers, ""), &stop).unwrap();
    let address = running.address;
    // Two workers share one partition: the one without any is ready as well.
    until("readiness", || get(address, "/readyz").starts_with("HTTP/1.1 200"));
    let violation = "bailiwick_violations_total\
        {commitment=\"entra.eu-data-residency\",service=\"entra.other\"} 1\n";
    until("the judgement", || get(address, "/metrics").contains(violation));
    stop.cancel();
    let totals = running.wait().unwrap();
    assert_eq!((totals.records, totals.events, totals.violations), (1, 1, 1));
    assert!(TcpStream::connect(address).is_err(), "nothing listens any more");
}

#[test]
fn results_that_nobody_takes_stay_open_are_counted_as_such_and_hold_the_offset() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("audit", 1, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
    producer.send(BaseRecord::<(), [u8]>::to("audit").payload(b"no JSON")).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();

    // Nobody listens where the results are to go.
    let outputs = "outputs: { kafka: { brokers: '127.0.0.1:1' } }\n";
    let stop = CancellationToken::new();
    let running = app::start(&settings(&brokers, outputs), &stop).unwrap();
    let address = running.address;
    until("the open result", || get(address, "/metrics").contains("bailiwick_outputs_open 1\n"));
    let metrics = get(address, "/metrics");
    assert!(metrics.contains("bailiwick_outputs_total{outcome=\"acknowledged\"} 0\n"), "{metrics}");
    stop.cancel();
    let _ = running.wait();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &brokers)
        .set("group.id", "bailiwick")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition("audit", 0);
    let committed = consumer.committed_offsets(list, Duration::from_secs(10)).unwrap();
    let committed = committed.elements()[0].offset();
    assert!(!matches!(committed, Offset::Offset(1..)), "{committed:?}");
}

#[test]
fn a_port_that_is_taken_is_an_error_of_the_system_and_a_wrong_place_one_of_the_configuration() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut busy = settings("127.0.0.1:1", "");
    busy.listen = taken.local_addr().unwrap();
    let error = app::start(&busy, &CancellationToken::new()).map(|_| ()).unwrap_err();
    assert!(matches!(error, AppError::Listen { .. }), "{error}");
    assert_eq!((error.code(), error.exit_code()), ("http_listen", 4));

    let mut unfit = settings("127.0.0.1:1", "");
    unfit.inputs[0].places = vec![bailiwick::settings::PlaceRule {
        service: "entra.sign-inn".into(),
        at_rest: Some("atlantis".into()),
        processing: None,
    }];
    let error = app::start(&unfit, &CancellationToken::new()).map(|_| ()).unwrap_err();
    assert_eq!((error.code(), error.exit_code()), ("config_unfit", 78));
    assert_eq!(error.reports().len(), 2, "service and place are both wrong: {error}");
}

#[test]
fn one_worker_that_cannot_go_on_stops_the_process_with_its_reason() {
    let mut settings = settings("127.0.0.1:1", "");
    settings.inputs[0].topics.topics = vec!["bailiwick.violations".into()];
    let running = app::start(&settings, &CancellationToken::new()).unwrap();
    let error = running.wait().unwrap_err();
    assert_eq!((error.code(), error.exit_code()), ("topic_loop", 4));
}
