//! Alerts: violations that belong together, told to a receiver, and told again until they end.
//!
//! In: the violations topic, read by one consumer group for each receiver. Out: alerts on an
//! Alertmanager or a webhook, and offsets committed once their violations are delivered. It
//! judges nothing, and knows of a violation only what its group and its sentence say.

mod access;
mod alertmanager;
pub mod client;
pub mod config;
pub mod group;
mod sink;
mod violation;
mod webhook;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::CommitMode;
use rdkafka::message::{BorrowedMessage, Message};
use tokio_util::sync::CancellationToken;

use crate::catalog::program::Program;
use crate::ingest::{Change, Ingest, IngestError, InputTopics, Subscription};
use crate::kafka::{Cluster, ConsumerRole};
use crate::metrics::Metrics;

use client::Outcome;
pub use config::{Alert, AlertFault};
use group::{Groups, Key, Kind, Notice};
pub use sink::{Receiver, Times};
pub use words::Words;

/// How a receiver's task goes about it. The defaults are for production.
#[derive(Clone, Debug)]
pub struct Pace {
    /// How often there may be a delivery: what comes meanwhile is folded.
    pub round: Duration,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
    /// The first wait after a delivery that failed, doubled each time.
    pub backoff: Duration,
    /// The longest wait.
    pub most_backoff: Duration,
    /// How often offsets are committed.
    pub commit_every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            round: Duration::from_millis(500),
            timeout: Duration::from_secs(10),
            backoff: Duration::from_secs(1),
            most_backoff: Duration::from_secs(60),
            commit_every: Duration::from_secs(1),
        }
    }
}

/// What every receiver's task is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster of the violations topic.
    pub cluster: Arc<Cluster>,
    /// The topic.
    pub topic: String,
    /// What the consumer groups' names begin with.
    pub group: String,
    /// What the operator says.
    pub alert: Alert,
    /// How it goes about it.
    pub pace: Pace,
}

/// What a task shares with the rest of the process.
#[derive(Clone)]
pub struct Surroundings {
    /// The catalog, for the words.
    pub program: Arc<Program>,
    /// Where counts go.
    pub metrics: Arc<Metrics>,
    /// Told whether a share of the partitions is assigned, maybe none.
    pub assigned: Arc<dyn Fn(bool) + Send + Sync>,
}

/// Why alerts cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// The consumer.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The settings.
    #[error("sink {sink}: {fault}")]
    Fault {
        /// The sink.
        sink: String,
        /// Why.
        fault: AlertFault,
    },
}

impl AlertError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ingest(error) => error.code(),
            Self::Fault { fault, .. } => fault.code(),
        }
    }
}

impl Settings {
    /// The consumer group of a receiver.
    fn group_of(&self, receiver: &str) -> String {
        format!("{}-alert-{receiver}", self.group)
    }

    /// The consumer group of every receiver.
    pub fn groups(&self) -> Vec<String> {
        let targets = self.alert.sinks.iter().flat_map(config::Sink::targets);
        targets.map(|target| self.group_of(&target)).collect()
    }

    /// Every receiver, with its connection.
    ///
    /// # Errors
    /// When a sink's settings are faulty.
    pub fn receivers(&self, program: &Arc<Program>) -> Result<Vec<Receiver>, AlertError> {
        let words = Words::new(program.clone());
        let times = Times { quiet: self.alert.quiet.0, refresh: self.alert.refresh.0 };
        let mut receivers = Vec::new();
        for sink in &self.alert.sinks {
            let of_sink = Receiver::of(sink, &words, times, self.pace.timeout)
                .map_err(|fault| AlertError::Fault { sink: sink.name.clone(), fault })?;
            receivers.extend(of_sink);
        }
        Ok(receivers)
    }
}

impl Notice {
    /// An alert about nothing, to try a receiver out with.
    pub fn invented(kind: Kind, now: Timestamp) -> Self {
        let mut groups = Groups::new(Duration::ZERO, Duration::ZERO, true);
        let text = |text: &str| text.to_owned();
        let key = Key {
            commitment: text("bailiwick.test"),
            service: text("bailiwick.test"),
            tenant_geography: text("none"),
            place: text("none"),
            category: text("none"),
        };
        let explanation = text("A test of the receiver: nothing was violated.");
        let id = text("test");
        let violation = group::Violation { key, id, subject: None, explanation, time: now };
        groups.fold(violation, (0, 0), now, false);
        // One group was folded, so one notice is due.
        let mut notice = groups.due(now, &Default::default(), 1).pop().unwrap_or_default();
        notice.kind = kind;
        notice
    }
}

/// Wait for the first record of a batch.
const WAIT: Duration = Duration::from_millis(50);
/// How long the last commit before partitions go is tried.
const LAST_COMMIT: Duration = Duration::from_secs(2);

