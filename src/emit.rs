//! The producer of one worker: violations, verdicts and dead letters, acknowledged or not.
//!
//! In: verdict records and records that could not be read, each with the ticket of the input
//! record it is of. Out: messages on Kafka, and settled tickets as they are acknowledged. It
//! does not know what is committed, and judges nothing.

pub mod letter;
mod outbox;

use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::types::RDKafkaErrorCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ingest::offsets::{Ledger, Ticket};
use crate::kafka::{Cluster, ClusterFault};
use crate::record::{FindingRecord, VerdictRecord};
use crate::verdict::Verdict;

use letter::Coordinates;
pub use letter::{DeadLetter, Gap};
use outbox::{Message, Outbox};

/// Where results go.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Outputs {
    /// Another cluster than the one events come from.
    pub kafka: Option<Cluster>,
    /// One message for each alert group of a violation.
    pub violations: Violations,
    /// One message for each event.
    pub verdicts: Verdicts,
    /// One message for each record that could not be read.
    pub dead_letters: DeadLetters,
}

/// Where violations go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Violations {
    /// The topic.
    pub topic: String,
}

impl Default for Violations {
    fn default() -> Self {
        Self { topic: "bailiwick.violations".to_owned() }
    }
}

/// Where verdicts go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Verdicts {
    /// The topic.
    pub topic: String,
    /// Which of them.
    pub publish: Publish,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self { topic: "bailiwick.verdicts".to_owned(), publish: Publish::Off }
    }
}

/// Which verdicts are published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Publish {
    /// One for every event.
    All,
    /// Violations, and events that could not be decided for want of more than a place.
    NotCompliant,
    /// None.
    #[default]
    Off,
}

/// Where records go that could not be read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeadLetters {
    /// The topic.
    pub topic: String,
}

impl Default for DeadLetters {
    fn default() -> Self {
        Self { topic: "bailiwick.dead-letters".to_owned() }
    }
}

impl Outputs {
    /// Every topic that is written to.
    pub fn topics(&self) -> Vec<&str> {
        let mut topics = vec![self.violations.topic.as_str(), self.dead_letters.topic.as_str()];
        if self.verdicts.publish != Publish::Off {
            topics.push(&self.verdicts.topic);
        }
        topics
    }
}

/// Why nothing more can be put out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The cluster's settings are faulty.
    #[error("outputs: {0}")]
    Settings(#[from] ClusterFault),
    /// librdkafka refuses to start.
    #[error("the producer cannot start: {reason}")]
    Start {
        /// What it says.
        reason: String,
    },
    /// The cluster refuses a message, and would refuse it again.
    #[error("topic {topic} does not take a message: {code}")]
    Refused {
        /// The topic.
        topic: String,
        /// What the cluster says.
        code: RDKafkaErrorCode,
    },
    /// A result could not be written as JSON.
    #[error("a verdict cannot be written as JSON")]
    Unwritable,
}

impl EmitError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(fault) => fault.code(),
            Self::Start { .. } => "producer_start",
            Self::Refused { .. } => "output_refused",
            Self::Unwritable => "output_unwritable",
        }
    }
}

/// Header of a violation: the verdict's id, by which readers find repetitions.
pub const ID_HEADER: &str = "bailiwick.id";

/// What became of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Acknowledged.
    pub acknowledged: u64,
    /// Failed for now, and tried again.
    pub failed: u64,
    /// Not acknowledged yet.
    pub open: usize,
}

/// A producer, for one thread.
pub struct Emit {
    outbox: Outbox,
    violations: String,
    verdicts: String,
    dead_letters: String,
    /// Reused from message to message.
    scratch: Vec<u8>,
}

impl Emit {
    /// Connects to the outputs' cluster.
    pub fn new(cluster: &Cluster, outputs: &Outputs, client: &str) -> Result<Self, EmitError> {
        Ok(Self {
            outbox: Outbox::new(cluster, client)?,
            violations: outputs.violations.topic.clone(),
            verdicts: outputs.verdicts.topic.clone(),
            dead_letters: outputs.dead_letters.topic.clone(),
            scratch: Vec::new(),
        })
    }

    /// Puts out the verdict on one event, keyed by its tenant.
    pub fn verdict(
        &mut self,
        ledger: &mut Ledger,
        ticket: Ticket,
        record: &VerdictRecord<'_>,
    ) -> Result<(), EmitError> {
        self.scratch.clear();
        serde_json::to_writer(&mut self.scratch, record).map_err(|_| EmitError::Unwritable)?;
        let message = Message {
            topic: &self.verdicts,
            key: Some(record.tenant.as_bytes()),
            payload: Some(&self.scratch),
            headers: None,
            timestamp: None,
        };
        ledger.expect(ticket);
        self.outbox.send(ledger, ticket, message, None)
    }

