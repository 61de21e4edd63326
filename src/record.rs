//! The verdict record: what is put out for one event, in words and canonical ids.
//!
//! In: a judged event and where it came from. Out: a serialisable record, the same on
//! Kafka, on standard output and in the schema. It holds no value of the event itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::{Activity, Fact, Verdict};

/// One verdict (`schemas/verdict.schema.json`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Bailiwick verdict")]
pub struct VerdictRecord<'a> {
    /// Hash of the record's coordinates: the same record has the same id, run after run.
    pub id: String,
    /// The source's own id, hashed where it names a person.
    pub event_id: Option<Cow<'a, str>>,
    /// Tenant id.
    pub tenant: Cow<'a, str>,
    /// The narrowest geography that holds the tenant's location.
    pub tenant_geography: Cow<'a, str>,
    /// Canonical service id, or `unknown`.
    pub service: Cow<'a, str>,
    /// When the operation happened.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// The worst verdict of the findings.
    pub verdict: Verdict,
    /// What was found, in catalog order.
    pub findings: Vec<FindingRecord<'a>>,
    /// Where the record came from.
    pub source: Source<'a>,
    /// The catalog that judged it.
    pub catalog: CatalogRecord<'a>,
    /// Hash of the tenant's facts; null where the tenant is not in the directory.
    pub tenant_facts: Option<Cow<'a, str>>,
}

/// The judgement of one (commitment, activity, category).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FindingRecord<'a> {
    /// The clause that promises.
    pub commitment: Cow<'a, str>,
    /// The document's edition.
    pub edition: Cow<'a, str>,
    /// Stored or processed; null where the clause is about neither.
    pub activity: Option<Activity>,
    /// The data category; null where the clause knows none.
    pub category: Option<Cow<'a, str>>,
    /// The catalog's id of the place, or `unknown`; null where the finding is about no place.
    pub place: Option<Cow<'a, str>>,
    /// The judgement.
    pub verdict: Verdict,
    /// The exception that holds.
    pub exception: Option<Cow<'a, str>>,
    /// What was presumed.
    pub assumed: Vec<Fact>,
    /// What would have to be known.
    pub missing: Vec<Fact>,
    /// Exceptions that do not hold, and why not.
    pub near_misses: Vec<NearMissRecord<'a>>,
    /// One or two sentences for people.
    pub explanation: String,
}

/// An exception that does not hold.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NearMissRecord<'a> {
    /// The exception.
    pub exception: Cow<'a, str>,
    /// Its conditions that failed.
    pub failed: Vec<Fact>,
    /// Facts that were unknown besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Fact>,
}

/// Where a record came from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Source<'a> {
    /// A Kafka record.
    Kafka {
        /// The input's name.
        input: Cow<'a, str>,
        /// The topic.
        topic: Cow<'a, str>,
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
        /// Which record of the envelope, from 0.
        index: u32,
    },
    /// A record of a file.
    File {
        /// The file's name as it was given, or `-`.
        file: Cow<'a, str>,
        /// Which record of the file, from 0.
        index: u64,
    },
}

/// The catalog that a verdict rests on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CatalogRecord<'a> {
    /// Content hash of the documents.
    pub hash: Cow<'a, str>,
    /// Document → edition in force at the event's time.
    pub editions: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

/// Hashes what names a person, with the operator's key.
#[derive(Clone, Debug, Default)]
pub struct SubjectHasher(Option<Box<[u8]>>);

impl SubjectHasher {
    /// A hasher with a key, or without one.
    pub fn new(key: Option<&[u8]>) -> Self {
        Self(key.map(Into::into))
    }

    /// The hash that stands for a person.
    pub fn hash(&self, text: &str) -> String {
        crate::position::short_hash(&[self.0.as_deref().unwrap_or_default(), text.as_bytes()])
    }
}

/// The verdict record of a judged event.
pub fn render<'a>(
    program: &'a crate::catalog::program::Program,
    judged: &'a crate::pipeline::Judged<'_>,
    id: String,
    source: Source<'a>,
    hasher: &SubjectHasher,
) -> VerdictRecord<'a> {
    use crate::event::EventId;
    let judgement = judged.judgement;
    VerdictRecord {
        id,
        event_id: judged.event.id.as_ref().map(|id| match id {
            EventId::Plain(id) => Cow::Borrowed(id.as_ref()),
            EventId::Personal(id) => hasher.hash(id).into(),
        }),
        tenant: Cow::Borrowed(judged.event.tenant.as_ref()),
        tenant_geography: program.tenant_geography_id(judgement.tenant_geography).into(),
        service: program.service_id(judged.classified.service).into(),
        time: judged.event.time,
        verdict: judgement.verdict,
        findings: Vec::new(),
        source,
        catalog: CatalogRecord {
            hash: program.documents_hash.as_str().into(),
            editions: BTreeMap::new(),
        },
        tenant_facts: None,
    }
}
