//! What a dead letter says of itself: Kafka Connect's headers, and Bailiwick's own.

use rdkafka::message::{Header, OwnedHeaders};
use serde::Serialize;

use crate::code::Unreadable;
use crate::position::{Position, hex};
use sha2::{Digest, Sha256};

/// Header: the number of the record in its envelope, from 0.
pub const INDEX: &str = "bailiwick.index";
/// Header: the stable reason.
pub const CODE: &str = "bailiwick.code";
/// Header: the field at fault, where it is one.
pub const FIELD: &str = "bailiwick.field";
/// Header: the input's name.
pub const INPUT: &str = "bailiwick.input";
/// Header: the id that the record's verdict would have had.
pub const ID: &str = super::ID_HEADER;
/// Header: the value is not the record but what is known of it.
pub const TRUNCATED: &str = "bailiwick.truncated";

const TOPIC: &str = "__connect.errors.topic";
const PARTITION: &str = "__connect.errors.partition";
const OFFSET: &str = "__connect.errors.offset";
const STAGE: &str = "__connect.errors.stage";
const CONNECTOR: &str = "__connect.errors.connector.name";
const CLASS: &str = "__connect.errors.exception.class.name";
const MESSAGE: &str = "__connect.errors.exception.message";

/// A key longer than this is left out of a dead letter that did not fit.
const KEY_LIMIT: usize = 1024;

/// A record that could not be read.
#[derive(Debug)]
pub struct DeadLetter<'a> {
    /// Where it came from.
    pub position: Position<'a>,
    /// Why.
    pub why: Unreadable,
    /// Its bytes: of an envelope's record, its own alone; none for a tombstone.
    pub raw: Option<&'a [u8]>,
    /// The message's key.
    pub key: Option<&'a [u8]>,
    /// The message's headers, copied unread: a name in them may be no text at all.
    pub headers: Option<OwnedHeaders>,
    /// The message's timestamp, in milliseconds.
    pub timestamp: Option<i64>,
}

/// Records that were gone before they could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap<'a> {
    /// The input's name.
    pub input: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The first offset that is gone.
    pub from: i64,
    /// The first offset that is there again.
    pub until: i64,
}

impl Gap<'_> {
    /// The stable code.
    pub const CODE: &'static str = "gap";

    /// How many offsets are gone.
    pub fn records(&self) -> u64 {
        u64::try_from(self.until.saturating_sub(self.from)).unwrap_or_default()
    }

    pub(super) fn headers(&self) -> OwnedHeaders {
        let message = "records were deleted from the topic before they could be read";
        let place = (self.topic, self.partition, self.from);
        base(OwnedHeaders::new_with_capacity(9), place, self.input, Self::CODE, message)
    }
}

/// What is known of a dead letter besides its bytes.
#[derive(Clone, Debug)]
pub(super) struct Coordinates {
    id: String,
    input: Box<str>,
    topic: Box<str>,
    partition: i32,
    offset: i64,
    index: u32,
    why: Unreadable,
}

/// The value of a dead letter that did not fit.
#[derive(Serialize)]
struct Digested<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    index: u32,
    code: &'a str,
    bytes: usize,
    sha256: String,
}

impl Coordinates {
    pub(super) fn of(letter: &DeadLetter<'_>) -> Self {
        let position = letter.position;
        Self {
            id: position.id(),
            input: position.input.into(),
            topic: position.topic.into(),
            partition: position.partition,
            offset: position.offset,
            index: position.index,
            why: letter.why,
        }
    }

    /// The record's own headers and behind them the letter's.
    pub(super) fn headers(&self, own: Option<OwnedHeaders>) -> OwnedHeaders {
        let headers = own.unwrap_or_else(|| OwnedHeaders::new_with_capacity(12));
        let place = (&*self.topic, self.partition, self.offset);
        let message = self.why.to_string();
        let code = self.why.code.as_str();
        let headers = base(headers, place, &self.input, code, &message)
            .insert(Header { key: INDEX, value: Some(&self.index.to_string()) })
            .insert(Header { key: ID, value: Some(&self.id) });
        if self.why.field.is_empty() {
            headers
        } else {
            headers.insert(Header { key: FIELD, value: Some(self.why.field) })
        }
    }

    /// The headers of a letter that did not fit: the letter's alone.
    pub(super) fn truncated_headers(&self) -> OwnedHeaders {
        self.headers(None).insert(Header { key: TRUNCATED, value: Some("true") })
    }

