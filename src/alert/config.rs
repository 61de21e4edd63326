//! What an operator says about alerts: how long, how often, and to whom.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::Deserialize;

use super::access::{BasicAuth, ca_fault};
use crate::secret::{self, SecretFault};

/// Alerts about violations. None are sent where no sink is named.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alert {
    /// An alert without a new violation for so long is resolved.
    #[schemars(with = "String", regex(pattern = r"^[0-9]+(ms|s|m|h|d)$"))]
    pub quiet: Span,
    /// How often a firing alert is sent again.
    #[schemars(with = "String", regex(pattern = r"^[0-9]+(ms|s|m|h|d)$"))]
    pub refresh: Span,
    /// Violations whose event is older are recorded, not paged.
    #[schemars(with = "String", regex(pattern = r"^[0-9]+(ms|s|m|h|d)$"))]
    pub max_age: Span,
    /// Who is told. Each has a consumer group of its own.
    pub sinks: Vec<Sink>,
}

impl Default for Alert {
    fn default() -> Self {
        let minutes = |minutes: u64| Span(Duration::from_secs(60 * minutes));
        Self { quiet: minutes(15), refresh: minutes(1), max_age: minutes(24 * 60), sinks: vec![] }
    }
}

/// A length of time: a whole number and `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

impl TryFrom<String> for Span {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a length of time is a whole number and ms, s, m, h or d: 15m";
        let end = text.find(|c: char| !c.is_ascii_digit()).ok_or(WRONG)?;
        let (number, unit) = text.split_at(end);
        let unit: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(WRONG),
        };
        let millis = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        // A hundred years are enough, and no sum of times overflows.
        let millis = millis.filter(|millis| *millis <= 36_500 * 86_400_000).ok_or(WRONG)?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

/// One receiver of alerts: an Alertmanager or a webhook.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// Its name in metrics and in the consumer group's.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_.-]{1,64}$"))]
    pub name: String,
    /// A Prometheus Alertmanager.
    #[serde(default)]
    pub alertmanager: Option<Alertmanager>,
    /// An HTTP endpoint that takes CloudEvents.
    #[serde(default)]
    pub webhook: Option<Webhook>,
}

/// A Prometheus Alertmanager.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alertmanager {
    /// Every replica, without a path of the API: `http://alertmanager-0:9093`.
    #[schemars(length(min = 1))]
    pub urls: Vec<String>,
    /// The name and password that a proxy before it asks for.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// The token that a proxy before it asks for: `${NAME}` only.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub bearer_token: Option<SecretString>,
    /// File that holds the token.
    #[serde(default)]
    pub bearer_token_file: Option<PathBuf>,
    /// Certificate authorities, PEM; the system's where absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// An HTTP endpoint that takes CloudEvents, signed by Standard Webhooks.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// The key of the signature, `whsec_` and base64: `${NAME}` only.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretString>,
    /// File that holds the key of the signature.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Hosts that may be sent to.
    #[schemars(length(min = 1))]
    pub allow: Vec<String>,
    /// Certificate authorities, PEM; the system's where absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for Webhook {
    /// Without the URL: many receivers put a token into its path.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("allow", &self.allow).finish_non_exhaustive()
    }
}

