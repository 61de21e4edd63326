//! One worker: a thread with a consumer, a pipeline for each input, and a producer.
//!
//! In: records of the inputs' topics. Out: violations, verdicts and dead letters, counts, and
//! offsets committed once everything before them is acknowledged. It alone decides what an
//! error means; it does not know how a record is read or judged.

mod gaps;
mod judging;
mod room;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::CommitMode;
use rdkafka::message::{BorrowedMessage, Message};
use tokio_util::sync::CancellationToken;

use crate::decode::Format;
use crate::emit::{Counts, Emit, EmitError, Outputs};
use crate::ingest::offsets::Ledger;
use crate::ingest::{Change, Ingest, IngestError, InputTopics, Subscription};
use crate::kafka::{Cluster, ConsumerRole};
use crate::metrics::Metrics;
use crate::record::SubjectHasher;
use crate::status::Status;

use gaps::Gaps;
pub use judging::Judging;
use judging::Lane;
use room::Room;

/// One input, as the worker needs it. What an operator says of it is in [`Judging::rules`].
#[derive(Clone, Debug)]
pub struct WorkerInput {
    /// The input's name and topics.
    pub topics: InputTopics,
    /// The format of its records.
    pub format: Format,
}

/// How a worker goes about it. The defaults are for production.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Records a batch, at most.
    pub batch_records: usize,
    /// Bytes a batch, about.
    pub batch_bytes: usize,
    /// Open records at which reading waits for acknowledgements.
    pub open_records: usize,
    /// How often offsets are committed.
    pub commit_every: Duration,
    /// How long a revocation or a stop may wait for acknowledgements.
    pub drain: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            batch_records: 1000,
            batch_bytes: 4 << 20,
            open_records: 20_000,
            commit_every: Duration::from_secs(1),
            drain: Duration::from_secs(10),
        }
    }
}

/// What a worker is told.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Its number in the process, from 0.
    pub number: usize,
    /// The cluster that events come from.
    pub cluster: Arc<Cluster>,
    /// The consumer group.
    pub group: String,
    /// The inputs, in the order of the configuration.
    pub inputs: Vec<WorkerInput>,
    /// Where results go; to `cluster` where it names no other.
    pub outputs: Arc<Outputs>,
    /// Larger records are dead letters.
    pub max_record_bytes: usize,
    /// Stands for persons.
    pub hasher: SubjectHasher,
    /// How it goes about it.
    pub pace: Pace,
}

impl WorkerSettings {
    fn output_cluster(&self) -> &Cluster {
        self.outputs.kafka.as_ref().unwrap_or(&self.cluster)
    }

    /// A topic that is both read and written, which would feed the stream with itself.
    fn loop_topic(&self) -> Option<&str> {
        if !self.cluster.same_brokers(self.output_cluster()) {
            return None;
        }
        let written = self.outputs.topics();
        self.inputs
            .iter()
            .flat_map(|input| &input.topics.topics)
            .map(String::as_str)
            .find(|topic| written.contains(topic))
    }
}

/// What the worker shares with the rest of the process.
#[derive(Clone)]
pub struct Surroundings {
    /// Catalog, tenants and input rules; a new one is taken up with the next batch.
    pub judging: Arc<ArcSwap<Judging>>,
    /// Where counts go.
    pub metrics: Arc<Metrics>,
    /// What people on call see.
    pub status: Arc<Status>,
    /// Told of every assignment.
    pub assigned: Arc<dyn Fn(Standing) + Send + Sync>,
}

/// Where a worker stands in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was assigned its share: so many partitions, maybe none.
    Member(usize),
    /// Its share was taken away, and no other has come yet; so many are left.
    Rebalancing(usize),
}

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Kafka records read.
    pub records: u64,
    /// Events judged.
    pub events: u64,
    /// Records, or records of an envelope, that could not be read.
    pub dead_letters: u64,
    /// Events with the verdict violation.
    pub violations: u64,
    /// Ranges of records that were gone before they could be read.
    pub gaps: u64,
    /// Whether every output was acknowledged and committed at the end.
    pub settled: bool,
}

/// Why a worker stopped before it was told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkerError {
    /// The consumer.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The producer.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A topic is both input and output.
    #[error("topic {topic} is both an input and an output")]
    Loop {
        /// The topic.
        topic: String,
    },
}

impl WorkerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ingest(error) => error.code(),
            Self::Emit(error) => error.code(),
            Self::Loop { .. } => "topic_loop",
        }
    }
}

