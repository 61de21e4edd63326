//! Where data may be: an allowed place worked out for one event, and places held against it.

use crate::catalog::program::Allowed;
use crate::classify::Collaborator;
use crate::directory::{ConfiguredPlaces, Tenant};
use crate::place::{CountrySet, Kleene, StatedPlace};
use crate::verdict::{Fact, FactSet};

use super::Case;

/// An allowed place for one event.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// Anywhere.
    Anywhere,
    /// These countries.
    Places(CountrySet),
    /// One of two sets; it is not known which.
    Either([CountrySet; 2], Fact),
    /// These countries for certain, and maybe others.
    AtLeast(CountrySet, Fact),
    /// Not known.
    Unknown(Fact),
    /// The geography a move starts from, or the one it goes to.
    Move(Geography, Option<CountrySet>),
    /// Where the event's data is at rest, which must itself be in these countries.
    AtRest(StatedPlace, CountrySet),
}

/// A tenant's Intune geography, as far as it is known.
#[derive(Clone, Copy)]
pub(super) enum Geography {
    Known(CountrySet),
    Either([CountrySet; 2]),
    Unknown(Fact),
}

impl From<Geography> for Bound {
    fn from(geography: Geography) -> Self {
        match geography {
            Geography::Known(set) => places(set),
            Geography::Either(sets) => Self::Either(sets, Fact::TenantIntuneGeography),
            Geography::Unknown(fact) => Self::Unknown(fact),
        }
    }
}

/// How many countries a set allows; the whole world is as wide as anywhere.
fn width(set: CountrySet) -> u32 {
    if set.len() == 256 { u32::MAX } else { set.len() }
}

/// The whole world is anywhere, whichever way it was named.
fn places(set: CountrySet) -> Bound {
    if set.len() == 256 { Bound::Anywhere } else { Bound::Places(set) }
}

impl Bound {
    /// Works an allowed place out for the event at hand.
    pub(super) fn of(case: &Case<'_>, allowed: &Allowed) -> Self {
        let tenant = case.event.tenant;
        let enabled = tenant.map(|tenant| tenant.enabled.as_ref());
        match allowed {
            Allowed::Anywhere => Self::Anywhere,
            Allowed::Places(set) => Self::Places(*set),
            Allowed::IntuneGeography => case.intune_geography().into(),
            Allowed::NotificationPlace => case.notification_place(),
            Allowed::MigrationGeographies => match tenant {
                None => Self::Unknown(Fact::Tenant),
                Some(tenant) => {
                    let target = tenant.migration.as_ref().map(|migration| migration.target);
                    Self::Move(case.provisioned(tenant), target.and_then(StatedPlace::countries))
                }
            },
            Allowed::ApplicationProxyLocations => match enabled {
                None => Self::Unknown(Fact::Tenant),
                Some(enabled) => configured(enabled.and_then(|e| e.application_proxy)),
            },
            Allowed::MultiGeoLocations => match enabled {
                None => Self::Unknown(Fact::Tenant),
                Some(enabled) => configured(enabled.and_then(|e| e.multi_geo)),
            },
            Allowed::CollaboratingTenant => match case.event.collaborator {
                Collaborator::Named(_, Some(other)) => other
                    .location
                    .countries()
                    .map_or(Self::Unknown(Fact::CollaboratingTenant), places),
                _ => Self::Unknown(Fact::CollaboratingTenant),
            },
            Allowed::SameAsAtRest(within) => Self::AtRest(case.event.at_rest, *within),
        }
    }

    /// Whether a place is inside, and what would have to be known where that is open.
    pub(super) fn holds(&self, place: StatedPlace) -> (Kleene, FactSet) {
        let unresolved = match place {
            StatedPlace::Known(..) => FactSet::EMPTY,
            StatedPlace::Absent | StatedPlace::Unresolved => FactSet::one(Fact::Place),
        };
        match *self {
            Self::Anywhere => (Kleene::True, FactSet::EMPTY),
            Self::Places(set) => known(place.within(set), Fact::Place.into()),
            Self::Unknown(fact) => (Kleene::Unknown, unresolved.union(fact.into())),
            Self::AtLeast(set, fact) => match place.within(set) {
                Kleene::True => (Kleene::True, FactSet::EMPTY),
                _ => (Kleene::Unknown, unresolved.union(fact.into())),
            },
            Self::Either([first, second], fact) => {
                let answers = (place.within(first), place.within(second));
                match answers {
                    (Kleene::True, Kleene::True) => (Kleene::True, FactSet::EMPTY),
                    (Kleene::False, Kleene::False) => (Kleene::False, FactSet::EMPTY),
                    (Kleene::Unknown, _) | (_, Kleene::Unknown) => {
                        (Kleene::Unknown, FactSet::from(fact).union(Fact::Place.into()))
                    }
                    _ => (Kleene::Unknown, fact.into()),
                }
            }
            Self::Move(from, to) => {
                let from = Self::from(from).holds(place);
                let to = to.map_or(Self::Unknown(Fact::TenantMigration), places).holds(place);
                known(from.0.or(to.0), from.1.union(to.1))
            }
            Self::AtRest(at_rest, within) => match at_rest {
                StatedPlace::Known(_, set) => {
                    known(place.within(set).and(at_rest.within(within)), Fact::Place.into())
                }
                _ => (Kleene::Unknown, Fact::Place.into()),
            },
        }
    }

