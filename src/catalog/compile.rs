//! From catalog files to a program: names looked up, layers laid over each other, faults
//! gathered.
//!
//! In: layers of YAML files. Out: a [`Catalog`], or every fault of every file. It judges
//! nothing and reads no file itself.

mod clauses;
mod editions;
mod places;
mod words;

use std::collections::{HashMap, HashSet};

use crate::position::content_hash;
use crate::yaml::{self, Fault, Faults, Name, Span, Value, suggest};

use super::examples::ClauseExamples;
use super::layers::{Layer, SourceFile};
use super::program::Program;
use super::source::CatalogFile;

/// How strict to be with what is missing but not wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Missing examples in the user's layers are warnings.
    Lenient,
    /// They are faults.
    Strict,
}

/// A compiled catalog.
#[derive(Debug)]
pub struct Catalog {
    /// What the judge uses.
    pub program: Program,
    /// The clauses' examples.
    pub examples: Vec<ClauseExamples>,
    /// What is missing but not wrong, one line each: `file:line: message`.
    pub warnings: Vec<String>,
}

/// Every fault of every file of a catalog.
#[derive(Debug, thiserror::Error)]
#[error("the catalog is faulty:\n{}", self.lines().collect::<Vec<_>>().join("\n"))]
pub struct CatalogFaults(Vec<Faults>);

impl CatalogFaults {
    /// One line a fault.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(Faults::lines)
    }

    /// Every fault with its snippet.
    pub fn reports(&self) -> impl Iterator<Item = miette::Report> {
        self.0.iter().flat_map(Faults::reports)
    }
}

/// One file, read.
struct Unit {
    file: CatalogFile,
    faults: Faults,
    warnings: Faults,
    /// Whether something of the file could not be read, so that what it lacks may stand there.
    torn: bool,
    /// Where it names its document.
    header: Span,
    layer: usize,
    builtin: bool,
}

/// What is known while compiling, and where faults go.
pub(super) struct Compiler {
    units: Vec<Unit>,
    program: Program,
    groups: HashMap<String, Vec<String>>,
    parents: Vec<Option<usize>>,
    /// The file of each service.
    service_units: Vec<usize>,
    /// Ids that stand in a file, but whose entries could not be read.
    lost: HashSet<String>,
    examples: Vec<ClauseExamples>,
    strictness: Strictness,
}

/// Compiles layers, the first one lowest.
///
/// # Errors
/// All faults of all files.
pub fn compile(layers: &[Layer], strictness: Strictness) -> Result<Catalog, CatalogFaults> {
    let mut units = Vec::new();
    let (mut documents, mut reference) = (Vec::new(), Vec::new());
    let mut lost = HashSet::new();
    for (number, layer) in layers.iter().enumerate() {
        for SourceFile { name, text } in &layer.files {
            let mut ids = Vec::new();
            let (file, faults) = yaml::read_with::<CatalogFile>(name, text, |root, _| {
                // A file of nothing but comments.
                if matches!(root.value, Value::Null) {
                    root.value = Value::Map(Vec::new());
                }
                root.each_text(&mut |path, text, _| {
                    if let [_, "id"] = path {
                        ids.push(text.clone());
                    }
                });
            });
            lost.extend(ids.into_iter().filter(|id| !faults.is_empty() && !has(&file, id)));
            // Hashed apart, so that a new datacentre region does not look like a new document.
            match file.as_ref().is_some_and(|file| !file.clauses.is_empty()) {
                true => documents.push(text.as_bytes()),
                false => reference.push(text.as_bytes()),
            }
            units.push(Unit {
                file: file.unwrap_or_default(),
                torn: !faults.is_empty(),
                faults,
                warnings: Faults::new(name, text),
                header: 0..0,
                layer: number,
                builtin: layer.builtin,
            });
        }
    }
    let mut compiler = Compiler {
        units,
        program: Program::default(),
        groups: HashMap::new(),
        parents: Vec::new(),
        service_units: Vec::new(),
        lost,
        examples: Vec::new(),
        strictness,
    };
    compiler.places();
    compiler.words();
    compiler.clauses();
    compiler.program.documents_hash = content_hash(&documents);
    compiler.program.reference_hash = content_hash(&reference);
    let warnings: Vec<String> =
        compiler.units.iter().flat_map(|unit| unit.warnings.lines()).collect();
    let mut faulty: Vec<Faults> = compiler
        .units
        .into_iter()
        .map(|unit| unit.faults)
        .filter(|faults| !faults.is_empty())
        .collect();
    if faulty.is_empty() {
        let (program, examples) = (compiler.program, compiler.examples);
        return Ok(Catalog { program, examples, warnings });
    }
    faulty.iter_mut().for_each(Faults::sort);
    Err(CatalogFaults(faulty))
}

