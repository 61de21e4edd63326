//! The shapes of catalog files, as written in YAML.
//!
//! In: nothing. Out: serde types, whose names remember where they stand. What the words mean
//! is for `compile` to say.

mod clause;

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::Name;

pub use clause::{
    AllowedEntry, ByActivity, ClauseEntry, ClauseKind, ClauseText, CollaboratingTenant, Deadline,
    Example, FactPlace, LegacyPlacement, MaxAge, MigrationState, OrInPlay, PlaceFact, RuleEntry,
    Shows, TenantScope, Term, UnrequestedMove, When, WhenInPlay, WhenPurpose,
};

/// Any file of a catalog layer: each key may stand in a file of its own or with others.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Bailiwick catalog file")]
pub struct CatalogFile {
    /// Countries by ISO 3166-1 alpha-2.
    #[serde(default)]
    pub countries: BTreeMap<String, Country>,
    /// Named sets of countries.
    #[serde(default)]
    pub places: Vec<NamedPlace>,
    /// Sites of one's own: name → place (`fra-dc1: DE`).
    #[serde(default)]
    pub sites: BTreeMap<String, Name>,
    /// Name of an Intune geography → place.
    #[serde(default)]
    pub intune_geographies: BTreeMap<String, Name>,
    /// Country → Intune geographies; the first match decides.
    #[serde(default)]
    pub intune_by_country: Vec<ByCountry>,
    /// Geographies that tenants are shown by, narrowest first.
    #[serde(default)]
    pub tenant_geographies: Vec<Name>,
    /// The cloud that `regions` are of.
    #[serde(default)]
    pub provider: Option<String>,
    /// Datacentre regions by programmatic name.
    #[serde(default)]
    pub regions: BTreeMap<String, Region>,
    /// Vendors' short scope codes of region fields → place.
    #[serde(default)]
    pub short: BTreeMap<String, Name>,
    /// The taxonomy, parents before children.
    #[serde(default)]
    pub categories: Vec<CategoryNode>,
    /// Names for several categories at once.
    #[serde(default)]
    pub groups: BTreeMap<String, Vec<Name>>,
    /// Category → attribute names.
    #[serde(default)]
    pub attributes: BTreeMap<String, Vec<Name>>,
    /// Services.
    #[serde(default)]
    pub services: Vec<ServiceEntry>,
    /// What unknown services count as.
    #[serde(default)]
    pub fallback: BTreeMap<String, Name>,
    /// Graph paths.
    #[serde(default)]
    pub paths: Vec<PathEntry>,
    /// The document whose clauses these are.
    #[serde(default)]
    pub document: Option<Name>,
    /// The document's title.
    #[serde(default)]
    pub title: Option<String>,
    /// Who published the document.
    #[serde(default)]
    pub publisher: Option<String>,
    /// The day from which this edition holds.
    #[serde(default, deserialize_with = "clause::day")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub edition: Option<Date>,
    /// The clauses of this edition.
    #[serde(default)]
    pub clauses: Vec<ClauseEntry>,
}

/// A country.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// ISO 3166-1 alpha-3.
    pub alpha3: Name,
    /// English name.
    pub name: String,
    /// Other usual spellings.
    #[serde(default)]
    pub also: Vec<Name>,
}

/// A named set of countries.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedPlace {
    /// The id that verdicts show.
    pub id: Name,
    /// The name for people.
    #[serde(default)]
    pub title: Option<String>,
    /// Other names.
    #[serde(default)]
    pub names: Vec<Name>,
    /// Countries by alpha-2.
    #[serde(default)]
    pub countries: Vec<Name>,
    /// Places listed earlier whose countries belong to it.
    #[serde(default)]
    pub union: Vec<Name>,
    /// Whether it is the whole world.
    #[serde(default)]
    pub all: bool,
}

/// Intune geographies of a country's tenants.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByCountry {
    /// A place.
    pub within: Name,
    /// Names of Intune geographies.
    pub candidates: Vec<Name>,
}

/// A datacentre region.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The country its datacentres are in.
    pub country: Name,
    /// Other names.
    #[serde(default)]
    pub names: Vec<Name>,
    /// Vendor's short codes; they hold in region fields alone.
    #[serde(default)]
    pub short: Vec<Name>,
}

/// A node of the taxonomy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryNode {
    /// Dotted id.
    pub id: Name,
    /// The node above; none for the root.
    #[serde(default)]
    pub parent: Option<Name>,
    /// The name for people.
    pub title: String,
}

/// A service.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// Canonical dotted id.
    pub id: Name,
    /// The name for people.
    pub title: String,
    /// Other names, old and new.
    #[serde(default)]
    pub aliases: Vec<Name>,
    /// Azure resource providers.
    #[serde(default)]
    pub providers: Vec<Name>,
    /// Data of an event that names none.
    #[serde(default)]
    pub categories: Vec<Name>,
    /// Whether any document speaks of it.
    #[serde(default = "yes")]
    pub catalogued: bool,
    /// Whether it replaces a service of an earlier layer.
    #[serde(default, rename = "override")]
    pub overrides: bool,
}

fn yes() -> bool {
    true
}

/// A Graph path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathEntry {
    /// Segments; `*` is any one.
    pub path: Name,
    /// The service that answers it.
    pub service: Name,
    /// The data it is about.
    #[serde(default)]
    pub categories: Vec<Name>,
}