    /// How many countries it allows, for choosing the narrowest way out.
    pub(super) fn size(&self) -> u32 {
        match *self {
            Self::Anywhere | Self::Unknown(_) => u32::MAX,
            Self::Places(set) | Self::AtLeast(set, _) => width(set),
            Self::Either([first, second], _) => width(first.union(second)),
            Self::Move(from, to) => width(from.all().union(to.unwrap_or_default())),
            Self::AtRest(at_rest, _) => at_rest.countries().map_or(u32::MAX, width),
        }
    }
}

impl Geography {
    fn all(self) -> CountrySet {
        match self {
            Self::Known(set) => set,
            Self::Either([first, second]) => first.union(second),
            Self::Unknown(_) => CountrySet::EMPTY,
        }
    }
}

/// An answer, with missing facts only where it is open.
fn known(answer: Kleene, missing: FactSet) -> (Kleene, FactSet) {
    (answer, if answer == Kleene::Unknown { missing } else { FactSet::EMPTY })
}

fn configured(places_of: Option<ConfiguredPlaces>) -> Bound {
    match places_of {
        None => Bound::Unknown(Fact::TenantCapabilities),
        Some(ConfiguredPlaces { countries, open }) => match places(countries) {
            Bound::Places(_) if open => Bound::AtLeast(countries, Fact::TenantCapabilities),
            settled => settled,
        },
    }
}

impl Case<'_> {
    /// The tenant's Intune geography at the event's time.
    pub(super) fn intune_geography(&self) -> Geography {
        let Some(tenant) = self.event.tenant else { return Geography::Unknown(Fact::Tenant) };
        match &tenant.migration {
            Some(migration) if migration.completed.is_some_and(|day| day <= self.event.time) => {
                let target = migration.target.countries();
                target.map_or(Geography::Unknown(Fact::TenantMigration), Geography::Known)
            }
            _ => self.provisioned(tenant),
        }
    }

    /// Where Intune provisioned the tenant: as given, else by its country.
    fn provisioned(&self, tenant: &Tenant) -> Geography {
        match tenant.intune_geography {
            StatedPlace::Known(_, set) => return Geography::Known(set),
            StatedPlace::Unresolved => return Geography::Unknown(Fact::TenantIntuneGeography),
            StatedPlace::Absent => {}
        }
        let Some(country) = tenant.country.countries() else {
            return Geography::Unknown(Fact::TenantCountry);
        };
        if tenant.sovereign {
            return Geography::Known(country);
        }
        let derived = self
            .program
            .intune_derivations
            .iter()
            .find(|derivation| country.is_subset(derivation.within));
        match derived.map(|derivation| &*derivation.candidates) {
            Some(&[only]) => Geography::Known(only),
            Some(&[first, second, ..]) => Geography::Either([first, second]),
            _ => Geography::Unknown(Fact::TenantIntuneGeography),
        }
    }

    /// Where Intune processes notification e-mails for the tenant (INTUNE, "Storage locations").
    fn notification_place(&self) -> Bound {
        let Some(tenant) = self.event.tenant else { return Bound::Unknown(Fact::Tenant) };
        let StatedPlace::Known(_, country) = tenant.country else {
            return Bound::Unknown(Fact::TenantCountry);
        };
        if tenant.sovereign {
            return places(country);
        }
        match tenant.country.within(self.program.emea) {
            Kleene::True => places(self.program.emea),
            Kleene::False => places(self.program.north_america),
            Kleene::Unknown => Bound::Unknown(Fact::TenantCountry),
        }
    }
}