/// A fault of what is said about alerts. It shows no URL and no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertFault {
    /// A name that cannot be a label or part of a group's name.
    #[error("this is no name for a sink: letters, digits, `_`, `.` and `-`, at most 64")]
    Name,
    /// Two sinks, or a sink and a replica of another, have the same name.
    #[error("two sinks have the same name")]
    Twice,
    /// Neither kind of sink, or both.
    #[error("a sink is either an `alertmanager` or a `webhook`")]
    Kind,
    /// A time that makes no sense.
    #[error("{0}")]
    Time(&'static str),
    /// No replica.
    #[error("no Alertmanager is named")]
    NoUrl,
    /// No http or https URL with a host, or one with a user or a fragment.
    #[error("this is no http or https URL that can be sent to")]
    Url,
    /// The target's host is not allowed.
    #[error("the host of `url` is not in `allow`")]
    NotAllowed,
    /// The key is missing, or given twice.
    #[error("give either `secret` or `secret_file`")]
    Secret,
    /// A file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(std::io::ErrorKind),
    /// The key is none.
    #[error("the key is not `whsec_` and base64 of 24 to 64 bytes")]
    Key,
    /// More than one thing to show to a proxy, or a secret in two places.
    #[error("give one of `basic_auth` and `bearer_token`, and a secret in one place only")]
    Credentials,
    /// A name without a password.
    #[error("give either `password` or `password_file`")]
    Password,
    /// A name or a secret that no header can hold.
    #[error("it cannot be sent: it is empty or of several lines, or the name has a colon")]
    Unusable,
    /// The file of authorities holds none.
    #[error("the file holds no certificate in PEM")]
    Certificate,
}

impl AlertFault {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name => "alert_sink_name",
            Self::Twice => "alert_sink_twice",
            Self::Kind => "alert_sink_kind",
            Self::Time(_) => "alert_time",
            Self::NoUrl => "alert_no_url",
            Self::Url => "alert_url",
            Self::NotAllowed => "alert_target_not_allowed",
            Self::Secret => "alert_secret",
            Self::File(_) => "alert_file",
            Self::Key => "alert_key",
            Self::Credentials => "alert_credentials",
            Self::Password => "alert_password",
            Self::Unusable => "alert_credentials_unusable",
            Self::Certificate => "alert_certificate",
        }
    }
}

impl Alert {
    /// Every fault, with the path of the setting below `alert`.
    pub fn faults(&self) -> Vec<(String, AlertFault)> {
        let mut faults = Vec::new();
        let second = Duration::from_secs(1);
        for (path, time) in [("quiet", self.quiet), ("refresh", self.refresh)] {
            if time.0 < second {
                faults.push((path.to_owned(), AlertFault::Time("a second is the least")));
            }
        }
        if self.refresh.0 > self.quiet.0 {
            let why = "`refresh` is longer than `quiet`: alerts would end between two";
            faults.push(("refresh".to_owned(), AlertFault::Time(why)));
        }
        let mut names = BTreeSet::new();
        for (number, sink) in self.sinks.iter().enumerate() {
            let path = format!("sinks[{number}]");
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
            if !(1..=64).contains(&sink.name.len()) || !sink.name.chars().all(allowed) {
                faults.push((format!("{path}.name"), AlertFault::Name));
            }
            if sink.targets().into_iter().any(|target| !names.insert(target)) {
                faults.push((format!("{path}.name"), AlertFault::Twice));
            }
            match (&sink.alertmanager, &sink.webhook) {
                (Some(manager), None) => {
                    let path = format!("{path}.alertmanager");
                    let access = manager.access_faults().into_iter();
                    faults.extend(access.map(|(key, fault)| (format!("{path}.{key}"), fault)));
                    let path = format!("{path}.urls");
                    if manager.urls.is_empty() {
                        faults.push((path.clone(), AlertFault::NoUrl));
                    }
                    let wrong = manager
                        .urls
                        .iter()
                        .enumerate()
                        .filter(|(_, url)| host(url).is_none() || url.contains('?'));
                    faults.extend(wrong.map(|(n, _)| (format!("{path}[{n}]"), AlertFault::Url)));
                }
                (None, Some(webhook)) => webhook.faults(&format!("{path}.webhook"), &mut faults),
                _ => faults.push((path, AlertFault::Kind)),
            }
        }
        faults
    }
}

