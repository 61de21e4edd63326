//! Messages on their way: sent, acknowledged, tried again or given up.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message as _, OwnedHeaders, OwnedMessage, Timestamp};
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::letter::{Coordinates, short_key};
use super::{Counts, EmitError, code_of, is_permanent};
use crate::ingest::offsets::{Ledger, Ticket};
use crate::kafka::{Cluster, Reporter, describe};

/// How long one look for acknowledgements takes while somebody waits for them.
const LOOK: Duration = Duration::from_millis(5);

/// A message to be sent.
pub(super) struct Message<'a> {
    pub(super) topic: &'a str,
    pub(super) key: Option<&'a [u8]>,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) headers: Option<OwnedHeaders>,
    pub(super) timestamp: Option<i64>,
}

/// A message that is not acknowledged.
struct InFlight {
    ticket: Ticket,
    /// What stands for a dead letter that turns out too large. Taken when it is used.
    letter: Option<Box<Coordinates>>,
}

/// Takes delivery reports. They come on the worker's own thread, inside a poll, so the locks
/// are never waited for; rdkafka asks for a context that threads may share.
struct Reports {
    reporter: Reporter,
    delivered: Mutex<Vec<usize>>,
    failed: Mutex<Vec<(usize, RDKafkaErrorCode, OwnedMessage)>>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.reporter.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reporter.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        match result {
            Ok(_) => self.delivered.lock().unwrap_or_else(PoisonError::into_inner).push(opaque),
            Err((error, message)) => self
                .failed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((opaque, code_of(error), owned(message))),
        }
    }
}

/// A copy of a message, to send it again.
fn owned(message: &rdkafka::message::BorrowedMessage<'_>) -> OwnedMessage {
    let mut copy = message.detach();
    // A report's timestamp may be none at all, which must not become 0.
    if message.timestamp().to_millis().is_none_or(|millis| millis <= 0) {
        copy = copy.set_timestamp(Timestamp::NotAvailable);
    }
    copy
}

/// The producer and what it has not finished.
pub(super) struct Outbox {
    producer: BaseProducer<Reports>,
    /// By opaque value; `None` where it is free.
    in_flight: Vec<Option<InFlight>>,
    free: Vec<usize>,
    /// Messages that found no room, or failed for now, by opaque value.
    waiting: VecDeque<(usize, OwnedMessage)>,
    /// Reused from look to look.
    delivered: Vec<usize>,
    counts: Counts,
}

impl Outbox {
    pub(super) fn new(cluster: &Cluster, client: &str) -> Result<Self, EmitError> {
        let (config, reporter) = cluster.producer(client)?;
        let reports =
            Reports { reporter, delivered: Mutex::new(Vec::new()), failed: Mutex::new(Vec::new()) };
        let producer = config
            .create_with_context(reports)
            .map_err(|error| EmitError::Start { reason: describe(&error) })?;
        Ok(Self {
            producer,
            in_flight: Vec::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
            delivered: Vec::new(),
            counts: Counts::default(),
        })
    }

    /// Sends a message of an input record, which the ledger expects already.
    pub(super) fn send(
        &mut self,
        ledger: &mut Ledger,
        ticket: Ticket,
        message: Message<'_>,
        letter: Option<Box<Coordinates>>,
    ) -> Result<(), EmitError> {
        let entry = Some(InFlight { ticket, letter });
        let opaque = match self.free.pop() {
            Some(opaque) => {
                if let Some(place) = self.in_flight.get_mut(opaque) {
                    *place = entry;
                }
                opaque
            }
            None => {
                self.in_flight.push(entry);
                self.in_flight.len().saturating_sub(1)
            }
        };
        // What waits goes first, and whoever comes next must not look for room in vain.
        if !self.waiting.is_empty() {
            self.waiting.push_back((opaque, keep(message)));
            return Ok(());
        }
        match self.enqueue(opaque, message) {
            Ok(()) => Ok(()),
            Err((RDKafkaErrorCode::QueueFull, message)) => {
                self.collect(ledger, Duration::ZERO)?;
                match self.enqueue(opaque, message) {
                    Ok(()) => Ok(()),
                    Err((code, message)) => self.not_sent(opaque, code, keep(message)),
                }
            }
            Err((code, message)) => self.not_sent(opaque, code, keep(message)),
        }
    }

