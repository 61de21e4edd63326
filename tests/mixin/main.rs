//! Rules, dashboards and runbooks ask for what the program tells: every query is read and checked
//! against the table of metrics, and asked of a live Prometheus that scraped a live demo.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod labels;
mod live;
mod queries;

use std::collections::BTreeSet;
use std::process::Command;

use labels::Known;
use queries::{Asked, read};

#[test]
fn every_query_is_promql_and_uses_metrics_and_labels_that_there_are() {
    let rules = queries::rules();
    let mut known = Known::default();
    // In the order of the file: a rule may use what an earlier one records.
    for rule in rules.iter().filter(|rule| rule.recorded) {
        let labels = known.labels(&rule.expr).unwrap_or_else(|fault| panic!("{rule}: {fault}"));
        // The part before the first colon is the labels that are left.
        let level: BTreeSet<String> =
            rule.name.split(':').next().unwrap().split('_').map(str::to_owned).collect();
        assert_eq!(level, labels, "{rule}: its level");
        known.record(&rule.name, labels);
    }
    let all: Vec<Asked> =
        [queries::rules(), queries::panels(), queries::variables(), queries::documented()].concat();
    let faults: Vec<String> = all
        .iter()
        .filter_map(|asked| {
            known.labels(&asked.expr).err().map(|fault| format!("{asked}: {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(all.len() > 100, "{}", all.len());
}

#[test]
fn a_query_that_asks_for_what_there_is_not_is_refused() {
    let known = Known::default();
    for (query, fault) in [
        ("sum(bailiwick_verdict_total)", "bailiwick_verdict_total"),
        ("bailiwick_verdicts_total{tenant=\"x\"}", "tenant"),
        ("sum by (service) (bailiwick_verdicts_total)", "service"),
        ("bailiwick_verdicts_total{verdict=\"broken\"}", "broken"),
        ("bailiwick_missing_facts_total{fact!=\"place\",fact=~\"tenant|x\"}", "x"),
        ("sum by (verdict) (sum by (job) (bailiwick_verdicts_total))", "verdict"),
        ("bailiwick_verdicts_total_bucket", "bailiwick_verdicts_total_bucket"),
        ("bailiwick_build_info and on (topic) bailiwick_consumer_lag_records", "topic"),
        ("sum by (", ""),
    ] {
        let found = known.labels(query).expect_err(query);
        assert!(found.contains(fault), "{query}: {found}");
    }
}

#[test]
fn every_alert_has_a_runbook_a_severity_and_a_test_and_every_runbook_an_alert() {
    let tests = read("deploy/prometheus/tests/alerts.yml")
        + &read("deploy/prometheus/tests/violations.yml");
    let recorded = read("deploy/prometheus/tests/recording.yml");
    let mut alerts = BTreeSet::new();
    for rule in queries::rules() {
        if rule.recorded {
            assert!(recorded.contains(&format!("expr: {}\n", rule.name)), "{rule} has no test");
            continue;
        }
        let annotation = |name: &str| rule.rule["annotations"][name].as_str().unwrap_or_default();
        let severity = rule.rule["labels"]["severity"].as_str().unwrap_or_default();
        assert!(["critical", "warning", "info", "none"].contains(&severity), "{rule}: {severity}");
        assert!(
            !annotation("summary").is_empty() && !annotation("description").is_empty(),
            "{rule}"
        );
        let page = format!("/docs/runbooks/{}.md", rule.name);
        assert!(annotation("runbook_url").ends_with(&page), "{rule}");
        assert!(tests.contains(&rule.name), "{rule} has no test");
        alerts.insert(rule.name);
    }
    let pages: BTreeSet<String> = queries::files("docs/runbooks", "md")
        .iter()
        .map(|page| page.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(pages, alerts);
}

#[test]
fn violations_page_by_a_file_that_is_off() {
    let config = read("deploy/prometheus/prometheus.yml");
    let lines: Vec<&str> = config.lines().filter(|line| line.contains("violations.yml")).collect();
    assert_eq!(lines, ["  # - violations.yml"]);
    for rule in queries::rules().iter().filter(|rule| !rule.origin.contains("violations")) {
        assert!(!rule.expr.contains("bailiwick_violations_total"), "{rule}");
    }
}

#[test]
fn panels_have_ids_of_their_own_and_do_not_overlap() {
    for path in queries::files("deploy/grafana/dashboards", "json") {
        let board: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(board["uid"].as_str(), path.file_stem().unwrap().to_str(), "{path:?}");
        let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for panel in board["panels"].as_array().unwrap() {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{path:?} {}", panel["id"]);
            let side = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            for x in side("x")..side("x") + side("w") {
                for y in side("y")..side("y") + side("h") {
                    assert!(
                        x < 24 && cells.insert((x, y)),
                        "{path:?} {} at {x},{y}",
                        panel["title"]
                    );
                }
            }
        }
    }
}

#[test]
fn the_rules_do_what_their_tests_say() {
    if !live::there("promtool", "prometheus") {
        return;
    }
    let ended = Command::new("promtool")
        .args(["test", "rules"])
        .args(queries::files("deploy/prometheus/tests", "yml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr) + String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}");
}

/// Queries that are empty while all is well, and the metric that has no series then.
const EMPTY: [(&str, &str); 5] = [
    ("job_field:bailiwick_unknown_values:increase1h", "bailiwick_unknown_values_total"),
    ("job_topic:bailiwick_offset_gap_records:increase1h", "bailiwick_offset_gap_records_total"),
    ("bailiwick_unknown_values_total", "bailiwick_unknown_values_total"),
    ("bailiwick_offset_gap_records_total", "bailiwick_offset_gap_records_total"),
    (r#"place="unknown""#, r#"place="unknown""#),
];

/// What the demo makes fire: the watchdog; records that it spoils on purpose; and exceptions that
/// were never used before it started.
const FIRING: [&str; 4] = [
    "BailiwickCommitmentBroken",
    "BailiwickDeadLetters",
    "BailiwickExceptionAssumed",
    "BailiwickWatchdog",
];

#[test]
fn every_query_has_an_answer_in_a_prometheus_that_scraped_the_demo() {
    if !live::there("prometheus", "prometheus") {
        return;
    }
    let live = live::Live::start();
    let asked: Vec<Asked> = [
        queries::rules().into_iter().filter(|rule| rule.recorded).collect(),
        queries::panels(),
        queries::variables(),
        queries::documented(),
    ]
    .concat();
    let empty = |asked: &Asked| EMPTY.iter().find(|(part, _)| asked.expr.contains(part));
    let unanswered = live.until_answered(asked.iter().filter(|asked| empty(asked).is_none()));
    assert!(unanswered.is_empty(), "no answer to:\n{}", unanswered.join("\n"));

    let scrape = live.scrape();
    let mut left_out = BTreeSet::new();
    for asked in &asked {
        let Some((part, metric)) = empty(asked) else { continue };
        assert!(!scrape.contains(metric), "{asked} may be empty for want of {metric}: there it is");
        let answer = live.ask(&asked.expr);
        assert_eq!(answer, 0, "{asked} has an answer for want of {metric}");
        left_out.insert(*part);
    }
    assert_eq!(left_out.len(), EMPTY.len(), "{left_out:?}");

    let firing: BTreeSet<String> = queries::rules()
        .into_iter()
        .filter(|rule| !rule.recorded && live.ask(&rule.expr) > 0)
        .map(|rule| rule.name)
        .collect();
    assert_eq!(firing.iter().map(String::as_str).collect::<Vec<_>>(), FIRING);
}