/// Whether a file, as far as it could be read, has an entry of that id.
fn has(file: &Option<CatalogFile>, id: &str) -> bool {
    let Some(file) = file else { return false };
    let is = |name: &Name| name.value == id;
    file.clauses.iter().any(|clause| is(&clause.id))
        || file.services.iter().any(|service| is(&service.id))
        || file.places.iter().any(|place| is(&place.id))
        || file.categories.iter().any(|category| is(&category.id))
}

impl Compiler {
    /// Takes one list out of every file, with the number of the file.
    fn take<T>(&mut self, mut list: impl FnMut(&mut CatalogFile) -> Vec<T>) -> Vec<(usize, T)> {
        self.units
            .iter_mut()
            .enumerate()
            .flat_map(|(unit, each)| {
                list(&mut each.file).into_iter().map(move |entry| (unit, entry))
            })
            .collect()
    }

    fn fault(&mut self, unit: usize, at: &Span, message: impl Into<String>) {
        self.fault_with(unit, at, message, None);
    }

    fn fault_with(
        &mut self,
        unit: usize,
        at: &Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        if let Some(unit) = self.units.get_mut(unit) {
            unit.faults.push(Fault { message: message.into(), help, at: Some(at.clone()) });
        }
    }

    /// A fault of something that is not there. Where part of the file could not be read, it
    /// may stand in that part, and its fault has been told.
    fn lacking(&mut self, unit: usize, at: &Span, message: impl Into<String>) {
        if self.units.get(unit).is_some_and(|unit| !unit.torn) {
            self.fault(unit, at, message);
        }
    }

    /// A word about what is missing but not wrong.
    fn warn(&mut self, unit: usize, at: &Span, message: String) {
        if let Some(unit) = self.units.get_mut(unit) {
            unit.warnings.add(at, message, None);
        }
    }

    /// A fault of a name that nothing has, with a suggestion among the names there are.
    fn unknown(&mut self, unit: usize, what: &str, name: &Name, known: &[String]) {
        // Its own fault has been told.
        if !self.lost.contains(&name.value) {
            let help = self.meant(name, known);
            self.fault_with(unit, &name.at, format!("unknown {what} `{}`", name.value), help);
        }
    }

    /// A suggestion among the names there are.
    fn meant(&self, name: &str, known: &[String]) -> Option<String> {
        // Of two that are as near, always the same one.
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        known.sort_unstable();
        suggest(name, known).map(|meant| format!("did you mean `{meant}`?"))
    }

    fn layer(&self, unit: usize) -> Option<usize> {
        self.units.get(unit).map(|unit| unit.layer)
    }

    fn is_builtin(&self, unit: usize) -> bool {
        self.units.get(unit).is_some_and(|unit| unit.builtin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_catalog_has_no_fault() {
        let catalog = compile(&[Layer::builtin()], Strictness::Strict).unwrap_or_else(|faults| {
            panic!("{faults}");
        });
        assert_eq!(catalog.warnings, [""; 0]);
        assert_eq!(catalog.program.clauses.len(), 23);
        assert_eq!(catalog.program.documents.len(), 2);
    }
}
