//! The ledger of offsets: which records are open, and how far a group may commit.
//!
//! In: records as they are read, the number of outputs each caused, and acknowledgements. Out:
//! for each partition the offset that may be committed, never past a record that is still open.
//! It knows neither Kafka's client nor a clock, so that every order of events can be tested.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

/// A partition for as long as it is assigned; a later assignment has another number, so that a
/// late acknowledgement cannot speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(u32);

/// A record that may have unacknowledged outputs. It fits the opaque value of a delivery report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(usize);

impl Ticket {
    /// The ticket as the opaque value of an output.
    pub fn to_opaque(self) -> usize {
        self.0
    }

    /// The ticket that an output carried.
    pub fn from_opaque(opaque: usize) -> Self {
        Self(opaque)
    }
}

/// An assigned partition.
#[derive(Debug)]
struct Partition {
    topic: Box<str>,
    partition: i32,
    input: usize,
    /// The offset after the last record that was read; none before the first.
    next: Option<i64>,
    /// Where reading began.
    first: Option<i64>,
    /// The last offset handed out for a commit.
    committed: Option<i64>,
    /// How far records are still open; kept up to date by `refresh` alone.
    first_open: Option<i64>,
}

#[derive(Debug)]
struct Open {
    slot: Slot,
    offset: i64,
    /// Outputs without an acknowledgement, and one for the reader until it is through.
    waiting: u32,
}

/// An offset that may be committed: everything before it is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committable<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The next offset to read after a restart.
    pub offset: i64,
}

/// What is known of an assigned partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The number of the input that the topic belongs to.
    pub input: usize,
    /// The offset after the last record that was read.
    pub next: Option<i64>,
}

/// The ledger of one worker.
#[derive(Debug, Default)]
pub struct Ledger {
    slots: HashMap<Slot, Partition, FixedState>,
    by_name: HashMap<Box<str>, Vec<Option<Slot>>, FixedState>,
    next_slot: u32,
    /// Records in the order in which they were read; the first has the number `base`.
    open: VecDeque<Open>,
    base: usize,
    unsettled: usize,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a partition in. A partition that is already there begins anew.
    pub fn assign(&mut self, topic: &str, partition: i32, input: usize) -> Slot {
        self.release(topic, partition);
        let slot = Slot(self.next_slot);
        self.next_slot = self.next_slot.wrapping_add(1);
        self.slots.insert(
            slot,
            Partition {
                topic: topic.into(),
                partition,
                input,
                next: None,
                first: None,
                committed: None,
                first_open: None,
            },
        );
        let index = usize::try_from(partition).unwrap_or_default();
        let partitions = self.by_name.entry(topic.into()).or_default();
        if partitions.len() <= index {
            partitions.resize(index.saturating_add(1), None);
        }
        if let Some(place) = partitions.get_mut(index) {
            *place = Some(slot);
        }
        slot
    }

    /// Lets a partition go, revoked or lost: nothing is committable for it any more. Its open
    /// records stay until their outputs are acknowledged or forgotten.
    pub fn release(&mut self, topic: &str, partition: i32) {
        let index = usize::try_from(partition).unwrap_or_default();
        let place = self.by_name.get_mut(topic).and_then(|all| all.get_mut(index));
        if let Some(slot) = place.and_then(Option::take) {
            self.slots.remove(&slot);
        }
        if self.by_name.get(topic).is_some_and(|all| all.iter().all(Option::is_none)) {
            self.by_name.remove(topic);
        }
    }

    /// The slot of a partition, while it is assigned.
    pub fn slot(&self, topic: &str, partition: i32) -> Option<Slot> {
        let index = usize::try_from(partition).ok()?;
        *self.by_name.get(topic)?.get(index)?
    }

