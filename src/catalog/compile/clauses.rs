//! Clauses: checked, numbered, and indexed by service.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::catalog::examples::ClauseExamples;
use crate::catalog::program::{
    Allowed, AllowedByActivity, Asked, Clause, Conditions, Document, EditionClauses, Kind, Promise,
    PurposeCondition, Rule, ServiceId, Severity, Way, first_moment,
};
use crate::catalog::source::{
    AllowedEntry, ByActivity, ClauseEntry, ClauseKind, ClauseText, Example, PlaceFact, RuleEntry,
    Shows, Term, When, WhenPurpose,
};
use crate::event::{Capability, Purpose};
use crate::place::CountrySet;
use crate::verdict::ClauseId;
use crate::yaml::{Located, Name};

use super::{Compiler, Strictness};

/// What a clause says of services, beside the compiled clause.
struct Reach {
    services: Vec<ServiceId>,
    in_play: Option<(Capability, Vec<ServiceId>)>,
}

impl Compiler {
    pub(super) fn clauses(&mut self) {
        let editions = self.editions();
        self.gather_clauses(&editions);
        let entries = std::mem::take(&mut self.clause_units);
        let ids: Vec<(String, ClauseKind)> =
            entries.iter().map(|(_, entry)| (entry.id.value.clone(), entry.kind)).collect();
        let mut reaches = Vec::new();
        for (unit, entry) in entries {
            reaches.push(self.clause(unit, &entry, &ids));
            self.examples_of(unit, entry);
        }
        self.index(&reaches);
    }

    /// Documents and their editions, oldest first.
    fn editions(&mut self) -> BTreeMap<usize, (u16, Date)> {
        let mut of_unit = BTreeMap::new();
        for number in 0..self.units.len() {
            let Some(unit) = self.units.get_mut(number) else { continue };
            let file = &mut unit.file;
            let (document, edition) = (file.document.take(), file.edition.take());
            let title = file.title.take().unwrap_or_default();
            let publisher = file.publisher.take().unwrap_or_default();
            match (document, edition) {
                (Some(document), Some(edition)) => {
                    let known =
                        self.program.documents.iter().position(|d| *d.id == *document.value);
                    let at = known.unwrap_or_else(|| {
                        self.program.documents.push(Document {
                            id: document.value.as_str().into(),
                            title: title.into(),
                            publisher: publisher.into(),
                            editions: Vec::new(),
                        });
                        self.program.documents.len() - 1
                    });
                    of_unit.insert(number, (at as u16, edition));
                }
                (None, None)
                    if self.units.get(number).is_some_and(|u| u.file.clauses.is_empty()) => {}
                (document, _) => {
                    let at = document.map_or(0..0, |document| document.at);
                    self.fault(
                        number,
                        &at,
                        "a file with clauses names its `document` and `edition`",
                    );
                }
            }
        }
        of_unit
    }

    /// Puts the clauses of all files in order: document, edition, order of the file. A clause
    /// of a later layer takes the place of its namesake.
    fn gather_clauses(&mut self, editions: &BTreeMap<usize, (u16, Date)>) {
        let mut all: Vec<(u16, Date, usize, ClauseEntry)> = Vec::new();
        for (unit, entry) in self.take(|file| std::mem::take(&mut file.clauses)) {
            let Some((document, edition)) = editions.get(&unit).copied() else { continue };
            let namesake = all.iter().position(|(d, e, _, known)| {
                *known.id == *entry.id.value && (*e == edition || *d != document)
            });
            match namesake {
                Some(_) if !entry.overrides => {
                    let message = format!("clause `{}` is there already", entry.id.value);
                    let help = "`override: true` replaces it".to_owned();
                    self.fault_with(unit, &entry.id.at, message, Some(help));
                }
                Some(number) => {
                    if let Some(known) = all.get_mut(number) {
                        (known.2, known.3) = (unit, entry);
                    }
                }
                None => all.push((document, edition, unit, entry)),
            }
        }
        all.sort_by_key(|(document, edition, _, _)| (*document, *edition));
        for (document, edition, unit, entry) in all {
            if let Some(document) = self.program.documents.get_mut(usize::from(document))
                && document.editions.last().is_none_or(|last| last.edition != edition)
            {
                let from = first_moment(edition).unwrap_or(Timestamp::MIN);
                document.editions.push(EditionClauses { edition, from, by_service: Vec::new() });
            }
            self.clause_units.push((unit, entry));
            self.program.clauses.push(Clause {
                id: Box::default(),
                document,
                edition,
                kind: Kind::Commitment {
                    promise: Promise::Rule(Rule::Deadline),
                    tenants: None,
                    severity: Severity::Low,
                },
                coverage: crate::catalog::program::Coverage {
                    covered: Default::default(),
                    possible: Default::default(),
                },
                from: None,
                until: None,
                breadth: 0,
                text: ClauseText::default(),
            });
        }
    }

