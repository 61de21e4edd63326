//! From names to numbers: which service, which data, which places.
//!
//! In: an [`crate::event::Event`], the catalog, the tenant table and the input's rules. Out: a
//! [`Classified`] event. It judges nothing; a name it cannot place is unknown, never guessed.

use jiff::Timestamp;

use crate::catalog::program::ServiceId;
use crate::category::CategorySet;
use crate::directory::Tenant;
use crate::event::{Action, InPlay, Names, Purpose};
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
    pub certifications: Option<&'a Names<'a>>,
    /// The tenant's facts, where it is in the directory.
    pub tenant: Option<&'a Tenant>,
    /// What was in no table.
    pub unknown: UnknownValues,
}
