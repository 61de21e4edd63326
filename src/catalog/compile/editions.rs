//! Documents and editions: which clause stands where, which replaces which, and when it holds.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::catalog::program::{Document, EditionClauses, first_moment};
use crate::catalog::source::ClauseEntry;
use crate::yaml::{Name, Span};

use super::Compiler;

/// The document and the edition that a file's clauses are of.
#[derive(Clone, Copy)]
struct Header {
    document: u16,
    edition: Date,
}

/// A clause and its place in the catalog.
pub(super) struct Placed {
    pub(super) document: u16,
    pub(super) edition: Date,
    pub(super) unit: usize,
    pub(super) entry: ClauseEntry,
}

impl Compiler {
    /// The clauses of all files in order: document, edition, order of the file. A clause that
    /// overrides takes the place of its namesakes in earlier layers.
    pub(super) fn placed(&mut self) -> Vec<Placed> {
        let headers = self.headers();
        let mut all: Vec<Placed> = Vec::new();
        let mut known: HashSet<(u16, Date)> = HashSet::new();
        for unit in 0..self.units.len() {
            let Some(Header { document, edition }) = headers.get(&unit).copied() else { continue };
            let entries =
                self.units.get_mut(unit).map(|unit| std::mem::take(&mut unit.file.clauses));
            // A second file of the same edition may replace clauses, and add none.
            let repeated = known.contains(&(document, edition))
                && self.repeated_edition(unit, edition, entries.iter().flatten());
            known.insert((document, edition));
            for entry in entries.into_iter().flatten() {
                self.place(&mut all, Placed { document, edition, unit, entry }, repeated);
            }
        }
        all.sort_by_key(|placed| (placed.document, placed.edition));
        for Placed { document, edition, .. } in &all {
            if let Some(document) = self.program.documents.get_mut(usize::from(*document))
                && document.editions.last().is_none_or(|last| last.edition != *edition)
            {
                let from = first_moment(*edition).unwrap_or(Timestamp::MIN);
                let edition = *edition;
                document.editions.push(EditionClauses { edition, from, by_service: Vec::new() });
            }
        }
        all
    }

    /// Puts one clause among those of earlier files.
    fn place(&mut self, all: &mut Vec<Placed>, new: Placed, repeated: bool) {
        let namesakes: Vec<usize> = all
            .iter()
            .enumerate()
            .filter(|(_, old)| {
                *old.entry.id.value == *new.entry.id.value
                    && (old.edition == new.edition || old.document != new.document)
            })
            .map(|(number, _)| number)
            .collect();
        let id = new.entry.id.clone();
        let before = namesakes.first().and_then(|number| all.get(*number)).map(|old| old.unit);
        match before {
            None if new.entry.overrides => {
                let known: Vec<String> = all.iter().map(|old| old.entry.id.value.clone()).collect();
                self.nothing_to_replace(new.unit, "clause", &id, &known);
            }
            None => all.push(new),
            // The whole file was said to stand twice.
            Some(_) if repeated && !new.entry.overrides => {}
            Some(before) => {
                if self.replaces(new.unit, before, "clause", &id, new.entry.overrides) {
                    for number in namesakes {
                        if let Some(old) = all.get_mut(number) {
                            (old.unit, old.entry) = (new.unit, new.entry.clone());
                        }
                    }
                }
            }
        }
    }

    /// Whether an entry may replace its namesake of the file `before`; a fault where not.
    pub(super) fn replaces(
        &mut self,
        unit: usize,
        before: usize,
        what: &str,
        id: &Name,
        overrides: bool,
    ) -> bool {
        let same_layer = self.layer(unit) == self.layer(before);
        if overrides && !same_layer {
            return true;
        }
        let file = self.units.get(before).map_or("", |unit| unit.faults.file()).to_owned();
        let message = match before == unit {
            true => format!("{what} `{}` stands twice in this file", id.value),
            false => format!("{what} `{}` is there already, in {file}", id.value),
        };
        let help = match same_layer {
            true => "`override: true` replaces what an earlier layer has, not the same one",
            false => "`override: true` replaces it",
        };
        self.fault_with(unit, &id.at, message, Some(help.to_owned()));
        false
    }

