//! The judge: a classified event against every clause that covers its service.
//!
//! In: the catalog's program and a [`Classified`] event. Out: a [`Judgement`], filled in place.
//! It knows no names, no clock but the event's own, and nothing that can fail.

mod bound;
mod exception;
mod rule;

use crate::catalog::program::{
    AllowedByActivity, Asked, Clause, Coverage, Kind, Program, Promise, PurposeCondition,
};
use crate::category::CategoryId;
use crate::classify::Classified;
use crate::place::{CountrySet, Kleene, StatedPlace};
use crate::verdict::{
    Activity, ClauseId, Fact, FactSet, Finding, FindingPlace, Judgement, NearMiss, Verdict,
};

use bound::Bound;

/// Somebody who wants to know not only what was found, but all that was asked.
pub trait Watch {
    /// A clause was asked and found nothing.
    fn silent(&mut self, _clause: ClauseId, _why: Silence) {}
    /// An exception was asked: what failed, what was unknown, what it presumes.
    fn exception(&mut self, _asked: ExceptionAsked) {}
    /// An exception to the finding of that number was not in force.
    fn lapsed(&mut self, _finding: usize, _exception: ClauseId) {}
}

/// Nobody is watching.
impl Watch for () {}

/// Why a clause found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It was not in force at the event's time.
    NotInForce,
    /// The tenant is not one of those it is for.
    Tenant,
    /// The event does not show the activity, the data or the fact that it is about.
    NotShown,
}

/// An exception asked for one finding.
#[derive(Clone, Copy, Debug)]
pub struct ExceptionAsked {
    /// The number of the finding.
    pub finding: usize,
    /// The exception, what failed and what was unknown.
    pub answer: NearMiss,
    /// What it presumes.
    pub assumed: FactSet,
}

/// Judges one event. What `out` held before is gone; its memory is used again.
pub fn judge(program: &Program, event: &Classified<'_>, out: &mut Judgement) {
    judge_watched(program, event, out, &mut ());
}

/// Judges one event, and tells all that was asked on the way.
pub fn judge_watched<W: Watch>(
    program: &Program,
    event: &Classified<'_>,
    out: &mut Judgement,
    watch: &mut W,
) {
    out.clear();
    let case = Case::new(program, event);
    out.tenant_geography = program.tenant_geography(case.location);
    let Some(service) = event.service else { return };
    for document in &program.documents {
        let Some(edition) = document.at(event.time) else { continue };
        let Some(row) = edition.by_service.get(usize::from(service.0)) else { continue };
        for asked in row {
            let Some(clause) = program.clause(asked.clause) else { continue };
            if !clause.in_force(event.time) {
                watch.silent(asked.clause, Silence::NotInForce);
                continue;
            }
            let before = out.findings.len();
            case.ask(asked, clause, out, watch);
            if out.findings.len() == before {
                watch.silent(asked.clause, case.silence(clause));
            }
        }
    }
    out.verdict = out.findings.iter().map(|finding| finding.verdict).max().unwrap_or_default();
}

/// One event before the judge, with what follows from it for every clause.
struct Case<'a> {
    program: &'a Program,
    event: &'a Classified<'a>,
    /// The tenant's location for Entra.
    location: StatedPlace,
    /// What was presumed to get it.
    location_assumed: FactSet,
}

/// Whether a commitment covers the tenant, and what that rests on.
#[derive(Clone, Copy)]
struct Scope {
    holds: Kleene,
    missing: FactSet,
    assumed: FactSet,
}

impl<'a> Case<'a> {
    fn new(program: &'a Program, event: &'a Classified<'a>) -> Self {
        let given = event.tenant.map(|tenant| tenant.location).unwrap_or_default();
        let (location, location_assumed) = match given {
            // Where the tenant is placed fills a location that nobody stated, and no more.
            StatedPlace::Absent if event.placement.id().is_some() => {
                (event.placement, FactSet::one(Fact::TenantLocation))
            }
            given => (given, FactSet::EMPTY),
        };
        Self { program, event, location, location_assumed }
    }

    fn ask(&self, asked: &Asked, clause: &Clause, out: &mut Judgement, watch: &mut impl Watch) {
        match &clause.kind {
            Kind::Commitment { promise: Promise::Stays(stays), tenants, .. } => {
                let scope = self.scope(*tenants);
                self.ask_place(asked, &clause.coverage, stays, scope, out, watch);
            }
            Kind::Exception { promises: Some((stays, purpose)), .. } => {
                if self.states(purpose) {
                    // A promise on the side has no exceptions of its own.
                    let alone = Asked { clause: asked.clause, ways: Box::default() };
                    let scope = self.scope(None);
                    self.ask_place(&alone, &clause.coverage, stays, scope, out, watch);
                }
            }
            Kind::Commitment { promise: Promise::Rule(rule), .. } => {
                self.ask_rule(asked.clause, &clause.coverage, rule, out);
            }
            Kind::Exception { promises: None, .. } => {}
        }
    }

    /// Whether the event states one of the purposes.
    fn states(&self, purpose: &PurposeCondition) -> bool {
        self.event.purpose.is_some_and(|stated| stated.bit() & purpose.any != 0)
    }

    fn scope(&self, tenants: Option<CountrySet>) -> Scope {
        let Some(boundary) = tenants else {
            return Scope { holds: Kleene::True, missing: FactSet::EMPTY, assumed: FactSet::EMPTY };
        };
        let holds = self.location.within(boundary);
        let missing = match (holds, self.event.tenant) {
            (Kleene::Unknown, None) => FactSet::one(Fact::Tenant),
            (Kleene::Unknown, Some(_)) => FactSet::one(Fact::TenantLocation),
            _ => FactSet::EMPTY,
        };
        Scope { holds, missing, assumed: self.location_assumed }
    }

