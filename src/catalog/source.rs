//! The shapes of catalog files, as written in YAML.
//!
//! In: nothing. Out: serde types with spans where a fault may have to be shown. What the
//! words mean is for `compile` to say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long an exception is meant to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Term {
    /// For good.
    Permanent,
    /// Until the service is changed.
    Temporary,
    /// As long as the tenant uses a capability.
    Optional,
}

/// A clause's words for people.
#[derive(Clone, Debug, Default)]
pub struct ClauseText {
    /// A short name.
    pub title: Box<str>,
    /// The heading of the document it stands under.
    pub section: Box<str>,
    /// Why it is there, in our own words.
    pub rationale: Box<str>,
    /// What to do when it is broken.
    pub remediation: Box<str>,
}
