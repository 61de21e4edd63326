//! From names to numbers: which service, which data, which places.
//!
//! In: an [`Event`], the catalog, the tenant table and the input's rules. Out: a
//! [`Classified`] event. It judges nothing; a name it cannot place is unknown, never guessed.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::catalog::program::{Program, ServiceId};
use crate::category::CategorySet;
use crate::directory::{Directory, Tenant};
use crate::event::{Action, Event, InPlay, PlaceName, Purpose, ServiceName};
use crate::place::StatedPlace;

/// What an operator says of one input, on top of what its records say.
#[derive(Clone, Debug)]
pub struct InputRules {
    /// Whether an absent purpose is presumed to fit an exception's.
    pub presume_purpose: bool,
    /// Places of services whose records tell none: service (a prefix covers what is below it)
    /// → stored at, processed at. They count as assumed.
    pub places: Vec<AssumedPlaces>,
}

impl Default for InputRules {
    fn default() -> Self {
        Self { presume_purpose: true, places: Vec::new() }
    }
}

/// Places supplied by configuration for one service.
#[derive(Clone, Copy, Debug)]
pub struct AssumedPlaces {
    /// The service.
    pub service: ServiceId,
    /// Where its data is stored.
    pub at_rest: StatedPlace,
    /// Where it is processed.
    pub processing: StatedPlace,
}

/// The other tenant of a collaboration.
#[derive(Clone, Copy, Debug)]
pub enum Collaborator<'a> {
    /// The event names none.
    Unnamed,
    /// Named; its facts, where it is in the directory.
    Named(&'a str, Option<&'a Tenant>),
}

/// Values that were in no table, one count a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnknownValues {
    /// The service.
    pub service: u16,
    /// Stated categories.
    pub category: u16,
    /// Listed attributes.
    pub attribute: u16,
    /// Stated places that do not resolve.
    pub place: u16,
}

/// An event in the catalog's terms.
#[derive(Clone, Debug)]
pub struct Classified<'a> {
    /// When it happened.
    pub time: Timestamp,
    /// The service, where the catalog knows it.
    pub service: Option<ServiceId>,
    /// The data; never empty.
    pub categories: CategorySet,
    /// Whether the record did not say which data.
    pub categories_assumed: bool,
    /// Where the data is stored.
    pub at_rest: StatedPlace,
    /// Whether that comes from configuration.
    pub at_rest_assumed: bool,
    /// Where it is processed.
    pub processing: StatedPlace,
    /// Whether that comes from configuration.
    pub processing_assumed: bool,
    /// Where the tenant is placed, by the record.
    pub placement: StatedPlace,
    /// What was done with the data's life.
    pub action: Action,
    /// What for.
    pub purpose: Option<Purpose>,
    /// Whether an absent purpose is presumed to fit.
    pub presume_purpose: bool,
    /// Capabilities in play.
    pub in_play: InPlay,
    /// The other tenant.
    pub collaborator: Collaborator<'a>,
    /// When the observed record was written.
    pub recorded: Option<Timestamp>,
    /// Certifications, where stated.
    pub certifications: Option<&'a [Cow<'a, str>]>,
    /// The tenant's facts, where it is in the directory.
    pub tenant: Option<&'a Tenant>,
    /// What was in no table.
    pub unknown: UnknownValues,
}

