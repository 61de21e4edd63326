//! The demo, whole: embedded cluster, consumer group, pipeline, outputs and metrics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use bailiwick::demo::{Options, run};
use tokio_util::sync::CancellationToken;

fn options() -> Options {
    let listen = Some("127.0.0.1:0".parse().unwrap());
    Options { duration: Some(Duration::from_secs(4)), rate: 1500, listen, ..Options::default() }
}

#[test]
fn the_planted_violations_and_the_found_ones_are_equal_clause_by_clause() {
    let options = Options { violations: 0.05, ..options() };
    let summary = run(&options, &CancellationToken::new()).unwrap();
    assert!(summary.whole, "{}", summary.table());
    assert_eq!(summary.planted, summary.found, "{}", summary.table());
    assert_eq!(summary.planted.len(), 9, "every clause that one event can break");
    assert_eq!(summary.unreadable, summary.dead_letters);
    assert_eq!(summary.verdicts.iter().sum::<u64>(), summary.events);
    assert!(summary.events > 1000, "{}", summary.table());
}

#[test]
fn without_planted_violations_none_is_found_and_a_cancelled_demo_still_ends_whole() {
    let options = Options { violations: 0.0, duration: None, seed: 5, ..options() };
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        stopper.cancel();
    });
    let summary = run(&options, &stop).unwrap();
    assert!(summary.is_right(), "{}", summary.table());
    assert!(summary.planted.is_empty() && summary.found.is_empty());
}
