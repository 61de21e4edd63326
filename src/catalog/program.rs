//! The catalog as the judge uses it: interned, indexed, immutable.
//!
//! In: what `compile` checked. Out: look-ups by name and flat tables by number. It holds no
//! YAML, no spans and no way to fail.

mod clause;

use std::collections::HashMap;

use foldhash::fast::FixedState;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::category::{CategoryId, CategorySet};
use crate::place::{CountrySet, PlaceId, StatedPlace};
use crate::verdict::{ClauseId, TenantGeography};

pub use clause::*;

/// A hash map with a fast, fixed hash: names come from the catalog and from records, and a
/// look-up never inserts, so floods cannot grow it.
pub type NameMap<T> = HashMap<Box<str>, T, FixedState>;

/// A service of the catalog, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ServiceId(pub u16);

/// A place and its countries.
#[derive(Clone, Debug)]
pub struct Place {
    /// The id that is put out: alpha-2 for a country.
    pub id: Box<str>,
    /// The name for people.
    pub title: Box<str>,
    /// Its countries.
    pub countries: CountrySet,
}

/// A service that events can come from.
#[derive(Clone, Debug)]
pub struct Service {
    /// The canonical id.
    pub id: Box<str>,
    /// The name for people.
    pub title: Box<str>,
    /// Categories of an event that names none.
    pub categories: CategorySet,
    /// Whether a document of the catalog speaks of it.
    pub catalogued: bool,
}

/// A node of the taxonomy.
#[derive(Clone, Debug)]
pub struct Category {
    /// The id.
    pub id: Box<str>,
    /// The name for people.
    pub title: Box<str>,
}

/// Intune geographies that a country's tenants may be in.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// Countries.
    pub within: CountrySet,
    /// One or two candidates.
    pub candidates: Box<[CountrySet]>,
}

/// A Graph path's meaning.
#[derive(Clone, Debug)]
pub struct GraphPath {
    /// Lower-case segments; `*` stands for any one.
    pub segments: Box<[Box<str>]>,
    /// The service.
    pub service: ServiceId,
    /// The data.
    pub categories: CategorySet,
}

/// The compiled catalog.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Places by number.
    pub places: Vec<Place>,
    /// Normalised place names.
    pub place_names: NameMap<PlaceId>,
    /// Normalised vendors' short codes, which hold only in region fields.
    pub region_codes: NameMap<PlaceId>,
    /// Categories by number, in taxonomy order.
    pub categories: Vec<Category>,
    /// Category ids.
    pub category_names: NameMap<CategoryId>,
    /// Lower-case attribute names.
    pub attributes: NameMap<CategoryId>,
    /// The root of the taxonomy.
    pub customer_data: CategoryId,
    /// Services by number.
    pub services: Vec<Service>,
    /// Normalised service names and aliases.
    pub service_names: NameMap<ServiceId>,
    /// Lower-case resource providers.
    pub providers: NameMap<ServiceId>,
    /// What an unknown logging service of Entra counts as.
    pub entra_fallback: Option<ServiceId>,
    /// What an unknown `microsoft.*` provider counts as.
    pub azure_fallback: Option<ServiceId>,
    /// First segment → paths, most specific first.
    pub graph_paths: NameMap<Vec<GraphPath>>,
    /// Countries by number: alpha-2.
    pub countries: Vec<Box<str>>,
    /// Geographies that tenants are shown by, narrowest first.
    pub tenant_geographies: Vec<PlaceId>,
    /// Normalised names of Intune geographies.
    pub intune_geographies: NameMap<PlaceId>,
    /// Country → candidates; the first match decides.
    pub intune_derivations: Vec<Derivation>,
    /// EMEA, for notification e-mails.
    pub emea: CountrySet,
    /// Intune's North America, for notification e-mails.
    pub north_america: CountrySet,
    /// Clauses by number: by document, edition and table order.
    pub clauses: Vec<Clause>,
    /// Documents.
    pub documents: Vec<Document>,
    /// Hash of the documents.
    pub documents_hash: String,
    /// Hash of the reference data, which changes oftener.
    pub reference_hash: String,
}

/// How place, category and service names are compared: case, spaces and underscores aside.
pub fn normalise(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect()
}

/// How service names are compared: case aside, and without the product's family name, which
/// changed over the years.
pub fn normalise_service(name: &str) -> String {
    let mut name = name.trim().to_lowercase();
    for family in
        ["azure active directory ", "azure ad ", "aad ", "microsoft entra id ", "microsoft entra "]
    {
        if let Some(rest) = name.strip_prefix(family) {
            name = rest.trim().to_owned();
            break;
        }
    }
    name
}

impl Program {
    /// The clause of that number.
    ///
    /// Numbers come from this same program, so there always is one; the first stands in
    /// otherwise, to keep this path free of panics.
    pub fn clause(&self, id: ClauseId) -> Option<&Clause> {
        self.clauses.get(usize::from(id.0))
    }

