//! The configuration as people write it: one YAML file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::alert::Alert;
use crate::decode::Format;
use crate::emit::Outputs;
use crate::http::Auth;
use crate::kafka::Cluster;
use crate::logging;
use crate::tenant::TenantRecord;

/// The whole file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Bailiwick configuration")]
pub(super) struct Written {
    /// Catalog layers: `builtin`, and directories of your own over it.
    #[serde(default = "builtin")]
    pub(super) catalog: Vec<String>,
    /// What is known of tenants.
    #[serde(default)]
    pub(super) tenants: Tenants,
    /// The cluster that events come from, and go to unless `outputs.kafka` names another.
    #[schemars(required)]
    pub(super) kafka: Option<Cluster>,
    /// The consumer group.
    #[serde(default = "group")]
    pub(super) group: String,
    /// Threads that read and judge; as many as there are CPUs where absent, at most 8.
    #[schemars(range(min = 1, max = 64))]
    pub(super) workers: Option<u16>,
    /// Topics to read, and what is to be known of them. A topic belongs to the first input
    /// that names it, else to the first whose pattern matches it.
    #[serde(default)]
    #[schemars(required, length(min = 1))]
    pub(super) inputs: Vec<Input>,
    /// Where results go.
    #[serde(default)]
    pub(super) outputs: Outputs,
    /// Alerts about violations.
    #[serde(default)]
    pub(super) alert: Alert,
    /// The process's own HTTP endpoints.
    #[serde(default)]
    pub(super) http: Http,
    /// Bounds.
    #[serde(default)]
    pub(super) limits: Limits,
    /// What the process says of itself, on standard error.
    #[serde(default)]
    pub(super) log: Log,
    /// Key of the hashes that stand for persons, 16 bytes or more: `${NAME}` only.
    #[schemars(with = "Option<String>")]
    pub(super) subject_key: Option<SecretString>,
    /// File that holds the key of the hashes that stand for persons, 16 bytes or more.
    pub(super) subject_key_file: Option<PathBuf>,
}

fn builtin() -> Vec<String> {
    vec![super::BUILTIN.to_owned()]
}

fn group() -> String {
    "bailiwick".to_owned()
}

/// Tenant facts: from a file, or in place.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tenants {
    /// A YAML list, or one JSON object a line.
    pub(super) file: Option<PathBuf>,
    /// The list itself.
    pub(super) inline: Option<Vec<TenantRecord>>,
}

/// One input.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Its name in metrics and verdicts. Ids of verdicts depend on it.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_.-]{1,64}$"))]
    pub(super) name: String,
    /// Topics by name.
    #[serde(default)]
    pub(super) topics: Vec<String>,
    /// Topics by a regular expression, which begins with `^`.
    pub(super) pattern: Option<String>,
    /// The format of its records.
    #[serde(default)]
    pub(super) format: Format,
    /// Whether an absent purpose is presumed to fit an exception's.
    #[serde(default = "yes")]
    pub(super) presume_purpose: bool,
    /// Places of services whose records tell none; `entra` stands for all below it. What
    /// rests on them is marked as assumed.
    #[serde(default)]
    pub(super) places: BTreeMap<String, Places>,
}

fn yes() -> bool {
    true
}

/// Places of one service.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Places {
    /// Where its data is stored.
    pub(super) at_rest: Option<String>,
    /// Where it is processed.
    pub(super) processing: Option<String>,
}

/// The process's own HTTP endpoints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Http {
    /// Address and port.
    pub(super) listen: String,
    /// Who may see the status page and the metrics; anybody who can connect where absent.
    /// `/healthz` and `/readyz` are open in any case.
    pub(super) auth: Option<Auth>,
    /// Where the dashboards of all instances are; the status page has a link to them.
    #[schemars(regex(pattern = r"^https?://"))]
    pub(super) dashboards: Option<String>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".to_owned(), auth: None, dashboards: None }
    }
}

/// Bounds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    /// Larger records are dead letters.
    #[schemars(range(min = 1))]
    pub(super) max_record_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_record_bytes: 10 << 20 }
    }
}

/// What the process says of itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    /// How lines are written.
    pub(super) format: logging::Format,
    /// A level, or a filter by room: `info,librdkafka=warn`.
    pub(super) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: logging::Format::default(), level: "info".to_owned() }
    }
}