    /// Compiles the next clause in order; `gather_clauses` made its place.
    fn clause(&mut self, unit: usize, entry: &ClauseEntry, ids: &[(String, ClauseKind)]) -> Reach {
        let number = self.program.clauses.iter().position(|clause| clause.id.is_empty());
        let kind = match entry.kind {
            ClauseKind::Commitment => self.commitment(unit, entry),
            ClauseKind::Exception => self.exception(unit, entry, ids),
        };
        let services = self.services(unit, &entry.services);
        let in_play =
            entry.or_in_play.as_ref().map(|or| (or.capability, self.services(unit, &or.services)));
        let coverage = self.coverage(unit, &entry.categories);
        let mut reached = services.clone();
        reached.extend(in_play.iter().flat_map(|(_, services)| services.iter().copied()));
        reached.sort();
        reached.dedup();
        let text = ClauseText {
            title: entry.title.as_str().into(),
            section: entry.section.as_str().into(),
            rationale: entry.rationale.trim().into(),
            remediation: entry.remediation.trim().into(),
            approved_by: entry.approved_by.as_deref().unwrap_or_default().into(),
        };
        let (document, edition) = number
            .and_then(|number| self.program.clauses.get(number))
            .map_or((0, entry.from.unwrap_or_default()), |clause| {
                (clause.document, clause.edition)
            });
        let (from, until) = self.window(document, edition, entry);
        if let Some(clause) = number.and_then(|number| self.program.clauses.get_mut(number)) {
            *clause = Clause {
                id: entry.id.as_str().into(),
                document,
                edition,
                kind,
                coverage,
                from,
                until,
                breadth: reached.len() as u16,
                text,
            };
        }
        Reach { services, in_play }
    }

    /// When a clause holds: from its edition to the next, and by its own dates.
    fn window(
        &self,
        document: u16,
        edition: Date,
        entry: &ClauseEntry,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let editions = self
            .program
            .documents
            .get(usize::from(document))
            .map(|document| document.editions.as_slice())
            .unwrap_or_default();
        let place = editions.iter().position(|known| known.edition == edition).unwrap_or_default();
        let own = |date: Option<Date>| date.and_then(first_moment);
        let starts = (place > 0).then(|| editions.get(place).map(|e| e.from)).flatten();
        let ends = editions.get(place + 1).map(|next| next.from);
        let from = [starts, own(entry.from)].into_iter().flatten().max();
        let until = [ends, own(entry.until)].into_iter().flatten().min();
        (from, until)
    }

    fn commitment(&mut self, unit: usize, entry: &ClauseEntry) -> Kind {
        let at = &entry.id.at;
        for (given, key) in [
            (!entry.to.is_empty(), "to"),
            (entry.allows.is_some(), "allows"),
            (entry.when.is_some(), "when"),
            (entry.promises.is_some(), "promises"),
            (entry.or_in_play.is_some(), "or_in_play"),
        ] {
            if given {
                self.fault(unit, at, format!("a commitment has no `{key}`"));
            }
        }
        let promise = match (&entry.stays, &entry.rule) {
            (Some(stays), None) => Promise::Stays(self.by_activity(unit, stays)),
            (None, Some(rule)) => Promise::Rule(self.rule(unit, rule, entry)),
            _ => {
                self.fault(unit, at, "a commitment has either `stays` or `rule`");
                Promise::Rule(Rule::Deadline)
            }
        };
        let tenants = entry
            .tenants
            .as_ref()
            .and_then(|tenants| self.resolve(unit, &tenants.location))
            .map(|place| self.set(place));
        let severity = entry.severity.unwrap_or_else(|| {
            self.fault(unit, at, "a commitment has a `severity`");
            Severity::Low
        });
        Kind::Commitment { promise, tenants, severity }
    }