    /// Puts out a violation: a message for each alert group, keyed by it, so that the owner of
    /// a partition sees every violation of a group.
    pub fn violation(
        &mut self,
        ledger: &mut Ledger,
        ticket: Ticket,
        record: &VerdictRecord<'_>,
    ) -> Result<(), EmitError> {
        let mut one = record.clone();
        let mut rest = std::mem::take(&mut one.findings);
        rest.retain(|finding| finding.verdict == Verdict::Violation);
        while let Some(first) = rest.first() {
            let key = group_key(record, first);
            (one.findings, rest) =
                rest.into_iter().partition(|finding| group_key(record, finding) == key);
            self.scratch.clear();
            serde_json::to_writer(&mut self.scratch, &one).map_err(|_| EmitError::Unwritable)?;
            let headers = OwnedHeaders::new_with_capacity(1)
                .insert(Header { key: ID_HEADER, value: Some(record.id.as_bytes()) });
            let message = Message {
                topic: &self.violations,
                key: Some(key.as_bytes()),
                payload: Some(&self.scratch),
                headers: Some(headers),
                timestamp: None,
            };
            ledger.expect(ticket);
            self.outbox.send(ledger, ticket, message, None)?;
        }
        Ok(())
    }

    /// Keeps a record that could not be read, or as much of it as a message can hold.
    pub fn dead_letter(
        &mut self,
        ledger: &mut Ledger,
        ticket: Ticket,
        letter: DeadLetter<'_>,
    ) -> Result<(), EmitError> {
        let coordinates = Coordinates::of(&letter);
        let message = Message {
            topic: &self.dead_letters,
            key: letter.key,
            payload: letter.raw,
            headers: Some(coordinates.headers(letter.headers)),
            timestamp: letter.timestamp,
        };
        ledger.expect(ticket);
        self.outbox.send(ledger, ticket, message, Some(Box::new(coordinates)))
    }

    /// Puts on record that records were gone before they could be read.
    pub fn gap(
        &mut self,
        ledger: &mut Ledger,
        ticket: Ticket,
        gap: &Gap<'_>,
    ) -> Result<(), EmitError> {
        self.scratch.clear();
        serde_json::to_writer(&mut self.scratch, gap).map_err(|_| EmitError::Unwritable)?;
        let message = Message {
            topic: &self.dead_letters,
            key: None,
            payload: Some(&self.scratch),
            headers: Some(gap.headers()),
            timestamp: None,
        };
        ledger.expect(ticket);
        self.outbox.send(ledger, ticket, message, None)
    }

    /// Takes acknowledgements in, and tries again what failed for now or found no room.
    pub fn serve(&mut self, ledger: &mut Ledger, wait: Duration) -> Result<(), EmitError> {
        self.outbox.serve(ledger, wait)
    }

    /// Whether there is no room for more: the reader should wait.
    pub fn congested(&self) -> bool {
        self.outbox.congested()
    }

    /// What became of messages since the last call, and how many are open now.
    pub fn take_counts(&mut self) -> Counts {
        self.outbox.take_counts()
    }

    /// Waits until everything is acknowledged, or until the deadline. Says whether it is.
    pub fn drain(&mut self, ledger: &mut Ledger, deadline: Instant) -> Result<bool, EmitError> {
        self.outbox.drain(ledger, deadline)
    }
}

/// The alert group that a finding belongs to.
fn group_key(record: &VerdictRecord<'_>, finding: &FindingRecord<'_>) -> String {
    format!(
        "{}|{}|{}|{}|{}",
        finding.commitment,
        record.service,
        record.tenant_geography,
        finding.place.as_deref().unwrap_or("none"),
        finding.category.as_deref().unwrap_or("none"),
    )
}

/// Whether a message that failed so would fail again.
fn is_permanent(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::Fatal
            | Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::MessageBatchTooLarge
            | Code::InvalidRecord
            | Code::InvalidTopic
            | Code::InvalidArgument
            | Code::InvalidTimestamp
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::PolicyViolation
            | Code::UnsupportedVersion
            | Code::UnsupportedForMessageFormat
            | Code::UnsupportedCompressionType
    )
}

fn code_of(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::InvalidArgument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_have_names_of_their_own_and_refuse_unknown_keys() {
        let outputs: Outputs = serde_json::from_str("{}").unwrap();
        assert_eq!(outputs.topics(), ["bailiwick.violations", "bailiwick.dead-letters"]);
        let outputs: Outputs =
            serde_json::from_str(r#"{"verdicts": {"publish": "not_compliant"}}"#).unwrap();
        assert_eq!(outputs.topics().last(), Some(&"bailiwick.verdicts"));
        assert!(serde_json::from_str::<Outputs>(r#"{"verdict": {}}"#).is_err());
    }

    #[test]
    fn time_outs_and_lost_connections_are_tried_again_and_refusals_are_not() {
        use RDKafkaErrorCode as Code;
        for code in [Code::MessageTimedOut, Code::BrokerTransportFailure, Code::NotEnoughReplicas] {
            assert!(!is_permanent(code), "{code:?}");
        }
        for code in [Code::TopicAuthorizationFailed, Code::UnknownTopic, Code::Fatal] {
            assert!(is_permanent(code), "{code:?}");
        }
    }
}
