use proptest::prelude::*;

use super::*;

const QUIET: i64 = 900;
const REFRESH: i64 = 60;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn groups(repeat: bool) -> Groups {
    Groups::new(Duration::from_secs(QUIET as u64), Duration::from_secs(REFRESH as u64), repeat)
}

fn violation(place: &str) -> Violation {
    let key = Key { commitment: "c".into(), place: place.into(), ..Key::default() };
    Violation { key, id: format!("v-{place}"), ..Violation::default() }
}

fn read(partitions: &[i32]) -> BTreeSet<i32> {
    partitions.iter().copied().collect()
}

/// Tells everything that is due.
fn tell(groups: &mut Groups, second: i64) -> Vec<(Kind, String, u64)> {
    let due = groups.due(at(second), &read(&[0]), usize::MAX);
    due.iter().for_each(|notice| groups.told(notice, at(second)));
    due.into_iter().map(|notice| (notice.kind, notice.key.place, notice.count)).collect()
}

#[test]
fn a_storm_is_one_alert_with_a_count_and_ends_after_the_quiet_time() {
    let mut groups = groups(false);
    for offset in 0..1000 {
        groups.fold(violation("US"), (0, offset), at(0), false);
    }
    groups.fold(violation("GB"), (0, 1000), at(0), false);
    let firing = |place: &str, count| (Kind::Firing, place.to_owned(), count);
    assert_eq!(tell(&mut groups, 1), [firing("GB", 1), firing("US", 1000)]);
    groups.fold(violation("US"), (0, 1001), at(10), false);
    assert_eq!(tell(&mut groups, 60), [], "nothing is told twice within a refresh");
    assert_eq!(tell(&mut groups, 61), [(Kind::Refreshed, "US".into(), 1001)]);
    assert_eq!(tell(&mut groups, QUIET), [(Kind::Resolved, "GB".into(), 1)]);
    assert_eq!(tell(&mut groups, QUIET + 9), []);
    assert_eq!(tell(&mut groups, QUIET + 10), [(Kind::Resolved, "US".into(), 1001)]);
    assert!(groups.is_empty());
}

#[test]
fn a_receiver_that_forgets_is_told_again_without_news() {
    let mut groups = groups(true);
    groups.fold(violation("US"), (0, 0), at(0), false);
    tell(&mut groups, 0);
    assert_eq!(tell(&mut groups, REFRESH), [(Kind::Refreshed, "US".into(), 1)]);
}

#[test]
fn nothing_ends_before_its_partition_is_read_to_the_end() {
    let mut groups = groups(false);
    groups.fold(violation("US"), (3, 7), at(0), true);
    assert_eq!(groups.quiet_partitions(at(QUIET)), read(&[3]));
    assert!(groups.due(at(QUIET), &read(&[]), 9).is_empty());
    assert_eq!(groups.due(at(QUIET), &read(&[3]), 9)[0].kind, Kind::Resolved);
    groups.fold(violation("US"), (3, 8), at(QUIET - 1), true);
    assert!(groups.due(at(QUIET), &read(&[3]), 9).is_empty(), "the next one keeps it alive");
}

#[test]
fn what_was_not_delivered_never_ends_and_holds_the_offset() {
    let mut groups = groups(false);
    groups.fold(violation("US"), (0, 5), at(0), false);
    groups.fold(violation("US"), (0, 6), at(1), false);
    let late = groups.due(at(10 * QUIET), &read(&[0]), 9);
    assert_eq!((late[0].kind, late[0].count), (Kind::Firing, 2), "late, but told");
    groups.failed(&late[0]);
    assert_eq!((groups.untold(0), groups.keep_from(0)), (Some(5), Some(5)));
    groups.told(&late[0], at(10 * QUIET));
    assert_eq!((groups.untold(0), groups.keep_from(0)), (None, Some(6)), "to be found again");
    assert_eq!(tell(&mut groups, 10 * QUIET), [(Kind::Resolved, "US".into(), 2)]);
    assert_eq!(groups.keep_from(0), None);
}

#[test]
fn one_that_fails_does_not_stand_before_the_others_for_ever() {
    let mut groups = groups(false);
    for (offset, place) in ["A", "B"].into_iter().enumerate() {
        groups.fold(violation(place), (0, offset as i64), at(0), false);
    }
    let first = groups.due(at(0), &read(&[]), 1);
    assert_eq!(first[0].key.place, "A");
    groups.failed(&first[0]);
    assert_eq!(groups.due(at(0), &read(&[]), 1)[0].key.place, "B");
}

#[test]
fn a_partition_that_goes_takes_its_groups_along_unresolved() {
    let mut groups = groups(false);
    groups.fold(violation("US"), (0, 5), at(0), false);
    groups.fold(violation("US"), (1, 5), at(0), false);
    groups.release(0);
    assert_eq!((groups.len(), groups.untold(0)), (1, None));
}

#[derive(Clone, Debug)]
enum Step {
    Violation(u8),
    Time(i64),
    /// Delivered or not.
    Round(bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3u8).prop_map(Step::Violation),
        (1..2 * QUIET).prop_map(Step::Time),
        any::<bool>().prop_map(Step::Round),
        Just(Step::Restart),
    ]
}

proptest! {
    /// Whatever fails and restarts: every violation is told, only what fires ends,
    /// and no alert stays open.
    #[test]
    fn nothing_is_lost_and_nothing_stays_open(steps in prop::collection::vec(step(), 0..60)) {
        let mut log: Vec<(Violation, Timestamp)> = Vec::new();
        let (mut now, mut state) = (0, groups(false));
        let (mut from, mut told_before) = (0i64, 0i64);
        let mut open: BTreeMap<String, bool> = BTreeMap::new();
        let mut round = |state: &mut Groups, now: i64, delivered: bool| {
            for notice in state.due(at(now), &read(&[0]), 2) {
                if delivered {
                    state.told(&notice, at(now));
                    // After a restart the same may be told again, with the same id.
                    let known = open.contains_key(&notice.key.place);
                    assert!(known || notice.kind == Kind::Firing);
                    open.insert(notice.key.place.clone(), notice.kind != Kind::Resolved);
                } else {
                    state.failed(&notice);
                }
            }
        };
        let end = [Step::Restart, Step::Round(true), Step::Round(true), Step::Time(QUIET)];
        let end = end.into_iter().chain([Step::Round(true), Step::Round(true)]);
        for step in steps.into_iter().chain(end) {
            match step {
                Step::Violation(place) => {
                    let violation = violation(&place.to_string());
                    state.fold(violation.clone(), (0, log.len() as i64), at(now), false);
                    log.push((violation, at(now)));
                }
                Step::Time(seconds) => now += seconds,
                Step::Round(delivered) => round(&mut state, now, delivered),
                Step::Restart => {
                    state = groups(false);
                    for offset in from..log.len() as i64 {
                        let (violation, came) = log[offset as usize].clone();
                        state.fold(violation, (0, offset), came, offset < told_before);
                    }
                }
            }
            let next = log.len() as i64;
            told_before = state.untold(0).unwrap_or(next);
            from = state.keep_from(0).unwrap_or(next);
        }
        prop_assert!(state.is_empty(), "{state:?}");
        prop_assert_eq!(told_before, log.len() as i64);
        prop_assert!(open.values().all(|open| !open), "{:?}", open);
    }
}
