//! Files that every command begins with: the catalog's layers and the tenants.
//!
//! In: paths. Out: a program and tenant records, or what is wrong, ready to print. It opens
//! files and knows no command.

use std::path::{Path, PathBuf};

use crate::catalog::compile::{Catalog, CatalogFaults, Strictness, compile};
use crate::catalog::layers::{Layer, LayerError};
use crate::tenant::{TenantRecord, repeated_ids};
use crate::yaml::{self, Fault, Faults};

/// Something that a command cannot begin without.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A catalog directory cannot be read.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The catalog has faults.
    #[error(transparent)]
    Catalog(#[from] CatalogFaults),
    /// The tenants file cannot be read.
    #[error("the tenants file {} cannot be read: {error}", path.display())]
    TenantsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The tenants file has faults.
    #[error("the tenants file is faulty:\n{}", .0.lines().collect::<Vec<_>>().join("\n"))]
    Tenants(Faults),
}

impl LoadError {
    /// Every fault as it should be drawn for a person, or the one line there is.
    pub fn print(&self) {
        let reports: Vec<miette::Report> = match self {
            Self::Catalog(faults) => faults.reports().collect(),
            Self::Tenants(faults) => faults.reports().collect(),
            Self::Layer(_) | Self::TenantsFile { .. } => {
                eprintln!("bailiwick: {self}");
                return;
            }
        };
        for report in reports {
            eprintln!("{report:?}");
        }
    }
}

/// Compiles the built-in catalog with the user's directories over it.
///
/// # Errors
/// When a directory cannot be read or the catalog has faults.
pub fn catalog(directories: &[PathBuf], strictness: Strictness) -> Result<Catalog, LoadError> {
    let mut layers = vec![Layer::builtin()];
    for directory in directories {
        layers.push(Layer::directory(directory)?);
    }
    Ok(compile(&layers, strictness)?)
}

/// Reads tenant facts: a YAML list, or one JSON object a line.
///
/// # Errors
/// When the file cannot be read or a record of it is faulty; all faults at once.
pub fn tenants(path: &Path) -> Result<Vec<TenantRecord>, LoadError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| LoadError::TenantsFile { path: path.to_owned(), error })?;
    tenants_text(&path.display().to_string(), &text)
}

/// Reads the text of a tenants file.
///
/// # Errors
/// All faults at once.
pub fn tenants_text(name: &str, text: &str) -> Result<Vec<TenantRecord>, LoadError> {
    let (records, mut faults) = if text.trim_start().starts_with('{') {
        ndjson(name, text)
    } else if text.trim().is_empty() {
        (Vec::new(), Faults::new(name, text))
    } else {
        let (records, faults) = yaml::read_with::<Vec<TenantRecord>>(name, text, |_, _| {});
        (records.unwrap_or_default(), faults)
    };
    for (id, count) in repeated_ids(&records) {
        let message = format!("tenant `{id}` stands {count} times");
        faults.push(Fault { message, help: None, at: None });
    }
    faults.sort();
    if faults.is_empty() { Ok(records) } else { Err(LoadError::Tenants(faults)) }
}

/// One JSON object a line. JSON is YAML, so each line is read by the same reader.
fn ndjson(name: &str, text: &str) -> (Vec<TenantRecord>, Faults) {
    let mut faults = Faults::new(name, text);
    let mut records = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let (record, of_line) = yaml::read_with::<TenantRecord>(name, line, |_, _| {});
            records.extend(record);
            for mut fault in of_line.into_faults() {
                let at = fault.at.unwrap_or(0..line.trim_end().len());
                fault.at = Some(start + at.start..start + at.end);
                faults.push(fault);
            }
        }
        start += line.len();
    }
    (records, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        match tenants_text("t", text) {
            Ok(_) => Vec::new(),
            Err(LoadError::Tenants(faults)) => faults.lines().collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_yaml_list_and_json_lines_read_alike() {
        let yaml = tenants_text("t", "- { id: a, country: NO, capabilities: {} }\n- { id: b }\n");
        let json = tenants_text(
            "t",
            "{\"id\":\"a\",\"country\":\"NO\",\"capabilities\":{}}\n\n{\"id\":\"b\"}",
        );
        assert_eq!(yaml.unwrap(), json.unwrap());
    }

    #[test]
    fn every_fault_of_a_tenants_file_has_its_line() {
        assert_eq!(
            lines("{\"id\":\"a\"}\n{\"id\":\"a\",\"contry\":\"DE\"}\n{\"country\":\"DE\"}\n"),
            [
                "t:1: tenant `a` stands 2 times",
                "t:2: unknown key `contry`; did you mean `country`?",
                "t:3: missing key `id`",
            ]
        );
    }
}