    /// The value of a letter that did not fit.
    pub(super) fn digested(&self, raw: &[u8]) -> Vec<u8> {
        let digested = Digested {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            index: self.index,
            code: self.why.code.as_str(),
            bytes: raw.len(),
            sha256: hex(&Sha256::digest(raw)),
        };
        serde_json::to_vec(&digested).unwrap_or_default()
    }
}

/// The key that a letter keeps which did not fit.
pub(super) fn short_key(key: Option<&[u8]>) -> Option<&[u8]> {
    key.filter(|key| key.len() <= KEY_LIMIT)
}

fn base(
    headers: OwnedHeaders,
    (topic, partition, offset): (&str, i32, i64),
    input: &str,
    code: &str,
    message: &str,
) -> OwnedHeaders {
    headers
        .insert(Header { key: TOPIC, value: Some(topic) })
        .insert(Header { key: PARTITION, value: Some(&partition.to_string()) })
        .insert(Header { key: OFFSET, value: Some(&offset.to_string()) })
        .insert(Header { key: STAGE, value: Some("VALUE_CONVERTER") })
        .insert(Header { key: CONNECTOR, value: Some("bailiwick") })
        .insert(Header { key: CLASS, value: Some(&format!("bailiwick.{code}")) })
        .insert(Header { key: MESSAGE, value: Some(message) })
        .insert(Header { key: CODE, value: Some(code) })
        .insert(Header { key: INPUT, value: Some(input) })
}

#[cfg(test)]
mod tests {
    use rdkafka::message::Headers;

    use super::*;
    use crate::code::Code;

    fn letter<'a>(raw: &'a [u8], headers: Option<OwnedHeaders>) -> DeadLetter<'a> {
        DeadLetter {
            position: Position { input: "in", topic: "audit", partition: 3, offset: 9, index: 2 },
            why: Unreadable::at(Code::WrongType, "records[].time"),
            raw: Some(raw),
            key: None,
            headers,
            timestamp: None,
        }
    }

    fn pairs(headers: &OwnedHeaders) -> Vec<(String, String)> {
        headers
            .iter()
            .map(|header| {
                let value = header.value.unwrap_or_default();
                (header.key.to_owned(), String::from_utf8_lossy(value).into_owned())
            })
            .collect()
    }

    #[test]
    fn a_letter_keeps_the_records_headers_and_adds_its_own() {
        let own = OwnedHeaders::new().insert(Header { key: "trace", value: Some("abc") });
        let letter = letter(b"{", Some(own.clone()));
        let headers = pairs(&Coordinates::of(&letter).headers(letter.headers));
        assert_eq!(headers[0], ("trace".to_owned(), "abc".to_owned()));
        let get = |key: &str| {
            headers.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
        };
        assert_eq!(get("__connect.errors.topic"), Some("audit"));
        assert_eq!(get("__connect.errors.partition"), Some("3"));
        assert_eq!(get("__connect.errors.offset"), Some("9"));
        assert_eq!(get("__connect.errors.exception.class.name"), Some("bailiwick.wrong_type"));
        assert_eq!(get("bailiwick.code"), Some("wrong_type"));
        assert_eq!(get("bailiwick.field"), Some("records[].time"));
        assert_eq!(get("bailiwick.index"), Some("2"));
        assert_eq!(get("bailiwick.id").map(str::len), Some(32));
    }

    #[test]
    fn a_letter_that_does_not_fit_is_coordinates_digest_and_reason() {
        let letter = letter(b"abc", None);
        let coordinates = Coordinates::of(&letter);
        let value: serde_json::Value =
            serde_json::from_slice(&coordinates.digested(b"abc")).unwrap();
        assert_eq!(value["offset"], 9);
        assert_eq!(value["bytes"], 3);
        assert_eq!(
            value["sha256"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let headers = pairs(&coordinates.truncated_headers());
        assert!(headers.contains(&("bailiwick.truncated".to_owned(), "true".to_owned())));
        assert_eq!(short_key(Some(&[0; 2000])), None);
        assert_eq!(short_key(Some(b"k")), Some(&b"k"[..]));
    }

    #[test]
    fn a_gap_tells_its_range() {
        let gap = Gap { input: "in", topic: "audit", partition: 0, from: 10, until: 25 };
        assert_eq!(gap.records(), 15);
        let headers = pairs(&gap.headers());
        assert!(headers.contains(&("bailiwick.code".to_owned(), "gap".to_owned())));
        assert_eq!(serde_json::to_value(gap).unwrap()["until"], 25);
    }
}
