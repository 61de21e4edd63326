//! One exception asked for one finding: every condition, in three values.

use crate::catalog::program::{Allowed, Clause, Conditions, Kind, PurposeCondition, Way};
use crate::category::CategoryId;
use crate::classify::Collaborator;
use crate::directory::Enabled;
use crate::event::Capability;
use crate::place::Kleene;
use crate::verdict::{Activity, ClauseId, Fact, FactSet, NearMiss};

use super::Case;
use super::bound::Bound;

/// An exception's answer.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    /// What failed, and what was unknown.
    pub(super) near_miss: NearMiss,
    /// What it is worth if it holds.
    pub(super) held: Held,
    /// Whether a violation names it: it is about this service, or its capability is in play.
    pub(super) near: bool,
}

/// An exception that holds.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) exception: ClauseId,
    pub(super) assumed: FactSet,
    /// Less is better: what it assumes, how wide the place, the categories and the services
    /// are, and the order of the table.
    pub(super) rank: (bool, u32, u32, u16, u16),
}

impl Answer {
    pub(super) fn holds(&self) -> Kleene {
        if !self.near_miss.failed.is_empty() {
            Kleene::False
        } else if !self.near_miss.missing.is_empty() {
            Kleene::Unknown
        } else {
            Kleene::True
        }
    }
}

/// Conditions as they are asked.
#[derive(Default)]
struct Asking {
    failed: FactSet,
    missing: FactSet,
    assumed: FactSet,
}

impl Asking {
    fn answer(&mut self, fact: Fact, answer: Option<bool>) {
        self.decide(fact, answer, fact);
    }

    /// `None` is unknown, for want of `lacking`.
    fn decide(&mut self, fact: Fact, answer: Option<bool>, lacking: Fact) {
        match answer {
            Some(true) => {}
            Some(false) => self.failed.insert(fact),
            None => self.missing.insert(lacking),
        }
    }
}

impl Case<'_> {
    /// Asks every condition; `None` where the exception is not about this service at all.
    pub(super) fn ask_exception(
        &self,
        way: &Way,
        clause: &Clause,
        activity: Activity,
        category: CategoryId,
    ) -> Option<Answer> {
        let Kind::Exception { allows, when, .. } = &clause.kind else { return None };
        let in_play = way.in_play.and_then(|capability| self.event.in_play.get(capability));
        let mut asking = Asking::default();
        if !way.named {
            match in_play {
                Some(true) => {}
                Some(false) => return None,
                None => asking.missing.insert(Fact::Capabilities),
            }
        }
        match clause.coverage.covers(category) {
            Kleene::True => {}
            Kleene::False => asking.failed.insert(Fact::Category),
            Kleene::Unknown => asking.missing.insert(Fact::Category),
        }
        self.ask_conditions(when, &mut asking);
        let size = match allows.get(activity) {
            None => {
                asking.failed.insert(Fact::Activity);
                u32::MAX
            }
            Some(allowed) if hangs_on(allowed).iter().any(|fact| asking.failed.contains(*fact)) => {
                u32::MAX
            }
            Some(allowed) => {
                let bound = Bound::of(self, allowed);
                let (inside, missing) = bound.holds(self.place(activity).0);
                if inside == Kleene::False {
                    asking.failed.insert(Fact::Place);
                }
                asking.missing = asking.missing.union(missing);
                bound.size()
            }
        };
        let Asking { failed, missing, assumed } = asking;
        let exception = way.exception;
        Some(Answer {
            near_miss: NearMiss { exception, failed, missing },
            held: Held {
                exception,
                assumed,
                rank: (
                    !assumed.is_empty(),
                    size,
                    clause.coverage.covered.len(),
                    clause.breadth,
                    exception.0,
                ),
            },
            near: way.named || in_play == Some(true),
        })
    }

    fn ask_conditions(&self, when: &Conditions, asking: &mut Asking) {
        if let Some(purpose) = &when.purpose {
            self.ask_purpose(purpose, asking);
        }
        let tenant = self.event.tenant;
        let enabled = tenant.and_then(|tenant| tenant.enabled.as_ref());
        // Without a record of the tenant, it is the tenant that is missing.
        let lacking = |fact| if tenant.is_none() { Fact::Tenant } else { fact };
        if let Some(capability) = when.capability_enabled {
            let answer = enabled.map(|enabled| has(enabled, capability));
            asking.decide(Fact::TenantCapabilities, answer, lacking(Fact::TenantCapabilities));
        }
        if let Some((capability, stated)) = when.capability_in_play {
            let answer = self.event.in_play.get(capability);
            asking.answer(Fact::Capabilities, answer.or(stated.then_some(false)));
        }
        if let Some(day) = when.created_before {
            let answer = tenant.and_then(|tenant| tenant.created).map(|created| created < day);
            asking.decide(Fact::TenantCreated, answer, lacking(Fact::TenantCreated));
        }
        if when.legacy_placement {
            match tenant.map(|tenant| tenant.legacy_placement) {
                None => asking.missing.insert(Fact::Tenant),
                Some(None) => asking.assumed.insert(Fact::TenantLegacyPlacement),
                Some(given) => asking.answer(Fact::TenantLegacyPlacement, given),
            }
        }
        if when.collaborating_tenant {
            match self.event.collaborator {
                Collaborator::Unnamed => asking.failed.insert(Fact::CollaboratingTenant),
                Collaborator::Named(id, _) => {
                    let list = enabled.and_then(|enabled| enabled.collaboration.as_ref());
                    if let Some(Some(list)) = list
                        && !list.iter().any(|listed| id.to_lowercase() == **listed)
                    {
                        asking.failed.insert(Fact::CollaboratingTenant);
                    }
                }
            }
        }
        if when.migration_open {
            let open = tenant.map(|tenant| {
                tenant.migration.as_ref().is_some_and(|migration| {
                    migration.completed.is_none_or(|day| self.event.time < day)
                })
            });
            asking.decide(Fact::TenantMigration, open, Fact::Tenant);
        }
    }

    fn ask_purpose(&self, condition: &PurposeCondition, asking: &mut Asking) {
        match self.event.purpose {
            Some(purpose) => {
                asking.answer(Fact::Purpose, Some(purpose.bit() & condition.any != 0));
            }
            None if condition.stated => asking.failed.insert(Fact::Purpose),
            None if self.event.presume_purpose => asking.assumed.insert(Fact::Purpose),
            None => asking.missing.insert(Fact::Purpose),
        }
    }
}

/// The conditions without which it makes no sense to ask for this place.
fn hangs_on(allowed: &Allowed) -> &'static [Fact] {
    match allowed {
        Allowed::MigrationGeographies => &[Fact::TenantMigration],
        Allowed::ApplicationProxyLocations | Allowed::MultiGeoLocations => {
            &[Fact::TenantCapabilities]
        }
        Allowed::CollaboratingTenant => &[Fact::CollaboratingTenant, Fact::TenantCapabilities],
        _ => &[],
    }
}

fn has(enabled: &Enabled, capability: Capability) -> bool {
    match capability {
        Capability::Cdn => enabled.cdn,
        Capability::ApplicationProxy => enabled.application_proxy.is_some(),
        Capability::MultiGeo => enabled.multi_geo.is_some(),
        Capability::MultiTenantCollaboration => enabled.collaboration.is_some(),
        // Nothing a tenant enables: a preview is in play or it is not.
        Capability::Preview => false,
    }
}
