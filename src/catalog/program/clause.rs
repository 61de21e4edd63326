//! Clauses as the judge asks them, with documents, editions and what they are asked for.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::category::{CategoryId, CategorySet};
use crate::event::{Action, Capability};
use crate::place::{CountrySet, Kleene};
use crate::verdict::{Activity, ClauseId};

/// Which categories a clause covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Covered for certain: the named nodes and all below them.
    pub covered: CategorySet,
    /// Ancestors of named nodes: an event that says no more may be covered.
    pub possible: CategorySet,
}

impl Coverage {
    /// Whether an event's category is covered (`domain` §3).
    pub fn covers(&self, category: CategoryId) -> Kleene {
        if self.covered.contains(category) {
            Kleene::True
        } else if self.possible.contains(category) {
            Kleene::Unknown
        } else {
            Kleene::False
        }
    }
}

/// Where a clause lets data be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Anywhere, known or not.
    Anywhere,
    /// In these countries.
    Places(CountrySet),
    /// In the tenant's Intune geography.
    IntuneGeography,
    /// Where Intune may process notification e-mails of the tenant.
    NotificationPlace,
    /// In the geography the tenant moves from or the one it moves to.
    MigrationGeographies,
    /// In places that the tenant configured for application proxy.
    ApplicationProxyLocations,
    /// In places that the tenant configured for Multi-Geo.
    MultiGeoLocations,
    /// Where the collaborating tenant is.
    CollaboratingTenant,
    /// Where the event's data is at rest, if that is itself in these countries.
    SameAsAtRest(CountrySet),
}

/// Allowed places by activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedByActivity {
    /// For data at rest.
    pub store: Option<Allowed>,
    /// For processing.
    pub process: Option<Allowed>,
}

impl AllowedByActivity {
    /// The allowed place for one activity; `None` where the clause does not speak of it.
    pub fn get(&self, activity: Activity) -> Option<&Allowed> {
        match activity {
            Activity::Store => self.store.as_ref(),
            Activity::Process => self.process.as_ref(),
        }
    }
}

/// Purposes that a clause asks for, as bits of [`crate::event::Purpose::bit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurposeCondition {
    /// The purposes.
    pub any: u16,
    /// Whether an absent purpose counts as none of them, instead of being presumed to fit.
    pub stated: bool,
}

/// What an exception asks besides service, category, activity and place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The purpose is one of these.
    pub purpose: Option<PurposeCondition>,
    /// The tenant enabled this.
    pub capability_enabled: Option<Capability>,
    /// This is in play; `true`: only where the record states it.
    pub capability_in_play: Option<(Capability, bool)>,
    /// The tenant was created before this day.
    pub created_before: Option<Date>,
    /// The tenant is one of those placed wrongly (presumed where not said).
    pub legacy_placement: bool,
    /// The event names a collaborating tenant that the tenant's list has.
    pub collaborating_tenant: bool,
    /// The tenant asked for a move that is not completed.
    pub migration_open: bool,
}

/// A commitment that is about no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Such an action breaks it.
    ForbidAction(Action),
    /// A move of data to another Intune geography that nobody requested breaks it.
    ForbidUnrequestedMove,
    /// Such a purpose breaks it.
    ForbidPurpose(u16),
    /// Where certifications are stated, one must be of this family.
    RequireCertification(Box<str>),
    /// Data seen by such an action must not be older than so many years.
    MaxAge {
        /// The action that tells the data is there.
        action: Action,
        /// Calendar years.
        years: i16,
    },
    /// Something must follow within a time; judged from the obligations, not from one event.
    Deadline,
}

/// What a commitment promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Data stays in a place.
    Stays(AllowedByActivity),
    /// Something else.
    Rule(Rule),
}

/// How bad a broken commitment is.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a ticket.
    Medium,
    /// Worth a page in working hours.
    High,
    /// Worth a page at night.
    Critical,
}

/// Whether a clause promises or permits.
#[derive(Clone, Debug)]
pub enum Kind {
    /// An obligation.
    Commitment {
        /// What is promised.
        promise: Promise,
        /// The tenant's location must be inside this for the commitment to hold.
        tenants: Option<CountrySet>,
        /// How bad a violation is.
        severity: Severity,
    },
    /// A documented way out of commitments.
    Exception {
        /// The commitments.
        to: Vec<ClauseId>,
        /// Whether it is permanent, temporary or optional, where that is said.
        term: Option<crate::catalog::source::Term>,
        /// Where it lets data be.
        allows: AllowedByActivity,
        /// What it asks.
        when: Conditions,
        /// A promise it makes on the side.
        promises: Option<(AllowedByActivity, PurposeCondition)>,
    },
}

/// One clause of one edition.
#[derive(Clone, Debug)]
pub struct Clause {
    /// The fixed id.
    pub id: Box<str>,
    /// The document it is of, as an index of [`super::Program::documents`].
    pub document: u16,
    /// The edition.
    pub edition: Date,
    /// What it does.
    pub kind: Kind,
    /// Which categories it covers.
    pub coverage: Coverage,
    /// In force from this moment on.
    pub from: Option<Timestamp>,
    /// In force until just before this moment.
    pub until: Option<Timestamp>,
    /// How many services it can apply to.
    pub breadth: u16,
    /// Its words for people, as written.
    pub text: crate::catalog::source::ClauseText,
}

impl Clause {
    /// Whether the clause's own dates hold at that time.
    pub fn in_force(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }
}

/// An exception as asked for one commitment and one service.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The exception.
    pub exception: ClauseId,
    /// Whether the service is on the exception's own list.
    pub named: bool,
    /// The capability that brings the service in where it is in play.
    pub in_play: Option<Capability>,
}

/// A commitment that covers a service, and the exceptions that may apply there.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The clause: a commitment, or an exception that is asked for its promise.
    pub clause: ClauseId,
    /// Exceptions in table order.
    pub ways: Box<[Way]>,
}

/// One edition of a document.
#[derive(Clone, Debug)]
pub struct EditionClauses {
    /// The day from which it holds.
    pub edition: Date,
    /// That day's first moment, UTC.
    pub from: Timestamp,
    /// By service number: what is asked, in table order.
    pub by_service: Vec<Box<[Asked]>>,
}

/// A document with its editions, oldest first.
#[derive(Clone, Debug)]
pub struct Document {
    /// The document's id.
    pub id: Box<str>,
    /// Its title.
    pub title: Box<str>,
    /// Who published it.
    pub publisher: Box<str>,
    /// Editions.
    pub editions: Vec<EditionClauses>,
}

impl Document {
    /// The edition in force at that time; the first one for times before it.
    pub fn at(&self, time: Timestamp) -> Option<&EditionClauses> {
        self.editions.iter().rev().find(|edition| edition.from <= time).or(self.editions.first())
    }
}
