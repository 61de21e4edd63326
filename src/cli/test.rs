//! `test`: the clauses' examples, and test files of the user's own.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::compile::Strictness;
use crate::catalog::program::Program;
use crate::trial::{self, Trial};
use crate::yaml;

use super::arguments::TestArguments;
use super::{Exit, loading};

pub(super) fn run(arguments: &TestArguments) -> Exit {
    let catalog = match loading::catalog(&arguments.catalog.layers, Strictness::Lenient) {
        Ok(catalog) => catalog,
        Err(exit) => return exit,
    };
    for warning in &catalog.warnings {
        say!("warning: {warning}");
    }
    let program = Arc::new(catalog.program);
    let mut tally = Tally::default();
    for clause in &catalog.examples {
        for example in &clause.examples {
            let name = format!("{}: {}", clause.clause, example.name.value);
            tally.count(&name, trial::example(&program, clause, example));
        }
        if clause.examples.is_empty() {
            tally.without += 1;
        }
    }
    for path in &arguments.paths {
        if let Err(exit) = own_tests(&program, path, &mut tally) {
            return exit;
        }
    }
    let Tally { passed, failed, without } = tally;
    say!("{passed} passed, {failed} failed; {without} clauses without examples");
    if failed == 0 { Exit::Fine } else { Exit::Found }
}

#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    without: u64,
}

impl Tally {
    fn count(&mut self, name: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(why) => {
                self.failed += 1;
                // A reader that went away has seen enough; the exit code still tells.
                let _ = writeln!(io::stdout(), "FAILED {name}\n  {why}");
            }
        }
    }
}

/// One test of a user's file: an event, its tenants, and what must be found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnTest {
    name: String,
    event: Map<String, Value>,
    #[serde(default)]
    tenants: Vec<Map<String, Value>>,
    #[serde(default = "yes")]
    presume_purpose: bool,
    expect: Map<String, Value>,
}

fn yes() -> bool {
    true
}

/// All YAML files of a directory and those below it, in order of their paths.
fn files_below(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn own_tests(program: &Arc<Program>, path: &Path, tally: &mut Tally) -> Result<(), Exit> {
    let failed = |path: &Path, error: std::io::Error| {
        say!("bailiwick: {} cannot be read: {error}", path.display());
        Exit::Failed
    };
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        paths = files_below(path).map_err(|error| failed(path, error))?;
    }
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        let name = path.display().to_string();
        let tests: Vec<OwnTest> = yaml::read(&name, &text).map_err(|faults| {
            for report in faults.reports() {
                say!("{report:?}");
            }
            Exit::Faulty
        })?;
        for test in tests {
            let trial = Trial {
                event: test.event,
                tenants: test.tenants,
                presume_purpose: test.presume_purpose,
            };
            let name = format!("{name}: {}", test.name);
            let expected = Value::Object(test.expect);
            tally.count(&name, trial::expectation(program, trial, &expected));
        }
    }
    Ok(())
}
