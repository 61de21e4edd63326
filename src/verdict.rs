//! Verdicts, findings and the facts they rest on, as numbers of the catalog.
//!
//! In: nothing. Out: plain types that the judge fills and the pipeline renders.

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::category::CategoryId;
use crate::place::PlaceId;

/// The judgement of an event or of one finding, best first.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No commitment asks anything of the event.
    #[default]
    OutOfScope,
    /// Inside the boundary, in time, for a permitted purpose.
    Compliant,
    /// Outside, by a documented exception.
    Excepted,
    /// Not decidable from what is known.
    Indeterminate,
    /// A commitment is broken and no exception holds.
    Violation,
}

impl Verdict {
    /// Every verdict, best first.
    pub const ALL: [Self; 5] =
        [Self::OutOfScope, Self::Compliant, Self::Excepted, Self::Indeterminate, Self::Violation];

    /// The name as it is put out.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfScope => "out_of_scope",
            Self::Compliant => "compliant",
            Self::Excepted => "excepted",
            Self::Indeterminate => "indeterminate",
            Self::Violation => "violation",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was done with data at a place.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Kept at rest.
    Store,
    /// Processed.
    Process,
}

impl Activity {
    /// Both, in the order in which they are judged.
    pub const ALL: [Self; 2] = [Self::Store, Self::Process];

    /// The name as it is put out.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Process => "process",
        }
    }
}

/// A fact that a judgement can need, miss or assume; also the name of the condition it decides.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Fact {
    /// Whether data was stored or processed.
    #[serde(rename = "activity")]
    Activity,
    /// Which data.
    #[serde(rename = "category")]
    Category,
    /// Where.
    #[serde(rename = "place")]
    Place,
    /// What for.
    #[serde(rename = "purpose")]
    Purpose,
    /// Which capabilities were in play.
    #[serde(rename = "capabilities")]
    Capabilities,
    /// The other tenant of a collaboration, or its location.
    #[serde(rename = "collaborating_tenant")]
    CollaboratingTenant,
    /// Certifications of the processing system.
    #[serde(rename = "certifications")]
    Certifications,
    /// The tenant itself: it is not in the directory.
    #[serde(rename = "tenant")]
    Tenant,
    /// The tenant's country.
    #[serde(rename = "tenant.country")]
    TenantCountry,
    /// The tenant's location.
    #[serde(rename = "tenant.location")]
    TenantLocation,
    /// When the tenant was created.
    #[serde(rename = "tenant.created")]
    TenantCreated,
    /// What the tenant enabled.
    #[serde(rename = "tenant.capabilities")]
    TenantCapabilities,
    /// The tenant's requested move.
    #[serde(rename = "tenant.migration")]
    TenantMigration,
    /// Where Intune provisioned the tenant.
    #[serde(rename = "tenant.intune_geography")]
    TenantIntuneGeography,
    /// Whether the tenant was placed wrongly before March 2019.
    #[serde(rename = "tenant.legacy_placement")]
    TenantLegacyPlacement,
}

impl Fact {
    /// Every fact, in the order in which lists of them are put out.
    pub const ALL: [Self; 15] = [
        Self::Activity,
        Self::Category,
        Self::Place,
        Self::Purpose,
        Self::Capabilities,
        Self::CollaboratingTenant,
        Self::Certifications,
        Self::Tenant,
        Self::TenantCountry,
        Self::TenantLocation,
        Self::TenantCreated,
        Self::TenantCapabilities,
        Self::TenantMigration,
        Self::TenantIntuneGeography,
        Self::TenantLegacyPlacement,
    ];

    /// The name as it is put out.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Category => "category",
            Self::Place => "place",
            Self::Purpose => "purpose",
            Self::Capabilities => "capabilities",
            Self::CollaboratingTenant => "collaborating_tenant",
            Self::Certifications => "certifications",
            Self::Tenant => "tenant",
            Self::TenantCountry => "tenant.country",
            Self::TenantLocation => "tenant.location",
            Self::TenantCreated => "tenant.created",
            Self::TenantCapabilities => "tenant.capabilities",
            Self::TenantMigration => "tenant.migration",
            Self::TenantIntuneGeography => "tenant.intune_geography",
            Self::TenantLegacyPlacement => "tenant.legacy_placement",
        }
    }
}

