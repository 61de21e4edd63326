//! Faults of one file, as lines for tools and as drawings for people.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceSpan};

use super::Span;

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// What may help.
    pub help: Option<String>,
    /// Where; nowhere for a fault of the whole file.
    pub at: Option<Span>,
}

/// All faults of one file.
#[derive(Clone, Debug)]
pub struct Faults {
    file: String,
    text: String,
    faults: Vec<Fault>,
}

impl Faults {
    /// No faults yet, of a file and its text.
    pub fn new(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), text: text.to_owned(), faults: Vec::new() }
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Adds a fault at a place.
    pub fn add(&mut self, at: &Span, message: impl Into<String>, help: Option<String>) {
        self.push(Fault { message: message.into(), help, at: Some(at.clone()) });
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Puts them in the order of the file.
    pub fn sort(&mut self) {
        self.faults.sort_by_key(|fault| fault.at.as_ref().map_or(0, |span| span.start));
    }

    /// The file's text, so that what must not be shown can be blanked out before drawing.
    pub fn text_mut(&mut self) -> &mut String {
        &mut self.text
    }

    /// The faults alone.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// One line a fault: `file:line: message; help`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.faults.iter().map(|fault| {
            let line = fault.at.as_ref().map_or(1, |span| line_of(&self.text, span.start));
            let help = fault.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{line}: {}{help}", self.file, fault.message)
        })
    }

    /// Every fault with a snippet of the file, ready to print.
    pub fn reports(&self) -> impl Iterator<Item = miette::Report> {
        self.faults.iter().map(|fault| {
            let line = fault.at.as_ref().map_or(1, |span| line_of(&self.text, span.start));
            miette::Report::new(Drawn {
                message: format!("{}:{line}: {}", self.file, fault.message),
                help: fault.help.clone(),
                at: fault.at.clone().map(|span| SourceSpan::from((span.start, span.len()))),
                text: NamedSource::new(&self.file, self.text.clone()),
            })
        })
    }
}

/// The line of a byte offset, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// A fault as miette draws it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Drawn {
    message: String,
    help: Option<String>,
    at: Option<SourceSpan>,
    text: NamedSource<String>,
}

impl Diagnostic for Drawn {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.at.as_ref().map(|_| &self.text as &dyn miette::SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.at.map(|at| {
            Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".into()), at)))
                as Box<dyn Iterator<Item = LabeledSpan>>
        })
    }
}
