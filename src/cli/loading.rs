//! What most commands begin with: catalog, tenants, rules; and how their faults are printed.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::{self, AppError};
use crate::catalog::compile::{Catalog, Strictness};
use crate::catalog::program::Program;
use crate::classify::InputRules;
use crate::decode::Format;
use crate::directory::{self, Directory};
use crate::pipeline::Pipeline;
use crate::record::SubjectHasher;
use crate::settings::{Layer, Settings, SettingsError};
use crate::yaml::Faults;
use secrecy::ExposeSecret;

use super::Exit;
use super::arguments::RecordArguments;

/// A file's record may be large, but a file that never closes a bracket must not fill memory.
pub(super) const MAX_RECORD_BYTES: usize = 16 << 20;

/// What files are judged with.
pub(super) struct Judging {
    pub(super) pipeline: Pipeline,
    pub(super) program: Arc<Program>,
    pub(super) hasher: SubjectHasher,
}

/// Compiles the built-in catalog with the user's directories over it.
pub(super) fn catalog(directories: &[PathBuf], strictness: Strictness) -> Result<Catalog, Exit> {
    let mut layers = vec![Layer::Builtin];
    layers.extend(directories.iter().cloned().map(Layer::Directory));
    app::catalog(&layers, strictness).map_err(|error| app_failed(&error))
}

/// Loads what the arguments name.
pub(super) fn judging(arguments: &RecordArguments) -> Result<Judging, Exit> {
    if let Some(path) = &arguments.config {
        return configured(&settings(path)?, arguments);
    }
    let catalog = catalog(&arguments.catalog.layers, Strictness::Lenient)?;
    let tenants = match &arguments.tenants {
        Some(path) => directory::file::read(path).map_err(|faults| faulty(&faults))?,
        None => Vec::new(),
    };
    let program = Arc::new(catalog.program);
    let directory = Arc::new(Directory::new(&program, &tenants));
    let rules = Arc::new(InputRules::default());
    let format = arguments.format.unwrap_or_default();
    let pipeline = Pipeline::new(program.clone(), directory, rules, format, MAX_RECORD_BYTES);
    Ok(Judging { pipeline, program, hasher: SubjectHasher::new(None) })
}

/// Catalog, tenants and one input's rules from a configuration.
fn configured(settings: &Settings, arguments: &RecordArguments) -> Result<Judging, Exit> {
    let judging = app::judging(settings).map_err(|error| app_failed(&error))?;
    let names = || settings.inputs.iter().map(|input| input.topics.name.as_str());
    let number = match &arguments.input {
        None => 0,
        Some(wanted) => names().position(|name| name == wanted).ok_or_else(|| {
            let known: Vec<&str> = names().collect();
            say!("bailiwick: no input `{wanted}`; there are {}", known.join(", "));
            Exit::Usage
        })?,
    };
    let given = settings.inputs.get(number).map(|input| input.format);
    let rules = judging.rules.get(number).cloned().unwrap_or_default();
    let format: Format = arguments.format.or(given).unwrap_or_default();
    let program = judging.program;
    let pipeline =
        Pipeline::new(program.clone(), judging.directory, rules, format, MAX_RECORD_BYTES);
    let key = settings.subject_key.as_ref().map(|key| key.expose_secret().as_bytes());
    Ok(Judging { pipeline, program, hasher: SubjectHasher::new(key) })
}

/// Reads a configuration.
pub(super) fn settings(path: &std::path::Path) -> Result<Settings, Exit> {
    Settings::load(path).map_err(|error| {
        print_reports(error.reports());
        match error {
            SettingsError::Unreadable { .. } | SettingsError::Faulty(_) => Exit::Faulty,
        }
    })
}

/// Prints all faults of a file.
pub(super) fn faulty(faults: &Faults) -> Exit {
    print_reports(faults.reports());
    Exit::Faulty
}

/// Prints why the process cannot start or go on.
pub(super) fn app_failed(error: &AppError) -> Exit {
    print_reports(error.reports());
    if error.exit_code() == 78 { Exit::Faulty } else { Exit::Failed }
}

fn print_reports(reports: impl IntoIterator<Item = miette::Report>) {
    for report in reports {
        say!("{report:?}");
    }
}
