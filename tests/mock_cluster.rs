//! The main flow on librdkafka's mock cluster: quick, and without a broker to install.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaRespErr;
use support::client::{Out, committed, produce, read_all, unique, wait_for};
use support::stream::{Running, Topics, accounts, compliant, missing, plain, settings, violating};

/// The mock cluster makes topics by its own interface only.
fn topics(
    cluster: &MockCluster<'static, rdkafka::producer::DefaultProducerContext>,
    partitions: i32,
) -> Topics {
    let name = unique("mock");
    let topics = Topics {
        input: format!("{name}-in"),
        partitions,
        violations: format!("{name}-violations"),
        verdicts: format!("{name}-verdicts"),
        dead_letters: format!("{name}-dead-letters"),
        group: format!("{name}-group"),
    };
    for (topic, partitions) in [
        (&topics.input, partitions),
        (&topics.violations, 1),
        (&topics.verdicts, 1),
        (&topics.dead_letters, 1),
    ] {
        cluster.create_topic(topic, partitions, 1).expect("a topic");
    }
    topics
}

fn feed(bootstrap: &str, topics: &Topics, each: i64) {
    for partition in 0..topics.partitions {
        let values: Vec<Vec<u8>> = (0..each)
            .map(|n| match n % 10 {
                0 => violating(&format!("e-{n}")),
                1 => b"no json".to_vec(),
                _ => compliant(&format!("e-{n}")),
            })
            .collect();
        produce(bootstrap, &topics.input, values.iter().map(|value| Out::value(partition, value)));
    }
}

fn all_committed(bootstrap: &str, topics: &Topics, each: i64) -> bool {
    let committed = committed(bootstrap, &topics.group, &topics.input, topics.partitions);
    committed.len() == topics.partitions as usize && committed.values().all(|it| *it == each)
}

#[test]
fn records_in_verdicts_violations_and_dead_letters_out() {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    let bootstrap = cluster.bootstrap_servers();
    let topics = topics(&cluster, 2);
    feed(&bootstrap, &topics, 200);
    let worker = Running::start(settings(0, &plain(&bootstrap), &topics));
    wait_for("commits", Duration::from_secs(30), || all_committed(&bootstrap, &topics, 200));
    let summary = worker.stop().expect("a clean end");
    assert!(summary.settled);
    assert_eq!((summary.records, summary.events), (400, 360));
    assert_eq!((summary.violations, summary.dead_letters), (40, 40));
    let accounts = accounts(&bootstrap, &topics);
    assert_eq!(missing(&accounts, 2, 200), []);
    assert!(accounts.values().all(|times| *times == 1));
    assert_eq!(read_all(&bootstrap, &topics.violations).len(), 40);
}

#[test]
fn errors_of_the_broker_that_pass_are_waited_out() {
    use RDKafkaRespErr as E;
    let cluster = MockCluster::new(1).expect("a mock cluster");
    let bootstrap = cluster.bootstrap_servers();
    let topics = topics(&cluster, 1);
    feed(&bootstrap, &topics, 100);
    let passing = [
        E::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        E::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        E::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    ];
    cluster.request_errors(rdkafka::types::RDKafkaApiKey::Produce, &passing);
    cluster.request_errors(
        rdkafka::types::RDKafkaApiKey::OffsetCommit,
        &[E::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, E::RD_KAFKA_RESP_ERR_NOT_COORDINATOR],
    );
    let worker = Running::start(settings(0, &plain(&bootstrap), &topics));
    wait_for("commits", Duration::from_secs(60), || all_committed(&bootstrap, &topics, 100));
    assert!(worker.stop().expect("a clean end").settled);
    assert_eq!(missing(&accounts(&bootstrap, &topics), 1, 100), []);
}

#[test]
fn outputs_that_are_refused_stop_the_worker_and_nothing_is_committed_past_them() {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    let bootstrap = cluster.bootstrap_servers();
    let topics = topics(&cluster, 1);
    feed(&bootstrap, &topics, 10);
    let refusals = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 50];
    cluster.request_errors(rdkafka::types::RDKafkaApiKey::Produce, &refusals);
    let worker = Running::start(settings(0, &plain(&bootstrap), &topics));
    wait_for("the worker to give up", Duration::from_secs(30), || worker.has_ended());
    assert_eq!(worker.join().expect_err("an error").code(), "output_refused");
    assert!(committed(&bootstrap, &topics.group, &topics.input, 1).is_empty());
}