/// A set of facts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FactSet(u16);

impl FactSet {
    /// The set that holds nothing.
    pub const EMPTY: Self = Self(0);

    /// The set with one fact.
    pub fn one(fact: Fact) -> Self {
        Self(1u16.wrapping_shl(fact as u32))
    }

    /// Adds a fact.
    pub fn insert(&mut self, fact: Fact) {
        *self = self.union(Self::one(fact));
    }

    /// All facts of either set.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the fact is in the set.
    pub fn contains(self, fact: Fact) -> bool {
        self.0 & Self::one(fact).0 != 0
    }

    /// Whether the set holds nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The facts in order.
    pub fn iter(self) -> impl Iterator<Item = Fact> {
        Fact::ALL.into_iter().filter(move |fact| self.contains(*fact))
    }
}

impl From<Fact> for FactSet {
    fn from(fact: Fact) -> Self {
        Self::one(fact)
    }
}

/// A clause of the catalog, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ClauseId(pub u16);

/// Where a finding's data was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FindingPlace {
    /// The finding is about no place.
    None,
    /// A place was stated that does not resolve.
    Unknown,
    /// A place of the catalog.
    Known(PlaceId),
}

/// An exception that came close to a violation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NearMiss {
    /// The exception.
    pub exception: ClauseId,
    /// Its conditions that did not hold.
    pub failed: FactSet,
    /// Facts it lacked besides.
    pub missing: FactSet,
}

/// The judgement of one (commitment, activity, category) of one event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The commitment.
    pub commitment: ClauseId,
    /// The activity; none for events, purposes and records without a place.
    pub activity: Option<Activity>,
    /// The category, where the clause knows one.
    pub category: Option<CategoryId>,
    /// The place.
    pub place: FindingPlace,
    /// The judgement.
    pub verdict: Verdict,
    /// The exception that holds, on `excepted`.
    pub exception: Option<ClauseId>,
    /// What was presumed on the way.
    pub assumed: FactSet,
    /// What would have to be known, on `indeterminate`.
    pub missing: FactSet,
    /// This finding's share of [`Judgement::near_misses`]: first and number.
    pub near_misses: (u32, u32),
}

/// Everything that was found of one event. Reused from event to event: no allocation a clause.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// The worst verdict of the findings.
    pub verdict: Verdict,
    /// The findings, in catalog order.
    pub findings: Vec<Finding>,
    /// Near misses of all findings.
    pub near_misses: Vec<NearMiss>,
    /// Which of the catalog's tenant geographies holds the tenant's location.
    pub tenant_geography: TenantGeography,
}

impl Judgement {
    /// The near misses of one of the findings.
    pub fn near_misses_of(&self, finding: &Finding) -> &[NearMiss] {
        let (first, number) = finding.near_misses;
        let first = first as usize;
        self.near_misses.get(first..first + number as usize).unwrap_or_default()
    }

    /// Makes the judgement empty and keeps its memory.
    pub fn clear(&mut self) {
        self.verdict = Verdict::OutOfScope;
        self.findings.clear();
        self.near_misses.clear();
        self.tenant_geography = TenantGeography::Unknown;
    }

    /// Facts without which the event could not be decided, over all indeterminate findings.
    pub fn missing(&self) -> FactSet {
        self.findings.iter().fold(FactSet::EMPTY, |all, finding| all.union(finding.missing))
    }

    /// Whether the event is indeterminate for want of a place and of nothing else.
    pub fn lacks_only_place(&self) -> bool {
        self.verdict == Verdict::Indeterminate && self.missing() == FactSet::one(Fact::Place)
    }
}

/// Which of the catalog's tenant geographies a tenant is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TenantGeography {
    /// The tenant's location is not known.
    #[default]
    Unknown,
    /// In none of them.
    Other,
    /// One of them: the narrowest place that holds the location.
    Place(PlaceId),
}

/// A document's edition, as a date.
pub type Edition = Date;
