//! Commits with a note, for a reader that comes back to records it has been at before.

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use super::{Ingest, LOOK_UP};

impl Ingest {
    /// Commits offsets, each with a note: (topic, partition, offset, note).
    pub fn commit_noted<'a>(
        &self,
        offsets: impl IntoIterator<Item = (&'a str, i32, i64, String)>,
        mode: CommitMode,
    ) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset, note) in offsets {
            let mut element = list.add_partition(topic, partition);
            element.set_offset(Offset::Offset(offset))?;
            element.set_metadata(note);
        }
        if list.count() == 0 { Ok(()) } else { self.consumer.commit(&list, mode) }
    }

    /// The group's offset of a partition and its note; none where there is none. Asks the
    /// broker.
    pub fn committed_noted(
        &self,
        topic: &str,
        partition: i32,
    ) -> KafkaResult<Option<(i64, String)>> {
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        let list = self.consumer.committed_offsets(list, LOOK_UP)?;
        Ok(list.find_partition(topic, partition).and_then(|element| match element.offset() {
            Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
            _ => None,
        }))
    }

    /// Whether everything of a partition that is there has been read. Asks the broker; where
    /// it does not answer, nothing is known to be.
    pub fn has_read_all(&self, topic: &str, partition: i32) -> bool {
        let Ok((_, end)) = self.consumer.fetch_watermarks(topic, partition, LOOK_UP) else {
            return false;
        };
        let position = self.consumer.position();
        let next =
            position.ok().and_then(|list| Some(list.find_partition(topic, partition)?.offset()));
        matches!(next, Some(Offset::Offset(next)) if next >= end)
    }
}