    fn enqueue<'a>(
        &self,
        opaque: usize,
        message: Message<'a>,
    ) -> Result<(), (RDKafkaErrorCode, Message<'a>)> {
        let record = BaseRecord::<[u8], [u8], usize> {
            topic: message.topic,
            partition: None,
            payload: message.payload,
            key: message.key,
            timestamp: message.timestamp,
            headers: message.headers,
            delivery_opaque: opaque,
        };
        self.producer.send(record).map_err(|(error, record)| {
            let message = Message {
                topic: record.topic,
                key: record.key,
                payload: record.payload,
                headers: record.headers,
                timestamp: record.timestamp,
            };
            (code_of(&error), message)
        })
    }

    /// A message was not taken, or not delivered.
    fn not_sent(
        &mut self,
        opaque: usize,
        code: RDKafkaErrorCode,
        message: OwnedMessage,
    ) -> Result<(), EmitError> {
        let too_large = matches!(
            code,
            RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::MessageBatchTooLarge
        );
        let letter = self.in_flight.get_mut(opaque).and_then(Option::as_mut);
        if too_large && let Some(letter) = letter.and_then(|flight| flight.letter.take()) {
            let short = OwnedMessage::new(
                Some(letter.digested(message.payload().unwrap_or_default())),
                short_key(message.key()).map(<[u8]>::to_vec),
                message.topic().to_owned(),
                message.timestamp(),
                0,
                0,
                Some(letter.truncated_headers()),
            );
            self.waiting.push_back((opaque, short));
            return Ok(());
        }
        if is_permanent(code) {
            return Err(EmitError::Refused { topic: message.topic().to_owned(), code });
        }
        self.waiting.push_back((opaque, message));
        Ok(())
    }

    /// Takes acknowledgements in, and sends what waits.
    pub(super) fn serve(&mut self, ledger: &mut Ledger, wait: Duration) -> Result<(), EmitError> {
        self.collect(ledger, wait)?;
        // Once around: what fails again for now waits for the next look.
        for _ in 0..self.waiting.len() {
            let Some((opaque, mut message)) = self.waiting.pop_front() else { break };
            let headers = message.detach_headers();
            let again = Message {
                topic: message.topic(),
                key: message.key(),
                payload: message.payload(),
                headers,
                timestamp: message.timestamp().to_millis(),
            };
            match self.enqueue(opaque, again) {
                Ok(()) => {}
                Err((RDKafkaErrorCode::QueueFull, again)) => {
                    let headers = again.headers;
                    self.waiting.push_front((opaque, message.replace_headers(headers)));
                    break;
                }
                Err((code, again)) => {
                    let headers = again.headers;
                    self.not_sent(opaque, code, message.replace_headers(headers))?;
                }
            }
        }
        Ok(())
    }

    fn collect(&mut self, ledger: &mut Ledger, wait: Duration) -> Result<(), EmitError> {
        self.producer.poll(wait);
        loop {
            let reports = rdkafka::producer::Producer::context(&self.producer);
            std::mem::swap(
                &mut self.delivered,
                &mut *reports.delivered.lock().unwrap_or_else(PoisonError::into_inner),
            );
            let failed =
                std::mem::take(&mut *reports.failed.lock().unwrap_or_else(PoisonError::into_inner));
            if self.delivered.is_empty() && failed.is_empty() {
                return Ok(());
            }
            for opaque in self.delivered.drain(..) {
                let flight = self.in_flight.get_mut(opaque).and_then(Option::take);
                if let Some(flight) = flight {
                    ledger.settle(flight.ticket);
                    self.counts.acknowledged += 1;
                    self.free.push(opaque);
                }
            }
            if let Some((_, code, _)) = failed.first() {
                let messages = failed.len();
                self.counts.failed += messages as u64;
                tracing::warn!(messages, %code, "outputs not delivered");
            }
            for (opaque, code, message) in failed {
                self.not_sent(opaque, code, message)?;
            }
            // One poll without waiting serves one report, which may be followed by more.
            self.producer.poll(Duration::ZERO);
        }
    }

    /// Whether messages wait for room.
    pub(super) fn congested(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What became of messages since the last call, and how many are open now.
    pub(super) fn take_counts(&mut self) -> Counts {
        let open = self.in_flight.len() - self.free.len();
        Counts { open, ..std::mem::take(&mut self.counts) }
    }

    fn idle(&self) -> bool {
        self.free.len() == self.in_flight.len()
    }

    /// Waits until everything is acknowledged, or until the deadline.
    pub(super) fn drain(
        &mut self,
        ledger: &mut Ledger,
        deadline: Instant,
    ) -> Result<bool, EmitError> {
        self.serve(ledger, Duration::ZERO)?;
        while !self.idle() && Instant::now() < deadline {
            self.serve(ledger, LOOK)?;
        }
        Ok(self.idle())
    }
}

fn keep(message: Message<'_>) -> OwnedMessage {
    OwnedMessage::new(
        message.payload.map(<[u8]>::to_vec),
        message.key.map(<[u8]>::to_vec),
        message.topic.to_owned(),
        message.timestamp.map_or(Timestamp::NotAvailable, Timestamp::CreateTime),
        0,
        0,
        message.headers,
    )
}
