//! Looks at the clusters before anything runs: what `validate --connect` reports.
//!
//! In: the clusters, the group and the topics. Out: every finding at once. It joins no group
//! and writes nothing, so what only a write would tell it does not know.

mod probe;

use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;
use serde::Serialize;

use super::{Cluster, Profile};
use probe::{Probe, TopicSettings};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It runs, but somebody should know.
    Warning,
    /// It will not run.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub detail: String,
}

/// What a topic is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Results: each message counts.
    Results,
    /// Records that could not be read, with whatever is in them.
    DeadLetters,
}

/// What to look at.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The cluster that events come from.
    pub input: &'a Cluster,
    /// The cluster that results go to; may be the same.
    pub output: &'a Cluster,
    /// The consumer group.
    pub group: &'a str,
    /// Workers of one process.
    pub workers: usize,
    /// Input topics by name.
    pub topics: Vec<&'a str>,
    /// Input topics by pattern.
    pub patterns: Vec<&'a str>,
    /// Topics that are written to.
    pub written: Vec<(&'a str, Use)>,
    /// What the receivers of alerts read of the results; none where there are no receivers.
    pub alerts: Option<Alerts<'a>>,
    /// Larger records are dead letters.
    pub max_record_bytes: usize,
}

/// What receivers of alerts read.
#[derive(Clone, Debug)]
pub struct Alerts<'a> {
    /// The violations topic.
    pub topic: &'a str,
    /// The consumer group of each receiver.
    pub groups: Vec<String>,
}

/// Connects and reports. It blocks, for half a minute where a cluster does not answer.
pub fn check(wanted: &Wanted<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let largest_input = look_at_input(wanted, &mut findings);
    look_at_output(wanted, largest_input, &mut findings);
    findings.0
}

/// Collects findings.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, level: Level, what: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Finding { level, what: what.into(), detail: detail.into() });
    }

    /// Connects, or says why not.
    fn connect(&mut self, name: &str, cluster: &Cluster) -> Option<Probe> {
        let what = format!("{name} cluster");
        let faults = cluster.faults();
        for fault in &faults {
            self.add(Level::Error, what.as_str(), fault.to_string());
        }
        if !faults.is_empty() {
            return None;
        }
        if cluster.sasl.is_some() && cluster.tls.is_none() && cluster.profile == Profile::Apache {
            let detail = "the password travels without encryption: add `tls: {}`";
            self.add(Level::Warning, what.as_str(), detail);
        }
        match Probe::connect(cluster) {
            Ok(probe) => {
                self.add(Level::Ok, what, format!("{} brokers answer", probe.brokers()));
                Some(probe)
            }
            Err(reason) => {
                self.add(Level::Error, what, reason);
                None
            }
        }
    }
}

/// Returns the largest message that an input topic may hold.
fn look_at_input(wanted: &Wanted<'_>, findings: &mut Findings) -> u64 {
    let Some(probe) = findings.connect("input", wanted.input) else { return 0 };
    let mut topics: Vec<String> = wanted.topics.iter().map(|topic| (*topic).to_owned()).collect();
    for pattern in &wanted.patterns {
        let matching = matching(pattern, &probe, wanted);
        let what = format!("pattern {pattern}");
        match matching.len() {
            0 => findings.add(Level::Warning, what, "matches no topic as yet"),
            number => findings.add(Level::Ok, what, format!("matches {number} topics")),
        }
        topics.extend(matching);
    }
    topics.sort_unstable();
    topics.dedup();
    let settings = probe.settings(topics.iter().map(String::as_str));
    let mut partitions = 0;
    let mut largest = 0;
    for topic in &topics {
        let what = format!("input topic {topic}");
        let count = match probe.partitions(topic) {
            Ok(count) => count,
            Err(reason) => {
                findings.add(Level::Error, what, reason);
                continue;
            }
        };
        partitions += count;
        findings.add(Level::Ok, what.as_str(), format!("{count} partitions"));
        match settings.get(topic.as_str()) {
            Some(Ok(settings)) => {
                largest = largest.max(settings.largest.unwrap_or_default());
                input_settings(&what, settings, wanted.max_record_bytes, findings);
            }
            Some(Err(reason)) => {
                findings.add(Level::Warning, what.as_str(), unknown_settings(reason));
            }
            None => {}
        }
        look_into(wanted.input, wanted.group, topic, count, &what, &probe, findings);
    }
    let workers = wanted.workers;
    if partitions < workers && !topics.is_empty() {
        findings.add(
            Level::Warning,
            "workers",
            format!("{workers} workers share {partitions} partitions: some have nothing to do"),
        );
    }
    look_at_group(wanted.input, wanted.group, &probe, &topics, findings);
    largest
}

