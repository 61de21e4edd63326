//! The verdict record: what is put out for one event, in words and canonical ids.
//!
//! In: a judged event and where it came from. Out: a serialisable record, the same on
//! Kafka, on standard output and in the schema. It holds no value of the event itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::program::Program;
use crate::event::EventId;
use crate::pipeline::Judged;
use crate::verdict::{Activity, Fact, Finding, FindingPlace, Judgement, Verdict};

pub mod sentence;

pub use sentence::sentence;

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
    /// The person, device or record that it is about: `hmac-sha256:` and a hash with the
    /// operator's key. Absent where the event names none, or there is no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^hmac-sha256:[0-9a-f]{64}$"))]
    pub subject: Option<Cow<'a, str>>,
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

/// Hashes what names a person before it leaves the process (HMAC-SHA-256).
#[derive(Clone)]
pub struct SubjectHasher {
    mac: hmac::Hmac<sha2::Sha256>,
    /// Whether the key is the operator's.
    secret: bool,
}

impl std::fmt::Debug for SubjectHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectHasher")
    }
}

/// What hashes are keyed with where the operator gives no key: stable, but no secret.
const PUBLIC_KEY: &[u8] = b"bailiwick";

impl SubjectHasher {
    /// A hasher with the operator's key, `subject_key` of the configuration.
    pub fn new(key: Option<&[u8]>) -> Self {
        use hmac::KeyInit;
        // HMAC takes keys of any length, so this cannot fail; the default stands in all the same.
        let mac = hmac::Hmac::new_from_slice(key.unwrap_or(PUBLIC_KEY))
            .unwrap_or_else(|_| hmac::Hmac::new(&Default::default()));
        Self { mac, secret: key.is_some() }
    }

    /// The keyed hash of an event's subject: over the tenant's id in lower case, a zero byte
    /// and the subject. None without the operator's key, since names can be guessed.
    pub fn subject(&self, tenant: &str, subject: &str) -> Option<String> {
        use hmac::Mac;
        let mut mac = self.secret.then(|| self.mac.clone())?;
        mac.update(tenant.to_lowercase().as_bytes());
        mac.update(&[0]);
        mac.update(subject.as_bytes());
        Some(format!("hmac-sha256:{}", crate::position::hex(&mac.finalize().into_bytes())))
    }

    /// 128 bits of the keyed hash, as 32 hexadecimal digits.
    pub fn hash(&self, personal: &str) -> String {
        use hmac::Mac;
        let mut mac = self.mac.clone();
        mac.update(personal.as_bytes());
        let digest = mac.finalize().into_bytes();
        crate::position::hex(digest.get(..16).unwrap_or_default())
    }
}

/// Puts a judged event into words. `id` is the record's own, by its coordinates.
pub fn render<'a>(
    program: &'a Program,
    judged: &Judged<'a>,
    id: String,
    source: Source<'a>,
    hasher: &SubjectHasher,
) -> VerdictRecord<'a> {
    let Judged { event, classified, judgement, .. } = judged;
    let editions = program.documents.iter().filter_map(|document| {
        let edition = document.at(event.time)?.edition.to_string();
        Some((Cow::from(&*document.id), Cow::from(edition)))
    });
    VerdictRecord {
        id,
        event_id: event.id.as_ref().map(|id| match id {
            EventId::Plain(id) => Cow::Owned(id.to_string()),
            EventId::Personal(id) => Cow::Owned(hasher.hash(id)),
        }),
        tenant: Cow::Borrowed(&*event.tenant),
        subject: event
            .subject
            .as_ref()
            .and_then(|subject| hasher.subject(&event.tenant, subject))
            .map(Cow::Owned),
        tenant_geography: program.tenant_geography_id(judgement.tenant_geography).into(),
        service: program.service_id(classified.service).into(),
        time: event.time,
        verdict: judgement.verdict,
        findings: judgement
            .findings
            .iter()
            .map(|finding| render_finding(program, judgement, finding))
            .collect(),
        source,
        catalog: CatalogRecord {
            hash: program.documents_hash.as_str().into(),
            editions: editions.collect(),
        },
        tenant_facts: classified.tenant.map(|tenant| Cow::from(&*tenant.facts_hash)),
    }
}

/// Puts one finding into words.
pub fn render_finding<'a>(
    program: &'a Program,
    judgement: &Judgement,
    finding: &Finding,
) -> FindingRecord<'a> {
    let edition = program.clause(finding.commitment).map(|clause| clause.edition.to_string());
    FindingRecord {
        commitment: program.clause_id(finding.commitment).into(),
        edition: edition.unwrap_or_default().into(),
        activity: finding.activity,
        category: finding.category.map(|category| program.category_id(category).into()),
        place: place_id(program, finding.place),
        verdict: finding.verdict,
        exception: finding.exception.map(|exception| program.clause_id(exception).into()),
        assumed: finding.assumed.iter().collect(),
        missing: finding.missing.iter().collect(),
        near_misses: judgement
            .near_misses_of(finding)
            .iter()
            .map(|near| NearMissRecord {
                exception: program.clause_id(near.exception).into(),
                failed: near.failed.iter().collect(),
                missing: near.missing.iter().collect(),
            })
            .collect(),
        explanation: sentence(program, judgement, finding),
    }
}

/// A finding's place as it is put out.
pub fn place_id(program: &Program, place: FindingPlace) -> Option<Cow<'_, str>> {
    match place {
        FindingPlace::None => None,
        FindingPlace::Unknown => Some("unknown".into()),
        FindingPlace::Known(id) => Some(program.place_id(id).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_hashed_with_the_operators_key_and_never_without() {
        let hasher = SubjectHasher::new(Some(b"sixteen bytes ok"));
        // printf 't-1\0jo@example.org' | openssl dgst -sha256 -hmac 'sixteen bytes ok'
        let known = "hmac-sha256:a5348f3e77131e8d02ce40ecf9c27d5871b3cf6207fb04391f1a8e4ee8217d88";
        assert_eq!(hasher.subject("T-1", "jo@example.org").as_deref(), Some(known));
        for (tenant, subject) in [("t-2", "jo@example.org"), ("t-1", "Jo@example.org")] {
            assert_ne!(hasher.subject(tenant, subject).as_deref(), Some(known));
        }
        let other = SubjectHasher::new(Some(b"sixteen bytes no"));
        assert_ne!(other.subject("t-1", "jo@example.org").as_deref(), Some(known));
        assert_eq!(SubjectHasher::new(None).subject("t-1", "jo@example.org"), None);
    }
}
