//! HTTP to a receiver: one POST at a time, bounded in time and size, never redirected.

use std::time::Duration;

use curl::easy::{Easy2, Handler, List, WriteError};

/// As much of an answer as is kept.
const MOST: usize = 1024;

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u32,
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
}

#[derive(Debug, Default)]
struct Body(Vec<u8>);

impl Handler for Body {
    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        let room = MOST.saturating_sub(self.0.len()).min(data.len());
        self.0.extend_from_slice(data.get(..room).unwrap_or_default());
        Ok(data.len())
    }
}

/// A connection to one receiver.
#[derive(Debug)]
pub struct Client {
    easy: Easy2<Body>,
    timeout: Duration,
}

impl Client {
    /// Connects when something is sent.
    pub fn new(timeout: Duration) -> Self {
        Self { easy: Easy2::new(Body::default()), timeout }
    }

    /// Sends a body.
    pub fn post(&mut self, url: &str, headers: &[String], body: &[u8]) -> Answer {
        match self.try_post(url, headers, body) {
            Ok(reply) => Answer {
                outcome: Outcome::of(reply.status),
                text: format!("HTTP {} {}", reply.status, reply.text).trim().to_owned(),
            },
            // Not the longer description, which may quote the URL.
            Err(error) => Answer {
                outcome: Outcome::Unreachable,
                text: format!("no answer: {}", error.description()),
            },
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
        easy.get_mut().0.clear();
        easy.url(url)?;
        easy.follow_location(false)?;
        easy.timeout(self.timeout)?;
        easy.connect_timeout(self.timeout / 2)?;
        easy.useragent(concat!("bailiwick/", env!("CARGO_PKG_VERSION")))?;
        easy.post(true)?;
        easy.post_fields_copy(body)?;
        easy.http_headers(list)?;
        easy.perform()?;
        let text: String = String::from_utf8_lossy(&easy.get_ref().0)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Ok(Reply { status: easy.response_code()?, text })
    }
}
