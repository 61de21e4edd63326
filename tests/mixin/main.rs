//! Rules, dashboards and runbooks ask for what the program tells: every query is read and checked
//! against the table of metrics, and asked of a live Prometheus that scraped a live `bailiwick run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod labels;
mod live;
mod queries;
#[path = "../support/mod.rs"]
mod support;
mod world;

use std::collections::BTreeSet;

use bailiwick::metrics::Kind;
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
fn every_dashboard_leads_to_the_others_and_every_panel_says_what_it_shows() {
    let boards = queries::dashboards();
    assert_eq!(boards.len(), 4);
    for (file, board) in boards {
        assert_eq!(board["tags"], serde_json::json!(["bailiwick"]), "{file}");
        let links = board["links"].as_array().unwrap();
        let to_all = |link: &serde_json::Value| {
            link["type"] == "dashboards" && link["tags"] == board["tags"]
        };
        assert!(links.iter().any(to_all), "{file}");
        for panel in board["panels"].as_array().unwrap() {
            let said = |name: &str| !panel[name].as_str().unwrap_or_default().is_empty();
            assert!(said("title"), "{file} {}", panel["id"]);
            if panel["type"] != "row" {
                let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
                assert!(said("description") && unit.is_some(), "{file} {}", panel["title"]);
            }
        }
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
    let Some(mut promtool) = support::tool::tool("promtool") else { return };
    let ended = promtool
        .args(["test", "rules"])
        .args(queries::files("deploy/prometheus/tests", "yml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr) + String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}");
}

/// What a panel shows at the end of its time, which is 30 s.
fn shows(title: &str, series: &str, values: &str, shown: &str) {
    let Some(mut promtool) = support::tool::tool("promtool") else { return };
    let mut panels = queries::panels().into_iter();
    let panel = panels.find(|panel| panel.name == title).unwrap_or_else(|| panic!("no {title}"));
    let tests = serde_json::json!({"evaluation_interval": "5s", "tests": [{
        "interval": "5s",
        "input_series": [{"series": series, "values": values}],
        "promql_expr_test": [{"expr": panel.expr, "eval_time": "60s", "exp_samples":
            serde_json::from_str::<serde_json::Value>(shown).unwrap()}],
    }]});
    let file = tempfile::Builder::new().suffix(".yml").tempfile().unwrap();
    std::fs::write(file.path(), tests.to_string()).unwrap();
    let ended = promtool.args(["test", "rules"]).arg(file.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr) + String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{panel}: {said}");
}

#[test]
fn a_single_violation_at_a_new_place_shows_though_its_series_begins_with_it() {
    let flow = |verdict: &str| {
        let labels = r#"tenant_geography="europe",place="US",job="bailiwick",instance="a""#;
        format!("bailiwick_flows_total{{{labels},verdict=\"{verdict}\"}}")
    };
    let one =
        |labels: &str, value: u32| format!(r#"[{{"labels": "{{{labels}}}", "value": {value}}}]"#);
    let europe = r#"tenant_geography=\"europe\", place=\"US\""#;
    let new = "_x9 1x9";
    shows("Where data of whom goes", &flow("violation"), new, &one(europe, 1));
    shows("Where data went against a commitment", &flow("violation"), new, &one(europe, 1));
    // Of a series that was there before, what came since counts, and no more.
    shows("Where data of whom goes", &flow("violation"), "100+1x20", &one(europe, 6));
    shows("Where data went against a commitment", &flow("violation"), "100x20", "[]");
    let exception = r#"bailiwick_exceptions_total{job="bailiwick",exception="e",assumed="true"}"#;
    shows("Exceptions used", exception, new, &one(r#"exception=\"e\", assumed=\"true\""#, 1));
    let finding = r#"bailiwick_findings_total{job="bailiwick",commitment="c",service="s",activity="store",verdict="violation"}"#;
    shows("Commitments", finding, new, &one(r#"commitment=\"c\", verdict=\"violation\""#, 1));
    shows("By service", finding, new, &one(r#"service=\"s\", verdict=\"violation\""#, 1));
    // The windows of these are an hour.
    let title = "Data that leaves: whose, to where, over time";
    shows(title, &flow("violation"), new, &one(europe, 1));
    shows("Where excepted data goes", &flow("excepted"), new, &one(europe, 1));
}

#[test]
fn what_an_alert_compares_is_asked_without_its_bounds() {
    let operands = |expr: &str| -> Vec<String> {
        let rules = queries::rules();
        let alert = Asked { expr: expr.to_owned(), ..rules[0].clone() };
        queries::operands(&alert).into_iter().map(|asked| asked.expr).collect()
    };
    assert_eq!(operands("vector(1)"), ["vector(1)"]);
    assert_eq!(operands("absent(up)"), ["up"]);
    assert_eq!(
        operands("count by (job) (count by (job, x) (up)) > 1"),
        ["count by (job) (count by (job, x) (up))"]
    );
    assert_eq!(
        operands("max by (job) ((sum(a) > 0 or b == 0) unless rate(c{x=\"y\"}[5m] offset 1h) > 0)"),
        ["sum(a)", "b", "rate(c{x=\"y\"}[5m])"]
    );
}

/// What fires, or would after its time: the watchdog, and what the world has on purpose. The rest
/// is quiet: nothing is behind, silent, late or away, and the history that is too old for a page
/// comes at a first start.
const FIRING: [&str; 12] = [
    "BailiwickAlertSinkFailing",
    "BailiwickAlertsRefused",
    "BailiwickAlertsUnreadable",
    "BailiwickCommitmentBroken",
    "BailiwickDeadLetters",
    "BailiwickEditionMismatch",
    "BailiwickExceptionAssumed",
    "BailiwickIndeterminate",
    "BailiwickRecordsLost",
    "BailiwickUnknownPlace",
    "BailiwickUnknownService",
    "BailiwickWatchdog",
];

#[test]
fn every_query_has_an_answer_in_a_prometheus_that_scraped_a_live_run() {
    let Some(broker) = support::kafka() else { return };
    let Some(mut live) = live::Live::start(&broker.bootstrap) else { return };
    let (recorded, alerts): (Vec<_>, Vec<_>) =
        queries::rules().into_iter().partition(|rule| rule.recorded);
    let asked: Vec<Asked> = [
        recorded,
        alerts.iter().flat_map(queries::operands).collect(),
        queries::panels(),
        queries::variables(),
        queries::documented(),
    ]
    .concat();
    let unanswered = live.until_answered(&asked);
    assert!(unanswered.is_empty(), "no answer to:\n{}", unanswered.join("\n"));

    // Both instances judge, and what they count is every metric of the table and every format.
    for metric in bailiwick::metrics::catalogue() {
        let suffix = if metric.kind == Kind::Histogram { "_count" } else { "" };
        assert!(live.ask(&format!("{}{suffix}", metric.name)) > 0, "no {}", metric.name);
    }
    for format in bailiwick::decode::Format::READ {
        let query = format!("count(bailiwick_events_total{{format=\"{format}\"}} > 0) == 2");
        assert_eq!(live.ask(&query), 1, "{format}");
    }
    let firing: BTreeSet<String> =
        alerts.into_iter().filter(|rule| live.ask(&rule.expr) > 0).map(|rule| rule.name).collect();
    assert_eq!(firing.iter().map(String::as_str).collect::<Vec<_>>(), FIRING);
}
