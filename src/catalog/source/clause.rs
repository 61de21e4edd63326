//! The shapes of clauses: what is promised, what is excepted, and what that means by example.

use std::fmt;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::catalog::program::Severity;
use crate::event::{Action, Capability, NativeEvent, Purpose};
use crate::tenant::TenantRecord;
use crate::yaml::{Located, Name};

/// Reads a day, and says in our own words where it is none.
pub(super) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|_| de::Error::custom("there is no such day; a date is written like 2026-12-31"))
}

/// How long an exception is meant to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Term {
    /// For good.
    Permanent,
    /// Until the service is changed.
    Temporary,
    /// As long as the tenant uses a capability.
    Optional,
}

/// A clause's words for people.
#[derive(Clone, Debug, Default)]
pub struct ClauseText {
    /// A short name.
    pub title: Box<str>,
    /// The heading of the document it stands under.
    pub section: Box<str>,
    /// Why it is there, in our own words.
    pub rationale: Box<str>,
    /// What to do when it is broken.
    pub remediation: Box<str>,
    /// Who let it in, for the exceptions of users.
    pub approved_by: Box<str>,
    /// The services as they are named there.
    pub services: Box<[Box<str>]>,
}

/// Whether a clause promises or permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClauseKind {
    /// An obligation.
    Commitment,
    /// A documented way out.
    Exception,
}

/// A clause.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClauseEntry {
    /// The fixed id.
    pub id: Name,
    /// Commitment or exception.
    pub kind: ClauseKind,
    /// A short name.
    pub title: String,
    /// How bad a violation is (commitments).
    #[serde(default)]
    pub severity: Option<Severity>,
    /// The heading of the document.
    #[serde(default)]
    pub section: String,
    /// Why, in our own words.
    pub rationale: String,
    /// What to do on a violation (commitments).
    #[serde(default)]
    pub remediation: String,
    /// Who approved an exception that a user adds.
    #[serde(default)]
    pub approved_by: Option<String>,
    /// In force from this day on.
    #[serde(default, deserialize_with = "day")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// In force until the day before this one.
    #[serde(default, deserialize_with = "day")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub until: Option<Date>,
    /// Services; an id covers all below it.
    pub services: Vec<Name>,
    /// Categories or groups; absent: all.
    #[serde(default)]
    pub categories: Vec<Name>,
    /// Which tenants have the commitment.
    #[serde(default)]
    pub tenants: Option<TenantScope>,
    /// Where data stays, by activity.
    #[serde(default)]
    pub stays: Option<ByActivity>,
    /// What else is promised.
    #[serde(default)]
    pub rule: Option<RuleEntry>,
    /// The commitments that an exception is to.
    #[serde(default)]
    pub to: Vec<Name>,
    /// How long an exception is meant to last.
    #[serde(default)]
    pub term: Option<Term>,
    /// Services that a capability in play brings in.
    #[serde(default)]
    pub or_in_play: Option<OrInPlay>,
    /// Where an exception lets data be, by activity.
    #[serde(default)]
    pub allows: Option<ByActivity>,
    /// What an exception asks.
    #[serde(default)]
    pub when: Option<When>,
    /// What an exception promises on the side, wherever its purpose is stated.
    #[serde(default)]
    pub promises: Option<ByActivity>,
    /// Whether it replaces a clause of an earlier layer.
    #[serde(default, rename = "override")]
    pub overrides: bool,
    /// What it means, by example.
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// Which tenants have a commitment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantScope {
    /// Those whose location is inside this place.
    pub location: Name,
}

/// Allowed places by activity.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByActivity {
    /// For data at rest.
    #[serde(default)]
    pub store: Option<Located<AllowedEntry>>,
    /// For processing.
    #[serde(default)]
    pub process: Option<Located<AllowedEntry>>,
}

/// An allowed place: a name, a list of names, or a fact that tells it.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum AllowedEntry {
    /// One place.
    Name(String),
    /// Any of these places.
    AnyOf(Vec<Name>),
    /// A fact.
    Fact(FactPlace),
}

/// A place that a fact tells.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactPlace {
    /// Which fact.
    pub fact: PlaceFact,
    /// The fact's place must itself be inside one of these.
    #[serde(default)]
    pub within: Vec<Name>,
}

/// Facts that tell a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum PlaceFact {
    /// The tenant's Intune geography.
    #[serde(rename = "tenant.intune_geography")]
    IntuneGeography,
    /// Where Intune may process the tenant's notification e-mails.
    #[serde(rename = "tenant.notification_place")]
    NotificationPlace,
    /// The geographies the tenant moves from and to.
    #[serde(rename = "tenant.migration_geographies")]
    MigrationGeographies,
    /// Places configured for application proxy.
    #[serde(rename = "tenant.application_proxy_locations")]
    ApplicationProxyLocations,
    /// Places configured for Multi-Geo.
    #[serde(rename = "tenant.multi_geo_locations")]
    MultiGeoLocations,
    /// Where the collaborating tenant is.
    #[serde(rename = "collaborating_tenant.location")]
    CollaboratingTenant,
    /// Where the event's own data is at rest.
    #[serde(rename = "event.location_at_rest")]
    SameAsAtRest,
}

