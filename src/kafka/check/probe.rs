//! A visitor to a cluster: metadata, settings, groups and single records, read only.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::SettingsByTopic;
use crate::kafka::{Cluster, ConsumerRole, Reporter, describe};

const CONNECT: Duration = Duration::from_secs(15);
const ATTEMPT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(10);

/// A topic's settings, as far as they matter here and the cluster tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TopicSettings {
    pub(super) cleanup: Option<String>,
    pub(super) retention_millis: Option<i64>,
    pub(super) largest: Option<u64>,
}

/// A consumer group that exists.
pub(super) struct Group {
    pub(super) members: usize,
    pub(super) protocol: String,
    pub(super) compatible: bool,
}

/// Keeps what the cluster complains of, since a time-out alone says nothing.
struct Complaints {
    reporter: Reporter,
    heard: Mutex<Vec<String>>,
    /// The password or the certificate is wrong: waiting will not help.
    refused: AtomicBool,
}

impl Complaints {
    fn new(reporter: Reporter) -> Self {
        Self { reporter, heard: Mutex::new(Vec::new()), refused: AtomicBool::new(false) }
    }
}

impl ClientContext for Complaints {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.reporter.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => return,
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL) => {
                self.refused.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
        let reason = self.reporter.safe(reason).to_owned();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if !heard.contains(&reason) {
            heard.push(reason);
        }
    }
}

impl ConsumerContext for Complaints {}

type Visitor = BaseConsumer<Complaints>;

/// A connection, and what the cluster said of itself.
pub(super) struct Probe {
    consumer: Visitor,
    admin: Option<AdminClient<Reporter>>,
    metadata: Metadata,
}

impl Probe {
    pub(super) fn connect(cluster: &Cluster) -> Result<Self, String> {
        let (config, reporter) =
            cluster.visitor("bailiwick-validate").map_err(|fault| fault.to_string())?;
        let complaints = Complaints::new(reporter);
        let consumer: Visitor =
            config.create_with_context(complaints).map_err(|error| describe(&error))?;
        let metadata = metadata(&consumer)?;
        let admin = cluster
            .visitor("bailiwick-validate")
            .ok()
            .and_then(|(config, reporter)| config.create_with_context(reporter).ok());
        Ok(Self { consumer, admin, metadata })
    }

    pub(super) fn brokers(&self) -> usize {
        self.metadata.brokers().len()
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &str> {
        self.metadata.topics().iter().map(|topic| topic.name())
    }

    /// How many partitions a topic has.
    pub(super) fn partitions(&self, topic: &str) -> Result<usize, String> {
        let found = self.metadata.topics().iter().find(|it| it.name() == topic);
        let Some(found) = found else {
            return Err("does not exist, or may not be described".to_owned());
        };
        match found.error() {
            Some(error) => Err(RDKafkaErrorCode::from(error).to_string()),
            None => Ok(found.partitions().len()),
        }
    }

    /// The settings of those of the topics that exist.
    pub(super) fn settings<'t>(&self, topics: impl Iterator<Item = &'t str>) -> SettingsByTopic {
        let topics: Vec<&str> = topics.filter(|topic| self.partitions(topic).is_ok()).collect();
        let all = |reason: &str| {
            topics.iter().map(|topic| ((*topic).to_owned(), Err(reason.to_owned()))).collect()
        };
        let Some(admin) = &self.admin else { return all("no second connection") };
        let asked: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        let options = AdminOptions::new().request_timeout(Some(ANSWER));
        let answer = match wait(admin.describe_configs(&asked, &options), ANSWER * 2) {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => return all(&describe(&error)),
            None => return all("no answer"),
        };
        // Refused topics come without their names, so first all are taken to be refused.
        let refused = answer.iter().find_map(|it| it.as_ref().err()).map(ToString::to_string);
        let mut found: SettingsByTopic = all(refused.as_deref().unwrap_or("no answer"));
        for resource in answer.into_iter().flatten() {
            let value = |name| resource.get(name).and_then(|entry| entry.value.as_deref());
            let settings = TopicSettings {
                cleanup: value("cleanup.policy").map(str::to_owned),
                retention_millis: value("retention.ms").and_then(|text| text.parse().ok()),
                largest: value("max.message.bytes").and_then(|text| text.parse().ok()),
            };
            if let OwnedResourceSpecifier::Topic(topic) = &resource.specifier {
                found.insert(topic.clone(), Ok(settings));
            }
        }
        found
    }