    /// The fault of an `override` that overrides nothing.
    pub(super) fn nothing_to_replace(
        &mut self,
        unit: usize,
        what: &str,
        id: &Name,
        known: &[String],
    ) {
        let message = format!("no earlier layer has a {what} `{}` to replace", id.value);
        self.fault_with(unit, &id.at, message, self.meant(&id.value, known));
    }

    /// Says that a file's edition is there already, unless it only replaces clauses.
    fn repeated_edition<'e>(
        &mut self,
        unit: usize,
        edition: Date,
        mut entries: impl Iterator<Item = &'e ClauseEntry>,
    ) -> bool {
        if entries.all(|entry| entry.overrides) {
            return false;
        }
        let at = self.units.get(unit).map_or(0..0, |unit| unit.header.clone());
        let message = format!("another file has the edition {edition} of this document already");
        let help = "an edition is one file; clauses of your own belong to a document of your \
            own, and `override: true` replaces clauses of others"
            .to_owned();
        self.fault_with(unit, &at, message, Some(help));
        true
    }

    /// The document and edition of every file with clauses.
    fn headers(&mut self) -> BTreeMap<usize, Header> {
        let mut headers = BTreeMap::new();
        for number in 0..self.units.len() {
            let Some(unit) = self.units.get_mut(number) else { continue };
            let file = &mut unit.file;
            let (document, edition) = (file.document.take(), file.edition.take());
            let title = file.title.take();
            let publisher = file.publisher.take();
            let without_clauses = file.clauses.is_empty();
            if without_clauses && document.is_none() && edition.is_none() {
                continue;
            }
            let at: Span = document.as_ref().map_or(0..0, |document| document.at.clone());
            unit.header = at.clone();
            if without_clauses {
                self.lacking(number, &at, "a file that names a `document` has its `clauses`");
                continue;
            }
            if document.is_none() || edition.is_none() {
                self.lacking(number, &at, "a file with clauses names its `document` and `edition`");
            }
            // Its clauses are looked at all the same, so that their faults are told as well.
            let id = document.map(|document| document.value).unwrap_or_default();
            let document = self.document(&id, title, publisher);
            headers.insert(number, Header { document, edition: edition.unwrap_or_default() });
        }
        headers
    }

    /// The number of a document; the first file that has its title and publisher gives them.
    fn document(&mut self, id: &str, title: Option<String>, publisher: Option<String>) -> u16 {
        let documents = &mut self.program.documents;
        let number = documents.iter().position(|known| *known.id == *id).unwrap_or_else(|| {
            documents.push(Document {
                id: id.into(),
                title: Box::default(),
                publisher: Box::default(),
                editions: Vec::new(),
            });
            documents.len() - 1
        });
        if let Some(document) = documents.get_mut(number) {
            if document.title.is_empty() {
                document.title = title.unwrap_or_default().into();
            }
            if document.publisher.is_empty() {
                document.publisher = publisher.unwrap_or_default().into();
            }
        }
        number as u16
    }

    /// When a clause holds: from its edition to the next, and by its own dates.
    pub(super) fn window(&self, placed: &Placed) -> (Option<Timestamp>, Option<Timestamp>) {
        let editions = self
            .program
            .documents
            .get(usize::from(placed.document))
            .map(|document| document.editions.as_slice())
            .unwrap_or_default();
        let place =
            editions.iter().position(|known| known.edition == placed.edition).unwrap_or_default();
        let own = |date: Option<Date>| date.and_then(first_moment);
        // The first edition holds for earlier times too.
        let starts = (place > 0).then(|| editions.get(place).map(|e| e.from)).flatten();
        let ends = editions.get(place + 1).map(|next| next.from);
        let from = [starts, own(placed.entry.from)].into_iter().flatten().max();
        let until = [ends, own(placed.entry.until)].into_iter().flatten().min();
        (from, until)
    }
}
