//! The consumer of one worker: a member of the group, its subscription and its assignment.
//!
//! In: a cluster, a group and the inputs' topics. Out: batches of records, and changes of the
//! assignment for the worker to act on. It does not know what records say or what becomes of
//! them, and commits only what it is handed.

mod notes;
pub mod offsets;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use regex::Regex;

use crate::kafka::{Cluster, ClusterFault, ConsumerRole, Lag, Reporter, describe};
use offsets::Ledger;

/// Answers that the worker waits for in rare cases come within this time or not at all.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Why a consumer cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The cluster's settings are faulty.
    #[error("kafka: {0}")]
    Settings(#[from] ClusterFault),
    /// An input's pattern is no regular expression.
    #[error("the pattern of input {input} is no regular expression")]
    Pattern {
        /// The input's name.
        input: String,
    },
    /// A pattern that does not begin with `^`, which Kafka would take for a topic's name.
    #[error("the pattern of input {input} must begin with ^")]
    PatternStart {
        /// The input's name.
        input: String,
    },
    /// librdkafka refuses to start.
    #[error("the consumer cannot start: {reason}")]
    Start {
        /// What it says.
        reason: String,
    },
    /// librdkafka gave up for good.
    #[error("the consumer has failed for good: {reason}")]
    Fatal {
        /// What it says.
        reason: String,
    },
    /// The assignment could not be changed.
    #[error("the assignment of partitions cannot be changed: {reason}")]
    Assignment {
        /// What librdkafka says.
        reason: String,
    },
}

impl IngestError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(fault) => fault.code(),
            Self::Pattern { .. } => "input_pattern",
            Self::PatternStart { .. } => "input_pattern_start",
            Self::Start { .. } => "consumer_start",
            Self::Fatal { .. } => "consumer_failed",
            Self::Assignment { .. } => "consumer_assignment",
        }
    }
}

/// The topics of one input.
#[derive(Clone, Debug)]
pub struct InputTopics {
    /// The input's name.
    pub name: String,
    /// Topics by name.
    pub topics: Vec<String>,
    /// Topics by pattern, which begins with `^`.
    pub pattern: Option<String>,
}

/// Which topic belongs to which input: the first that names it, else the first that matches.
#[derive(Clone, Debug)]
pub struct Subscription {
    inputs: Vec<(InputTopics, Option<Regex>)>,
}

