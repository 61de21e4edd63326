//! Clauses: checked, numbered, and indexed by service.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::catalog::examples::ClauseExamples;
use crate::catalog::program::{
    Allowed, AllowedByActivity, Asked, Clause, Conditions, Kind, Promise, PurposeCondition, Rule,
    ServiceId, Severity, Way,
};
use crate::catalog::source::{
    AllowedEntry, ByActivity, ClauseEntry, ClauseKind, ClauseText, Example, PlaceFact, RuleEntry,
    Shows, When, WhenPurpose,
};
use crate::event::{Capability, Purpose};
use crate::place::CountrySet;
use crate::verdict::{ClauseId, Fact};
use crate::yaml::{Located, Name};

use super::editions::Placed;
use super::{Compiler, Strictness};

/// What a clause says of services, beside the compiled clause.
struct Reach {
    services: Vec<ServiceId>,
    in_play: Option<(Capability, Vec<ServiceId>)>,
}

impl Compiler {
    pub(super) fn clauses(&mut self) {
        let placed = self.placed();
        let ids: Vec<(String, ClauseKind)> =
            placed.iter().map(|p| (p.entry.id.value.clone(), p.entry.kind)).collect();
        let mut reaches = Vec::new();
        for placed in placed {
            reaches.push(self.clause(&placed, &ids));
            self.examples_of(placed);
        }
        self.index(&reaches);
    }