    /// Reads the newest record that a topic has in any partition, without a group: how far its
    /// time is ahead of this machine's, in milliseconds; none where the topic is empty.
    pub(super) fn newest(
        &self,
        cluster: &Cluster,
        group: &str,
        topic: &str,
        partitions: usize,
    ) -> Result<Option<i64>, String> {
        let role = ConsumerRole { group, client: "bailiwick-validate", hidden_topics: &[] };
        let mut list = TopicPartitionList::new();
        for partition in 0..i32::try_from(partitions).unwrap_or_default() {
            let (low, high) = self
                .consumer
                .fetch_watermarks(topic, partition, ANSWER)
                .map_err(|error| describe(&error))?;
            if low < high {
                list.add_partition_offset(topic, partition, Offset::Offset(high - 1))
                    .map_err(|error| describe(&error))?;
                break;
            }
        }
        if list.count() == 0 {
            return Ok(None);
        }
        let consumer = visitor(cluster, &role)?;
        consumer.assign(&list).map_err(|error| describe(&error))?;
        let deadline = Instant::now() + READ;
        while Instant::now() < deadline {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let millis = message.timestamp().to_millis().unwrap_or_default();
                    return Ok(Some(millis.saturating_sub(now_millis())));
                }
                Some(Err(KafkaError::MessageConsumption(
                    code @ (RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::UnknownTopicOrPartition),
                ))) => return Err(format!("cannot be read: {code}")),
                _ => {}
            }
            let last_is_a_marker = consumer.position().is_ok_and(|positions| {
                positions.elements().iter().any(|it| {
                    let at = list.find_partition(it.topic(), it.partition());
                    matches!((it.offset(), at.map(|at| at.offset())),
                        (Offset::Offset(position), Some(Offset::Offset(from))) if position > from)
                })
            });
            if last_is_a_marker {
                return Ok(Some(0));
            }
        }
        // The end of a transaction is no record, so that nothing came is no fault by itself.
        Ok(Some(0))
    }

    /// For how many partitions the group has committed an offset.
    pub(super) fn committed(
        &self,
        cluster: &Cluster,
        group: &str,
        topics: &[&str],
    ) -> Result<usize, String> {
        let role = ConsumerRole { group, client: "bailiwick-validate", hidden_topics: &[] };
        let consumer = visitor(cluster, &role)?;
        let mut list = TopicPartitionList::new();
        for topic in topics {
            let partitions = i32::try_from(self.partitions(topic)?).unwrap_or_default();
            list.add_partition_range(topic, 0, partitions.saturating_sub(1).max(0));
        }
        let list = consumer
            .committed_offsets(list, ANSWER)
            .map_err(|error| format!("its offsets cannot be read: {}", describe(&error)))?;
        let elements = list.elements();
        if let Some(error) = elements.iter().find_map(|element| element.error().err()) {
            return Err(format!("its offsets cannot be read: {}", describe(&error)));
        }
        Ok(elements.iter().filter(|it| matches!(it.offset(), Offset::Offset(_))).count())
    }

    /// The group, where it exists and has members.
    pub(super) fn group(&self, group: &str) -> Result<Option<Group>, String> {
        let list = self
            .consumer
            .fetch_group_list(Some(group), ANSWER)
            .map_err(|error| format!("cannot be described: {}", describe(&error)))?;
        Ok(list.groups().iter().find(|it| it.name() == group && !it.members().is_empty()).map(
            |it| Group {
                members: it.members().len(),
                protocol: it.protocol().to_owned(),
                compatible: it.protocol_type() == "consumer"
                    && ["", "cooperative-sticky"].contains(&it.protocol()),
            },
        ))
    }
}

/// Asks until the cluster answers, refuses for good, or time is up.
fn metadata(consumer: &Visitor) -> Result<Metadata, String> {
    let deadline = Instant::now() + CONNECT;
    loop {
        let error = match consumer.fetch_metadata(None, ATTEMPT) {
            Ok(metadata) => return Ok(metadata),
            Err(error) => error,
        };
        // Complaints are heard while polling only; without a group nothing else comes.
        consumer.poll(Duration::from_millis(100));
        let context = consumer.context();
        if context.refused.load(Ordering::Relaxed) || Instant::now() >= deadline {
            let heard = context.heard.lock().unwrap_or_else(PoisonError::into_inner);
            return Err(if heard.is_empty() {
                format!("no answer: {}", describe(&error))
            } else {
                format!("no answer: {}", heard.join("; "))
            });
        }
    }
}

fn visitor(cluster: &Cluster, role: &ConsumerRole<'_>) -> Result<Visitor, String> {
    let (config, reporter) = cluster.consumer(role).map_err(|fault| fault.to_string())?;
    let complaints = Complaints::new(reporter);
    config.create_with_context(complaints).map_err(|error| describe(&error))
}

fn now_millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Wakes a thread that waits for an answer.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer on this thread, with or without an asynchronous runtime around it.
fn wait<T>(answer: impl Future<Output = T>, timeout: Duration) -> Option<T> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut answer = pin!(answer);
    let deadline = Instant::now() + timeout;
    loop {
        if let Poll::Ready(value) = answer.as_mut().poll(&mut context) {
            return Some(value);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}
