//! Retention gaps: records that were deleted before they could be read.
//!
//! In: librdkafka's word that some offset was out of range, and records as they come. Out: the
//! range of offsets that is gone. It does not know what is made of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::ingest::Ingest;
use crate::ingest::offsets::Assigned;

/// How long a partition is looked at after an offset was out of range. Records fetched before
/// that may still come first.
const WATCH: Duration = Duration::from_secs(600);

/// Partitions in which a gap may show.
///
/// A jump of offsets alone says nothing: aborted transactions and compaction leave jumps as
/// well. So the broker is asked, which takes a while, but only after librdkafka said that an
/// offset was out of range.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    armed: HashMap<(Box<str>, i32), Instant>,
}

impl Gaps {
    /// Some offset was out of range: any of these partitions may have a gap.
    pub(super) fn arm<'p>(&mut self, partitions: impl Iterator<Item = (&'p str, i32)>) {
        let now = Instant::now();
        self.armed.extend(partitions.map(|(topic, partition)| ((topic.into(), partition), now)));
    }

    /// Whether any partition is looked at.
    pub(super) fn is_armed(&self) -> bool {
        !self.armed.is_empty()
    }

    /// The partition is another's now.
    pub(super) fn forget(&mut self, topic: &str, partition: i32) {
        self.armed.remove(&(topic.into(), partition));
    }

    /// The range that is gone before this record, if it is the first behind one.
    pub(super) fn find(
        &mut self,
        ingest: &Ingest,
        at: Assigned<'_>,
        offset: i64,
    ) -> Option<(i64, i64)> {
        let key = (Box::from(at.topic), at.partition);
        let since = *self.armed.get(&key)?;
        if at.next.is_some_and(|next| next >= offset) {
            if since.elapsed() > WATCH {
                self.armed.remove(&key);
            }
            return None;
        }
        let expected = match at.next {
            Some(next) => Some(next),
            None => ingest.committed(at.topic, at.partition),
        };
        let Some(earliest) = ingest.earliest(at.topic, at.partition) else {
            let (topic, partition) = (at.topic, at.partition);
            tracing::warn!(topic, partition, offset, "whether records are gone cannot be told");
            return None;
        };
        self.armed.remove(&key);
        let gone = range(expected?, earliest, offset)?;
        tracing::warn!(
            topic = at.topic,
            partition = at.partition,
            from = gone.0,
            until = gone.1,
            "records were deleted before they could be read"
        );
        Some(gone)
    }
}

/// What is gone: from the expected offset to the earliest that is left, or to the record that
/// came, if retention has gone on since.
fn range(expected: i64, earliest: i64, offset: i64) -> Option<(i64, i64)> {
    let until = earliest.min(offset);
    (expected < until).then_some((expected, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_what_the_broker_no_longer_has() {
        assert_eq!(range(10, 25, 25), Some((10, 25)));
        assert_eq!(range(10, 25, 30), Some((10, 25)), "25 to 30 were aborted");
        assert_eq!(range(10, 40, 30), Some((10, 30)), "retention went on");
        assert_eq!(range(10, 5, 12), None, "a jump, but nothing was deleted");
        assert_eq!(range(10, 10, 10), None);
    }
}
