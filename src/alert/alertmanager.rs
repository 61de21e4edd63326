//! Alertmanager's API, version 2: alerts with labels, annotations, a beginning and an end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::client::{Answer, Client};
use super::config::{AlertFault, Alertmanager};
use super::group::{Kind, Notice};
use super::sink::Times;
use super::words::Words;

/// One replica.
#[derive(Debug)]
pub(super) struct Replica {
    url: String,
    /// A header, where a proxy before it asks for one.
    authorization: Option<SecretString>,
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
    pub(super) fn new(url: &str, manager: &Alertmanager, times: Times) -> Result<Self, AlertFault> {
        let url = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
        Ok(Self { url, authorization: manager.authorization()?, times })
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
        let mut headers = vec!["Content-Type: application/json".to_owned()];
        headers.extend(self.authorization.as_ref().map(|it| it.expose_secret().to_owned()));
        client.post(&self.url, &headers, &body)
    }
}

/// When the alert is over, should nobody say anything more. The end of a group is always said, so
/// this only has to outlast what keeps the next word from arriving: a restart, a replica that hangs.
fn ends_at(notice: &Notice, times: Times, now: Timestamp) -> Timestamp {
    match notice.kind {
        Kind::Resolved => now.max(notice.since),
        Kind::Firing | Kind::Refreshed => {
            let outlast = times.quiet.max(times.refresh.saturating_mul(4));
            now.checked_add(outlast).unwrap_or(Timestamp::MAX)
        }
    }
}