impl Sink {
    /// Every file that its settings name.
    pub fn files(&mut self) -> Vec<&mut PathBuf> {
        let (manager, hook) = (self.alertmanager.as_mut(), self.webhook.as_mut());
        let of_manager = manager.map(|it| {
            let password = it.basic_auth.as_mut().and_then(|basic| basic.password_file.as_mut());
            [password, it.bearer_token_file.as_mut(), it.ca_file.as_mut()]
        });
        let of_hook = hook.map(|it| [it.secret_file.as_mut(), it.ca_file.as_mut()]);
        of_manager.into_iter().flatten().chain(of_hook.into_iter().flatten()).flatten().collect()
    }

    /// The names of its receivers, each with a queue of its own: one for each replica.
    pub fn targets(&self) -> Vec<String> {
        match &self.alertmanager {
            Some(manager) => {
                (0..manager.urls.len()).map(|n| format!("{}-{n}", self.name)).collect()
            }
            None => vec![self.name.clone()],
        }
    }
}

impl Webhook {
    fn faults(&self, path: &str, faults: &mut Vec<(String, AlertFault)>) {
        let mut add = |key: &str, fault| faults.push((format!("{path}.{key}"), fault));
        if let Err(fault) = self.checked_url() {
            add("url", fault);
        }
        match self.key() {
            Err(fault @ (AlertFault::File(_) | AlertFault::Key)) if self.secret_file.is_some() => {
                add("secret_file", fault);
            }
            Err(fault) => add("secret", fault),
            Ok(_) => {}
        }
        if let Some((key, fault)) = ca_fault(self.ca_file.as_deref()) {
            add(key, fault);
        }
    }

    /// The URL, if its host is allowed.
    pub(super) fn checked_url(&self) -> Result<&str, AlertFault> {
        let host = host(&self.url).ok_or(AlertFault::Url)?;
        let allowed = self.allow.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host));
        if allowed { Ok(&self.url) } else { Err(AlertFault::NotAllowed) }
    }

    /// The key of the signature.
    pub(super) fn key(&self) -> Result<SecretBox<Vec<u8>>, AlertFault> {
        let secret = secret::read(self.secret.as_ref(), self.secret_file.as_deref());
        let secret = match secret {
            Ok(Some(secret)) => secret,
            Ok(None) | Err(SecretFault::Twice) => return Err(AlertFault::Secret),
            Err(SecretFault::File(kind)) => return Err(AlertFault::File(kind)),
        };
        let encoded =
            secret.expose_secret().trim().strip_prefix("whsec_").ok_or(AlertFault::Key)?;
        let key = STANDARD.decode(encoded).map_err(|_| AlertFault::Key)?;
        if !(24..=64).contains(&key.len()) {
            return Err(AlertFault::Key);
        }
        Ok(SecretBox::new(Box::new(key)))
    }
}

