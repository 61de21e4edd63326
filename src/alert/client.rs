//! HTTP to a receiver: one POST at a time, bounded in time and size, never redirected.

use std::path::PathBuf;
use std::time::Duration;

use curl::easy::{Easy2, Handler, List, WriteError};

/// As much of an answer as is kept.
const MOST: usize = 1024;

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u32,
    /// When the receiver wants to be asked again.
    pub retry_after: Option<Duration>,
    /// The beginning of the answer.
    pub text: String,
}

/// What became of a delivery: also the label of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// The receiver refuses it, and would refuse it again.
    Refused,
    /// The receiver points elsewhere, where nothing is sent.
    Redirected,
    /// The receiver answers, and does not take it for now.
    Unavailable,
    /// There is no answer.
    Unreachable,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Delivered, Self::Refused, Self::Redirected, Self::Unavailable, Self::Unreachable];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Redirected => "redirected",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether nothing more is to be tried.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Refused)
    }

    fn of(status: u32) -> Self {
        match status {
            200..=299 => Self::Delivered,
            300..=399 => Self::Redirected,
            // What is wrong with the message itself. A wrong path or password is no reason to
            // lose alerts.
            400 | 413 | 422 => Self::Refused,
            _ => Self::Unavailable,
        }
    }
}

/// The outcome, and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The outcome.
    pub outcome: Outcome,
    /// The status and the beginning of the answer, or why there is none.
    pub text: String,
    /// How long a receiver that does not take it for now wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// There was no answer.
    pub fn none(outcome: Outcome, text: impl Into<String>) -> Self {
        Self { outcome, text: text.into(), retry_after: None }
    }
}

#[derive(Debug, Default)]
struct Reading {
    body: Vec<u8>,
    retry_after: Option<Duration>,
}

impl Handler for Reading {
    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        let room = MOST.saturating_sub(self.body.len()).min(data.len());
        self.body.extend_from_slice(data.get(..room).unwrap_or_default());
        Ok(data.len())
    }

    fn header(&mut self, data: &[u8]) -> bool {
        if let Some(time) = retry_after(data) {
            self.retry_after = Some(time);
        }
        true
    }
}

/// The seconds of a `Retry-After`; none of a date, which would need the receiver's clock.
fn retry_after(line: &[u8]) -> Option<Duration> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let seconds = value.trim().parse().ok()?;
    name.eq_ignore_ascii_case("retry-after").then(|| Duration::from_secs(seconds))
}

/// A connection to one receiver.
#[derive(Debug)]
pub struct Client {
    easy: Easy2<Reading>,
    timeout: Duration,
    ca_file: Option<PathBuf>,
}

impl Client {
    /// Connects when something is sent. `ca_file` holds the authorities to trust, PEM; the
    /// system's where there is none.
    pub fn new(timeout: Duration, ca_file: Option<PathBuf>) -> Self {
        Self { easy: Easy2::new(Reading::default()), timeout, ca_file }
    }

    /// Sends a body.
    pub fn post(&mut self, url: &str, headers: &[String], body: &[u8]) -> Answer {
        match self.try_post(url, headers, body) {
            Ok(reply) => Answer {
                outcome: Outcome::of(reply.status),
                text: format!("HTTP {} {}", reply.status, reply.text).trim().to_owned(),
                retry_after: reply.retry_after.filter(|_| matches!(reply.status, 429 | 503)),
            },
            // Not the longer description, which may quote the URL.
            Err(error) => {
                let text = format!("no answer: {}", error.description());
                Answer::none(Outcome::Unreachable, text)
            }
        }
    }

    fn try_post(
        &mut self,
        url: &str,
        headers: &[String],
        body: &[u8],
    ) -> Result<Reply, curl::Error> {
        let mut list = List::new();
        for header in headers {
            list.append(header)?;
        }
        list.append("Expect:")?;
        let easy = &mut self.easy;
        *easy.get_mut() = Reading::default();
        easy.url(url)?;
        easy.follow_location(false)?;
        if let Some(file) = &self.ca_file {
            easy.cainfo(file)?;
            easy.capath("")?;
        }
        easy.timeout(self.timeout)?;
        easy.connect_timeout(self.timeout / 2)?;
        easy.useragent(concat!("bailiwick/", env!("CARGO_PKG_VERSION")))?;
        easy.post(true)?;
        easy.post_fields_copy(body)?;
        easy.http_headers(list)?;
        easy.perform()?;
        let text: String = String::from_utf8_lossy(&easy.get_ref().body)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let retry_after = easy.get_ref().retry_after;
        Ok(Reply { status: easy.response_code()?, retry_after, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_seconds_alone() {
        let read = |line: &str| retry_after(line.as_bytes()).map(|wait| wait.as_secs());
        assert_eq!(read("Retry-After: 120\r\n"), Some(120));
        assert_eq!(read("retry-after:5"), Some(5));
        for line in ["Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After: -1", "Age: 5", ""]
        {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