    fn exception(
        &mut self,
        unit: usize,
        entry: &ClauseEntry,
        ids: &[(String, ClauseKind)],
    ) -> Kind {
        let at = &entry.id.at;
        for (given, key) in [
            (entry.stays.is_some(), "stays"),
            (entry.rule.is_some(), "rule"),
            (entry.severity.is_some(), "severity"),
            (entry.tenants.is_some(), "tenants"),
        ] {
            if given {
                self.fault(unit, at, format!("an exception has no `{key}`"));
            }
        }
        if !self.is_builtin(unit) && (entry.until.is_none() || entry.approved_by.is_none()) {
            self.fault(unit, at, "an exception of one's own has `until` and `approved_by`");
        }
        let commitments: Vec<String> = ids
            .iter()
            .filter(|(_, kind)| *kind == ClauseKind::Commitment)
            .map(|(id, _)| id.clone())
            .collect();
        let mut to = Vec::new();
        for name in &entry.to {
            let before = to.len();
            to.extend(
                ids.iter()
                    .enumerate()
                    .filter(|(_, (id, kind))| *kind == ClauseKind::Commitment && *id == name.value)
                    .map(|(number, _)| ClauseId(number as u16)),
            );
            if to.len() == before {
                self.unknown(unit, "commitment", name, &commitments);
            }
        }
        if entry.to.is_empty() {
            self.fault(unit, at, "an exception names in `to` what it is an exception to");
        }
        let allows = entry.allows.as_ref().map(|allows| self.by_activity(unit, allows));
        if allows.as_ref().is_none_or(|a| a.store.is_none() && a.process.is_none()) {
            self.fault(unit, at, "an exception says in `allows` what may be where");
        }
        let when = entry.when.as_ref().map(conditions).unwrap_or_default();
        let promises = entry.promises.as_ref().and_then(|promises| {
            let promises = self.by_activity(unit, promises);
            match when.purpose {
                Some(purpose) if purpose.stated => Some((promises, purpose)),
                _ => {
                    self.fault(unit, at, "`promises` needs a stated purpose in `when`");
                    None
                }
            }
        });
        Kind::Exception {
            to,
            term: entry.term.unwrap_or(Term::Permanent),
            allows: allows.unwrap_or_default(),
            when,
            promises,
        }
    }

    fn rule(&mut self, unit: usize, rule: &RuleEntry, entry: &ClauseEntry) -> Rule {
        match rule {
            RuleEntry::ForbidAction(action) => Rule::ForbidAction(*action),
            RuleEntry::ForbidMove(_) => Rule::ForbidUnrequestedMove,
            RuleEntry::ForbidPurpose(purposes) => Rule::ForbidPurpose(bits(purposes)),
            RuleEntry::RequireCertification(family) => {
                Rule::RequireCertification(family.to_lowercase().into())
            }
            RuleEntry::MaxAge(age) => Rule::MaxAge { action: age.action, years: age.years },
            RuleEntry::Deadline(deadline) => {
                if deadline.days.is_some() == deadline.months.is_some() {
                    self.fault(unit, &entry.id.at, "a deadline has either `days` or `months`");
                }
                Rule::Deadline
            }
        }
    }

    fn by_activity(&mut self, unit: usize, places: &ByActivity) -> AllowedByActivity {
        AllowedByActivity {
            store: places.store.as_ref().and_then(|entry| self.allowed(unit, entry)),
            process: places.process.as_ref().and_then(|entry| self.allowed(unit, entry)),
        }
    }

    fn allowed(&mut self, unit: usize, entry: &Located<AllowedEntry>) -> Option<Allowed> {
        let named = |compiler: &mut Self, names: &[Name]| {
            names.iter().fold(CountrySet::EMPTY, |set, name| {
                let place = compiler.resolve(unit, name);
                set.union(place.map(|id| compiler.set(id)).unwrap_or_default())
            })
        };
        let fact = match &entry.value {
            AllowedEntry::Name(name) => {
                let name = Name { value: name.clone(), at: entry.at.clone() };
                return Some(of_set(named(self, &[name])));
            }
            AllowedEntry::AnyOf(names) => return Some(of_set(named(self, names))),
            AllowedEntry::Fact(fact) => fact,
        };
        let within = named(self, &fact.within);
        if fact.within.is_empty() == (fact.fact == PlaceFact::SameAsAtRest) {
            self.fault(
                unit,
                &entry.at,
                "`within` stands with `event.location_at_rest`, always and only",
            );
        }
        Some(match fact.fact {
            PlaceFact::IntuneGeography => Allowed::IntuneGeography,
            PlaceFact::NotificationPlace => Allowed::NotificationPlace,
            PlaceFact::MigrationGeographies => Allowed::MigrationGeographies,
            PlaceFact::ApplicationProxyLocations => Allowed::ApplicationProxyLocations,
            PlaceFact::MultiGeoLocations => Allowed::MultiGeoLocations,
            PlaceFact::CollaboratingTenant => Allowed::CollaboratingTenant,
            PlaceFact::SameAsAtRest => Allowed::SameAsAtRest(within),
        })
    }