    /// Why a commitment that was asked found nothing.
    fn silence(&self, clause: &Clause) -> Silence {
        match &clause.kind {
            Kind::Commitment { tenants, .. } if self.scope(*tenants).holds == Kleene::False => {
                Silence::Tenant
            }
            _ => Silence::NotShown,
        }
    }

    /// Asks a commitment about places.
    #[allow(clippy::too_many_arguments, reason = "what the clause says, where the answers go")]
    fn ask_place(
        &self,
        asked: &Asked,
        coverage: &Coverage,
        stays: &AllowedByActivity,
        scope: Scope,
        out: &mut Judgement,
        watch: &mut impl Watch,
    ) {
        if scope.holds == Kleene::False {
            return;
        }
        let event = self.event;
        if !event.at_rest.is_stated() && !event.processing.is_stated() {
            if event.action == crate::event::Action::Handle {
                out.findings.push(Finding {
                    missing: scope.missing.union(Fact::Place.into()),
                    assumed: scope.assumed,
                    ..finding(asked.clause, Verdict::Indeterminate)
                });
            }
            return;
        }
        for activity in Activity::ALL {
            let (place, assumed) = self.place(activity);
            let (true, Some(allowed)) = (place.is_stated(), stays.get(activity)) else { continue };
            let bound = Bound::of(self, allowed);
            let (inside, lacking) = bound.holds(place);
            let mut base = scope.assumed;
            if assumed {
                base.insert(Fact::Place);
            }
            if event.categories_assumed {
                base.insert(Fact::Category);
            }
            for category in event.categories.iter() {
                let covered = coverage.covers(category);
                if covered == Kleene::False {
                    continue;
                }
                let mut found = Finding {
                    activity: Some(activity),
                    category: Some(category),
                    place: shown(place),
                    assumed: base,
                    ..finding(asked.clause, Verdict::Compliant)
                };
                if inside != Kleene::True {
                    found.missing = scope.missing.union(lacking);
                    if covered == Kleene::Unknown {
                        found.missing.insert(Fact::Category);
                    }
                    let in_scope = scope.holds.and(covered);
                    self.ask_ways(
                        asked, activity, category, inside, in_scope, &mut found, out, watch,
                    );
                }
                out.findings.push(found);
            }
        }
    }

    /// Settles a finding whose place is not inside: excepted, indeterminate or a violation.
    #[allow(clippy::too_many_arguments, reason = "one step of one loop, split off to be read")]
    fn ask_ways(
        &self,
        asked: &Asked,
        activity: Activity,
        category: CategoryId,
        inside: Kleene,
        in_scope: Kleene,
        found: &mut Finding,
        out: &mut Judgement,
        watch: &mut impl Watch,
    ) {
        let first = out.near_misses.len();
        let mut best: Option<exception::Held> = None;
        let mut any_unknown = false;
        for way in &asked.ways {
            let Some(clause) = self.program.clause(way.exception) else { continue };
            if !clause.in_force(self.event.time) {
                if way.named {
                    watch.lapsed(out.findings.len(), way.exception);
                }
                continue;
            }
            let Some(answer) = self.ask_exception(way, clause, activity, category) else {
                continue;
            };
            watch.exception(ExceptionAsked {
                finding: out.findings.len(),
                answer: answer.near_miss,
                assumed: answer.held.assumed,
            });
            match answer.holds() {
                Kleene::True => {
                    if best.is_none_or(|best| answer.held.rank < best.rank) {
                        best = Some(answer.held);
                    }
                }
                Kleene::Unknown => {
                    any_unknown = true;
                    found.missing = found.missing.union(answer.near_miss.missing);
                }
                Kleene::False if answer.near => out.near_misses.push(answer.near_miss),
                Kleene::False => {}
            }
        }
        if let Some(best) = best {
            found.verdict = Verdict::Excepted;
            found.exception = Some(best.exception);
            found.assumed = found.assumed.union(best.assumed);
            found.missing = FactSet::EMPTY;
        } else if any_unknown || in_scope == Kleene::Unknown || inside == Kleene::Unknown {
            found.verdict = Verdict::Indeterminate;
        } else {
            found.verdict = Verdict::Violation;
            found.near_misses = (first as u32, (out.near_misses.len() - first) as u32);
            return;
        }
        out.near_misses.truncate(first);
    }

    /// The place of an activity, and whether configuration supplied it.
    fn place(&self, activity: Activity) -> (StatedPlace, bool) {
        match activity {
            Activity::Store => (self.event.at_rest, self.event.at_rest_assumed),
            Activity::Process => (self.event.processing, self.event.processing_assumed),
        }
    }
}

/// A finding that says nothing yet but its verdict.
fn finding(commitment: ClauseId, verdict: Verdict) -> Finding {
    Finding {
        commitment,
        activity: None,
        category: None,
        place: FindingPlace::None,
        verdict,
        exception: None,
        assumed: FactSet::EMPTY,
        missing: FactSet::EMPTY,
        near_misses: (0, 0),
    }
}

fn shown(place: StatedPlace) -> FindingPlace {
    match place {
        StatedPlace::Absent => FindingPlace::None,
        StatedPlace::Unresolved => FindingPlace::Unknown,
        StatedPlace::Known(id, _) => FindingPlace::Known(id),
    }
}