impl<'de> Deserialize<'de> for AllowedEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AllowedVisitor;
        impl<'de> Visitor<'de> for AllowedVisitor {
            type Value = AllowedEntry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place, a list of places, or a map with `fact`")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<AllowedEntry, E> {
                Ok(AllowedEntry::Name(name.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AllowedEntry, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(AllowedEntry::AnyOf(names))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AllowedEntry, A::Error> {
                FactPlace::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(AllowedEntry::Fact)
            }
        }
        deserializer.deserialize_any(AllowedVisitor)
    }
}

/// A commitment that is about no place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleEntry {
    /// Such an action breaks it.
    ForbidAction(Action),
    /// A move of data that nobody requested breaks it.
    ForbidMove(UnrequestedMove),
    /// Such a purpose breaks it.
    ForbidPurpose(Vec<Purpose>),
    /// Stated certifications must name one of this family.
    RequireCertification(String),
    /// Data must not be older.
    MaxAge(MaxAge),
    /// Something must follow in time.
    Deadline(Deadline),
}

/// Which moves are meant.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnrequestedMove {
    /// To another Intune geography, without a request of the tenant's.
    Unrequested,
}

/// How old data may be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaxAge {
    /// The action that tells the data is there.
    pub action: Action,
    /// Calendar years.
    pub years: i16,
}

/// What must follow what, and when.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// The actions that start the clock.
    pub after: Vec<Action>,
    /// The action that stops it.
    pub until: Action,
    /// Days to do it in.
    #[serde(default)]
    pub days: Option<i32>,
    /// Months to do it in.
    #[serde(default)]
    pub months: Option<i32>,
}

/// Services that a capability in play brings in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrInPlay {
    /// The capability.
    pub capability: Capability,
    /// The services.
    pub services: Vec<Name>,
}

/// Conditions of an exception; all must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The purpose is one of these.
    #[serde(default)]
    pub purpose: Option<WhenPurpose>,
    /// The tenant enabled this.
    #[serde(default)]
    pub capability_enabled: Option<Capability>,
    /// This is in play.
    #[serde(default)]
    pub capability_in_play: Option<WhenInPlay>,
    /// The tenant was created before this day.
    #[serde(default, deserialize_with = "day")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub created_before: Option<Date>,
    /// The tenant is one of those placed wrongly.
    #[serde(default)]
    pub legacy_placement: Option<LegacyPlacement>,
    /// The event names a tenant that the tenant's list has.
    #[serde(default)]
    pub collaborating_tenant: Option<CollaboratingTenant>,
    /// The tenant asked for a move.
    #[serde(default)]
    pub migration: Option<MigrationState>,
}

/// A condition on the purpose.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhenPurpose {
    /// One of these.
    pub any: Vec<Purpose>,
    /// Whether it must be stated; otherwise an absent purpose is presumed to fit.
    #[serde(default)]
    pub stated: bool,
}

/// A condition on a capability in play.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhenInPlay {
    /// The capability.
    pub name: Capability,
    /// Whether it must be stated; otherwise no list leaves it unknown.
    #[serde(default)]
    pub stated: bool,
}

/// A condition on `legacy_placement`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegacyPlacement {
    /// Presumed where the facts do not say.
    Presumed,
}

/// A condition on the collaborating tenant.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CollaboratingTenant {
    /// Named by the event and on the tenant's list.
    Listed,
}

/// A condition on the tenant's move.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MigrationState {
    /// Requested and not completed.
    Open,
}

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// A violation of the clause, or one that the exception does not excuse.
    Violates,
    /// What the clause permits.
    Permits,
    /// What stands just outside one of its conditions.
    Outside,
}

/// What a clause means, by example.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// A sentence.
    pub name: Name,
    /// What it shows.
    pub shows: Shows,
    /// With `outside`: the condition that fails.
    #[serde(default)]
    pub condition: Option<Name>,
    /// The event; `id`, `time` and `tenant` are filled in where absent.
    #[schemars(schema_with = "example_event")]
    pub event: serde_json::Map<String, serde_json::Value>,
    /// The tenant's facts; without them the tenant is not in the directory.
    #[serde(default)]
    #[schemars(schema_with = "example_tenant")]
    pub tenant: Option<serde_json::Map<String, serde_json::Value>>,
    /// Other tenants of the directory.
    #[serde(default)]
    pub others: Vec<TenantRecord>,
}

fn example_event(generator: &mut SchemaGenerator) -> Schema {
    with_needed(NativeEvent::json_schema(generator), &["service"])
}

fn example_tenant(generator: &mut SchemaGenerator) -> Schema {
    with_needed(TenantRecord::json_schema(generator), &[])
}

/// The schema with other keys needed: an example leaves out what is filled in for it.
fn with_needed(mut schema: Schema, needed: &[&str]) -> Schema {
    schema.remove("title");
    schema.insert("required".to_owned(), needed.into());
    schema
}