    /// What is known of a slot, while it is assigned.
    pub fn assigned(&self, slot: Slot) -> Option<Assigned<'_>> {
        self.slots.get(&slot).map(Partition::view)
    }

    /// Every assigned partition.
    pub fn partitions(&self) -> impl Iterator<Item = Assigned<'_>> {
        self.slots.values().map(Partition::view)
    }

    /// How many partitions are assigned.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no partition is assigned.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many records are open.
    pub fn open(&self) -> usize {
        self.unsettled
    }

    /// A record was read: it is open until [`Ledger::finish`] and until every output that
    /// [`Ledger::expect`] announces is acknowledged.
    pub fn begin(&mut self, slot: Slot, offset: i64) -> Ticket {
        self.begin_after_gap(slot, offset, offset)
    }

    /// As [`Ledger::begin`], for the first record behind a gap: until it is settled, which
    /// includes the gap's own record, the group stays at the offset where the gap begins.
    pub fn begin_after_gap(&mut self, slot: Slot, gap: i64, offset: i64) -> Ticket {
        if let Some(partition) = self.slots.get_mut(&slot) {
            partition.first.get_or_insert(gap);
            partition.next = Some(offset.saturating_add(1));
        }
        let ticket = Ticket(self.base.wrapping_add(self.open.len()));
        self.open.push_back(Open { slot, offset: gap, waiting: 1 });
        self.unsettled += 1;
        ticket
    }

    /// One more output of the record wants an acknowledgement.
    pub fn expect(&mut self, ticket: Ticket) {
        if let Some(open) = self.entry(ticket)
            && open.waiting > 0
        {
            open.waiting += 1;
        }
    }

    /// The record is read to its end, and all its outputs are announced.
    pub fn finish(&mut self, ticket: Ticket) {
        self.settle(ticket);
    }

    /// One output of the record is acknowledged.
    pub fn settle(&mut self, ticket: Ticket) {
        let Some(open) = self.entry(ticket) else { return };
        if open.waiting == 0 {
            return;
        }
        open.waiting -= 1;
        if open.waiting > 0 {
            return;
        }
        self.unsettled -= 1;
        // From both ends: records without outputs must not pile up behind one that waits.
        while self.open.front().is_some_and(|open| open.waiting == 0) {
            self.open.pop_front();
            self.base = self.base.wrapping_add(1);
        }
        while self.open.back().is_some_and(|open| open.waiting == 0) {
            self.open.pop_back();
        }
    }

    /// Offsets that may be committed and were not handed out before.
    pub fn committable(&mut self) -> impl Iterator<Item = Committable<'_>> {
        self.refresh();
        self.slots.values_mut().filter_map(|partition| {
            let offset = partition.first_open.or(partition.next)?;
            // Where nothing was settled yet, the group knows the offset already.
            if partition.committed == Some(offset) || partition.first == Some(offset) {
                return None;
            }
            partition.committed = Some(offset);
            Some(Committable { topic: &partition.topic, partition: partition.partition, offset })
        })
    }

    /// A commit failed: everything is handed out again.
    pub fn commit_failed(&mut self) {
        for partition in self.slots.values_mut() {
            partition.committed = None;
        }
    }

    fn refresh(&mut self) {
        for partition in self.slots.values_mut() {
            partition.first_open = None;
        }
        for open in self.open.iter().filter(|open| open.waiting > 0) {
            if let Some(partition) = self.slots.get_mut(&open.slot) {
                let first = partition.first_open.get_or_insert(open.offset);
                *first = open.offset.min(*first);
            }
        }
    }

    fn entry(&mut self, ticket: Ticket) -> Option<&mut Open> {
        self.open.get_mut(ticket.0.wrapping_sub(self.base))
    }
}

impl Partition {
    fn view(&self) -> Assigned<'_> {
        Assigned {
            topic: &self.topic,
            partition: self.partition,
            input: self.input,
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offsets(ledger: &mut Ledger) -> Vec<(String, i32, i64)> {
        let mut all: Vec<_> =
            ledger.committable().map(|c| (c.topic.to_owned(), c.partition, c.offset)).collect();
        all.sort();
        all
    }

    fn one(ledger: &mut Ledger) -> Option<i64> {
        let all = offsets(ledger);
        assert!(all.len() < 2, "{all:?}");
        all.first().map(|(_, _, offset)| *offset)
    }

    #[test]
    fn a_record_without_outputs_is_settled_at_once() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        let ticket = ledger.begin(slot, 41);
        ledger.finish(ticket);
        assert_eq!(one(&mut ledger), Some(42));
        assert_eq!(one(&mut ledger), None, "handed out once");
        assert_eq!(ledger.open(), 0);
    }

