//! `catalog list` and `catalog show`: what the catalog says, for people.

use std::io::{self, Write};

use crate::catalog::compile::{Catalog, Strictness};
use crate::catalog::program::{Clause, Kind, Promise, Rule};

use super::arguments::CatalogCommand;
use super::{Exit, loading, output_failed};

pub(super) fn run(command: &CatalogCommand) -> Exit {
    let layers = match command {
        CatalogCommand::List(arguments) => &arguments.layers,
        CatalogCommand::Show { catalog, .. } => &catalog.layers,
    };
    let catalog = match loading::catalog(layers, Strictness::Lenient) {
        Ok(catalog) => catalog,
        Err(exit) => return exit,
    };
    let mut out = io::stdout().lock();
    let written = match command {
        CatalogCommand::List(_) => list(&mut out, &catalog),
        CatalogCommand::Show { id, .. } => {
            let clauses: Vec<&Clause> =
                catalog.program.clauses.iter().filter(|clause| *clause.id == **id).collect();
            if clauses.is_empty() {
                eprintln!("bailiwick: no clause `{id}`; `bailiwick catalog list` shows them all");
                return Exit::Usage;
            }
            clauses.into_iter().try_for_each(|clause| show(&mut out, &catalog, clause))
        }
    };
    match written {
        Ok(()) => Exit::Fine,
        Err(error) => output_failed(&error),
    }
}

/// What kind of clause it is, in two or three words.
fn kind(clause: &Clause) -> String {
    match &clause.kind {
        Kind::Commitment { promise, .. } => match promise {
            Promise::Stays(_) => "commitment (place)".into(),
            Promise::Rule(rule) => match rule {
                Rule::ForbidAction(_) | Rule::ForbidUnrequestedMove => "commitment (event)".into(),
                Rule::ForbidPurpose(_) => "commitment (purpose)".into(),
                Rule::RequireCertification(_) => "commitment (system)".into(),
                Rule::MaxAge { .. } | Rule::Deadline => "commitment (deadline)".into(),
            },
        },
        Kind::Exception { term, .. } => {
            format!("exception ({})", format!("{term:?}").to_lowercase())
        }
    }
}

fn is_judged(clause: &Clause) -> bool {
    !matches!(&clause.kind, Kind::Commitment { promise: Promise::Rule(Rule::Deadline), .. })
}

fn list(out: &mut impl Write, catalog: &Catalog) -> io::Result<()> {
    let program = &catalog.program;
    for (number, document) in program.documents.iter().enumerate() {
        writeln!(out, "{}: {} ({})", document.id, document.title, document.publisher)?;
        for edition in &document.editions {
            writeln!(out, "  edition {}", edition.edition)?;
            let clauses = program.clauses.iter().filter(|clause| {
                usize::from(clause.document) == number && clause.edition == edition.edition
            });
            for clause in clauses {
                let note = if is_judged(clause) { "" } else { " [not judged yet]" };
                let (id, kind, title) = (&clause.id, kind(clause), &clause.text.title);
                writeln!(out, "    {id:<36}{kind:<24}{title}{note}")?;
            }
        }
    }
    writeln!(out, "documents {}", program.documents_hash)?;
    writeln!(out, "reference {}", program.reference_hash)
}

fn show(out: &mut impl Write, catalog: &Catalog, clause: &Clause) -> io::Result<()> {
    let program = &catalog.program;
    writeln!(out, "{}", clause.id)?;
    writeln!(out, "  {}", clause.text.title)?;
    writeln!(out, "  kind         {}", kind(clause))?;
    if let Some(document) = program.documents.get(usize::from(clause.document)) {
        writeln!(out, "  source       {}, {}", document.title, document.publisher)?;
    }
    writeln!(out, "  section      {}", clause.text.section)?;
    writeln!(out, "  edition      {}", clause.edition)?;
    if let Kind::Commitment { severity, .. } = &clause.kind {
        writeln!(out, "  severity     {}", format!("{severity:?}").to_lowercase())?;
    }
    if let Kind::Exception { to, .. } = &clause.kind {
        let mut ids: Vec<&str> = to.iter().map(|id| program.clause_id(*id)).collect();
        ids.dedup();
        writeln!(out, "  exception to {}", ids.join(", "))?;
    }
    let categories: Vec<&str> =
        clause.coverage.covered.iter().map(|id| program.category_id(id)).collect();
    writeln!(out, "  data         {}", categories.join(", "))?;
    if !clause.text.approved_by.is_empty() {
        writeln!(out, "  approved by  {}", clause.text.approved_by)?;
    }
    writeln!(out, "  in force     {}", window(clause))?;
    writeln!(out, "\n{}", clause.text.rationale)?;
    if !clause.text.remediation.is_empty() {
        writeln!(out, "\nWhat to do: {}", clause.text.remediation)?;
    }
    let examples = catalog.examples.iter().filter(|known| *known.clause == *clause.id);
    for example in examples.flat_map(|known| &known.examples) {
        let condition = example.condition.as_ref().map(|c| format!(" ({})", c.value));
        let shows = format!("{:?}", example.shows).to_lowercase();
        writeln!(out, "\n  {shows}{}: {}", condition.unwrap_or_default(), example.name.value)?;
    }
    writeln!(out)
}

fn window(clause: &Clause) -> String {
    match (clause.from, clause.until) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), Some(until)) => format!("from {from} until {until}"),
    }
}