impl Subscription {
    /// Compiles the patterns.
    pub fn new(inputs: impl IntoIterator<Item = InputTopics>) -> Result<Self, IngestError> {
        let inputs = inputs
            .into_iter()
            .map(|input| {
                let regex = match &input.pattern {
                    None => None,
                    Some(pattern) if !pattern.starts_with('^') => {
                        return Err(IngestError::PatternStart { input: input.name });
                    }
                    Some(pattern) => match Regex::new(pattern) {
                        Ok(regex) => Some(regex),
                        Err(_) => return Err(IngestError::Pattern { input: input.name }),
                    },
                };
                Ok((input, regex))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { inputs })
    }

    /// The number of the input that a topic belongs to.
    pub fn input_of(&self, topic: &str) -> Option<usize> {
        let named = |(input, _): &(InputTopics, _)| input.topics.iter().any(|name| name == topic);
        let matched = |(_, regex): &(InputTopics, Option<Regex>)| {
            regex.as_ref().is_some_and(|regex| regex.is_match(topic))
        };
        self.inputs
            .iter()
            .position(named)
            .or_else(|| self.inputs.iter().position(matched))
            // librdkafka's own expressions differ in details; what it matched is still read.
            .or_else(|| self.inputs.iter().position(|(_, regex)| regex.is_some()))
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .inputs
            .iter()
            .flat_map(|(input, _)| {
                input.topics.iter().map(String::as_str).chain(input.pattern.as_deref())
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A change of the assignment, for the worker to carry out.
#[derive(Debug)]
pub enum Change {
    /// These partitions come in.
    Assigned(TopicPartitionList),
    /// These partitions go.
    Revoked(TopicPartitionList),
}

/// Takes the consumer's callbacks. Changes of the assignment are only noted: the worker carries
/// them out on its own thread, where it may drain its producer first, so it shares no state.
struct Context {
    reporter: Reporter,
    changes: Mutex<Vec<Change>>,
    changed: AtomicBool,
    closing: AtomicBool,
    failed_commits: AtomicU64,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.reporter.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reporter.error(error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.reporter.stats_raw(statistics);
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let assigned = event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Relaxed) {
            // Everything is settled and committed; leaving must not wait for the worker.
            let result = if assigned {
                accept(consumer, partitions)
            } else {
                hand_back(consumer, partitions)
            };
            if let Err(error) = result {
                tracing::debug!(error = describe(&error), "partitions not handed back on leaving");
            }
            return;
        }
        let change = if assigned {
            Change::Assigned(partitions.clone())
        } else {
            Change::Revoked(partitions.clone())
        };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        self.changed.store(true, Ordering::Relaxed);
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        match result {
            Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
            Err(error) => {
                tracing::warn!(error = describe(&error), "offsets not committed; trying again");
                self.failed_commits.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn accept(consumer: &BaseConsumer<Context>, partitions: &TopicPartitionList) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(partitions),
        _ => consumer.assign(partitions),
    }
}

fn hand_back(consumer: &BaseConsumer<Context>, partitions: &TopicPartitionList) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions),
        _ => consumer.unassign(),
    }
}

/// A consumer, for one thread.
pub struct Ingest {
    consumer: BaseConsumer<Context>,
    subscription: Subscription,
}

impl Ingest {
    /// Connects and subscribes. Nothing is assigned before the first poll.
    pub fn new(
        cluster: &Cluster,
        role: &ConsumerRole<'_>,
        subscription: Subscription,
    ) -> Result<Self, IngestError> {
        let (config, reporter) = cluster.consumer(role)?;
        let context = Context {
            reporter,
            changes: Mutex::new(Vec::new()),
            changed: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            failed_commits: AtomicU64::new(0),
        };
        let start = |error: KafkaError| IngestError::Start { reason: describe(&error) };
        let consumer: BaseConsumer<Context> = config.create_with_context(context).map_err(start)?;
        let ingest = Self { consumer, subscription };
        ingest.consumer.subscribe(&ingest.subscription.names()).map_err(start)?;
        Ok(ingest)
    }

    /// Adds records to the batch: waits for the first, takes what is there, and stops at a
    /// change of the assignment.
    pub fn poll<'a>(
        &'a self,
        batch: &mut Vec<BorrowedMessage<'a>>,
        records: usize,
        bytes: usize,
        wait: Duration,
    ) -> Result<(), IngestError> {
        let mut size = 0usize;
        let mut wait = wait;
        while batch.len() < records && size < bytes {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    size = size.saturating_add(message.payload_len());
                    batch.push(message);
                }
                Some(Err(error)) => not_fatal(error)?,
                None => break,
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Changes of the assignment since the last call, in order.
    pub fn changes(&self) -> Vec<Change> {
        let context = self.consumer.context();
        if !context.changed.swap(false, Ordering::Relaxed) {
            return Vec::new();
        }
        std::mem::take(&mut *context.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of the input that a topic belongs to.
    pub fn input_of(&self, topic: &str) -> Option<usize> {
        self.subscription.input_of(topic)
    }

    /// Carries out an assignment.
    pub fn take_in(&self, partitions: &TopicPartitionList) -> Result<(), IngestError> {
        accept(&self.consumer, partitions)
            .map_err(|error| IngestError::Assignment { reason: describe(&error) })
    }

    /// Carries out a revocation.
    pub fn let_go(&self, partitions: &TopicPartitionList) -> Result<(), IngestError> {
        hand_back(&self.consumer, partitions)
            .map_err(|error| IngestError::Assignment { reason: describe(&error) })
    }

    /// Whether the partitions that are being revoked belong to others already.
    pub fn lost(&self) -> bool {
        self.consumer.assignment_lost()
    }

    /// Commits what the ledger allows. `Ok` says that it is done, or with [`CommitMode::Async`]
    /// that it was asked for; failures show in [`Ingest::take_failed_commits`].
    pub fn commit(&self, ledger: &mut Ledger, mode: CommitMode) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        for it in ledger.committable() {
            list.add_partition_offset(it.topic, it.partition, Offset::Offset(it.offset))?;
        }
        if list.count() == 0 {
            return Ok(());
        }
        self.consumer.commit(&list, mode).inspect_err(|_| ledger.commit_failed())
    }

    /// How many commits failed since the last call.
    pub fn take_failed_commits(&self) -> u64 {
        self.consumer.context().failed_commits.swap(0, Ordering::Relaxed)
    }

    /// Whether an offset was out of range since the last call.
    pub fn take_offset_reset(&self) -> bool {
        self.consumer.context().reporter.take_offset_reset()
    }

    /// The lag by the last statistics.
    pub fn take_lag(&self) -> Vec<Lag> {
        self.consumer.context().reporter.take_lag()
    }

    /// The earliest offset that a partition still has. Asks the broker.
    pub fn earliest(&self, topic: &str, partition: i32) -> Option<i64> {
        self.consumer.fetch_watermarks(topic, partition, LOOK_UP).ok().map(|(low, _)| low)
    }

    /// The offset that the group has committed for a partition. Asks the broker.
    pub fn committed(&self, topic: &str, partition: i32) -> Option<i64> {
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        let list = self.consumer.committed_offsets(list, LOOK_UP).ok()?;
        match list.find_partition(topic, partition)?.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// Stops fetching these partitions; membership in the group stays.
    pub fn pause(&self, partitions: &TopicPartitionList) -> Result<(), IngestError> {
        let result = self.consumer.pause(partitions);
        result.map_err(|error| IngestError::Assignment { reason: describe(&error) })
    }

    /// Goes on fetching them.
    pub fn resume(&self, partitions: &TopicPartitionList) -> Result<(), IngestError> {
        let result = self.consumer.resume(partitions);
        result.map_err(|error| IngestError::Assignment { reason: describe(&error) })
    }
}

impl Drop for Ingest {
    /// Leaves the group. What is to be committed has been.
    fn drop(&mut self) {
        self.consumer.context().closing.store(true, Ordering::Relaxed);
        // A change that came and was not carried out would keep the consumer from closing.
        for change in self.changes() {
            let result = match change {
                Change::Assigned(partitions) => self.take_in(&partitions),
                Change::Revoked(partitions) => self.let_go(&partitions),
            };
            if let Err(error) = result {
                tracing::debug!(%error, "partitions not handed back on leaving");
            }
        }
    }
}

/// Errors that pass, such as a broker that is away, have been reported already.
fn not_fatal(error: KafkaError) -> Result<(), IngestError> {
    match error {
        KafkaError::MessageConsumptionFatal(code) => {
            Err(IngestError::Fatal { reason: code.to_string() })
        }
        KafkaError::MessageConsumption(RDKafkaErrorCode::Fatal) => {
            Err(IngestError::Fatal { reason: "fatal error".to_owned() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, topics: &[&str], pattern: Option<&str>) -> InputTopics {
        InputTopics {
            name: name.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            pattern: pattern.map(str::to_owned),
        }
    }

    #[test]
    fn a_topic_belongs_to_the_first_input_that_names_it_else_to_the_first_that_matches() {
        let subscription = Subscription::new([
            input("a", &[], Some("^insights-.*")),
            input("b", &["audit", "insights-logs-x"], None),
            input("c", &["audit"], Some("^insights-logs-.*")),
        ])
        .unwrap();
        assert_eq!(subscription.input_of("audit"), Some(1));
        assert_eq!(subscription.input_of("insights-logs-x"), Some(1));
        assert_eq!(subscription.input_of("insights-logs-y"), Some(0));
        let names = ["^insights-.*", "^insights-logs-.*", "audit", "insights-logs-x"];
        assert_eq!(subscription.names(), names);
    }

    #[test]
    fn faulty_patterns_are_refused() {
        let fault = |pattern| Subscription::new([input("a", &[], Some(pattern))]).unwrap_err();
        assert_eq!(fault("insights-.*").code(), "input_pattern_start");
        assert_eq!(fault("^insights-(").code(), "input_pattern");
    }
}
