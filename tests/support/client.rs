//! Topics and records, by the shortest way to the cluster.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

/// A record as a test sees it.
#[derive(Clone, Debug)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, String)>,
    pub timestamp: Option<i64>,
}

impl Record {
    /// A header's last value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.value.as_deref().unwrap_or_default()).expect("JSON")
    }
}

/// A name that no other test uses.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{number}", std::process::id())
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}

/// A topic to be made: its name, partitions and settings.
pub type Topic<'t> = (&'t str, i32, &'t [(&'t str, &'t str)]);

/// Makes topics.
pub fn create_topics(bootstrap: &str, topics: &[Topic<'_>]) {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap).create().expect("a client");
    let new: Vec<NewTopic<'_>> = topics
        .iter()
        .map(|(name, partitions, settings)| {
            settings.iter().fold(
                NewTopic::new(name, *partitions, TopicReplication::Fixed(1)),
                |topic, (key, value)| topic.set(key, value),
            )
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
    let answer = runtime().block_on(admin.create_topics(&new, &options)).expect("an answer");
    for result in answer {
        result.unwrap_or_else(|(topic, code)| panic!("{topic}: {code}"));
    }
}

/// Deletes the records of a partition before an offset.
pub fn delete_records(bootstrap: &str, topic: &str, partition: i32, before: i64) {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap).create().expect("a client");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(before)).expect("a place");
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
    runtime().block_on(admin.delete_records(&list, &options)).expect("an answer");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What a test writes: partition, key, value, headers.
pub struct Out<'a> {
    pub partition: i32,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Out<'a> {
    pub fn value(partition: i32, value: &'a [u8]) -> Self {
        Self { partition, key: None, value: Some(value), headers: &[] }
    }
}

/// Writes records and waits until they are there.
pub fn produce<'a>(bootstrap: &str, topic: &str, records: impl IntoIterator<Item = Out<'a>>) {
    let producer: BaseProducer = config(bootstrap)
        .set("linger.ms", "5")
        .set("message.max.bytes", "20000000")
        .create()
        .expect("a producer");
    for out in records {
        let mut headers = OwnedHeaders::new();
        for (key, value) in out.headers {
            headers = headers.insert(Header { key, value: Some(*value) });
        }
        let mut record =
            BaseRecord::<[u8], [u8]>::to(topic).partition(out.partition).headers(headers);
        record.key = out.key;
        record.payload = out.value;
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((_, back)) => record = back,
            }
            producer.poll(Duration::from_millis(20));
        }
    }
    producer.flush(Duration::from_secs(60)).expect("all written");
}

/// A reader that has nothing to do with the product: every record of a topic, from the start to
/// the end that the topic has now.
pub fn read_all(bootstrap: &str, topic: &str) -> Vec<Record> {
    let consumer: BaseConsumer = config(bootstrap)
        .set("group.id", "independent-reader")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("fetch.message.max.bytes", "20000000")
        .create()
        .expect("a reader");
    let timeout = Duration::from_secs(20);
    let metadata = consumer.fetch_metadata(Some(topic), timeout).expect("metadata");
    let mut ends = BTreeMap::new();
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        let (low, high) =
            consumer.fetch_watermarks(topic, partition.id(), timeout).expect("watermarks");
        if low < high {
            ends.insert(partition.id(), high);
            list.add_partition_offset(topic, partition.id(), Offset::Offset(low)).expect("a place");
        }
    }
    consumer.assign(&list).expect("an assignment");
    let mut records = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ends.is_empty() {
        assert!(Instant::now() < deadline, "{topic}: no end in {ends:?}");
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            let Ok(message) = message else { continue };
            if message.offset() < *ends.get(&message.partition()).unwrap_or(&0) {
                records.push(record(&message));
            }
        }
        // Aborted records and ends of transactions are no records, so the position decides.
        for it in consumer.position().expect("positions").elements() {
            if let Offset::Offset(next) = it.offset()
                && ends.get(&it.partition()).is_some_and(|end| next >= *end)
            {
                ends.remove(&it.partition());
            }
        }
    }
    records
}

/// How many records a topic has, by its offsets: no transactions, nothing deleted.
pub fn count(bootstrap: &str, topic: &str) -> i64 {
    let consumer: BaseConsumer = config(bootstrap).create().expect("a reader");
    let timeout = Duration::from_secs(20);
    let metadata = consumer.fetch_metadata(Some(topic), timeout).expect("metadata");
    let partitions = metadata.topics()[0].partitions();
    let ends = partitions.iter().map(|partition| {
        consumer.fetch_watermarks(topic, partition.id(), timeout).expect("watermarks").1
    });
    ends.sum()
}

fn record(message: &impl Message) -> Record {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Record {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: message.headers().map_or(Vec::new(), |headers| {
            headers
                .iter()
                .map(|header| (header.key.to_owned(), text(header.value.unwrap_or_default())))
                .collect()
        }),
        timestamp: message.timestamp().to_millis(),
    }
}

/// What a group has committed, by partition. Nothing while the group's broker is away.
pub fn committed(bootstrap: &str, group: &str, topic: &str, partitions: i32) -> BTreeMap<i32, i64> {
    let consumer: BaseConsumer =
        config(bootstrap).set("group.id", group).create().expect("a client");
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, partitions - 1);
    let Ok(list) = consumer.committed_offsets(list, Duration::from_secs(20)) else {
        return BTreeMap::new();
    };
    list.elements()
        .iter()
        .filter_map(|it| match it.offset() {
            Offset::Offset(offset) => Some((it.partition(), offset)),
            _ => None,
        })
        .collect()
}

/// Waits for something, and fails if it does not come.
pub fn wait_for(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < deadline, "waited {limit:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
