//! Clients of a Kafka cluster: settings, TLS, SASL, profiles, reserved keys, callbacks.
//!
//! In: a cluster's settings as written in the configuration. Out: client configurations that
//! are safe to run with, and every fault of the settings at once. It does not know which
//! topics there are or what is in them.

mod callbacks;
pub mod check;
mod client;
pub mod reread;
mod reserved;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

pub use callbacks::{Lag, Reporter};
pub use client::{ConsumerRole, describe};

/// A cluster and how to reach it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Bootstrap brokers, `host:port`, separated by commas.
    pub brokers: String,
    /// What kind of cluster it is.
    #[serde(default)]
    pub profile: Profile,
    /// Encryption. Present, even if empty: on, with the broker's certificate and name checked.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Authentication.
    #[serde(default)]
    pub sasl: Option<Sasl>,
    /// Raw librdkafka settings. Those that Bailiwick's correctness rests on are refused.
    #[serde(default)]
    pub librdkafka: RawSettings,
}

/// What kind of cluster it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Apache Kafka, or what behaves like it.
    #[default]
    Apache,
    /// Azure Event Hubs: always encrypted, `$ConnectionString` or a name of your own as user.
    EventHubs,
}

/// Encryption of the connection.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate authorities, PEM; the system's where absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The client's own certificate, PEM.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// The client's private key, PEM.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Password of the private key.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub key_password: Option<SecretString>,
    /// File that holds the password of the private key.
    #[serde(default)]
    pub key_password_file: Option<PathBuf>,
}

/// Authentication by name and password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sasl {
    /// The mechanism; PLAIN where absent.
    #[serde(default)]
    pub mechanism: Mechanism,
    /// The user; `$ConnectionString` where absent with the profile `event-hubs`.
    #[serde(default)]
    pub username: Option<String>,
    /// The password.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// File that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// A SASL mechanism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Mechanism {
    /// The password as it is; only sensible with TLS.
    #[default]
    #[serde(rename = "PLAIN")]
    Plain,
    /// Salted challenge and response, SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Salted challenge and response, SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl Mechanism {
    /// The name as Kafka has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Raw librdkafka settings. Its `Debug` shows keys only: people put secrets everywhere.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RawSettings(pub BTreeMap<String, RawValue>);

impl fmt::Debug for RawSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The value of a raw setting.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawValue {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Fraction(f64),
    /// Text.
    Text(String),
}

impl fmt::Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl RawValue {
    fn to_text(&self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Whole(whole) => whole.to_string(),
            Self::Fraction(fraction) => fraction.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// A fault of a cluster's settings. It names keys and files, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterFault {
    /// No broker.
    #[error("`brokers` names no broker")]
    NoBrokers,
    /// A raw setting that Bailiwick sets itself.
    #[error("`librdkafka.{key}` is reserved: {why}")]
    Reserved {
        /// The key.
        key: String,
        /// What to do instead, or why not.
        why: &'static str,
    },
    /// A raw setting that librdkafka does not have.
    #[error("`librdkafka.{key}` is no setting of this build's librdkafka")]
    UnknownSetting {
        /// The key.
        key: String,
    },
    /// A raw setting whose value librdkafka refuses.
    #[error("`librdkafka.{key}` has a value that librdkafka refuses")]
    InvalidSetting {
        /// The key.
        key: String,
    },
    /// A needed setting is missing.
    #[error("`{key}` is missing{because}")]
    Missing {
        /// The key.
        key: &'static str,
        /// Why it is needed.
        because: &'static str,
    },
    /// A secret both in place and in a file.
    #[error("`{key}` and `{key}_file` exclude each other")]
    SecretTwice {
        /// The key.
        key: &'static str,
    },
    /// A secret's file cannot be read.
    #[error("`{key}`: {} cannot be read: {kind}", path.display())]
    SecretFile {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// librdkafka refuses the settings as a whole.
    #[error("librdkafka refuses the settings of the cluster: {reason}")]
    Refused {
        /// What it says.
        reason: String,
    },
}

impl ClusterFault {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoBrokers => "kafka_no_brokers",
            Self::Reserved { .. } => "kafka_reserved_setting",
            Self::UnknownSetting { .. } => "kafka_unknown_setting",
            Self::InvalidSetting { .. } => "kafka_invalid_setting",
            Self::Missing { .. } => "kafka_missing_setting",
            Self::SecretTwice { .. } => "kafka_secret_twice",
            Self::SecretFile { .. } => "kafka_secret_file",
            Self::Refused { .. } => "kafka_settings_refused",
        }
    }

    /// The path of the setting at fault, below the cluster's own key.
    pub fn path(&self) -> String {
        match self {
            Self::NoBrokers => "brokers".to_owned(),
            Self::Reserved { key, .. }
            | Self::UnknownSetting { key }
            | Self::InvalidSetting { key } => format!("librdkafka.{key}"),
            Self::Missing { key, .. }
            | Self::SecretTwice { key }
            | Self::SecretFile { key, .. } => (*key).to_owned(),
            Self::Refused { .. } => String::new(),
        }
    }
}
