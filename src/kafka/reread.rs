//! A topic read again from its start to the end that it has now, outside of any group.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::{Cluster, ClusterFault, ConsumerRole, Reporter, describe};

const ANSWER: Duration = Duration::from_secs(15);
/// So long nothing may come before the cluster counts as gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Why a topic could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RereadError {
    /// The cluster's settings are faulty.
    #[error(transparent)]
    Settings(#[from] ClusterFault),
    /// The topic is not there, or may not be described.
    #[error("there is no topic {topic}, or it may not be described")]
    NoTopic {
        /// The topic.
        topic: String,
    },
    /// The cluster refused, or did not answer.
    #[error("the topic {topic} cannot be read: {reason}")]
    Cluster {
        /// The topic.
        topic: String,
        /// What librdkafka says.
        reason: String,
    },
}

impl RereadError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(fault) => fault.code(),
            Self::NoTopic { .. } => "topic_missing",
            Self::Cluster { .. } => "topic_unreadable",
        }
    }
}

/// A record of the topic, and how far reading has come.
#[derive(Debug)]
pub struct Reread<'m> {
    /// Its value; none of a tombstone.
    pub value: Option<&'m [u8]>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Records read, this one included.
    pub read: u64,
    /// Records there are, about: transactions and compaction leave fewer.
    pub all: u64,
}

/// What was read of a topic, and what it no longer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Records.
    pub read: u64,
    /// Offsets before the first that there is: deleted.
    pub deleted: u64,
    /// Offsets between that hold no record: compacted away, or marks of transactions.
    pub empty: u64,
}

impl ConsumerContext for Reporter {}

impl Cluster {
    /// Hands over each record of the topic, from its start to the end that it had when this
    /// began; within a partition in order. `group` is named to the cluster and neither joined
    /// nor committed to.
    ///
    /// # Errors
    /// Where the topic cannot be read to that end.
    pub fn reread(
        &self,
        topic: &str,
        group: &str,
        mut each: impl FnMut(Reread<'_>),
    ) -> Result<Extent, RereadError> {
        let failed = |error: KafkaError| RereadError::Cluster {
            topic: topic.to_owned(),
            reason: describe(&error),
        };
        let role = ConsumerRole { group, client: "bailiwick-report", hidden_topics: &[] };
        let (mut config, reporter) = self.consumer(&role)?;
        // Behind a transaction that is open there is no record to wait for.
        config.set("enable.partition.eof", "true").set("allow.auto.create.topics", "false");
        let consumer: BaseConsumer<Reporter> =
            config.create_with_context(reporter).map_err(failed)?;
        let mut ends = ends(&consumer, topic).map_err(|error| match error {
            None => RereadError::NoTopic { topic: topic.to_owned() },
            Some(error) => failed(error),
        })?;
        let all: u64 =
            ends.values().map(|(low, high)| high.saturating_sub(*low).max(0) as u64).sum();
        let deleted = ends.values().map(|(low, _)| (*low).max(0) as u64).sum();
        ends.retain(|_, (low, high)| low < high);
        let mut list = TopicPartitionList::with_capacity(ends.len());
        for (partition, (low, _)) in &ends {
            list.add_partition_offset(topic, *partition, Offset::Offset(*low)).map_err(failed)?;
        }
        consumer.assign(&list).map_err(failed)?;
        let (mut read, mut heard) = (0_u64, Instant::now());
        while !ends.is_empty() {
            let message = match consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    ends.remove(&partition);
                    continue;
                }
                Some(Err(error)) if heard.elapsed() > SILENCE || is_final(&error) => {
                    return Err(failed(error));
                }
                None if heard.elapsed() > SILENCE => {
                    let reason = "the cluster no longer answers".to_owned();
                    return Err(RereadError::Cluster { topic: topic.to_owned(), reason });
                }
                Some(Err(_)) | None => continue,
            };
            heard = Instant::now();
            let (partition, offset) = (message.partition(), message.offset());
            let Some((_, end)) = ends.get(&partition).copied() else { continue };
            if offset < end {
                read += 1;
                each(Reread { value: message.payload(), partition, offset, read, all });
            }
            if offset + 1 >= end {
                ends.remove(&partition);
            }
        }
        Ok(Extent { read, deleted, empty: all.saturating_sub(read) })
    }
}

type Ends = BTreeMap<i32, (i64, i64)>;

/// First and next offset of each partition; an error of `None` where there is no such topic.
fn ends(consumer: &BaseConsumer<Reporter>, topic: &str) -> Result<Ends, Option<KafkaError>> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER).map_err(Some)?;
    let found = metadata.topics().iter().find(|it| it.name() == topic);
    let found = found.filter(|it| it.error().is_none() && !it.partitions().is_empty());
    let mut ends = Ends::new();
    for partition in found.ok_or(None)?.partitions() {
        let id = partition.id();
        ends.insert(id, consumer.fetch_watermarks(topic, id, ANSWER).map_err(Some)?);
    }
    Ok(ends)
}

/// Whether reading on would bring nothing but the same.
fn is_final(error: &KafkaError) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::TopicAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::Authentication
                | Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::UnknownPartition
                | Code::AutoOffsetReset
                | Code::Fatal
        )
    )
}