/// Wait for the first record of a batch; also how late an acknowledgement may be noticed.
const WAIT: Duration = Duration::from_millis(50);
/// How long the last commit before partitions go is tried.
const LAST_COMMIT: Duration = Duration::from_secs(2);
/// Wait for acknowledgements while there is no room for more records.
const HOLD: Duration = Duration::from_millis(10);

/// Runs a worker on the calling thread until it is stopped or cannot go on. Either way it
/// commits what is settled, and nothing past a record that is not.
pub fn run(
    settings: &WorkerSettings,
    surroundings: &Surroundings,
    stop: &CancellationToken,
) -> Result<Summary, WorkerError> {
    if let Some(topic) = settings.loop_topic() {
        return Err(WorkerError::Loop { topic: topic.to_owned() });
    }
    let subscription = Subscription::new(settings.inputs.iter().map(|input| input.topics.clone()))?;
    let client = format!("bailiwick-{}", settings.number);
    let hidden = settings.outputs.topics();
    let role = ConsumerRole { group: &settings.group, client: &client, hidden_topics: &hidden };
    let emit = Emit::new(settings.output_cluster(), &settings.outputs, &client)?;
    let ingest = Ingest::new(&settings.cluster, &role, subscription)?;
    let mut worker = Worker {
        lane: Lane::new(settings, surroundings),
        ingest: &ingest,
        settings,
        surroundings,
        emit,
        ledger: Ledger::new(),
        gaps: Gaps::default(),
        summary: Summary::default(),
        committed: Instant::now(),
        room: Room::default(),
    };
    let result = worker.go_on(stop);
    let end = worker.finish();
    let summary = worker.summary;
    drop(worker);
    drop(ingest);
    result.and(end).map(|()| summary)
}

struct Worker<'a> {
    ingest: &'a Ingest,
    settings: &'a WorkerSettings,
    surroundings: &'a Surroundings,
    lane: Lane,
    emit: Emit,
    ledger: Ledger,
    gaps: Gaps,
    summary: Summary,
    committed: Instant,
    room: Room,
}

impl<'a> Worker<'a> {
    fn go_on(&mut self, stop: &CancellationToken) -> Result<(), WorkerError> {
        let mut batch = Vec::new();
        while !stop.is_cancelled() {
            self.emit.serve(&mut self.ledger, Duration::ZERO)?;
            let pace = &self.settings.pace;
            let congested = self.emit.congested();
            if self.room.look(self.ingest, &self.ledger, congested, pace.open_records)? {
                self.ingest.poll(&mut batch, pace.batch_records, pace.batch_bytes, WAIT)?;
            } else {
                self.emit.serve(&mut self.ledger, HOLD)?;
                if self.room.holding() {
                    self.ingest.poll(&mut batch, 1, 1, Duration::ZERO)?;
                }
            }
            if !batch.is_empty() {
                self.process(&batch)?;
                if self.room.holding() {
                    self.room.came(self.ingest, &batch)?;
                }
                batch.clear();
            }
            for change in self.ingest.changes() {
                self.carry_out(change)?;
            }
            if self.committed.elapsed() >= self.settings.pace.commit_every {
                self.tick();
            }
        }
        Ok(())
    }