/// Reads the newest record of a topic.
fn look_into(
    cluster: &Cluster,
    group: &str,
    topic: &str,
    partitions: usize,
    what: &str,
    probe: &Probe,
    findings: &mut Findings,
) {
    match probe.newest(cluster, group, topic, partitions) {
        Ok(None) => findings.add(Level::Ok, what, "can be read; it is empty"),
        Ok(Some(ahead)) if ahead > SKEW_MILLIS => findings.add(
            Level::Warning,
            what,
            format!(
                "the newest record is {} s ahead of this machine's clock: one of the clocks is wrong",
                ahead / 1000
            ),
        ),
        Ok(Some(_)) => findings.add(Level::Ok, what, "can be read"),
        Err(reason) => findings.add(Level::Error, what, reason),
    }
}

/// A record that is further ahead than this does not come from a clock that is merely a bit off.
const SKEW_MILLIS: i64 = 5_000;

/// Topics that a pattern matches, without Kafka's own and Bailiwick's.
fn matching(pattern: &str, probe: &Probe, wanted: &Wanted<'_>) -> Vec<String> {
    let Ok(regex) = Regex::new(pattern) else { return Vec::new() };
    let same = wanted.input.same_brokers(wanted.output);
    probe
        .topics()
        .filter(|topic| !topic.starts_with("__") && regex.is_match(topic))
        .filter(|topic| !same || wanted.written.iter().all(|(written, _)| written != topic))
        .map(str::to_owned)
        .collect()
}

fn unknown_settings(reason: &str) -> String {
    format!("its settings cannot be read: {reason}")
}

fn input_settings(what: &str, settings: &TopicSettings, limit: usize, findings: &mut Findings) {
    if settings.cleanup.as_deref().is_some_and(|policy| policy.contains("compact")) {
        findings.add(
            Level::Warning,
            what,
            "cleanup.policy is compact: records vanish as others with their key arrive",
        );
    }
    if let Some(largest) = settings.largest
        && largest > limit as u64
    {
        findings.add(
            Level::Warning,
            what,
            format!("takes messages up to {largest} bytes; above {limit} they are dead letters"),
        );
    }
}

fn look_at_group(
    cluster: &Cluster,
    group: &str,
    probe: &Probe,
    topics: &[String],
    findings: &mut Findings,
) {
    let what = format!("group {group}");
    let known: Vec<&str> =
        topics.iter().map(String::as_str).filter(|t| probe.partitions(t).is_ok()).collect();
    match probe.committed(cluster, group, &known) {
        Ok(0) => findings.add(
            Level::Ok,
            what.as_str(),
            "has committed nothing: reading begins with the earliest records",
        ),
        Ok(number) => findings.add(
            Level::Ok,
            what.as_str(),
            format!("has committed offsets for {number} partitions"),
        ),
        Err(reason) => findings.add(Level::Error, what.as_str(), reason),
    }
    match probe.group(group) {
        Ok(None) => {}
        Ok(Some(group)) if !group.compatible => findings.add(
            Level::Error,
            what,
            format!(
                "has {} members with assignment {}; Bailiwick needs a group of its own",
                group.members, group.protocol
            ),
        ),
        Ok(Some(group)) => {
            findings.add(Level::Ok, what, format!("has {} members now", group.members));
        }
        Err(reason) => findings.add(Level::Warning, what, reason),
    }
}

fn look_at_output(wanted: &Wanted<'_>, largest_input: u64, findings: &mut Findings) {
    let Some(probe) = findings.connect("output", wanted.output) else { return };
    let settings = probe.settings(wanted.written.iter().map(|(topic, _)| *topic));
    for (topic, used_for) in &wanted.written {
        let what = format!("output topic {topic}");
        match probe.partitions(topic) {
            Ok(count) => findings.add(
                Level::Ok,
                what.as_str(),
                format!("{count} partitions; whether it may be written to only a write would tell"),
            ),
            Err(reason) => {
                findings.add(Level::Error, what, reason);
                continue;
            }
        }
        match settings.get(*topic) {
            Some(Ok(settings)) => {
                output_settings(&what, settings, *used_for, largest_input, findings);
            }
            Some(Err(reason)) => findings.add(Level::Warning, what, unknown_settings(reason)),
            None => {}
        }
    }
    if let Some(alerts) = &wanted.alerts {
        look_at_alerts(wanted.output, alerts, &probe, findings);
    }
}

