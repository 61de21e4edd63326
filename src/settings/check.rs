//! From what is written to what can be run with: every fault of meaning, each in its place.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::positions::Positions;
use super::secrets::STAND_IN;
use super::written::{self, Written};
use super::{BUILTIN, Input, Layer, PlaceRule, Settings};
use crate::alert::config::Sink;
use crate::alert::{Alert, AlertFault};
use crate::ingest::{IngestError, InputTopics, Subscription};
use crate::kafka::Cluster;
use crate::logging;
use crate::secret::{self, SecretFault};
use crate::tenant::repeated_ids;
use crate::yaml::{Fault, Faults};

/// A shorter key could be tried out.
const SUBJECT_KEY: usize = 16;

/// Reads the settings out of what is written; what is faulty is left at something harmless,
/// so that all else is still looked at.
pub(super) struct Checker<'a> {
    pub(super) faults: &'a mut Faults,
    pub(super) positions: &'a Positions,
    /// Relative paths are relative to the file's directory.
    pub(super) directory: &'a Path,
}

impl Checker<'_> {
    fn fault(&mut self, path: &str, message: impl Into<String>, help: Option<&str>) {
        self.faults.push(Fault {
            message: message.into(),
            help: help.map(str::to_owned),
            at: self.positions.at(path),
        });
    }

    pub(super) fn check(&mut self, written: Written) -> Option<(Settings, Option<PathBuf>)> {
        let Written { tenants, kafka, mut outputs, subject_key, subject_key_file, .. } = written;
        let kafka = kafka.map(|cluster| self.cluster("kafka", cluster));
        if kafka.is_none() && !self.positions.has("kafka") {
            self.fault("kafka", "missing key `kafka`", Some("it says which brokers to read from"));
        }
        outputs.kafka = outputs.kafka.map(|cluster| self.cluster("outputs.kafka", cluster));
        for (path, topic) in [
            ("outputs.violations.topic", &outputs.violations.topic),
            ("outputs.verdicts.topic", &outputs.verdicts.topic),
            ("outputs.dead_letters.topic", &outputs.dead_letters.topic),
        ] {
            self.topic(path, topic);
        }
        let distinct: BTreeSet<&str> = outputs.topics().into_iter().collect();
        if distinct.len() < outputs.topics().len() {
            self.fault("outputs", "two outputs go to the same topic", None);
        }
        if written.group.trim().is_empty() {
            self.fault("group", "the consumer group has no name", None);
        }
        if written.workers.is_some_and(|workers| !(1..=64).contains(&workers)) {
            self.fault("workers", "the number of workers is not between 1 and 64", None);
        }
        let alert = self.alert(written.alert);
        let inputs = self.inputs(written.inputs, &outputs.topics());
        let listen = written.http.listen.parse::<SocketAddr>();
        if listen.is_err() {
            let help = "write an IP address and a port: 127.0.0.1:9464";
            self.fault("http.listen", "this is no address to listen on", Some(help));
        }
        let guard = written.http.auth.and_then(|auth| match auth.guard(self.directory) {
            Ok(guard) => Some(guard),
            Err(fault) => {
                self.fault(&format!("http.{}", fault.path()), fault.to_string(), None);
                None
            }
        });
        let dashboards = written.http.dashboards;
        if dashboards.as_ref().is_some_and(|url| !is_web_address(url)) {
            let help = "write https:// and the address";
            self.fault("http.dashboards", "this is no address of a web page", Some(help));
        }
        if written.limits.max_record_bytes == 0 {
            self.fault("limits.max_record_bytes", "no record could be read", None);
        }
        if logging::check(&written.log.level).is_err() {
            let help = "levels are error, warn, info, debug and trace";
            self.fault("log.level", "this is neither a level nor a filter", Some(help));
        }
        let catalog = written
            .catalog
            .into_iter()
            .map(|layer| match layer.as_str() {
                BUILTIN => Layer::Builtin,
                path => Layer::Directory(self.directory.join(path)),
            })
            .collect::<Vec<_>>();
        if catalog.is_empty() {
            self.fault("catalog", "without a catalog nothing can be judged", Some("[builtin]"));
        }
        let subject_key = self.subject_key(subject_key, subject_key_file);
        let (tenants, tenants_file) = self.tenants(tenants);
        let settings = Settings {
            catalog,
            tenants,
            kafka: kafka?,
            group: written.group,
            workers: written.workers.map_or_else(default_workers, usize::from),
            inputs,
            outputs,
            alert,
            listen: listen.ok()?,
            guard,
            dashboards,
            max_record_bytes: written.limits.max_record_bytes,
            log_format: written.log.format,
            log_level: written.log.level,
            subject_key,
        };
        Some((settings, tenants_file))
    }

    fn cluster(&mut self, path: &str, mut cluster: Cluster) -> Cluster {
        let rebase = |file: &mut Option<PathBuf>| {
            if let Some(file) = file {
                *file = self.directory.join(&file);
            }
        };
        if let Some(tls) = &mut cluster.tls {
            rebase(&mut tls.ca_file);
            rebase(&mut tls.certificate_file);
            rebase(&mut tls.key_file);
            rebase(&mut tls.key_password_file);
        }
        if let Some(sasl) = &mut cluster.sasl {
            rebase(&mut sasl.password_file);
        }
        for fault in cluster.faults() {
            self.fault(&format!("{path}.{}", fault.path()), fault.to_string(), None);
        }
        cluster
    }

    fn alert(&mut self, mut alert: Alert) -> Alert {
        let files = alert.sinks.iter_mut().flat_map(Sink::files);
        files.for_each(|file| *file = self.directory.join(&file));
        let stand_in = |sink: &Sink| {
            let secret = sink.webhook.as_ref().and_then(|hook| hook.secret.as_ref());
            secret.is_some_and(|secret| secret.expose_secret() == STAND_IN)
        };
        for (path, fault) in alert.faults() {
            // What must not be in the file has its fault already.
            if fault == AlertFault::Key && alert.sinks.iter().any(stand_in) {
                continue;
            }
            self.fault(&format!("alert.{path}"), fault.to_string(), None);
        }
        alert
    }

    fn inputs(&mut self, written: Vec<written::Input>, outputs: &[&str]) -> Vec<Input> {
        if written.is_empty() && !self.positions.has("inputs[0]") {
            self.fault("inputs", "no input is named", Some("name at least one, with its topics"));
        }
        let mut names = BTreeSet::new();
        let mut inputs = Vec::new();
        for (index, input) in written.into_iter().enumerate() {
            let path = format!("inputs[{index}]");
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
            if input.name.is_empty() || input.name.len() > 64 || !input.name.chars().all(allowed) {
                let help = "letters, digits, `_`, `.` and `-`, at most 64";
                self.fault(&format!("{path}.name"), "this is no name for an input", Some(help));
            } else if !names.insert(input.name.clone()) {
                let help = "ids of verdicts depend on the name";
                self.fault(&format!("{path}.name"), "two inputs have the same name", Some(help));
            }
            if input.topics.is_empty() && input.pattern.is_none() {
                let help = "name `topics`, or give a `pattern`";
                self.fault(&path, "the input has no topics", Some(help));
            }
            for (number, topic) in input.topics.iter().enumerate() {
                let path = format!("{path}.topics[{number}]");
                self.topic(&path, topic);
                if outputs.contains(&topic.as_str()) {
                    self.fault(&path, "the topic is an output as well", None);
                }
            }
            let topics =
                InputTopics { name: input.name, topics: input.topics, pattern: input.pattern };
            match Subscription::new([topics.clone()]) {
                Err(IngestError::PatternStart { .. }) => {
                    let help = "a pattern begins with ^";
                    self.fault(&format!("{path}.pattern"), "this is no pattern", Some(help));
                }
                Err(_) => {
                    self.fault(&format!("{path}.pattern"), "this is no regular expression", None);
                }
                Ok(_) => {}
            }
            let places = input
                .places
                .into_iter()
                .map(|(service, places)| {
                    let path = format!("{path}.places.{service}");
                    if places.at_rest.is_none() && places.processing.is_none() {
                        let help = "give `at_rest`, `processing` or both";
                        self.fault(&path, "no place is given", Some(help));
                    }
                    PlaceRule { service, at_rest: places.at_rest, processing: places.processing }
                })
                .collect();
            let presume_purpose = input.presume_purpose;
            inputs.push(Input { topics, format: input.format, presume_purpose, places });
        }
        inputs
    }

    fn topic(&mut self, path: &str, topic: &str) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let named = !topic.is_empty() && topic.len() <= 249 && !matches!(topic, "." | "..");
        if !named || !topic.chars().all(allowed) {
            let help = "letters, digits, `.`, `_` and `-`, at most 249";
            self.fault(path, "Kafka takes no such topic name", Some(help));
        }
    }

    fn subject_key(
        &mut self,
        key: Option<SecretString>,
        file: Option<PathBuf>,
    ) -> Option<SecretString> {
        let path = if file.is_some() { "subject_key_file" } else { "subject_key" };
        let file = file.map(|file| self.directory.join(file));
        let key = secret::read(key.as_ref(), file.as_deref()).unwrap_or_else(|fault| {
            let message = match fault {
                SecretFault::Twice => {
                    "`subject_key` and `subject_key_file` exclude each other".to_owned()
                }
                SecretFault::File(kind) => format!("the file cannot be read: {kind}"),
            };
            self.fault(path, message, None);
            None
        })?;
        // What must not be in the file has its fault already.
        if key.expose_secret().len() < SUBJECT_KEY && key.expose_secret() != STAND_IN {
            let help = "openssl rand -base64 32 makes one";
            self.fault(path, "the key is shorter than 16 bytes", Some(help));
        }
        Some(key)
    }

    fn tenants(
        &mut self,
        tenants: written::Tenants,
    ) -> (Vec<crate::tenant::TenantRecord>, Option<PathBuf>) {
        if tenants.file.is_some() && tenants.inline.is_some() {
            self.fault("tenants", "`file` and `inline` exclude each other", None);
        }
        let inline = tenants.inline.unwrap_or_default();
        for id in repeated_ids(&inline).into_keys() {
            let again = inline.iter().rposition(|record| record.id.to_lowercase() == id);
            let path = format!("tenants.inline[{}]", again.unwrap_or_default());
            self.fault(&path, "two tenants have the same id", None);
        }
        (inline, tenants.file.map(|file| self.directory.join(file)))
    }
}

/// Nothing but the web: a link must not run anything.
fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace()))
}

/// As many workers as there are CPUs, at most 8.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(8))
}
