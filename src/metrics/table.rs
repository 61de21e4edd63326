//! The table of metrics: every name, type, help text and label, once.

/// What a metric is to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Observations by upper bound.
    Histogram,
}

impl Kind {
    /// The word in the exposition format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The full name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One line for people.
    pub help: &'static str,
    /// Label names. What bounds their values is said in `help` or is a closed set.
    pub labels: &'static [&'static str],
}

macro_rules! table {
    ($($id:ident: $kind:ident $name:literal [$($label:literal)*] $help:literal;)*) => {
        $(pub(super) const $id: Metric = Metric {
            name: concat!("bailiwick_", $name),
            kind: Kind::$kind,
            help: $help,
            labels: &[$($label),*],
        };)*
        /// Every metric, in the order of the table.
        const ALL: &[Metric] = &[$($id),*];
    };
}

table! {
    RECORDS: Counter "records_total" ["input"] "Kafka records read.";
    RECORD_BYTES: Counter "record_bytes_total" ["input"] "Bytes of the values of Kafka records read.";
    EVENTS: Counter "events_total" ["input" "format"] "Events read from records, by the format they were read as.";
    VERDICTS: Counter "verdicts_total" ["verdict"] "Events judged, by verdict: the worst of an event's findings.";
    FINDINGS: Counter "findings_total" ["commitment" "service" "activity" "verdict"]
        "Findings, by the catalog's commitment and service; activity is none for clauses about neither storing nor processing.";
    VIOLATIONS: Counter "violations_total" ["commitment" "service"]
        "Events that break a commitment, one per event and commitment; 0 from the start for every pair in scope.";
    EXCEPTIONS: Counter "exceptions_total" ["exception" "assumed"]
        "Events that an exception permits, one per event and exception; assumed is true where that rests on a presumed fact.";
    PLACE_ONLY: Counter "indeterminate_place_only_total" []
        "Events that are indeterminate and lack nothing but a place; also counted in verdicts_total.";
    MISSING_FACTS: Counter "missing_facts_total" ["fact"]
        "Events that lack a fact without which a finding cannot be decided, one per event and fact.";
    WITHOUT_PLACE: Counter "events_without_place_total" ["input" "service"]
        "Events that tell neither where data is stored nor where it is processed.";
    UNKNOWN_VALUES: Counter "unknown_values_total" ["field"]
        "Values that are in no table, by the kind of field; never the value itself.";
    FLOWS: Counter "flows_total" ["tenant_geography" "place" "verdict"]
        "Places that events state, with the worst finding about that place; the first 100 places of a process, then other.";
    DEAD_LETTERS: Counter "dead_letters_total" ["input" "reason"] "Records or parts of records that could not be read.";
    EVENT_DELAY: Histogram "event_delay_seconds" [] "Time from when an event happened to when its batch was judged.";
    JUDGEMENT_DURATION: Histogram "judgement_duration_seconds" []
        "Time to read and judge one event: the mean of each batch, observed once a batch.";
    LAG: Gauge "consumer_lag_records" ["topic" "partition"]
        "Records of an assigned partition that are not yet consumed.";
    LAST_RECORD: Gauge "last_record_timestamp_seconds" ["input"] "Unix time of the last batch that held a record.";
    ASSIGNED: Gauge "assigned_partitions" [] "Partitions assigned to this process.";
    OUTPUTS: Counter "outputs_total" ["outcome"]
        "Messages to the output topics: acknowledged, or failed for now, which is tried again.";
    OUTPUTS_OPEN: Gauge "outputs_open" [] "Messages to the output topics that are not acknowledged yet.";
    REBALANCES: Counter "rebalances_total" [] "Assignments of partitions received or taken away.";
    COMMIT_FAILURES: Counter "commit_failures_total" [] "Offset commits that failed.";
    OFFSET_GAPS: Counter "offset_gap_records_total" ["topic"]
        "Records that were gone from a topic before they could be read.";
    ALERTS_ACTIVE: Gauge "alerts_active" ["sink"] "Alerts that are firing, by receiver.";
    ALERT_DELIVERIES: Counter "alert_deliveries_total" ["sink" "outcome"]
        "Alerts sent, by receiver and what became of them: delivered, refused, redirected, unavailable or unreachable.";
    ALERT_SECONDS: Histogram "alert_delivery_seconds" ["sink"] "Time that a receiver took to answer.";
    ALERT_LAG: Gauge "alert_consumer_lag_records" ["sink"]
        "Violations of assigned partitions that a receiver has not been told of.";
    ALERTS_TOO_OLD: Counter "alerts_too_old_total" ["sink"]
        "Violations whose event is older than alert.max_age: recorded, and not paged.";
    ALERTS_UNREADABLE: Counter "alerts_unreadable_total" ["sink"]
        "Records of the violations topic that are no violations.";
    CATALOG_INFO: Gauge "catalog_info" ["document" "edition" "hash"] "Editions of the loaded catalog; always 1.";
    BUILD_INFO: Gauge "build_info" ["version"] "The running version; always 1.";
}

/// Every metric of the product, for the documentation and for tests of dashboards and rules.
pub fn catalogue() -> &'static [Metric] {
    ALL
}