    #[test]
    fn nothing_is_committable_before_the_first_record_is_settled() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        assert_eq!(one(&mut ledger), None);
        let ticket = ledger.begin(slot, 7);
        ledger.expect(ticket);
        ledger.finish(ticket);
        assert_eq!(one(&mut ledger), None);
        ledger.settle(ticket);
        assert_eq!(one(&mut ledger), Some(8));
    }

    #[test]
    fn never_past_a_record_that_is_open() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        let tickets: Vec<_> = (0..5)
            .map(|offset| {
                let ticket = ledger.begin(slot, offset);
                ledger.expect(ticket);
                ledger.finish(ticket);
                ticket
            })
            .collect();
        for ticket in [tickets[0], tickets[1], tickets[3], tickets[4]] {
            ledger.settle(ticket);
        }
        assert_eq!(one(&mut ledger), Some(2));
        assert_eq!(ledger.open(), 1);
        ledger.settle(tickets[2]);
        assert_eq!(one(&mut ledger), Some(5));
    }

    #[test]
    fn every_output_of_a_record_counts() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        let first = ledger.begin(slot, 0);
        ledger.finish(first);
        let ticket = ledger.begin(slot, 1);
        for _ in 0..3 {
            ledger.expect(ticket);
        }
        ledger.settle(ticket);
        ledger.finish(ticket);
        ledger.settle(ticket);
        assert_eq!(one(&mut ledger), Some(1));
        ledger.settle(ticket);
        assert_eq!(one(&mut ledger), Some(2));
    }

    #[test]
    fn an_acknowledgement_may_come_before_the_record_is_finished() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        let ticket = ledger.begin(slot, 0);
        ledger.expect(ticket);
        ledger.settle(ticket);
        assert_eq!(one(&mut ledger), None, "the reader may announce more");
        ledger.finish(ticket);
        assert_eq!(one(&mut ledger), Some(1));
    }

    #[test]
    fn partitions_do_not_hold_each_other_up() {
        let mut ledger = Ledger::new();
        let (a, b) = (ledger.assign("audit", 0, 0), ledger.assign("audit", 1, 0));
        let slow = ledger.begin(a, 10);
        ledger.expect(slow);
        ledger.finish(slow);
        for offset in 0..3 {
            let ticket = ledger.begin(b, offset);
            ledger.finish(ticket);
        }
        assert_eq!(offsets(&mut ledger), [("audit".into(), 1, 3)]);
    }

    #[test]
    fn a_released_partition_commits_nothing_and_its_late_reports_do_no_harm() {
        let mut ledger = Ledger::new();
        let old = ledger.assign("audit", 0, 0);
        let ticket = ledger.begin(old, 5);
        ledger.expect(ticket);
        ledger.finish(ticket);
        ledger.release("audit", 0);
        assert_eq!(ledger.slot("audit", 0), None);
        assert!(ledger.is_empty());
        let new = ledger.assign("audit", 0, 0);
        assert_ne!(old, new);
        let again = ledger.begin(new, 5);
        ledger.expect(again);
        ledger.finish(again);
        ledger.settle(ticket);
        assert_eq!(one(&mut ledger), None, "the old report is not the new record's");
        ledger.settle(again);
        assert_eq!(one(&mut ledger), Some(6));
    }

    #[test]
    fn an_assigned_partition_that_is_assigned_again_begins_anew() {
        let mut ledger = Ledger::new();
        let old = ledger.assign("audit", 0, 0);
        let ticket = ledger.begin(old, 5);
        ledger.finish(ticket);
        ledger.assign("audit", 0, 0);
        assert_eq!(ledger.len(), 1);
        assert_eq!(one(&mut ledger), None);
    }

    #[test]
    fn a_failed_commit_is_handed_out_again() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        let ticket = ledger.begin(slot, 0);
        ledger.finish(ticket);
        assert_eq!(one(&mut ledger), Some(1));
        ledger.commit_failed();
        assert_eq!(one(&mut ledger), Some(1));
    }

    #[test]
    fn a_gap_is_not_committed_past_before_its_record_is_settled() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        let before = ledger.begin(slot, 9);
        ledger.finish(before);
        assert_eq!(one(&mut ledger), Some(10));
        let ticket = ledger.begin_after_gap(slot, 10, 50);
        ledger.expect(ticket);
        ledger.finish(ticket);
        assert_eq!(one(&mut ledger), None);
        ledger.settle(ticket);
        assert_eq!(one(&mut ledger), Some(51));
    }

    #[test]
    fn unknown_tickets_and_slots_are_ignored() {
        let mut ledger = Ledger::new();
        ledger.settle(Ticket::from_opaque(7));
        ledger.expect(Ticket::from_opaque(0));
        let slot = ledger.assign("audit", 0, 0);
        ledger.release("audit", 0);
        ledger.release("audit", 3);
        ledger.release("none", 0);
        let ticket = ledger.begin(slot, 0);
        ledger.finish(ticket);
        assert_eq!(one(&mut ledger), None);
        assert_eq!(ledger.open(), 0);
    }

    #[test]
    fn records_without_outputs_do_not_pile_up_behind_an_open_one() {
        let mut ledger = Ledger::new();
        let slot = ledger.assign("audit", 0, 0);
        let slow = ledger.begin(slot, 0);
        ledger.expect(slow);
        ledger.finish(slow);
        for offset in 1..1000 {
            let ticket = ledger.begin(slot, offset);
            ledger.finish(ticket);
        }
        assert_eq!(ledger.open.len(), 1);
        ledger.settle(slow);
        assert_eq!(one(&mut ledger), Some(1000));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Read { partition: i32, skip: i64, outputs: u32 },
        Settle { which: usize },
        Commit,
        CommitFails,
        Lose { partition: i32 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..3, 0..2i64, 0..3u32)
                .prop_map(|(partition, skip, outputs)| Step::Read { partition, skip, outputs }),
            6 => any::<usize>().prop_map(|which| Step::Settle { which }),
            2 => Just(Step::Commit),
            1 => Just(Step::CommitFails),
            1 => (0..3).prop_map(|partition| Step::Lose { partition }),
        ]
    }

    proptest! {
        /// Against a model that keeps every record for good and looks through all of them.
        #[test]
        fn agrees_with_a_plain_model(steps in prop::collection::vec(step(), 0..200)) {
            struct Seen { slot: Slot, partition: i32, offset: i64, waiting: u32 }
            let mut ledger = Ledger::new();
            let mut slots: Vec<Slot> = (0..3).map(|p| ledger.assign("audit", p, 0)).collect();
            let mut next = [0i64; 3];
            let mut seen: Vec<Seen> = Vec::new();
            let mut reports: Vec<(Ticket, usize)> = Vec::new();
            let mut last: HashMap<Slot, i64> = HashMap::new();
            for step in steps {
                match step {
                    Step::Read { partition, skip, outputs } => {
                        let p = partition as usize;
                        let offset = next[p] + skip;
                        next[p] = offset + 1;
                        let ticket = ledger.begin(slots[p], offset);
                        for _ in 0..outputs {
                            ledger.expect(ticket);
                            reports.push((ticket, seen.len()));
                        }
                        ledger.finish(ticket);
                        seen.push(Seen { slot: slots[p], partition, offset, waiting: outputs });
                    }
                    Step::Settle { which } if !reports.is_empty() => {
                        let (ticket, record) = reports.swap_remove(which % reports.len());
                        ledger.settle(ticket);
                        seen[record].waiting -= 1;
                    }
                    Step::Settle { .. } => {}
                    Step::Commit => {
                        let given: Vec<(i32, i64)> =
                            ledger.committable().map(|c| (c.partition, c.offset)).collect();
                        for partition in 0..3i32 {
                            let slot = slots[partition as usize];
                            let of_slot = || seen.iter().filter(|s| s.slot == slot);
                            let reach = of_slot()
                                .find(|s| s.waiting > 0)
                                .map(|s| s.offset)
                                .or_else(|| of_slot().next_back().map(|s| s.offset + 1));
                            let begun = of_slot().next().map(|s| s.offset);
                            let expected = reach
                                .filter(|reach| begun != Some(*reach))
                                .filter(|reach| last.get(&slot) != Some(reach));
                            let got =
                                given.iter().find(|(p, _)| *p == partition).map(|(_, o)| *o);
                            prop_assert_eq!(got, expected);
                            if let Some(offset) = got {
                                last.insert(slot, offset);
                                prop_assert!(seen.iter().all(|s| s.slot != slot
                                    || s.partition != partition
                                    || s.offset >= offset
                                    || s.waiting == 0));
                            }
                        }
                    }
                    Step::CommitFails => {
                        ledger.commit_failed();
                        last.clear();
                    }
                    Step::Lose { partition } => {
                        ledger.release("audit", partition);
                        slots[partition as usize] = ledger.assign("audit", partition, 0);
                    }
                }
                let open = seen.iter().filter(|s| s.waiting > 0).count();
                prop_assert_eq!(ledger.open(), open);
            }
        }
    }
}
