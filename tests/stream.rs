//! The stream against a real Apache Kafka: records in, verdicts, violations and dead letters out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use bailiwick::kafka::Cluster;
use bailiwick::kafka::check::{Alerts, Level, Use, Wanted, check};
use bailiwick::worker::Pace;
use serde_json::json;
use support::broker::{PASSWORD, USER};
use support::client::{Out, committed, delete_records, produce, read_all, wait_for};
use support::stream::{
    Running, Topics, accounts, compliant, envelope, missing, place_of, plain, settings, sign_in,
    violating,
};
use support::{Broker, kafka};

// A member that was cut off waits for its session, its rejoin and a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// Waits until the group has committed this many records of each partition.
fn wait_until_committed(broker: &Broker, topics: &Topics, per_partition: i64) {
    let expected: BTreeMap<i32, i64> = (0..topics.partitions).map(|p| (p, per_partition)).collect();
    wait_for("commits", LONG, || {
        committed(&broker.bootstrap, &topics.group, &topics.input, topics.partitions) == expected
    });
}

#[test]
fn events_become_verdicts_violations_and_dead_letters() {
    let Some(broker) = kafka() else { return };
    let topics = Topics::new(&broker.bootstrap, "flow", 1);
    let values = [
        violating("e-1"),
        compliant("e-2"),
        envelope(&[sign_in("c-1"), json!({"category": "SignInLogs"}), sign_in("c-2")]),
        b"no json".to_vec(),
    ];
    produce(&broker.bootstrap, &topics.input, values.iter().map(|value| Out::value(0, value)));
    let worker = Running::start(settings(0, &plain(&broker.bootstrap), &topics));
    wait_until_committed(broker, &topics, 4);
    let summary = worker.stop().expect("a clean end");
    assert!(summary.settled);
    assert_eq!((summary.records, summary.events), (4, 4));

    let verdicts = read_all(&broker.bootstrap, &topics.verdicts);
    let mut seen: Vec<_> = verdicts
        .iter()
        .map(|record| {
            let verdict = record.json();
            assert_eq!(record.key.as_deref(), verdict["tenant"].as_str().map(str::as_bytes));
            let source = &verdict["source"];
            (source["offset"].as_i64(), source["index"].as_i64(), verdict["verdict"].to_string())
        })
        .collect();
    seen.sort();
    let places: Vec<_> = seen.iter().map(|(offset, index, _)| (*offset, *index)).collect();
    let expected = [(0, 0), (1, 0), (2, 0), (2, 2)].map(|(o, i)| (Some(o), Some(i)));
    assert_eq!(places, expected);
    assert_eq!(seen[0].2, "\"violation\"");
    assert_eq!(seen[1].2, "\"compliant\"");

    let violations = read_all(&broker.bootstrap, &topics.violations);
    assert_eq!(violations.len(), 1);
    let violation = violations[0].json();
    assert_eq!(
        violations[0].key.as_deref(),
        Some(&b"entra.eu-data-boundary|entra.sign-in|eu-data-boundary|GB|usage"[..])
    );
    assert_eq!(violations[0].header("bailiwick.id"), violation["id"].as_str());
    assert_eq!(violation["findings"].as_array().map(Vec::len), Some(1));

    let mut letters = read_all(&broker.bootstrap, &topics.dead_letters);
    letters.sort_by_key(place_of);
    let found: Vec<_> = letters.iter().map(place_of).collect();
    assert_eq!(found, [(0, 2, 1), (0, 3, 0)]);
    assert_eq!(letters[0].value.as_deref(), Some(&br#"{"category":"SignInLogs"}"#[..]));
}

#[test]
fn every_kind_of_unreadable_record_arrives_as_a_dead_letter() {
    let Some(broker) = kafka() else { return };
    let topics = Topics::new(&broker.bootstrap, "letters", 1);
    let native = |extra: &str| {
        format!(r#"{{"id":"x","time":"2026-01-15T12:00:00Z","service":"entra.sign-in"{extra}}}"#)
            .into_bytes()
    };
    // Larger than the limit and than a message of the dead-letter topic may be.
    let oversize = format!(r#"{{"id":"{}"}}"#, "x".repeat(3 << 20)).into_bytes();
    let cases: Vec<(&str, Option<Vec<u8>>)> = vec![
        ("tombstone", None),
        ("empty", Some(b"  ".to_vec())),
        ("oversize", Some(oversize.clone())),
        ("not_utf8", Some(b"{\"id\":\"\xff\xfe\"}".to_vec())),
        ("byte_order_mark", Some(b"\xef\xbb\xbf{}".to_vec())),
        ("not_json", Some(b"{\"id\":".to_vec())),
        ("not_a_number", Some(b"{\"id\": NaN}".to_vec())),
        ("too_deep", Some([b"{\"a\":".repeat(200), b"7".to_vec(), b"}".repeat(200)].concat())),
        ("duplicate_key", Some(native(r#","tenant":"a","tenant":"b""#))),
        ("not_an_object", Some(b"7".to_vec())),
        ("unrecognised_format", Some(b"{\"hello\":\"world\"}".to_vec())),
        ("missing_field", Some(native(""))),
        ("wrong_type", Some(native(r#","tenant":7"#))),
        (
            "invalid_time",
            Some(br#"{"id":"x","time":"noon","service":"entra.sign-in","tenant":"t-1"}"#.to_vec()),
        ),
    ];
    produce(
        &broker.bootstrap,
        &topics.input,
        cases.iter().map(|(_, value)| Out {
            partition: 0,
            key: Some(b"key"),
            value: value.as_deref(),
            headers: &[("trace", "abc")],
        }),
    );
    let worker = Running::start(settings(0, &plain(&broker.bootstrap), &topics));
    wait_until_committed(broker, &topics, cases.len() as i64);
    worker.stop().expect("a clean end");

    let inputs = read_all(&broker.bootstrap, &topics.input);
    let mut letters = read_all(&broker.bootstrap, &topics.dead_letters);
    letters.sort_by_key(place_of);
    let codes: Vec<_> =
        letters.iter().map(|letter| letter.header("bailiwick.code").unwrap_or("")).collect();
    let expected: Vec<_> = cases.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, expected);
    for ((code, value), (letter, input)) in cases.iter().zip(letters.iter().zip(&inputs)) {
        assert_eq!(letter.key.as_deref(), Some(&b"key"[..]), "{code}");
        assert_eq!(letter.timestamp, input.timestamp, "{code}");
        assert_eq!(letter.header("__connect.errors.topic"), Some(topics.input.as_str()));
        let class = format!("bailiwick.{code}");
        assert_eq!(letter.header("__connect.errors.exception.class.name"), Some(&*class));
        assert_eq!(letter.header("bailiwick.input"), Some("audit"));
        if *code == "oversize" {
            assert_eq!(letter.header("bailiwick.truncated"), Some("true"));
            assert_eq!(letter.json()["bytes"], oversize.len());
            assert_eq!(letter.json()["offset"], input.offset);
        } else {
            assert_eq!(letter.header("trace"), Some("abc"), "{code}");
            let text = |value: &Option<Vec<u8>>| {
                value.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            };
            assert_eq!(text(&letter.value), text(value), "{code}");
        }
    }
}

#[test]
fn a_dead_letter_that_only_the_broker_finds_too_large_is_kept_as_a_digest() {
    let Some(broker) = kafka() else { return };
    let mut topics = Topics::new(&broker.bootstrap, "narrow", 1);
    topics.dead_letters = format!("{}-narrow", topics.dead_letters);
    support::client::create_topics(
        &broker.bootstrap,
        &[(&topics.dead_letters, 1, &[("max.message.bytes", "2000")])],
    );
    // Compresses badly, so that it is too large on the wire as well.
    let mut seed = 7u64;
    let noise: String = (0..20_000)
        .map(|_| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
            char::from(b'a' + (seed >> 59) as u8 % 26)
        })
        .collect();
    produce(&broker.bootstrap, &topics.input, [Out::value(0, noise.as_bytes())]);
    let worker = Running::start(settings(0, &plain(&broker.bootstrap), &topics));
    wait_until_committed(broker, &topics, 1);
    worker.stop().expect("a clean end");
    let letters = read_all(&broker.bootstrap, &topics.dead_letters);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].header("bailiwick.truncated"), Some("true"));
    assert_eq!(letters[0].header("bailiwick.code"), Some("not_json"));
    assert_eq!(letters[0].json()["bytes"], noise.len());
}

#[test]
fn two_members_of_a_group_hand_over_and_lose_nothing() {
    let Some(broker) = kafka() else { return };
    let topics = Topics::new(&broker.bootstrap, "handover", 6);
    // A session that outlives a busy machine's pauses: a member must not be taken for dead here.
    let cluster = json!({
        "brokers": broker.bootstrap, "librdkafka": {"session.timeout.ms": 30000}
    });
    let each = 2_000i64;
    let feed = |from: i64, until: i64| {
        let values: Vec<(i32, Vec<u8>)> = (from..until)
            .flat_map(|n| (0..6).map(move |p| (p, n)))
            .map(|(p, n)| {
                let value = match n % 10 {
                    0 => violating(&format!("e-{p}-{n}")),
                    1 => b"no json".to_vec(),
                    _ => compliant(&format!("e-{p}-{n}")),
                };
                (p, value)
            })
            .collect();
        produce(
            &broker.bootstrap,
            &topics.input,
            values.iter().map(|(partition, value)| Out::value(*partition, value)),
        );
    };
    let small = |number| {
        let mut settings = settings(number, &cluster, &topics);
        settings.pace = Pace { batch_records: 50, open_records: 500, ..settings.pace };
        settings
    };
    feed(0, 500);
    let first = Running::start(small(0));
    wait_for("the first member", LONG, || first.partitions() == 6);
    let second = Running::start(small(1));
    feed(500, 1_000);
    wait_for("a share for each", LONG, || first.partitions() == 3 && second.partitions() == 3);
    feed(1_000, each);
    let before = first.stop().expect("the first ends cleanly");
    wait_for("the second takes all", LONG, || second.partitions() == 6);
    wait_until_committed(broker, &topics, each);
    let after = second.stop().expect("the second ends cleanly");
    assert!(before.settled && after.settled);
    assert!(after.records > 0 && before.records > 0);

    let accounts = accounts(&broker.bootstrap, &topics);
    assert_eq!(missing(&accounts, 6, each), []);
    let repeated = accounts.values().filter(|times| **times > 1).count();
    assert_eq!(repeated, 0, "an orderly handover repeats nothing");
}

#[test]
fn a_broker_that_goes_away_and_comes_back_loses_nothing() {
    let Some(shared) = kafka() else { return };
    if !shared.is_own() {
        eprintln!("*** SKIPPED: a cluster of BAILIWICK_TEST_KAFKA is not ours to stop");
        return;
    }
    let broker = Broker::new().expect("a broker of its own");
    let topics = Topics::new(&broker.bootstrap, "away", 2);
    let each = 3_000i64;
    let values: Vec<Vec<u8>> = (0..each).map(|n| compliant(&format!("e-{n}"))).collect();
    for partition in 0..2 {
        let records = values.iter().map(|value| Out::value(partition, value));
        produce(&broker.bootstrap, &topics.input, records);
    }
    let mut slow = settings(0, &plain(&broker.bootstrap), &topics);
    slow.pace = Pace { batch_records: 20, open_records: 100, ..slow.pace };
    let worker = Running::start(slow);
    wait_for("the first verdicts", LONG, || {
        !committed(&broker.bootstrap, &topics.group, &topics.input, 2).is_empty()
    });
    broker.stop("-KILL");
    std::thread::sleep(Duration::from_secs(5));
    broker.start();
    wait_until_committed(&broker, &topics, each);
    assert!(!worker.has_ended());
    worker.stop().expect("a clean end");
    assert_eq!(missing(&accounts(&broker.bootstrap, &topics), 2, each), []);
}

#[test]
fn the_stream_runs_over_tls_with_plain_and_with_scram() {
    let Some(broker) = kafka() else { return };
    let Some((address, certificate)) = broker.secure() else {
        eprintln!("*** SKIPPED: a cluster of BAILIWICK_TEST_KAFKA has no listener with SASL");
        return;
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let topics = Topics::new(&broker.bootstrap, "secure", 1);
        produce(&broker.bootstrap, &topics.input, [Out::value(0, &violating("e-1"))]);
        let cluster = json!({
            "brokers": address,
            "tls": {"ca_file": certificate},
            "sasl": {"mechanism": mechanism, "username": USER, "password": PASSWORD},
            "librdkafka": {"broker.address.family": "v4"},
        });
        let worker = Running::start(settings(0, &cluster, &topics));
        wait_until_committed(broker, &topics, 1);
        assert_eq!(worker.stop().expect("a clean end").violations, 1, "{mechanism}");
    }
}

#[test]
fn records_deleted_before_they_were_read_are_put_on_record() {
    let Some(broker) = kafka() else { return };
    let topics = Topics::new(&broker.bootstrap, "gap", 1);
    let values: Vec<Vec<u8>> = (0..50).map(|n| compliant(&format!("e-{n}"))).collect();
    let feed = |range: std::ops::Range<usize>| {
        let records = values[range].iter().map(|value| Out::value(0, value));
        produce(&broker.bootstrap, &topics.input, records);
    };
    feed(0..10);
    let cluster = plain(&broker.bootstrap);
    let worker = Running::start(settings(0, &cluster, &topics));
    wait_until_committed(broker, &topics, 10);
    worker.stop().expect("a clean end");
    feed(10..40);
    delete_records(&broker.bootstrap, &topics.input, 0, 25);
    let worker = Running::start(settings(0, &cluster, &topics));
    wait_until_committed(broker, &topics, 40);
    let summary = worker.stop().expect("a clean end");
    assert_eq!((summary.records, summary.gaps), (15, 1));

    let letters = read_all(&broker.bootstrap, &topics.dead_letters);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].header("bailiwick.code"), Some("gap"));
    assert_eq!(letters[0].header("__connect.errors.offset"), Some("10"));
    let gap = letters[0].json();
    assert_eq!((gap["from"].as_i64(), gap["until"].as_i64()), (Some(10), Some(25)));
}

#[test]
fn an_output_topic_that_is_missing_stops_the_worker_and_commits_nothing() {
    let Some(broker) = kafka() else { return };
    let topics = Topics::new(&broker.bootstrap, "nowhere", 1);
    produce(&broker.bootstrap, &topics.input, [Out::value(0, &compliant("e-1"))]);
    let gone = Topics { verdicts: format!("{}-gone", topics.verdicts), ..topics.clone() };
    let mut cluster = plain(&broker.bootstrap);
    cluster["librdkafka"]["topic.metadata.propagation.max.ms"] = json!(2000);
    let worker = Running::start(settings(0, &cluster, &gone));
    wait_for("the worker to give up", LONG, || worker.has_ended());
    assert_eq!(worker.join().expect_err("an error").code(), "output_refused");
    assert!(committed(&broker.bootstrap, &topics.group, &topics.input, 1).is_empty());
}

#[test]
fn looking_at_the_clusters_finds_everything_at_once_and_changes_nothing() {
    let Some(broker) = kafka() else { return };
    let topics = Topics::new(&broker.bootstrap, "look", 3);
    let wide = format!("{}-for-good", topics.dead_letters);
    support::client::create_topics(
        &broker.bootstrap,
        &[(&wide, 1, &[("retention.ms", "-1"), ("cleanup.policy", "compact")])],
    );
    produce(&broker.bootstrap, &topics.input, [Out::value(1, b"{}")]);
    let cluster: Cluster = serde_json::from_value(plain(&broker.bootstrap)).expect("a cluster");
    let pattern = format!("^{}.*", topics.input.trim_end_matches("-in"));
    let wanted = Wanted {
        input: &cluster,
        output: &cluster,
        group: &topics.group,
        workers: 8,
        topics: vec![&topics.input, "there-is-no-such-topic"],
        patterns: vec![&pattern],
        written: vec![
            (&topics.violations, Use::Results),
            (&topics.dead_letters, Use::DeadLetters),
            (&wide, Use::DeadLetters),
        ],
        alerts: Some(Alerts {
            topic: &topics.violations,
            groups: vec![format!("{}-alert-hook", topics.group)],
        }),
        max_record_bytes: 1 << 20,
    };
    let findings = check(&wanted);
    let of = |what: &str| -> Vec<(Level, &str)> {
        findings
            .iter()
            .filter(|it| it.what.ends_with(what))
            .map(|it| (it.level, it.detail.as_str()))
            .collect()
    };
    let show = || format!("{findings:#?}");
    assert_eq!(of("input cluster")[0].0, Level::Ok, "{}", show());
    assert_eq!(of("there-is-no-such-topic")[0].0, Level::Error, "{}", show());
    let input = of(&topics.input);
    assert!(input.contains(&(Level::Ok, "3 partitions")), "{}", show());
    assert!(input.contains(&(Level::Ok, "can be read")), "{}", show());
    assert!(input.iter().any(|it| it.0 == Level::Warning && it.1.contains("20000000")));
    // Verdicts are not among the written topics here, so the pattern takes them for an input.
    assert!(of(&pattern)[0].1.contains("2 topics"), "{}", show());
    assert_eq!(of("workers")[0].0, Level::Warning, "{}", show());
    assert!(of(&topics.group)[0].1.contains("committed nothing"), "{}", show());
    let alerts = of(&format!("alerts from topic {}", topics.violations));
    assert_eq!(alerts, [(Level::Ok, "can be read; it is empty")], "{}", show());
    assert!(of("-alert-hook")[0].1.contains("committed nothing"), "{}", show());
    assert!(of(&topics.dead_letters).iter().any(|it| it.1.contains("168 h")), "{}", show());
    assert!(of(&wide).iter().any(|it| it.1.contains("nothing is ever deleted")), "{}", show());
    assert!(committed(&broker.bootstrap, &topics.group, &topics.input, 3).is_empty());

    if let Some((address, certificate)) = broker.secure() {
        let cluster: Cluster = serde_json::from_value(json!({
            "brokers": address,
            "tls": {"ca_file": certificate},
            "sasl": {"username": USER, "password": "hunter2-is-wrong"},
            "librdkafka": {"broker.address.family": "v4"},
        }))
        .expect("a cluster");
        let findings = check(&Wanted { input: &cluster, output: &cluster, ..wanted });
        assert_eq!(findings.len(), 2, "{findings:#?}");
        for finding in findings {
            assert_eq!(finding.level, Level::Error);
            assert!(finding.detail.contains("uthentication"), "{}", finding.detail);
            assert!(!finding.detail.contains("hunter2"));
        }
    }
}