/// What is known of an assigned partition.
#[derive(Debug, Default)]
struct Part {
    /// The first offset that was not read yet.
    next: Option<i64>,
    /// An earlier owner told of everything before this.
    told_before: i64,
    /// The partition's end, by the last statistics.
    end: Option<i64>,
    /// What was committed: offset and note.
    committed: Option<(i64, i64)>,
}

struct Task<'a> {
    settings: &'a Settings,
    surroundings: &'a Surroundings,
    ingest: &'a Ingest,
    receiver: Receiver,
    groups: Groups,
    parts: BTreeMap<i32, Part>,
    next_round: Instant,
    wait: Option<Duration>,
    committed: Instant,
}

/// Tells one receiver, on the calling thread, until it is stopped or cannot go on.
///
/// # Errors
/// When the consumer has failed for good; a receiver that is away is waited for.
pub fn run(
    settings: &Settings,
    surroundings: &Surroundings,
    receiver: Receiver,
    stop: &CancellationToken,
) -> Result<(), AlertError> {
    let group = settings.group_of(&receiver.name);
    let client = format!("bailiwick-alert-{}", receiver.name);
    let role = ConsumerRole { group: &group, client: &client, hidden_topics: &[] };
    let subscription = Subscription::new([InputTopics {
        name: receiver.name.clone(),
        topics: vec![settings.topic.clone()],
        pattern: None,
    }])?;
    let ingest = Ingest::new(&settings.cluster, &role, subscription)?;
    surroundings.metrics.alert_sink(&receiver.name, &Outcome::ALL.map(Outcome::as_str));
    let alert = &settings.alert;
    let mut task = Task {
        groups: Groups::new(alert.quiet.0, alert.refresh.0, receiver.forgets()),
        settings,
        surroundings,
        ingest: &ingest,
        receiver,
        parts: BTreeMap::new(),
        next_round: Instant::now(),
        wait: None,
        committed: Instant::now(),
    };
    let result = task.go_on(stop);
    task.commit_last();
    result
}

