//! A receiver: what is sent to it, in what form, and what it made of each alert.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::alertmanager::Replica;
use super::client::{Answer, Client, Outcome};
use super::config::{AlertFault, Sink};
use super::group::Notice;
use super::webhook::Endpoint;
use super::words::Words;

/// Notices of one round, at most.
pub(super) const ROUND: usize = 64;

/// A round of single messages is broken off after this long: the consumer has to poll.
const ROUND_TIME: Duration = Duration::from_secs(5);

/// A receiver of alerts, with its connection.
#[derive(Debug)]
pub struct Receiver {
    /// Its name in metrics and logs.
    pub name: String,
    kind: Kind,
    client: Client,
    words: Words,
}

#[derive(Debug)]
enum Kind {
    Alertmanager(Replica),
    Webhook(Endpoint),
}

/// What became of some notices of a round.
#[derive(Debug)]
pub(super) struct Delivery {
    /// The numbers of the notices.
    pub(super) notices: Vec<usize>,
    pub(super) answer: Answer,
    pub(super) took: Duration,
}

/// Times that show in what is sent.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// An alert without a new violation for so long is resolved.
    pub quiet: Duration,
    /// How often a firing alert is sent again.
    pub refresh: Duration,
}

impl Receiver {
    /// The receivers of a sink: one for each replica.
    ///
    /// # Errors
    /// When the sink's settings are faulty.
    pub fn of(
        sink: &Sink,
        words: &Words,
        times: Times,
        timeout: Duration,
    ) -> Result<Vec<Self>, AlertFault> {
        let (kinds, ca_file) = match (&sink.alertmanager, &sink.webhook) {
            (Some(manager), None) => {
                let replica =
                    |url: &String| Replica::new(url, manager, times).map(Kind::Alertmanager);
                let kinds = manager.urls.iter().map(replica).collect::<Result<_, _>>()?;
                (kinds, &manager.ca_file)
            }
            (None, Some(webhook)) => {
                (vec![Kind::Webhook(Endpoint::new(webhook)?)], &webhook.ca_file)
            }
            _ => return Err(AlertFault::Kind),
        };
        let client = || Client::new(timeout, ca_file.clone());
        let receiver = |(name, kind)| Self { name, kind, client: client(), words: words.clone() };
        Ok(sink.targets().into_iter().zip(kinds).map(receiver).collect())
    }

    /// Whether it forgets alerts that it is not told of again.
    pub(super) fn forgets(&self) -> bool {
        matches!(self.kind, Kind::Alertmanager(_))
    }

    /// Sends notices. Those that no delivery mentions were not tried.
    pub(super) fn send(&mut self, notices: &[Notice], now: Timestamp) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let numbers: Vec<usize> = (0..notices.len()).collect();
        match &self.kind {
            Kind::Alertmanager(_) => self.send_split(notices, &numbers, now, &mut deliveries),
            Kind::Webhook(endpoint) => {
                let began = Instant::now();
                for (number, notice) in notices.iter().enumerate() {
                    let before = Instant::now();
                    let answer = endpoint.send(&mut self.client, &self.words, notice, now);
                    let gone =
                        answer.outcome == Outcome::Unreachable || answer.retry_after.is_some();
                    deliveries.push(Delivery {
                        notices: vec![number],
                        answer,
                        took: before.elapsed(),
                    });
                    if gone || began.elapsed() > ROUND_TIME {
                        break;
                    }
                }
            }
        }
        deliveries
    }

    /// Sends a batch; one that is refused in halves, until what is refused stands alone.
    fn send_split(
        &mut self,
        notices: &[Notice],
        numbers: &[usize],
        now: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        let Kind::Alertmanager(replica) = &self.kind else { return };
        let batch = numbers.iter().filter_map(|number| notices.get(*number));
        let before = Instant::now();
        let answer = replica.send(&mut self.client, &self.words, batch, now);
        if answer.outcome == Outcome::Refused && numbers.len() > 1 {
            let (first, second) = numbers.split_at(numbers.len() / 2);
            self.send_split(notices, first, now, deliveries);
            // The second half waits where the receiver has gone away meanwhile.
            if deliveries.last().is_none_or(|last| last.answer.outcome.is_final()) {
                self.send_split(notices, second, now, deliveries);
            }
            return;
        }
        let took = before.elapsed();
        deliveries.push(Delivery { notices: numbers.to_vec(), answer, took });
    }

    /// Sends one notice, to see what comes back.
    pub fn try_out(&mut self, notice: &Notice, now: Timestamp) -> Answer {
        let deliveries = self.send(std::slice::from_ref(notice), now);
        let answer = deliveries.into_iter().next().map(|delivery| delivery.answer);
        answer.unwrap_or(Answer::none(Outcome::Unreachable, "nothing was sent"))
    }
}