    fn examples_of(&mut self, unit: usize, entry: ClauseEntry) {
        let shown = |shows: Shows| entry.examples.iter().any(|example| example.shows == shows);
        let missing: Vec<&str> = match &entry.rule {
            // Judged from the obligations: one event shows nothing.
            Some(RuleEntry::Deadline(_)) => Vec::new(),
            // What is forbidden altogether has nothing that it permits.
            Some(RuleEntry::ForbidAction(_)) if !shown(Shows::Violates) => vec!["violates"],
            Some(RuleEntry::ForbidAction(_)) => Vec::new(),
            _ => [(Shows::Violates, "violates"), (Shows::Permits, "permits")]
                .into_iter()
                .filter(|(shows, _)| !shown(*shows))
                .map(|(_, name)| name)
                .collect(),
        };
        for example in &entry.examples {
            if (example.shows == Shows::Outside) != example.condition.is_some() {
                let at = &example.name.at;
                self.fault(unit, at, "`condition` stands with `shows: outside`, always and only");
            }
        }
        for shows in missing {
            let message = format!("clause `{}` has no example that {shows}", entry.id.value);
            if self.is_builtin(unit) || self.strictness == Strictness::Strict {
                self.fault(unit, &entry.id.at, message);
            } else {
                self.warnings.push(message);
            }
        }
        let examples: Vec<Example> = entry.examples;
        self.examples.push(ClauseExamples { clause: entry.id.value, kind: entry.kind, examples });
    }

    /// For every service of every edition: what is asked there, and which ways out there are.
    fn index(&mut self, reaches: &[Reach]) {
        let services = self.program.services.len();
        let mut by_place: HashMap<(u16, Date), Vec<Vec<Asked>>> = HashMap::new();
        for (number, (clause, reach)) in self.program.clauses.iter().zip(reaches).enumerate() {
            let id = ClauseId(number as u16);
            let asked = match &clause.kind {
                Kind::Commitment { promise: Promise::Rule(Rule::Deadline), .. } => false,
                Kind::Commitment { .. } => true,
                Kind::Exception { promises, .. } => promises.is_some(),
            };
            if !asked {
                continue;
            }
            let table = by_place
                .entry((clause.document, clause.edition))
                .or_insert_with(|| vec![Vec::new(); services]);
            for service in &reach.services {
                let ways = self.ways(id, *service, reaches);
                if let Some(row) = table.get_mut(usize::from(service.0)) {
                    row.push(Asked { clause: id, ways });
                }
            }
        }
        for (at, document) in self.program.documents.iter_mut().enumerate() {
            for edition in &mut document.editions {
                let table = by_place.remove(&(at as u16, edition.edition));
                edition.by_service = table
                    .unwrap_or_else(|| vec![Vec::new(); services])
                    .into_iter()
                    .map(Vec::into_boxed_slice)
                    .collect();
            }
        }
    }

    fn ways(&self, commitment: ClauseId, service: ServiceId, reaches: &[Reach]) -> Box<[Way]> {
        self.program
            .clauses
            .iter()
            .zip(reaches)
            .enumerate()
            .filter_map(|(number, (clause, reach))| {
                let Kind::Exception { to, .. } = &clause.kind else { return None };
                let named = reach.services.contains(&service);
                let in_play = reach
                    .in_play
                    .as_ref()
                    .filter(|(_, services)| services.contains(&service))
                    .map(|(capability, _)| *capability);
                (to.contains(&commitment) && (named || in_play.is_some())).then_some(Way {
                    exception: ClauseId(number as u16),
                    named,
                    in_play,
                })
            })
            .collect()
    }
}

fn of_set(set: CountrySet) -> Allowed {
    if set.len() == 256 { Allowed::Anywhere } else { Allowed::Places(set) }
}

fn bits(purposes: &[Purpose]) -> u16 {
    purposes.iter().fold(0, |bits, purpose| bits | purpose.bit())
}

fn conditions(when: &When) -> Conditions {
    Conditions {
        purpose: when.purpose.as_ref().map(|WhenPurpose { any, stated }| PurposeCondition {
            any: bits(any),
            stated: *stated,
        }),
        capability_enabled: when.capability_enabled,
        capability_in_play: when.capability_in_play.as_ref().map(|c| (c.name, c.stated)),
        created_before: when.created_before,
        legacy_placement: when.legacy_placement.is_some(),
        collaborating_tenant: when.collaborating_tenant.is_some(),
        migration_open: when.migration.is_some(),
    }
}
