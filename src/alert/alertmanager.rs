//! Alertmanager's API, version 2: alerts with labels, annotations, a beginning and an end.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::client::{Answer, Client};
use super::group::{Kind, Notice};
use super::sink::Times;
use super::words::Words;

/// One replica.
#[derive(Debug)]
pub(super) struct Replica {
    url: String,
    times: Times,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

impl Replica {
    pub(super) fn new(url: &str, times: Times) -> Self {
        Self { url: format!("{}/api/v2/alerts", url.trim_end_matches('/')), times }
    }

    pub(super) fn send<'n>(
        &self,
        client: &mut Client,
        words: &Words,
        notices: impl Iterator<Item = &'n Notice>,
        now: Timestamp,
    ) -> Answer {
        let alerts: Vec<Alert> = notices
            .map(|notice| Alert {
                labels: words.labels(&notice.key),
                annotations: words.annotations(notice),
                starts_at: notice.since,
                ends_at: ends_at(notice, self.times, now),
            })
            .collect();
        // Maps of strings and times cannot fail to be JSON.
        let body = serde_json::to_vec(&alerts).unwrap_or_default();
        client.post(&self.url, &["Content-Type: application/json".to_owned()], &body)
    }
}

/// When the alert is over: when its group is quiet, should nobody say otherwise, and not
/// before the next refreshes had their chance.
fn ends_at(notice: &Notice, times: Times, now: Timestamp) -> Timestamp {
    let after = |from: Timestamp, time: Duration| from.checked_add(time).unwrap_or(Timestamp::MAX);
    match notice.kind {
        Kind::Resolved => now.max(notice.since),
        Kind::Firing | Kind::Refreshed => {
            after(notice.last, times.quiet).max(after(now, times.refresh.saturating_mul(4)))
        }
    }
}