impl Task<'_> {
    fn go_on(&mut self, stop: &CancellationToken) -> Result<(), AlertError> {
        let ingest = self.ingest;
        let mut batch = Vec::new();
        while !stop.is_cancelled() {
            ingest.poll(&mut batch, 1000, 4 << 20, WAIT)?;
            let now = Timestamp::now();
            for message in batch.drain(..) {
                self.take(&message, now);
            }
            for change in ingest.changes() {
                self.carry_out(change)?;
            }
            if Instant::now() >= self.next_round {
                self.round();
            }
            if self.committed.elapsed() >= self.settings.pace.commit_every {
                self.tick();
            }
        }
        Ok(())
    }

    /// Folds a violation into its group.
    fn take(&mut self, message: &BorrowedMessage<'_>, now: Timestamp) {
        let (partition, offset) = (message.partition(), message.offset());
        // A record of a partition that is gone belongs to its new owner.
        let Some(part) = self.parts.get_mut(&partition) else { return };
        part.next = Some(offset + 1);
        let (metrics, sink) = (&self.surroundings.metrics, self.receiver.name.as_str());
        let Some(violation) = violation::read(message.payload().unwrap_or_default()) else {
            metrics.alert_unreadable(sink, 1);
            return;
        };
        let stamp = message.timestamp().to_millis();
        let came = stamp.and_then(|stamp| Timestamp::from_millisecond(stamp).ok());
        let came = came.unwrap_or(now).min(now);
        let told = offset < part.told_before;
        // Of what was told before, the age that it had then decides.
        let age = (if told { came } else { now }).duration_since(violation.time);
        if age.try_into().is_ok_and(|age: Duration| age > self.settings.alert.max_age.0) {
            metrics.alert_too_old(sink, u64::from(!told));
            return;
        }
        self.groups.fold(violation, (partition, offset), came, told);
        metrics.set_alerts(sink, self.groups.len());
    }

    /// Tells the receiver what is due.
    fn round(&mut self) {
        let pace = &self.settings.pace;
        let now = Timestamp::now();
        let mut read = self.groups.quiet_partitions(now);
        read.retain(|partition| self.ingest.has_read_all(&self.settings.topic, *partition));
        let notices = self.groups.due(now, &read, sink::ROUND);
        self.next_round = Instant::now() + pace.round;
        if notices.is_empty() {
            return;
        }
        let deliveries = self.receiver.send(&notices, now);
        let (metrics, sink) = (&self.surroundings.metrics, self.receiver.name.as_str());
        let mut failed = None;
        for delivery in deliveries {
            let outcome = delivery.answer.outcome;
            metrics.alerts_delivered(sink, outcome.as_str(), delivery.notices.len());
            metrics.alert_took(sink, delivery.took);
            let (text, retry_after) = (delivery.answer.text, delivery.answer.retry_after);
            for notice in delivery.notices.iter().filter_map(|number| notices.get(*number)) {
                match outcome.is_final() {
                    true => self.groups.told(notice, Timestamp::now()),
                    false => self.groups.failed(notice),
                }
                if outcome == Outcome::Refused {
                    let commitment = notice.key.commitment.as_str();
                    tracing::error!(sink, commitment, "alert refused for good: {text}");
                }
            }
            if !outcome.is_final() {
                failed = Some((outcome, text, retry_after));
            }
        }
        metrics.set_alerts(sink, self.groups.len());
        match (failed, self.wait) {
            (Some((outcome, text, retry_after)), before) => {
                if before.is_none() {
                    tracing::warn!(sink, outcome = outcome.as_str(), "alerts wait: {text}");
                }
                let wait = before.map_or(pace.backoff, |wait| wait.saturating_mul(2));
                let wait = wait.min(pace.most_backoff);
                self.wait = Some(wait);
                let asked = retry_after.unwrap_or_default().min(pace.most_backoff);
                self.next_round = Instant::now() + wait.max(asked);
            }
            (None, Some(_)) => {
                self.wait = None;
                tracing::info!(sink, "alerts are delivered again");
            }
            (None, None) => {}
        }
    }

    fn carry_out(&mut self, change: Change) -> Result<(), AlertError> {
        let topic = self.settings.topic.as_str();
        match change {
            Change::Assigned(partitions) => {
                for it in partitions.elements() {
                    let told_before = self.told_before(it.partition());
                    self.parts.insert(it.partition(), Part { told_before, ..Part::default() });
                }
                self.ingest.take_in(&partitions)?;
                (self.surroundings.assigned)(true);
            }
            Change::Revoked(partitions) => {
                if !self.ingest.lost() {
                    self.commit_last();
                }
                self.forget(&partitions);
                self.ingest.let_go(&partitions)?;
                (self.surroundings.assigned)(false);
            }
        }
        tracing::debug!(topic, sink = self.receiver.name, held = self.parts.len(), "partitions");
        Ok(())
    }

    /// What an earlier owner of a partition says it told of. Without an answer all is new: what
    /// is told twice has the same id.
    fn told_before(&self, partition: i32) -> i64 {
        let topic = &self.settings.topic;
        let told = match self.ingest.committed_noted(topic, partition) {
            Ok(Some((offset, note))) => note.parse().unwrap_or(offset),
            Ok(None) | Err(_) => 0,
        };
        // What retention has taken away waits for nobody.
        told.max(self.ingest.earliest(topic, partition).unwrap_or_default())
    }

    fn forget(&mut self, partitions: &TopicPartitionList) {
        for it in partitions.elements() {
            self.parts.remove(&it.partition());
            self.groups.release(it.partition());
        }
        self.surroundings.metrics.set_alerts(&self.receiver.name, self.groups.len());
    }

    /// Commits, for each partition, the offset from which a new owner finds every group that
    /// goes on, and notes up to where the receiver was told.
    fn commit(&mut self, mode: CommitMode) -> bool {
        self.committed = Instant::now();
        let mut list = Vec::new();
        for (partition, part) in &mut self.parts {
            let Some(next) = part.next else { continue };
            let told = self.groups.untold(*partition).unwrap_or(next.max(part.told_before));
            let from = self.groups.keep_from(*partition).map_or(next, |from| from.min(next));
            if part.committed != Some((from, told)) {
                part.committed = Some((from, told));
                list.push((self.settings.topic.as_str(), *partition, from, told.to_string()));
            }
        }
        let result = self.ingest.commit_noted(list, mode);
        if let Err(error) = &result {
            self.commit_failed(1);
            let error = crate::kafka::describe(error);
            tracing::warn!(error, "offsets of alerts not committed; trying again");
        }
        result.is_ok()
    }

    /// The last commit before partitions go. A group that is just dealing out shares refuses
    /// commits for a moment.
    fn commit_last(&mut self) {
        let failed = self.ingest.take_failed_commits();
        if failed > 0 {
            self.commit_failed(failed);
        }
        let deadline = Instant::now() + LAST_COMMIT;
        while !self.commit(CommitMode::Sync) && Instant::now() < deadline {
            std::thread::sleep(WAIT);
        }
    }

    fn commit_failed(&mut self, times: u64) {
        (0..times).for_each(|_| self.surroundings.metrics.commit_failed());
        self.parts.values_mut().for_each(|part| part.committed = None);
    }

    fn tick(&mut self) {
        let failed = self.ingest.take_failed_commits();
        if failed > 0 {
            self.commit_failed(failed);
        }
        self.commit(CommitMode::Async);
        for lag in self.ingest.take_lag() {
            if let Some(part) = self.parts.get_mut(&lag.partition) {
                part.end = Some(lag.end);
            }
        }
        let lag = self.parts.iter().filter_map(|(partition, part)| {
            let told = self.groups.untold(*partition).or(part.next);
            Some(part.end?.saturating_sub(told.unwrap_or(part.told_before)).max(0))
        });
        self.surroundings.metrics.set_alert_lag(&self.receiver.name, lag.sum());
    }
}