/// Alerts read the violations topic, each receiver in a group of its own.
fn look_at_alerts(cluster: &Cluster, alerts: &Alerts<'_>, probe: &Probe, findings: &mut Findings) {
    // Where it is not there, that was said of it as an output.
    let Ok(count) = probe.partitions(alerts.topic) else { return };
    let what = format!("alerts from topic {}", alerts.topic);
    for (number, group) in alerts.groups.iter().enumerate() {
        if number == 0 {
            look_into(cluster, group, alerts.topic, count, &what, probe, findings);
        }
        look_at_group(cluster, group, probe, &[alerts.topic.to_owned()], findings);
    }
}

fn output_settings(
    what: &str,
    settings: &TopicSettings,
    used_for: Use,
    largest_input: u64,
    findings: &mut Findings,
) {
    let policy = settings.cleanup.as_deref().unwrap_or("delete");
    if policy.contains("compact") {
        let detail = "cleanup.policy is compact: messages vanish as others with their key arrive";
        findings.add(Level::Warning, what, detail);
    }
    if used_for != Use::DeadLetters {
        return;
    }
    let unlimited = settings.retention_millis.is_some_and(|millis| millis < 0);
    if !policy.contains("delete") || unlimited {
        findings.add(
            Level::Warning,
            what,
            "nothing is ever deleted, and dead letters may hold personal data: set retention.ms",
        );
    } else if let Some(millis) = settings.retention_millis {
        let detail = format!("messages are deleted after {} h", millis / 3_600_000);
        findings.add(Level::Ok, what, detail);
    }
    if let Some(largest) = settings.largest
        && largest < largest_input
    {
        findings.add(
            Level::Warning,
            what,
            format!(
                "takes messages up to {largest} bytes, input topics up to {largest_input}: larger dead letters are kept as a digest"
            ),
        );
    }
}

/// Topic → its settings, or why they cannot be read.
type SettingsByTopic = BTreeMap<String, Result<TopicSettings, String>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(cleanup: &str, retention: i64, largest: u64) -> TopicSettings {
        TopicSettings {
            cleanup: Some(cleanup.to_owned()),
            retention_millis: Some(retention),
            largest: Some(largest),
        }
    }

    fn levels(findings: &Findings) -> Vec<Level> {
        findings.0.iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn dead_letters_without_an_end_are_warned_of() {
        for (settings, expected) in [
            (settings("delete", 86_400_000, 2_000_000), vec![Level::Ok]),
            (settings("delete", -1, 2_000_000), vec![Level::Warning]),
            (settings("compact", 86_400_000, 2_000_000), vec![Level::Warning, Level::Warning]),
            (settings("delete", 86_400_000, 1), vec![Level::Ok, Level::Warning]),
        ] {
            let mut findings = Findings::default();
            output_settings("x", &settings, Use::DeadLetters, 1_000_000, &mut findings);
            assert_eq!(levels(&findings), expected, "{settings:?}");
        }
    }

    #[test]
    fn inputs_that_lose_or_outgrow_records_are_warned_of() {
        let mut findings = Findings::default();
        input_settings("x", &settings("compact,delete", -1, 9), 8, &mut findings);
        assert_eq!(levels(&findings), [Level::Warning, Level::Warning]);
    }

    #[test]
    fn faulty_settings_are_reported_without_connecting() {
        let cluster: Cluster = serde_json::from_str(
            r#"{"brokers": "", "sasl": {"username": "app"}, "librdkafka": {"acks": 1}}"#,
        )
        .unwrap();
        let findings = check(&Wanted {
            input: &cluster,
            output: &cluster,
            group: "g",
            workers: 1,
            topics: vec!["audit"],
            patterns: vec![],
            written: vec![],
            alerts: None,
            max_record_bytes: 1,
        });
        assert_eq!(findings.len(), 6, "three faults on either side: {findings:?}");
    }
}