/// Puts an event in the catalog's terms.
pub fn classify<'a>(
    program: &Program,
    directory: &'a Directory,
    rules: &InputRules,
    event: &'a Event<'a>,
) -> Classified<'a> {
    let mut unknown = UnknownValues::default();
    let (service, of_path) = service(program, &event.service);
    if matches!(service, Found::No | Found::Fallback(_)) {
        unknown.service = 1;
    }
    let service = service.id();
    let (categories, categories_assumed) =
        categories(program, event, service, of_path, &mut unknown);
    let mut stated = |name: &Option<PlaceName<'_>>| {
        let place = place(program, name);
        unknown.place += u16::from(place == StatedPlace::Unresolved);
        place
    };
    let (at_rest, processing) =
        (stated(&event.location_at_rest), stated(&event.processing_location));
    let supplied = service.and_then(|id| rules.places.iter().rev().find(|s| s.service == id));
    let fill = |place: StatedPlace, supplied: Option<StatedPlace>| match supplied {
        Some(supplied) if !place.is_stated() && supplied.is_stated() => (supplied, true),
        _ => (place, false),
    };
    let (at_rest, at_rest_assumed) = fill(at_rest, supplied.map(|s| s.at_rest));
    let (processing, processing_assumed) = fill(processing, supplied.map(|s| s.processing));
    Classified {
        time: event.time,
        service,
        categories,
        categories_assumed,
        at_rest,
        at_rest_assumed,
        processing,
        processing_assumed,
        placement: place(program, &event.placement),
        action: event.action,
        purpose: event.purpose,
        presume_purpose: rules.presume_purpose,
        in_play: event.in_play,
        collaborator: match event.collaborating_tenant.as_deref() {
            None => Collaborator::Unnamed,
            Some(id) => Collaborator::Named(id, directory.get(id)),
        },
        recorded: event.recorded,
        certifications: event.certifications.as_deref(),
        tenant: directory.get(&event.tenant),
        unknown,
    }
}

enum Found {
    Known(ServiceId),
    Fallback(ServiceId),
    No,
}

impl Found {
    fn id(&self) -> Option<ServiceId> {
        match self {
            Self::Known(id) | Self::Fallback(id) => Some(*id),
            Self::No => None,
        }
    }
}

fn service(program: &Program, name: &ServiceName<'_>) -> (Found, Option<CategorySet>) {
    let or = |fallback: Option<ServiceId>| fallback.map_or(Found::No, Found::Fallback);
    let found = match name {
        ServiceName::Named(name) => program.service(name).map_or(Found::No, Found::Known),
        ServiceName::Logged(name) => {
            program.service(name).map_or_else(|| or(program.entra_fallback), Found::Known)
        }
        ServiceName::Provider(provider) => match program.provider(provider) {
            Some(id) => Found::Known(id),
            // Azure's own providers are a known kind of service that no document covers.
            None if is_microsoft(provider) => {
                program.azure_fallback.map_or(Found::No, Found::Known)
            }
            None => Found::No,
        },
        ServiceName::GraphPath(path) => {
            return match program.graph_path(path) {
                Some(entry) => (Found::Known(entry.service), Some(entry.categories)),
                None => (Found::No, None),
            };
        }
        ServiceName::Unnamed => Found::No,
    };
    (found, None)
}

fn is_microsoft(provider: &str) -> bool {
    provider.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("microsoft."))
}

fn categories(
    program: &Program,
    event: &Event<'_>,
    service: Option<ServiceId>,
    of_path: Option<CategorySet>,
    unknown: &mut UnknownValues,
) -> (CategorySet, bool) {
    let mut set = of_path.unwrap_or_default();
    for name in &event.data_categories {
        set.insert(program.category_names.get(&**name).copied().unwrap_or_else(|| {
            unknown.category += 1;
            program.customer_data
        }));
    }
    for name in &event.attributes {
        set.insert(program.attribute(name).unwrap_or_else(|| {
            unknown.attribute += 1;
            program.customer_data
        }));
    }
    for name in &event.hints {
        if let Some(category) = program.attribute(name) {
            set.insert(category);
        }
    }
    if !set.is_empty() {
        return (set, false);
    }
    let default = service
        .and_then(|id| program.services.get(usize::from(id.0)))
        .map(|service| service.categories)
        .filter(|categories| !categories.is_empty())
        .unwrap_or_else(|| CategorySet::from_iter([program.customer_data]));
    (default, true)
}

fn place(program: &Program, name: &Option<PlaceName<'_>>) -> StatedPlace {
    match name {
        None => StatedPlace::Absent,
        Some(PlaceName::Plain(name)) => program.resolve_place(name),
        Some(PlaceName::Region(name)) => program.resolve_region(name),
    }
}