    /// A clause's id.
    pub fn clause_id(&self, id: ClauseId) -> &str {
        self.clause(id).map_or("", |clause| &clause.id)
    }

    /// A place's id.
    pub fn place_id(&self, id: PlaceId) -> &str {
        self.places.get(usize::from(id.0)).map_or("unknown", |place| &place.id)
    }

    /// A category's id.
    pub fn category_id(&self, id: CategoryId) -> &str {
        self.categories.get(usize::from(id.0)).map_or("", |category| &category.id)
    }

    /// A service's id; `unknown` where the event's service is in no catalog.
    pub fn service_id(&self, id: Option<ServiceId>) -> &str {
        id.and_then(|id| self.services.get(usize::from(id.0)))
            .map_or("unknown", |service| &service.id)
    }

    /// A tenant geography's id.
    pub fn tenant_geography_id(&self, geography: TenantGeography) -> &str {
        match geography {
            TenantGeography::Unknown => "unknown",
            TenantGeography::Other => "other",
            TenantGeography::Place(place) => self.place_id(place),
        }
    }

    /// The narrowest tenant geography that holds a location.
    pub fn tenant_geography(&self, location: StatedPlace) -> TenantGeography {
        let Some(countries) = location.countries() else {
            return TenantGeography::Unknown;
        };
        self.tenant_geographies
            .iter()
            .find(|id| {
                self.places
                    .get(usize::from(id.0))
                    .is_some_and(|place| countries.is_subset(place.countries))
            })
            .map_or(TenantGeography::Other, |id| TenantGeography::Place(*id))
    }

    /// The place of that number as a stated one.
    pub fn known(&self, id: PlaceId) -> StatedPlace {
        self.places
            .get(usize::from(id.0))
            .map_or(StatedPlace::Unresolved, |place| StatedPlace::Known(id, place.countries))
    }

    /// What a place's name means in a field that takes any name.
    pub fn resolve_place(&self, name: &str) -> StatedPlace {
        self.look_up(name, None)
    }

    /// What a place's name means in a field that a format declares to be a region.
    pub fn resolve_region(&self, name: &str) -> StatedPlace {
        self.look_up(name, Some(&self.region_codes))
    }

    /// What a place's name means where Intune geographies are named.
    pub fn resolve_intune_geography(&self, name: &str) -> StatedPlace {
        self.look_up(name, Some(&self.intune_geographies))
    }

    fn look_up(&self, name: &str, first: Option<&NameMap<PlaceId>>) -> StatedPlace {
        // Most names arrive as the catalog writes them, so try that before normalising.
        let find = |name: &str| {
            first.and_then(|names| names.get(name)).or_else(|| self.place_names.get(name)).copied()
        };
        let id = if name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            find(name)
        } else {
            find(&normalise(name))
        };
        id.map_or(StatedPlace::Unresolved, |id| self.known(id))
    }

    /// The service of that name or alias.
    pub fn service(&self, name: &str) -> Option<ServiceId> {
        let as_written = self.service_names.get(name);
        as_written.or_else(|| self.service_names.get(normalise_service(name).as_str())).copied()
    }

    /// The service of an Azure resource provider.
    pub fn provider(&self, name: &str) -> Option<ServiceId> {
        let as_written = self.providers.get(name);
        as_written.or_else(|| self.providers.get(name.to_lowercase().as_str())).copied()
    }

    /// The category of an attribute.
    pub fn attribute(&self, name: &str) -> Option<CategoryId> {
        let as_written = self.attributes.get(name);
        as_written.or_else(|| self.attributes.get(name.to_lowercase().as_str())).copied()
    }

    /// The most specific entry of the Graph path table that begins the path.
    pub fn graph_path(&self, path: &str) -> Option<&GraphPath> {
        // `users('x')/messages` and `users(mail='x')/messages` are `users/x/messages`.
        let segments = || {
            path.split('/')
                .filter(|segment| !segment.is_empty())
                .flat_map(|segment| segment.split('('))
        };
        let first = segments().next()?;
        let entries = match self.graph_paths.get(first) {
            Some(entries) => entries,
            None => self.graph_paths.get(first.to_ascii_lowercase().as_str())?,
        };
        entries.iter().find(|entry| {
            let mut given = segments();
            entry.segments.iter().all(|wanted| {
                given.next().is_some_and(|s| &**wanted == "*" || s.eq_ignore_ascii_case(wanted))
            })
        })
    }

    /// The commitment and service pairs that violations can be counted for.
    pub fn violable_pairs(&self) -> Vec<(ClauseId, ServiceId)> {
        let mut pairs = Vec::new();
        for document in &self.documents {
            for edition in &document.editions {
                for (service, asked) in edition.by_service.iter().enumerate() {
                    pairs.extend(asked.iter().map(|a| (a.clause, ServiceId(service as u16))));
                }
            }
        }
        pairs
    }
}

/// Midnight UTC at the start of a day.
pub fn first_moment(day: Date) -> Option<Timestamp> {
    day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
