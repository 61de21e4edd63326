//! The part of a worker that knows events: pipelines, counts and what is put out of each.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Message};

use super::{Summary, Surroundings, WorkerError, WorkerSettings};
use crate::catalog::program::Program;
use crate::classify::InputRules;
use crate::code::Code;
use crate::directory::Directory;
use crate::emit::{DeadLetter, Emit, Gap, Publish};
use crate::ingest::offsets::{Ledger, Ticket};
use crate::metrics::{Metrics, Tally};
use crate::pipeline::{Judged, Outcome, Pipeline};
use crate::position::Position;
use crate::record::{Source, SubjectHasher, render};
use crate::status::{Draft, Status};
use crate::verdict::Verdict;

/// What events are judged by; swapped whole.
#[derive(Debug)]
pub struct Judging {
    /// The catalog.
    pub program: Arc<Program>,
    /// The tenant table.
    pub directory: Arc<Directory>,
    /// What the operator says of each input, in the order of the inputs.
    pub rules: Vec<Arc<InputRules>>,
}

struct Input {
    name: String,
    pipeline: Pipeline,
    tally: Tally,
    /// Events of the batch at hand.
    events: u64,
}

/// The pipelines of one worker, one an input, and what goes with them.
pub(super) struct Lane {
    judging: Arc<Judging>,
    inputs: Vec<Input>,
    metrics: Arc<Metrics>,
    publish: Publish,
    hasher: SubjectHasher,
    status: Arc<Status>,
    number: usize,
    draft: Draft,
}

impl Lane {
    pub(super) fn new(settings: &WorkerSettings, surroundings: &Surroundings) -> Self {
        let judging = surroundings.judging.load_full();
        let inputs = settings
            .inputs
            .iter()
            .enumerate()
            .map(|(number, input)| Input {
                name: input.topics.name.clone(),
                pipeline: pipeline(settings, &judging, number),
                tally: Tally::new(Arc::clone(&surroundings.metrics), &input.topics.name),
                events: 0,
            })
            .collect();
        Self {
            judging,
            inputs,
            metrics: Arc::clone(&surroundings.metrics),
            publish: settings.outputs.verdicts.publish,
            hasher: settings.hasher.clone(),
            status: Arc::clone(&surroundings.status),
            number: settings.number,
            draft: Draft::default(),
        }
    }

    /// Takes up a new catalog or tenant table, if there is one.
    pub(super) fn refresh(&mut self, settings: &WorkerSettings, surroundings: &Surroundings) {
        if Arc::ptr_eq(&self.judging, &surroundings.judging.load()) {
            return;
        }
        self.judging = surroundings.judging.load_full();
        for (number, input) in self.inputs.iter_mut().enumerate() {
            input.pipeline = pipeline(settings, &self.judging, number);
        }
    }

    /// Puts a gap on record.
    pub(super) fn gap(
        &mut self,
        emit: &mut Emit,
        ledger: &mut Ledger,
        ticket: Ticket,
        input: usize,
        (topic, partition, from, until): (&str, i32, i64, i64),
    ) -> Result<(), WorkerError> {
        let input = self.inputs.get(input).map_or("", |input| input.name.as_str());
        let gap = Gap { input, topic, partition, from, until };
        self.metrics.offset_gap(topic, gap.records());
        Ok(emit.gap(ledger, ticket, &gap)?)
    }

    /// Judges one record and puts out what it causes.
    pub(super) fn record(
        &mut self,
        emit: &mut Emit,
        ledger: &mut Ledger,
        ticket: Ticket,
        input: usize,
        message: &BorrowedMessage<'_>,
        summary: &mut Summary,
    ) -> Result<(), WorkerError> {
        let Some(Input { name, pipeline, tally, events }) = self.inputs.get_mut(input) else {
            return Ok(());
        };
        let program = &*self.judging.program;
        let payload = message.payload();
        tally.record(payload.map_or(0, <[u8]>::len));
        let here = Position {
            input: name,
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            index: 0,
        };
        let mut result = Ok(());
        pipeline.record(payload, |outcome| {
            tally.outcome(program, &outcome);
            let sent = match outcome {
                Outcome::Judged(judged) => {
                    summary.events += 1;
                    *events += 1;
                    summary.violations += u64::from(judged.judgement.verdict == Verdict::Violation);
                    let at = Position { index: judged.index, ..here };
                    self.draft.judged(program, &judged, at);
                    publish(self.publish, program, &self.hasher, emit, ledger, ticket, at, &judged)
                }
                Outcome::Unreadable { index, raw, why } => {
                    summary.dead_letters += 1;
                    let letter = DeadLetter {
                        position: Position { index, ..here },
                        why,
                        raw: (why.code != Code::Tombstone).then_some(raw),
                        key: message.key(),
                        headers: message.headers().map(BorrowedHeaders::detach),
                        timestamp: message.timestamp().to_millis(),
                    };
                    emit.dead_letter(ledger, ticket, letter)
                }
            };
            // The rest of the envelope changes nothing any more: the record stays open.
            if result.is_ok() {
                result = sent;
            }
        });
        result.map_err(WorkerError::from)
    }

    /// Adds the batch to the shared counts. Its time is shared among its events alike.
    pub(super) fn flush(&mut self, elapsed: Duration, now: Timestamp) {
        let all: u64 = self.inputs.iter().map(|input| input.events).sum();
        for input in &mut self.inputs {
            let events = std::mem::take(&mut input.events);
            if events > 0 {
                let share = events as f64 / all as f64;
                input.tally.judged_for(elapsed.mul_f64(share), events);
            }
            input.tally.flush(now);
        }
        self.status.flush(self.number, &mut self.draft, now);
    }
}

fn pipeline(settings: &WorkerSettings, judging: &Judging, number: usize) -> Pipeline {
    Pipeline::new(
        Arc::clone(&judging.program),
        Arc::clone(&judging.directory),
        judging.rules.get(number).cloned().unwrap_or_default(),
        settings.inputs.get(number).map(|input| input.format).unwrap_or_default(),
        settings.max_record_bytes,
    )
}

/// Whether the verdict on an event is published.
fn is_published(publish: Publish, judged: &Judged<'_>) -> bool {
    match publish {
        Publish::All => true,
        Publish::Off => false,
        Publish::NotCompliant => match judged.judgement.verdict {
            Verdict::Violation => true,
            // Where nothing but the place is missing, every record of a service would be here.
            Verdict::Indeterminate => !judged.judgement.lacks_only_place(),
            _ => false,
        },
    }
}

#[expect(clippy::too_many_arguments, reason = "one call, and borrows of different lengths")]
fn publish<'r>(
    publish: Publish,
    program: &'r Program,
    hasher: &SubjectHasher,
    emit: &mut Emit,
    ledger: &mut Ledger,
    ticket: Ticket,
    at: Position<'r>,
    judged: &'r Judged<'_>,
) -> Result<(), crate::emit::EmitError> {
    let published = is_published(publish, judged);
    let violates = judged.judgement.verdict == Verdict::Violation;
    if !published && !violates {
        return Ok(());
    }
    let source = Source::Kafka {
        input: at.input.into(),
        topic: at.topic.into(),
        partition: at.partition,
        offset: at.offset,
        index: at.index,
    };
    let record = render(program, judged, at.id(), source, hasher);
    if published {
        emit.verdict(ledger, ticket, &record)?;
    }
    if violates {
        emit.violation(ledger, ticket, &record)?;
    }
    Ok(())
}
