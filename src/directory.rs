//! The tenant table: facts of every known tenant, resolved against the catalog.
//!
//! In: tenant records from the configuration or a file. Out: look-ups by tenant id. It is
//! built once and swapped whole; a table that follows a compacted topic fills it likewise.

pub mod file;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::catalog::program::{Program, first_moment};
use crate::place::{CountrySet, StatedPlace};
use crate::position::content_hash;
use crate::tenant::{Cloud, TenantRecord};

/// Places a tenant configured for a capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfiguredPlaces {
    /// Countries of the entries that resolve.
    pub countries: CountrySet,
    /// Whether there may be more: no list, or an entry that does not resolve.
    pub open: bool,
}

/// What a tenant enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enabled {
    /// Intune's content delivery network.
    pub cdn: bool,
    /// Application proxy and its places.
    pub application_proxy: Option<ConfiguredPlaces>,
    /// Multi-Geo and its places.
    pub multi_geo: Option<ConfiguredPlaces>,
    /// Multi-tenant collaboration; the inner list names the tenants, lower case (none: any).
    pub collaboration: Option<Option<Box<[Box<str>]>>>,
}

/// A requested move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// First moment of the day it was completed.
    pub completed: Option<Timestamp>,
    /// Where to.
    pub target: StatedPlace,
}

/// One tenant's facts, resolved.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Location for Entra: selected, else the country.
    pub location: StatedPlace,
    /// Country, which Intune goes by.
    pub country: StatedPlace,
    /// Day of creation.
    pub created: Option<Date>,
    /// Whether it lives in a national cloud.
    pub sovereign: bool,
    /// Where Intune provisioned it, where that is given.
    pub intune_geography: StatedPlace,
    /// What it enabled; `None` where that is not known.
    pub enabled: Option<Enabled>,
    /// Its move.
    pub migration: Option<Move>,
    /// Whether it was placed wrongly.
    pub legacy_placement: Option<bool>,
    /// Hash of the facts, as it stands in verdicts.
    pub facts_hash: Box<str>,
}

/// The tenant table.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    tenants: HashMap<Box<str>, Arc<Tenant>, FixedState>,
}

impl Directory {
    /// Resolves the records. A repeated id: the later record counts.
    pub fn new<'r>(program: &Program, records: impl IntoIterator<Item = &'r TenantRecord>) -> Self {
        let tenants = records
            .into_iter()
            .map(|record| {
                let id = record.id.to_lowercase().into_boxed_str();
                (id, Arc::new(resolve(program, record)))
            })
            .collect();
        Self { tenants }
    }

    /// The facts of a tenant, whose id may be in any case.
    pub fn get(&self, id: &str) -> Option<&Tenant> {
        let found = if id.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            self.tenants.get(id.to_lowercase().as_str())
        } else {
            self.tenants.get(id)
        };
        found.map(|tenant| &**tenant)
    }

    /// How many tenants are known.
    pub fn len(&self) -> usize {
        self.tenants.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.tenants.is_empty()
    }
}

fn resolve(program: &Program, record: &TenantRecord) -> Tenant {
    let place = |name: &Option<String>| match name.as_deref() {
        None | Some("") => StatedPlace::Absent,
        Some(name) => program.resolve_place(name),
    };
    let geography = |name: &Option<String>| match name.as_deref() {
        None | Some("") => StatedPlace::Absent,
        Some(name) => program.resolve_intune_geography(name),
    };
    let country = place(&record.country);
    let location = match place(&record.location) {
        StatedPlace::Absent => country,
        stated => stated,
    };
    Tenant {
        location,
        country,
        created: record.created,
        sovereign: record.cloud == Some(Cloud::Sovereign),
        intune_geography: geography(&record.intune_geography),
        enabled: record.capabilities.as_ref().map(|capabilities| Enabled {
            cdn: capabilities.cdn.is_some(),
            application_proxy: capabilities
                .application_proxy
                .as_ref()
                .map(|proxy| configured(program, proxy.locations.as_deref())),
            multi_geo: capabilities
                .multi_geo
                .as_ref()
                .map(|geo| configured(program, geo.locations.as_deref())),
            collaboration: capabilities.multi_tenant_collaboration.as_ref().map(|collaboration| {
                collaboration.tenants.as_ref().map(|tenants| {
                    tenants.iter().map(|id| id.to_lowercase().into_boxed_str()).collect()
                })
            }),
        }),
        migration: record.migration.as_ref().map(|migration| Move {
            completed: migration.completed.and_then(first_moment),
            target: geography(&migration.target),
        }),
        legacy_placement: record.legacy_placement,
        facts_hash: content_hash(&[&serde_json::to_vec(record).unwrap_or_default()]).into(),
    }
}

fn configured(program: &Program, locations: Option<&[String]>) -> ConfiguredPlaces {
    let Some(locations) = locations else {
        return ConfiguredPlaces { countries: CountrySet::EMPTY, open: true };
    };
    locations.iter().fold(ConfiguredPlaces::default(), |all, name| {
        match program.resolve_place(name).countries() {
            Some(countries) => {
                ConfiguredPlaces { countries: all.countries.union(countries), open: all.open }
            }
            None => ConfiguredPlaces { countries: all.countries, open: true },
        }
    })
}
