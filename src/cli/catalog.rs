//! `catalog list` and `catalog show`: what the catalog says, for people.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::catalog::compile::{Catalog, Strictness};
use crate::catalog::program::{
    Allowed, AllowedByActivity, Clause, Conditions, Document, Kind, Program, Promise,
    PurposeCondition, Rule,
};
use crate::event::Purpose;
use crate::place::CountrySet;
use crate::yaml::suggest;

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
                let known = catalog.program.clauses.iter().map(|clause| &*clause.id);
                let meant = suggest(id, known).map(|meant| format!("; did you mean `{meant}`?"));
                let meant = meant.as_deref().unwrap_or("; `bailiwick catalog list` shows all");
                say!("bailiwick: no clause `{id}`{meant}");
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
        Kind::Exception { term: Some(term), .. } => format!("exception ({})", word(term)),
        Kind::Exception { term: None, .. } => "exception".into(),
    }
}

fn is_judged(clause: &Clause) -> bool {
    !matches!(&clause.kind, Kind::Commitment { promise: Promise::Rule(Rule::Deadline), .. })
}

fn list(out: &mut impl Write, catalog: &Catalog) -> io::Result<()> {
    let program = &catalog.program;
    for (number, document) in program.documents.iter().enumerate() {
        // A document all of whose clauses stand elsewhere, in place of others.
        if document.editions.is_empty() {
            continue;
        }
        writeln!(out, "{}: {}", document.id, source(document))?;
        for edition in &document.editions {
            writeln!(out, "  edition {}", edition.edition)?;
            let clauses = program.clauses.iter().filter(|clause| {
                usize::from(clause.document) == number && clause.edition == edition.edition
            });
            for clause in clauses {
                let note = if is_judged(clause) { "" } else { " [not judged yet]" };
                let (id, kind, title) = (&clause.id, kind(clause), &clause.text.title);
                writeln!(out, "    {id:<35} {kind:<23} {title}{note}")?;
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
    for (name, value) in rows(program, clause) {
        writeln!(out, "  {name:<12} {value}")?;
    }
    writeln!(out, "\n{}", clause.text.rationale)?;
    if !clause.text.remediation.is_empty() {
        writeln!(out, "\nWhat to do: {}", clause.text.remediation)?;
    }
    let window = (clause.from, clause.until);
    let examples = catalog
        .examples
        .iter()
        .filter(|known| *known.clause == *clause.id && (known.from, known.until) == window);
    for example in examples.flat_map(|known| &known.examples) {
        let condition = example.condition.as_ref().map(|c| format!(" ({})", c.value));
        let shows = format!("{:?}", example.shows).to_lowercase();
        writeln!(out, "\n  {shows}{}: {}", condition.unwrap_or_default(), example.name.value)?;
    }
    writeln!(out)
}

/// What a clause says, a name and a value a line.
fn rows(program: &Program, clause: &Clause) -> Vec<(&'static str, String)> {
    let mut rows = vec![("kind", kind(clause))];
    if let Some(document) = program.documents.get(usize::from(clause.document)) {
        rows.push(("source", source(document)));
    }
    if !clause.text.section.is_empty() {
        rows.push(("section", clause.text.section.to_string()));
    }
    rows.push(("edition", clause.edition.to_string()));
    rows.push(("in force", window(clause)));
    rows.push(("services", clause.text.services.join(", ")));
    let categories: Vec<&str> =
        clause.coverage.covered.iter().map(|id| program.category_id(id)).collect();
    match categories.len() == program.categories.len() {
        true => rows.push(("data", "all".to_owned())),
        false => rows.push(("data", categories.join(", "))),
    }
    match &clause.kind {
        Kind::Commitment { promise, tenants, severity } => {
            if let Some(tenants) = tenants {
                rows.push(("tenants", format!("located in {}", set(program, *tenants))));
            }
            match promise {
                Promise::Stays(places) => {
                    rows.extend(by_activity(program, places, ("stored in", "processed in")));
                }
                Promise::Rule(rule) => rows.push(("promises", self::rule(rule))),
            }
            rows.push(("severity", format!("{severity:?}").to_lowercase()));
        }
        Kind::Exception { to, allows, when, promises, .. } => {
            let mut ids: Vec<&str> = to.iter().map(|id| program.clause_id(*id)).collect();
            ids.dedup();
            rows.push(("exception to", ids.join(", ")));
            rows.extend(by_activity(program, allows, ("may store", "may process")));
            rows.extend(conditions(when).into_iter().map(|condition| ("where", condition)));
            if let Some((places, _)) = promises {
                rows.extend(by_activity(program, places, ("must store", "must process")));
            }
        }
    }
    if !clause.text.approved_by.is_empty() {
        rows.push(("approved by", clause.text.approved_by.to_string()));
    }
    rows
}

fn by_activity(
    program: &Program,
    places: &AllowedByActivity,
    names: (&'static str, &'static str),
) -> Vec<(&'static str, String)> {
    [(names.0, &places.store), (names.1, &places.process)]
        .into_iter()
        .filter_map(|(name, allowed)| Some((name, place(program, allowed.as_ref()?))))
        .collect()
}

fn place(program: &Program, allowed: &Allowed) -> String {
    match allowed {
        Allowed::Anywhere => "anywhere".to_owned(),
        Allowed::Places(countries) => set(program, *countries),
        Allowed::IntuneGeography => "the tenant's Intune geography".to_owned(),
        Allowed::NotificationPlace => {
            "a sovereign tenant's country; emea for tenants there; else north-america".to_owned()
        }
        Allowed::MigrationGeographies => "the geographies of the tenant's move".to_owned(),
        Allowed::ApplicationProxyLocations => {
            "the places that the tenant configured for application proxy".to_owned()
        }
        Allowed::MultiGeoLocations => {
            "the places that the tenant configured for Multi-Geo".to_owned()
        }
        Allowed::CollaboratingTenant => "where the collaborating tenant is".to_owned(),
        Allowed::SameAsAtRest(within) => {
            format!("where the event's data is at rest, if that is {}", set(program, *within))
        }
    }
}

/// A set of countries by the name of the place that it is, else by its countries.
fn set(program: &Program, countries: CountrySet) -> String {
    if let Some(place) = program.places.iter().find(|place| place.countries == countries) {
        return place.id.to_string();
    }
    let codes: Vec<&str> = countries
        .iter()
        .filter_map(|number| program.countries.get(usize::from(number)).map(|code| &**code))
        .collect();
    codes.join(" ")
}

fn rule(rule: &Rule) -> String {
    match rule {
        Rule::ForbidAction(action) => format!("no {}", word(action)),
        Rule::ForbidUnrequestedMove => "no move that the tenant did not request".to_owned(),
        Rule::ForbidPurpose(bits) => format!("never for {}", purposes(*bits)),
        Rule::RequireCertification(family) => format!("certified by {}", family.to_uppercase()),
        Rule::MaxAge { action, years } => {
            format!("{} of nothing older than {years} years", word(action))
        }
        Rule::Deadline => "in time".to_owned(),
    }
}

/// What an exception asks, one condition an entry.
fn conditions(when: &Conditions) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(PurposeCondition { any, stated }) = &when.purpose {
        let absent = if *stated { "and it must be stated" } else { "or not stated" };
        all.push(format!("the purpose is {}, {absent}", purposes(*any)));
    }
    if let Some(capability) = when.capability_enabled {
        all.push(format!("the tenant enabled {}", word(&capability)));
    }
    if let Some((capability, stated)) = when.capability_in_play {
        let note = if stated { ", and it must be stated" } else { "" };
        all.push(format!("{} is in play{note}", word(&capability)));
    }
    if let Some(day) = when.created_before {
        all.push(format!("the tenant was created before {day}"));
    }
    if when.legacy_placement {
        all.push("the tenant is one of those placed wrongly (presumed)".to_owned());
    }
    if when.collaborating_tenant {
        all.push("the event names a collaborating tenant of the tenant's list".to_owned());
    }
    if when.migration_open {
        all.push("the tenant asked for a move that is not completed".to_owned());
    }
    all
}

fn purposes(bits: u16) -> String {
    let names: Vec<String> =
        Purpose::ALL.iter().filter(|p| p.bit() & bits != 0).map(word).collect();
    names.join(", ")
}

/// A word of a closed set, as files and records write it.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn source(document: &Document) -> String {
    match (&*document.title, &*document.publisher) {
        ("", "") => document.id.to_string(),
        ("", publisher) => format!("{}, {publisher}", document.id),
        (title, "") => title.to_owned(),
        (title, publisher) => format!("{title}, {publisher}"),
    }
}

/// When it holds: days, since editions and clauses begin and end at midnight UTC.
fn window(clause: &Clause) -> String {
    let day = |moment: Timestamp| moment.to_zoned(TimeZone::UTC).date();
    match (clause.from, clause.until) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {}", day(from)),
        (None, Some(until)) => format!("until {}, exclusively", day(until)),
        (Some(from), Some(until)) => {
            format!("from {} until {}, exclusively", day(from), day(until))
        }
    }
}