    fn process(&mut self, batch: &[BorrowedMessage<'_>]) -> Result<(), WorkerError> {
        self.lane.refresh(self.settings, self.surroundings);
        if self.ingest.take_offset_reset() {
            self.gaps.arm(self.ledger.partitions().map(|it| (it.topic, it.partition)));
        }
        let began = Instant::now();
        for message in batch {
            let (topic, partition, offset) =
                (message.topic(), message.partition(), message.offset());
            // A record of a partition that is gone belongs to its new owner.
            let Some(slot) = self.ledger.slot(topic, partition) else { continue };
            let Some(assigned) = self.ledger.assigned(slot) else { continue };
            let input = assigned.input;
            let gap = if self.gaps.is_armed() {
                self.gaps.find(self.ingest, assigned, offset)
            } else {
                None
            };
            let ticket =
                self.ledger.begin_after_gap(slot, gap.map_or(offset, |(from, _)| from), offset);
            if let Some((from, until)) = gap {
                self.lane.gap(
                    &mut self.emit,
                    &mut self.ledger,
                    ticket,
                    input,
                    (topic, partition, from, until),
                )?;
                self.summary.gaps += 1;
            }
            self.lane.record(
                &mut self.emit,
                &mut self.ledger,
                ticket,
                input,
                message,
                &mut self.summary,
            )?;
            self.ledger.finish(ticket);
            self.summary.records += 1;
        }
        self.lane.flush(began.elapsed(), Timestamp::now());
        Ok(())
    }

    fn carry_out(&mut self, change: Change) -> Result<(), WorkerError> {
        self.surroundings.metrics.rebalance();
        let revoked = matches!(change, Change::Revoked(_));
        match change {
            Change::Assigned(partitions) => {
                for it in partitions.elements() {
                    let input = self.ingest.input_of(it.topic()).unwrap_or_default();
                    self.ledger.assign(it.topic(), it.partition(), input);
                }
                tracing::info!(partitions = partitions.count(), "partitions assigned");
                self.ingest.take_in(&partitions)?;
            }
            Change::Revoked(partitions) => {
                let lost = self.ingest.lost();
                // Partitions are handed back whatever happens: without that the group stalls.
                let drained = if lost { Ok(()) } else { self.settle_before(&partitions) };
                for it in partitions.elements() {
                    self.ledger.release(it.topic(), it.partition());
                    self.gaps.forget(it.topic(), it.partition());
                    self.surroundings.metrics.drop_lag(it.topic(), it.partition());
                }
                tracing::info!(partitions = partitions.count(), lost, "partitions revoked");
                let resumed = self.room.leave(self.ingest, &partitions);
                self.ingest.let_go(&partitions)?;
                resumed?;
                drained?;
            }
        }
        let owned = self.ledger.partitions().map(|it| (it.topic.to_owned(), it.partition));
        self.surroundings.status.own(self.settings.number, owned.collect());
        let partitions = self.ledger.len();
        self.surroundings.metrics.set_assigned(self.settings.number, partitions);
        (self.surroundings.assigned)(match revoked {
            true => Standing::Rebalancing(partitions),
            false => Standing::Member(partitions),
        });
        Ok(())
    }

    /// Drains the producer and commits, both bounded, before partitions go to another member.
    fn settle_before(&mut self, partitions: &TopicPartitionList) -> Result<(), WorkerError> {
        let deadline = Instant::now() + self.settings.pace.drain;
        let drained = self.emit.drain(&mut self.ledger, deadline);
        if let Ok(false) = drained {
            let open = self.ledger.open();
            tracing::warn!(
                open,
                partitions = partitions.count(),
                "outputs not acknowledged in time: the next owner repeats their records"
            );
        }
        self.commit_last();
        drained.map(drop).map_err(WorkerError::from)
    }

    /// Commits what is settled. A failure is counted, and tried again with the next commit.
    fn commit(&mut self, mode: CommitMode) -> bool {
        self.committed = Instant::now();
        let result = self.ingest.commit(&mut self.ledger, mode);
        if let Err(error) = &result {
            self.surroundings.metrics.commit_failed();
            let error = crate::kafka::describe(error);
            tracing::warn!(error, "offsets not committed; trying again");
        }
        result.is_ok()
    }

    /// The last commit before partitions go. A group that is just dealing out shares refuses
    /// commits for a moment, so a refusal is tried again for as long as that may take.
    fn commit_last(&mut self) -> bool {
        let deadline = Instant::now() + LAST_COMMIT;
        while !self.commit(CommitMode::Sync) {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(WAIT);
        }
        true
    }

    fn tick(&mut self) {
        let failed = self.ingest.take_failed_commits();
        if failed > 0 {
            self.ledger.commit_failed();
            (0..failed).for_each(|_| self.surroundings.metrics.commit_failed());
        }
        self.commit(CommitMode::Async);
        let Counts { acknowledged, failed, open } = self.emit.take_counts();
        self.surroundings.metrics.outputs(self.settings.number, acknowledged, failed, open);
        for lag in self.ingest.take_lag() {
            let Some(slot) = self.ledger.slot(&lag.topic, lag.partition) else { continue };
            let next = self.ledger.assigned(slot).and_then(|it| it.next);
            let records = lag.records.or(next.map(|next| lag.end.saturating_sub(next).max(0)));
            if let Some(records) = records {
                self.surroundings.metrics.set_lag(&lag.topic, lag.partition, records);
            }
        }
    }

    /// Waits for acknowledgements, bounded, and commits.
    fn finish(&mut self) -> Result<(), WorkerError> {
        let deadline = Instant::now() + self.settings.pace.drain;
        let drained = self.emit.drain(&mut self.ledger, deadline);
        if self.ingest.take_failed_commits() > 0 {
            self.ledger.commit_failed();
        }
        let committed = self.commit_last();
        self.summary.settled = matches!(drained, Ok(true)) && committed;
        drained.map(drop).map_err(WorkerError::from)
    }
}