/// The host of a URL that can be sent to.
fn host(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\#\"".contains(&byte));
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority()?.as_str();
    (plain && http && !authority.contains('@') && !uri.host()?.is_empty())
        .then(|| uri.host().unwrap_or_default().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(sink: serde_json::Value) -> Alert {
        serde_json::from_value(serde_json::json!({ "sinks": [sink] })).unwrap()
    }

    fn codes(alert: &Alert) -> Vec<&'static str> {
        alert.faults().iter().map(|(_, fault)| fault.code()).collect()
    }

    #[test]
    fn lengths_of_time_are_whole_numbers_with_a_unit() {
        let span = |text: &str| Span::try_from(text.to_owned()).map(|span| span.0.as_millis());
        assert_eq!(span("250ms"), Ok(250));
        assert_eq!(span("15m"), Ok(900_000));
        assert_eq!(span("2d"), Ok(172_800_000));
        for wrong in ["", "15", "m", "1.5h", "-1s", "99999999999999999999s", "36501d", "1 m"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_target_whose_host_is_not_allowed_is_refused_however_it_is_written() {
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let hook = |url: &str| {
            alert(serde_json::json!({"name": "hook", "webhook":
                {"url": url, "secret": key, "allow": ["hooks.example.org"]}}))
        };
        assert_eq!(codes(&hook("https://hooks.example.org/t/token")), [""; 0]);
        assert_eq!(codes(&hook("https://HOOKS.example.org:8443/")), [""; 0]);
        for url in [
            "https://example.org/",
            "https://hooks.example.org.evil.net/",
            "http://169.254.169.254/latest",
        ] {
            assert_eq!(codes(&hook(url)), ["alert_target_not_allowed"], "{url}");
        }
        for url in [
            "https://hooks.example.org@evil.net/",
            "https://evil.net\\@hooks.example.org/",
            "ftp://hooks.example.org/",
            "file:///etc/passwd",
            "hooks.example.org",
            "https://hooks.example.org/#x",
        ] {
            assert_eq!(codes(&hook(url)), ["alert_url"], "{url}");
        }
        assert!(!format!("{:?}", hook("https://hooks.example.org/token")).contains("token"));
    }

    #[test]
    fn a_sink_has_one_kind_a_name_of_its_own_and_a_key() {
        let webhook = serde_json::json!({"url": "http://a/", "allow": ["a"], "secret": "hunter2"});
        let sink = serde_json::json!({"name": "a b", "webhook": webhook});
        assert_eq!(codes(&alert(sink)), ["alert_sink_name", "alert_key"]);
        assert_eq!(codes(&alert(serde_json::json!({"name": "a"}))), ["alert_sink_kind"]);
        let mut twice = alert(serde_json::json!({"name": "am", "alertmanager": {"urls": []}}));
        assert_eq!(codes(&twice), ["alert_no_url"]);
        let urls = ["http://a:9093", "http://b"].map(str::to_owned).to_vec();
        twice.sinks[0].alertmanager.as_mut().unwrap().urls = urls;
        assert_eq!(twice.sinks[0].targets(), ["am-0", "am-1"]);
        twice.sinks.push(twice.sinks[0].clone());
        assert_eq!(codes(&twice), ["alert_sink_twice"]);
        let odd = Alert { quiet: Span(Duration::ZERO), ..Alert::default() };
        assert_eq!(codes(&odd), ["alert_time", "alert_time"]);
    }

    #[test]
    fn a_proxy_is_shown_one_thing_and_a_private_authority_is_a_certificate() {
        let of = |more: serde_json::Value| {
            let mut manager = serde_json::json!({"urls": ["https://a"]});
            manager.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            alert(serde_json::json!({"name": "am", "alertmanager": manager}))
        };
        let basic = |more: &str| {
            serde_json::from_str(more)
                .map(|basic: serde_json::Value| of(serde_json::json!({"basic_auth": basic})))
        };
        let good = basic(r#"{"username": "ops", "password": "hunter2"}"#).unwrap();
        assert_eq!(codes(&good), [""; 0]);
        let manager = good.sinks[0].alertmanager.as_ref().unwrap();
        let header = manager.authorization().unwrap().unwrap();
        assert_eq!(header.expose_secret(), "Authorization: Basic b3BzOmh1bnRlcjI=");
        assert!(!format!("{good:?}").contains("hunter2"));
        for (more, code) in [
            (r#"{"username": "ops"}"#, "alert_password"),
            (r#"{"username": "o:s", "password": "x"}"#, "alert_credentials_unusable"),
            (r#"{"username": "ops", "password": "a\nHost: b"}"#, "alert_credentials_unusable"),
            (r#"{"username": "ops", "password_file": "nowhere/x"}"#, "alert_file"),
            (r#"{"username": "a", "password": "b", "password_file": "c"}"#, "alert_credentials"),
        ] {
            assert_eq!(codes(&basic(more).unwrap()), [code], "{more}");
        }
        let both = serde_json::json!({"bearer_token": "t", "bearer_token_file": "f"});
        assert_eq!(codes(&of(both)), ["alert_credentials"]);
        assert_eq!(codes(&of(serde_json::json!({"ca_file": "nowhere/x"}))), ["alert_file"]);
        assert_eq!(codes(&of(serde_json::json!({"ca_file": "Cargo.toml"}))), ["alert_certificate"]);
    }
}
