//! Alert groups: when they fire, are told again, and end. Pure: time is passed in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What violations are put together by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The commitment.
    pub commitment: String,
    /// The service.
    pub service: String,
    /// The tenant's geography.
    pub tenant_geography: String,
    /// The place, or `none`.
    pub place: String,
    /// The data category, or `none`.
    pub category: String,
}

/// A violation, as much of it as alerts need.
#[derive(Clone, Debug, Default)]
pub struct Violation {
    /// Its group.
    pub key: Key,
    /// The verdict's id.
    pub id: String,
    /// The keyed hash of whom it is about.
    pub subject: Option<String>,
    /// The finding in words.
    pub explanation: String,
    /// When the event happened.
    pub time: Timestamp,
}

/// What there is to say about a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It began.
    #[default]
    Firing,
    /// It goes on.
    Refreshed,
    /// It was quiet for long enough.
    Resolved,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Refreshed => "refreshed",
            Self::Resolved => "resolved",
        }
    }
}

/// Something to say about a group, as it stands.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    /// What.
    pub kind: Kind,
    /// The group.
    pub key: Key,
    /// The partition that owns it.
    pub partition: i32,
    /// When it began.
    pub since: Timestamp,
    /// When its latest violation came.
    pub last: Timestamp,
    /// Violations so far, by this process's count.
    pub count: u64,
    /// The latest violation's id.
    pub latest: String,
    /// The keyed hash of whom the latest violation is about.
    pub subject: Option<String>,
    /// The latest violation in words.
    pub explanation: String,
    offset: i64,
}

#[derive(Debug)]
struct Group {
    since: Timestamp,
    last: Timestamp,
    count: u64,
    latest: Violation,
    offset: i64,
    /// The first violation that no receiver was told of.
    untold: Option<i64>,
    /// The last violation that the receiver was told of.
    kept: Option<i64>,
    /// When its receiver last heard of it.
    told: Option<Timestamp>,
    /// Failed attempts since.
    failed: u32,
}

/// The groups of one receiver.
#[derive(Debug)]
pub struct Groups {
    quiet: SignedDuration,
    refresh: SignedDuration,
    /// Whether a group is told again even where nothing new came.
    repeat: bool,
    groups: BTreeMap<(i32, Key), Group>,
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl Groups {
    /// No groups.
    pub fn new(quiet: Duration, refresh: Duration, repeat: bool) -> Self {
        let groups = BTreeMap::new();
        Self { quiet: signed(quiet), refresh: signed(refresh), repeat, groups }
    }

    /// Takes a violation in that came at `at`. One that was `told` by an earlier owner of the
    /// partition only brings its group back.
    pub fn fold(&mut self, violation: Violation, place: (i32, i64), at: Timestamp, told: bool) {
        let (partition, offset) = place;
        let group =
            self.groups.entry((partition, violation.key.clone())).or_insert_with(|| Group {
                since: at,
                last: at,
                count: 0,
                latest: Violation::default(),
                offset,
                untold: None,
                kept: None,
                told: None,
                failed: 0,
            });
        group.last = group.last.max(at);
        group.count += 1;
        group.latest = violation;
        group.offset = group.offset.max(offset);
        if !told {
            group.untold.get_or_insert(offset);
        } else if group.untold.is_none() {
            group.kept = Some(offset);
            // Long ago, so that whoever forgets alerts is told again at once.
            group.told.get_or_insert(Timestamp::MIN);
        }
    }

    /// Partitions with groups that are to end, if nothing unread keeps them alive.
    pub fn quiet_partitions(&self, now: Timestamp) -> BTreeSet<i32> {
        let quiet = self.groups.iter().filter(|(_, group)| self.is_quiet(group, now));
        quiet.map(|((partition, _), _)| *partition).collect()
    }

    fn is_quiet(&self, group: &Group, now: Timestamp) -> bool {
        group.told.is_some()
            && group.untold.is_none()
            && now.duration_since(group.last) >= self.quiet
    }

    /// What is to be said, what failed least and is most urgent first. Groups end only on the
    /// partitions that are read to their end.
    pub fn due(&self, now: Timestamp, read: &BTreeSet<i32>, most: usize) -> Vec<Notice> {
        let kind = |partition: &i32, group: &Group| match group.told {
            None => Some(Kind::Firing),
            Some(_) if self.is_quiet(group, now) && read.contains(partition) => {
                Some(Kind::Resolved)
            }
            Some(told) => {
                let due = told == Timestamp::MIN || now.duration_since(told) >= self.refresh;
                (due && (self.repeat || group.untold.is_some())).then_some(Kind::Refreshed)
            }
        };
        let mut due: Vec<_> = self
            .groups
            .iter()
            .filter_map(|(key, group)| Some((group.failed, kind(&key.0, group)?, key, group)))
            .collect();
        due.sort_by_key(|(failed, kind, key, _)| (*failed, *kind, *key));
        let notices = due.into_iter().take(most).map(|(_, kind, (partition, key), group)| Notice {
            kind,
            key: key.clone(),
            partition: *partition,
            since: group.since,
            last: group.last,
            count: group.count,
            latest: group.latest.id.clone(),
            subject: group.latest.subject.clone(),
            explanation: group.latest.explanation.clone(),
            offset: group.offset,
        });
        notices.collect()
    }

    /// The receiver has heard it.
    pub fn told(&mut self, notice: &Notice, now: Timestamp) {
        let key = (notice.partition, notice.key.clone());
        let Some(group) = self.groups.get_mut(&key) else { return };
        let newer = group.offset > notice.offset;
        if notice.kind == Kind::Resolved && !newer {
            self.groups.remove(&key);
            return;
        }
        group.untold = newer.then_some(notice.offset + 1);
        group.kept = Some(notice.offset);
        group.failed = 0;
        // What came after the end begins anew.
        group.told = (notice.kind != Kind::Resolved).then_some(now);
    }

    /// The receiver did not take it.
    pub fn failed(&mut self, notice: &Notice) {
        if let Some(group) = self.groups.get_mut(&(notice.partition, notice.key.clone())) {
            group.failed = group.failed.saturating_add(1);
        }
    }

    /// Forgets a partition that went to another owner.
    pub fn release(&mut self, partition: i32) {
        self.groups.retain(|(of, _), _| *of != partition);
    }

    /// The first violation of a partition that the receiver has not heard of.
    pub fn untold(&self, partition: i32) -> Option<i64> {
        self.of(partition).filter_map(|group| group.untold).min()
    }

    /// The offset from which a new owner can bring every group back.
    pub fn keep_from(&self, partition: i32) -> Option<i64> {
        self.of(partition).filter_map(|group| group.kept.or(group.untold)).min()
    }

    fn of(&self, partition: i32) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(move |((of, _), _)| *of == partition).map(|(_, group)| group)
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

#[cfg(test)]
mod tests;