    /// Compiles the next clause in order.
    fn clause(&mut self, placed: &Placed, ids: &[(String, ClauseKind)]) -> Reach {
        let Placed { document, edition, unit, entry } = placed;
        let (unit, at) = (*unit, &entry.id.at);
        if entry.id.value.trim().is_empty() {
            self.fault(unit, at, "an id is not empty");
        }
        let kind = match entry.kind {
            ClauseKind::Commitment => self.commitment(unit, entry),
            ClauseKind::Exception => self.exception(unit, entry, ids),
        };
        if entry.services.is_empty() {
            self.lacking(unit, at, "a clause names at least one service");
        }
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
            services: entry.services.iter().map(|name| name.as_str().into()).collect(),
        };
        let (from, until) = self.window(placed);
        if from.is_some_and(|from| until.is_some_and(|until| until <= from)) {
            self.fault(unit, at, "the clause is never in force: it ends before it begins");
        }
        self.program.clauses.push(Clause {
            id: entry.id.as_str().into(),
            document: *document,
            edition: *edition,
            kind,
            coverage,
            from,
            until,
            breadth: reached.len() as u16,
            text,
        });
        Reach { services, in_play }
    }

    fn commitment(&mut self, unit: usize, entry: &ClauseEntry) -> Kind {
        let at = &entry.id.at;
        for (given, key) in [
            (!entry.to.is_empty(), "to"),
            (entry.allows.is_some(), "allows"),
            (entry.when.is_some(), "when"),
            (entry.promises.is_some(), "promises"),
            (entry.or_in_play.is_some(), "or_in_play"),
            (entry.term.is_some(), "term"),
            (entry.approved_by.is_some(), "approved_by"),
        ] {
            if given {
                self.fault(unit, at, format!("a commitment has no `{key}`"));
            }
        }
        let promise = match (&entry.stays, &entry.rule) {
            (Some(stays), None) => {
                let stays = self.by_activity(unit, stays);
                if stays.store.is_none() && stays.process.is_none() {
                    self.lacking(unit, at, "`stays` says where for `store`, `process` or both");
                }
                Promise::Stays(stays)
            }
            (None, Some(rule)) => Promise::Rule(self.rule(unit, rule, entry)),
            (Some(_), Some(_)) => {
                self.fault(unit, at, "a commitment has either `stays` or `rule`, not both");
                Promise::Rule(Rule::Deadline)
            }
            (None, None) => {
                self.lacking(unit, at, "a commitment has either `stays` or `rule`");
                Promise::Rule(Rule::Deadline)
            }
        };
        let tenants = entry
            .tenants
            .as_ref()
            .and_then(|tenants| self.resolve(unit, &tenants.location))
            .map(|place| self.set(place));
        let severity = entry.severity.unwrap_or_else(|| {
            self.lacking(unit, at, "a commitment has a `severity`");
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
        let approved = entry.approved_by.as_deref().is_some_and(|who| !who.trim().is_empty());
        let wanting = match (entry.until.is_some(), approved) {
            (true, true) => None,
            (false, true) => Some("`until`"),
            (true, false) => Some("`approved_by`"),
            (false, false) => Some("`until` and `approved_by`"),
        };
        if let Some(wanting) = wanting.filter(|_| !self.is_builtin(unit)) {
            self.lacking(unit, at, format!("an exception of your own needs {wanting}"));
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
            self.lacking(unit, at, "an exception names in `to` what it is an exception to");
        }
        let allows = entry.allows.as_ref().map(|allows| self.by_activity(unit, allows));
        if allows.as_ref().is_none_or(|a| a.store.is_none() && a.process.is_none()) {
            self.lacking(unit, at, "an exception says in `allows` what may be where");
        }
        if entry.when.as_ref().and_then(|w| w.purpose.as_ref()).is_some_and(|p| p.any.is_empty()) {
            self.lacking(unit, at, "`purpose` names at least one in `any`");
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
        Kind::Exception { to, term: entry.term, allows: allows.unwrap_or_default(), when, promises }
    }

    fn rule(&mut self, unit: usize, rule: &RuleEntry, entry: &ClauseEntry) -> Rule {
        let at = &entry.id.at;
        match rule {
            RuleEntry::ForbidAction(action) => Rule::ForbidAction(*action),
            RuleEntry::ForbidMove(_) => Rule::ForbidUnrequestedMove,
            RuleEntry::ForbidPurpose(purposes) => {
                if purposes.is_empty() {
                    self.lacking(unit, at, "`forbid_purpose` names at least one");
                }
                Rule::ForbidPurpose(bits(purposes))
            }
            RuleEntry::RequireCertification(family) => {
                Rule::RequireCertification(family.to_lowercase().into())
            }
            RuleEntry::MaxAge(age) => {
                if age.years < 1 {
                    self.fault(unit, at, "`years` is at least 1");
                }
                Rule::MaxAge { action: age.action, years: age.years }
            }
            RuleEntry::Deadline(deadline) => {
                if deadline.days.is_some() == deadline.months.is_some() {
                    self.fault(unit, at, "a deadline has either `days` or `months`");
                }
                if deadline.days.or(deadline.months).is_some_and(|number| number < 1) {
                    self.fault(unit, at, "a deadline is at least 1 long");
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
            AllowedEntry::AnyOf(names) => {
                if names.is_empty() {
                    self.lacking(unit, &entry.at, "a list of places names at least one");
                }
                return Some(of_set(named(self, names)));
            }
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

    fn examples_of(&mut self, placed: Placed) {
        let (from, until) = self.window(&placed);
        let Placed { unit, entry, .. } = placed;
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
            self.condition_of(unit, example);
        }
        if !missing.is_empty() {
            let (id, shows) = (&entry.id.value, missing.join(" and none that "));
            let message = format!("clause `{id}` has no example that {shows}");
            if self.is_builtin(unit) || self.strictness == Strictness::Strict {
                self.lacking(unit, &entry.id.at, message);
            } else {
                self.warn(unit, &entry.id.at, message);
            }
        }
        let (clause, kind, examples) = (entry.id.value, entry.kind, entry.examples);
        self.examples.push(ClauseExamples { clause, kind, from, until, examples });
    }

    /// An example that stands outside names the condition that fails, and no other does.
    fn condition_of(&mut self, unit: usize, example: &Example) {
        match &example.condition {
            None if example.shows == Shows::Outside => {
                let message = "an example that stands `outside` names the `condition` that fails";
                self.lacking(unit, &example.name.at, message);
            }
            Some(condition) if example.shows != Shows::Outside => {
                self.fault(unit, &condition.at, "`condition` stands with `shows: outside` alone");
            }
            Some(condition) => {
                let known = Fact::ALL.iter().map(|fact| fact.as_str());
                // What decides whether a clause is asked at all has no place in a finding.
                let known = known.chain(["service", "action", "recorded"]);
                let known: Vec<String> = known.map(str::to_owned).collect();
                if !known.contains(&condition.value) {
                    self.unknown(unit, "condition", condition, &known);
                }
            }
            None => {}
        }
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
