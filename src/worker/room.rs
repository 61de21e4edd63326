//! Room for more records: whether to read on while outputs wait to be acknowledged.
//!
//! In: how much is open, and which partitions are read. Out: whether more may be read, and
//! partitions that pause in the meantime. It does not know what the outputs are.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::message::{BorrowedMessage, Message};

use crate::ingest::offsets::Ledger;
use crate::ingest::{Ingest, IngestError};

/// After this long without room partitions pause, so that the consumer can be polled, which
/// keeps it in its group, and brings no more records.
const STALL: Duration = Duration::from_secs(2);

/// What waits for room.
///
/// librdkafka keeps a partition's pause when the partition is revoked, and may forget where to
/// begin when one is paused before anything of it was read. So only partitions that were read
/// pause, and none leaves while it does.
#[derive(Debug, Default)]
pub(super) struct Room {
    stalled: Option<Instant>,
    holding: bool,
    paused: BTreeSet<(String, i32)>,
}

impl Room {
    /// Whether partitions pause.
    pub(super) fn holding(&self) -> bool {
        self.holding
    }

    /// Whether more may be read.
    pub(super) fn look(
        &mut self,
        ingest: &Ingest,
        ledger: &Ledger,
        congested: bool,
        limit: usize,
    ) -> Result<bool, IngestError> {
        let limit = if self.holding { limit / 2 } else { limit };
        if !congested && ledger.open() < limit.max(1) {
            self.stalled = None;
            if self.holding {
                self.holding = false;
                ingest.resume(&list(&self.paused))?;
                self.paused.clear();
            }
            return Ok(true);
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        if !self.holding && since.elapsed() >= STALL {
            tracing::warn!(open = ledger.open(), "outputs are slow: reading waits for them");
            self.holding = true;
            let read = ledger.partitions().filter(|it| it.next.is_some());
            let read: BTreeSet<_> = read.map(|it| (it.topic.to_owned(), it.partition)).collect();
            ingest.pause(&list(&read))?;
            self.paused = read;
        }
        Ok(false)
    }

    /// Records came while partitions pause: theirs were assigned since, and pause from now on.
    pub(super) fn came(
        &mut self,
        ingest: &Ingest,
        batch: &[BorrowedMessage<'_>],
    ) -> Result<(), IngestError> {
        for message in batch {
            let partition = (message.topic().to_owned(), message.partition());
            if !self.paused.contains(&partition) {
                let new = BTreeSet::from([partition]);
                ingest.pause(&list(&new))?;
                self.paused.extend(new);
            }
        }
        Ok(())
    }

    /// Partitions are about to go.
    pub(super) fn leave(
        &mut self,
        ingest: &Ingest,
        partitions: &TopicPartitionList,
    ) -> Result<(), IngestError> {
        let going: BTreeSet<_> = partitions
            .elements()
            .iter()
            .map(|it| (it.topic().to_owned(), it.partition()))
            .filter(|partition| self.paused.contains(partition))
            .collect();
        if going.is_empty() {
            return Ok(());
        }
        self.paused.retain(|partition| !going.contains(partition));
        ingest.resume(&list(&going))
    }
}

fn list(partitions: &BTreeSet<(String, i32)>) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition(topic, *partition);
    }
    list
}
