//! The configuration: one YAML file, its variables and its secrets.
//!
//! In: the file's text and the environment. Out: settings that every room can run with, or
//! every fault at once with file, line and snippet. It knows what can be written, not what is
//! done with it, and shows no secret.

mod check;
mod positions;
mod secrets;
mod written;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::alert::Alert;
use crate::catalog::program::{Program, ServiceId};
use crate::classify::{AssumedPlaces, InputRules};
use crate::decode::Format;
use crate::directory::file as tenants_file;
use crate::emit::Outputs;
use crate::http::Guard;
use crate::ingest::InputTopics;
use crate::kafka::Cluster;
use crate::logging;
use crate::place::StatedPlace;
use crate::tenant::TenantRecord;
use crate::yaml::{self, Fault, Faults};

use check::Checker;
use positions::Positions;
use written::Written;

/// How the catalog in the binary is named among the layers.
const BUILTIN: &str = "builtin";

/// A layer of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The one in the binary.
    Builtin,
    /// A directory of the user's.
    Directory(PathBuf),
}

/// One input.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name and topics.
    pub topics: InputTopics,
    /// The format of its records.
    pub format: Format,
    /// Whether an absent purpose is presumed to fit an exception's.
    pub presume_purpose: bool,
    /// Places of services whose records tell none.
    pub places: Vec<PlaceRule>,
}

/// Places of a service, by the catalog's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceRule {
    /// The service, or what is above it: `entra` stands for `entra.sign-in` and all others.
    pub service: String,
    /// Where its data is stored.
    pub at_rest: Option<String>,
    /// Where it is processed.
    pub processing: Option<String>,
}

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Catalog layers, the lowest first.
    pub catalog: Vec<Layer>,
    /// Tenant facts.
    pub tenants: Vec<TenantRecord>,
    /// The cluster that events come from.
    pub kafka: Cluster,
    /// The consumer group.
    pub group: String,
    /// How many threads read and judge.
    pub workers: usize,
    /// What to read.
    pub inputs: Vec<Input>,
    /// Where results go.
    pub outputs: Outputs,
    /// Alerts about violations.
    pub alert: Alert,
    /// Where the HTTP endpoints listen.
    pub listen: SocketAddr,
    /// Who may see the status page and the metrics.
    pub guard: Option<Guard>,
    /// Where the dashboards of all instances are.
    pub dashboards: Option<String>,
    /// Larger records are dead letters.
    pub max_record_bytes: usize,
    /// How log lines are written.
    pub log_format: logging::Format,
    /// A level or filter.
    pub log_level: String,
    /// Key of the hashes that stand for persons.
    pub subject_key: Option<SecretString>,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {kind}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// The file, or one that it names, is faulty.
    #[error("the configuration has {} faults", .0.iter().map(Faults::len).sum::<usize>())]
    Faulty(Vec<Faults>),
}

impl SettingsError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "config_unreadable",
            Self::Faulty(_) => "config_faulty",
        }
    }

    /// Every fault as one line: `file:line: message; help`.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Unreadable { .. } => vec![self.to_string()],
            Self::Faulty(files) => files.iter().flat_map(Faults::lines).collect(),
        }
    }

    /// Every fault with a snippet of its file, ready to print.
    pub fn reports(&self) -> Vec<miette::Report> {
        match self {
            Self::Unreadable { .. } => vec![miette::Report::msg(self.to_string())],
            Self::Faulty(files) => files.iter().flat_map(Faults::reports).collect(),
        }
    }
}

impl Settings {
    /// Reads the configuration and the files that it names. Variables are taken from the
    /// process's environment.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
            path: path.to_owned(),
            kind: error.kind(),
        })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let name = path.display().to_string();
        Self::read(&name, &text, directory, &|name| std::env::var(name).ok())
    }

    /// Reads a configuration's text. Relative paths in it are relative to `directory`.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn read(
        name: &str,
        text: &str,
        directory: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let (mut positions, mut hidden) = (Positions::default(), None);
        let (written, mut faults) = yaml::read_with::<Written>(name, text, |root, faults| {
            positions = Positions::of(root);
            hidden = Some(secrets::hide(text, Some(root)));
            secrets::resolve(root, faults, environment);
        });
        let checked = written.and_then(|written| {
            Checker { faults: &mut faults, positions: &positions, directory }.check(written)
        });
        if hidden.is_none()
            && let Some(at) = secrets::unquoted_variable(text)
        {
            // What the parser says of it points elsewhere.
            faults = Faults::new(name, text);
            let help = "write \"${NAME}\"".to_owned();
            faults.add(&at, "between { and }, a variable stands in quotes", Some(help));
        }
        *faults.text_mut() = hidden.unwrap_or_else(|| secrets::hide(text, None));
        faults.sort();
        let mut all = Vec::new();
        if !faults.is_empty() {
            all.push(faults);
        }
        let settings = checked.map(|(mut settings, tenants)| {
            if let Some(file) = tenants {
                match tenants_file::read(&file) {
                    Ok(records) => settings.tenants = records,
                    Err(faults) => all.push(faults),
                }
            }
            settings
        });
        match settings {
            Some(settings) if all.is_empty() => Ok(settings),
            _ => Err(SettingsError::Faulty(all)),
        }
    }

    /// The rules of each input in the catalog's terms, in the order of the inputs.
    ///
    /// # Errors
    /// Every service and place that the catalog does not have.
    pub fn rules(&self, program: &Program) -> Result<Vec<InputRules>, Faults> {
        let mut faults = Faults::new("configuration", "");
        let rules = self
            .inputs
            .iter()
            .map(|input| InputRules {
                presume_purpose: input.presume_purpose,
                places: places_of(input, program, &mut faults),
            })
            .collect();
        if faults.is_empty() { Ok(rules) } else { Err(faults) }
    }

    /// The published JSON Schema of the file.
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Written)
    }
}

/// The places of each service that the input's rules name; the longest name decides.
fn places_of(input: &Input, program: &Program, faults: &mut Faults) -> Vec<AssumedPlaces> {
    let mut rules: Vec<&PlaceRule> = input.places.iter().collect();
    rules.sort_by_key(|rule| rule.service.len());
    let mut by_service: BTreeMap<ServiceId, AssumedPlaces> = BTreeMap::new();
    for rule in rules {
        let mut fault = |what: &str, name: &str| {
            let path = format!("inputs.{}.places.{}", input.topics.name, rule.service);
            let message = format!("{path}: the catalog has no {what} `{name}`");
            faults.push(Fault { message, help: None, at: None });
        };
        let mut place = |name: &Option<String>| match name.as_deref() {
            None => StatedPlace::Absent,
            Some(name) => {
                let place = program.resolve_place(name);
                if place == StatedPlace::Unresolved {
                    fault("place", name);
                }
                place
            }
        };
        let (at_rest, processing) = (place(&rule.at_rest), place(&rule.processing));
        let below = format!("{}.", rule.service);
        let mut any = false;
        for (number, service) in program.services.iter().enumerate() {
            if *service.id == *rule.service || service.id.starts_with(&below) {
                let service = ServiceId(number as u16);
                by_service.insert(service, AssumedPlaces { service, at_rest, processing });
                any = true;
            }
        }
        if !any {
            fault("service", &rule.service);
        }
    }
    by_service.into_values().collect()
}

#[cfg(test)]
mod tests;
