//! What librdkafka says on the side: logs, errors and statistics.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// How often the same error is told, at most.
const QUIET: Duration = Duration::from_secs(30);

/// How far a partition's group is behind, by librdkafka's statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The partition's end.
    pub end: i64,
    /// Records between the committed offset and the end, where that is known.
    pub records: Option<i64>,
}

/// Takes a client's callbacks: logs and errors go to `tracing`, the lag is kept for its owner.
pub struct Reporter {
    client: String,
    secrets: Vec<SecretString>,
    offset_reset: AtomicBool,
    lag: Mutex<Vec<Lag>>,
    last_error: Mutex<Option<(RDKafkaErrorCode, Instant)>>,
}

impl Reporter {
    pub(super) fn new(client: &str, secrets: Vec<SecretString>) -> Self {
        Self {
            client: client.to_owned(),
            secrets,
            offset_reset: AtomicBool::new(false),
            lag: Mutex::new(Vec::new()),
            last_error: Mutex::new(None),
        }
    }

    /// Whether librdkafka said, since the last call, that an offset was out of range and that
    /// it went to the earliest one instead.
    pub fn take_offset_reset(&self) -> bool {
        self.offset_reset.swap(false, Ordering::Relaxed)
    }

    /// The lag of the last statistics; empty where there were none since the last call.
    pub fn take_lag(&self) -> Vec<Lag> {
        std::mem::take(&mut *self.lag.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The text, unless a secret is in it.
    pub(super) fn safe<'t>(&self, text: &'t str) -> &'t str {
        let leaks = self.secrets.iter().any(|secret| {
            let secret = secret.expose_secret();
            !secret.is_empty() && text.contains(secret)
        });
        if leaks { "(withheld: it holds a secret)" } else { text }
    }
}

impl ClientContext for Reporter {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let (client, message) = (self.client.as_str(), self.safe(message));
        match (level, facility) {
            // A raw setting meant for the consumer is no news to the producer.
            (_, "CONFWARN") | (RDKafkaLogLevel::Debug, _) => {
                tracing::debug!(target: "librdkafka", client, facility, "{message}");
            }
            (RDKafkaLogLevel::Warning, _) => {
                if facility == "OFFSET" && message.contains("offset reset") {
                    self.offset_reset.store(true, Ordering::Relaxed);
                }
                tracing::warn!(target: "librdkafka", client, facility, "{message}");
            }
            (RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info, _) => {
                tracing::info!(target: "librdkafka", client, facility, "{message}");
            }
            // Errors of a connection come again as an error of the client, which is told
            // once in a while; librdkafka logs each.
            (_, "FAIL" | "ERROR") => {
                tracing::debug!(target: "librdkafka", client, facility, "{message}");
            }
            _ => tracing::error!(target: "librdkafka", client, facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|(known, at)| known == code && at.elapsed() < QUIET) {
            return;
        }
        *last = Some((code, Instant::now()));
        drop(last);
        let (client, reason) = (self.client.as_str(), self.safe(reason));
        tracing::warn!(target: "librdkafka", client, code = ?code, "{reason}");
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match read(statistics) {
            Ok(lag) => *self.lag.lock().unwrap_or_else(PoisonError::into_inner) = lag,
            Err(error) => tracing::debug!(line = error.line(), "unreadable statistics"),
        }
    }
}

/// The part of librdkafka's statistics that is used here.
#[derive(Deserialize)]
struct Statistics {
    #[serde(default)]
    topics: HashMap<String, Topic>,
}

#[derive(Deserialize)]
struct Topic {
    #[serde(default)]
    partitions: HashMap<String, Partition>,
}

#[derive(Deserialize)]
struct Partition {
    partition: i32,
    desired: bool,
    ls_offset: i64,
    consumer_lag: i64,
}

fn read(statistics: &[u8]) -> serde_json::Result<Vec<Lag>> {
    let statistics: Statistics = serde_json::from_slice(statistics)?;
    let mut all = Vec::new();
    for (topic, partitions) in statistics.topics {
        // Partition -1 stands for records without a partition yet.
        all.extend(
            partitions
                .partitions
                .into_values()
                .filter(|partition| partition.desired && partition.partition >= 0)
                .filter(|partition| partition.ls_offset >= 0)
                .map(|partition| Lag {
                    topic: topic.clone(),
                    partition: partition.partition,
                    end: partition.ls_offset,
                    records: Some(partition.consumer_lag).filter(|lag| *lag >= 0),
                }),
        );
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_read_from_the_statistics() {
        let text = br#"{"name":"x","topics":{"audit":{"topic":"audit","partitions":{
            "0":{"partition":0,"desired":true,"ls_offset":90,"consumer_lag":40,"msgq_cnt":1},
            "1":{"partition":1,"desired":true,"ls_offset":7,"consumer_lag":-1},
            "2":{"partition":2,"desired":false,"ls_offset":7,"consumer_lag":3},
            "-1":{"partition":-1,"desired":false,"ls_offset":-1001,"consumer_lag":-1}}}}}"#;
        let mut lag = read(text).unwrap();
        lag.sort_by_key(|lag| lag.partition);
        let of = |partition, end, records| Lag { topic: "audit".into(), partition, end, records };
        assert_eq!(lag, [of(0, 90, Some(40)), of(1, 7, None)]);
        assert!(read(b"nonsense").is_err());
    }

    #[test]
    fn a_line_with_a_secret_is_withheld() {
        let reporter = Reporter::new("c", vec!["hunter2".into(), "".into()]);
        assert_eq!(reporter.safe("connected"), "connected");
        assert!(!reporter.safe("password hunter2 refused").contains("hunter2"));
    }

    #[test]
    fn an_offset_reset_is_noticed_once() {
        let reporter = Reporter::new("c", Vec::new());
        reporter.log(RDKafkaLogLevel::Warning, "OFFSET", "audit [0]: offset reset (at 3)");
        assert!(reporter.take_offset_reset());
        assert!(!reporter.take_offset_reset());
    }
}
