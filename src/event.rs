//! The event as an audit log tells it, before the catalog's names are looked up.
//!
//! In: what a decoder read. Out: plain fields, borrowed from the record where they can be.
//! It knows neither catalog nor format. Field names and meanings: the published
//! `schemas/event.schema.json`.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was done with the data's life, beyond handling it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An ordinary operation on the data.
    #[default]
    Handle,
    /// A user or administrator deleted the data.
    Delete,
    /// The tenant's subscription ended.
    EndSubscription,
    /// The data was erased for good.
    Erase,
    /// A deletion was taken back.
    Restore,
    /// The data, or a record of it, was seen to exist.
    Observe,
    /// The tenant asked for its data to be moved.
    RequestMigration,
    /// The move was done.
    CompleteMigration,
    /// The directory's country or region was changed.
    ChangeCountry,
    /// Data was moved to another place.
    MoveData,
}

impl Action {
    /// The action of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "handle" => Self::Handle,
            "delete" => Self::Delete,
            "end_subscription" => Self::EndSubscription,
            "erase" => Self::Erase,
            "restore" => Self::Restore,
            "observe" => Self::Observe,
            "request_migration" => Self::RequestMigration,
            "complete_migration" => Self::CompleteMigration,
            "change_country" => Self::ChangeCountry,
            "move_data" => Self::MoveData,
            _ => return None,
        })
    }
}

/// What the data was handled for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Running the service.
    ServiceOperation,
    /// Analytics on the service.
    Analytics,
    /// A notification by e-mail.
    EmailNotification,
    /// A phone call or a text message.
    Telephony,
    /// A push notification to a device.
    PushNotification,
    /// Backup authentication.
    BackupAuthentication,
    /// Customer support.
    CustomerSupport,
    /// Troubleshooting the service.
    Troubleshooting,
    /// Meeting a legal requirement.
    LegalRequirement,
    /// Profiling of persons.
    Profiling,
    /// Marketing.
    Marketing,
    /// Stated, in a word that this table does not have. It matches nothing.
    #[serde(skip)]
    Other,
}

impl Purpose {
    /// Every purpose that has a name.
    pub const ALL: [Self; 11] = [
        Self::ServiceOperation,
        Self::Analytics,
        Self::EmailNotification,
        Self::Telephony,
        Self::PushNotification,
        Self::BackupAuthentication,
        Self::CustomerSupport,
        Self::Troubleshooting,
        Self::LegalRequirement,
        Self::Profiling,
        Self::Marketing,
    ];

    /// The purpose of that name; [`Purpose::Other`] for any other word.
    pub fn parse(name: &str) -> Self {
        match name {
            "service_operation" => Self::ServiceOperation,
            "analytics" => Self::Analytics,
            "email_notification" => Self::EmailNotification,
            "telephony" => Self::Telephony,
            "push_notification" => Self::PushNotification,
            "backup_authentication" => Self::BackupAuthentication,
            "customer_support" => Self::CustomerSupport,
            "troubleshooting" => Self::Troubleshooting,
            "legal_requirement" => Self::LegalRequirement,
            "profiling" => Self::Profiling,
            "marketing" => Self::Marketing,
            _ => Self::Other,
        }
    }

    /// This purpose's bit in a set of purposes; none for [`Purpose::Other`].
    pub fn bit(self) -> u16 {
        match self {
            Self::Other => 0,
            known => 1u16.wrapping_shl(known as u32),
        }
    }
}

/// A feature that a tenant can switch on and that moves data.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Content delivery network of Intune.
    Cdn,
    /// Preview, beta or other prerelease services.
    Preview,
    /// Microsoft Entra multi-tenant collaboration.
    MultiTenantCollaboration,
    /// Microsoft Entra application proxy.
    ApplicationProxy,
    /// Microsoft 365 Multi-Geo.
    MultiGeo,
}

impl Capability {
    /// The capability of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "cdn" => Self::Cdn,
            "preview" => Self::Preview,
            "multi_tenant_collaboration" => Self::MultiTenantCollaboration,
            "application_proxy" => Self::ApplicationProxy,
            "multi_geo" => Self::MultiGeo,
            _ => return None,
        })
    }

    fn bit(self) -> u8 {
        1u8.wrapping_shl(self as u32)
    }
}

/// Which capabilities a record shows to be in play, and which not to be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct InPlay {
    yes: u8,
    no: u8,
}

impl InPlay {
    /// What a whole list says: those named are in play, all others are not.
    pub fn listed(capabilities: impl IntoIterator<Item = Capability>) -> Self {
        let yes = capabilities.into_iter().fold(0, |bits, capability| bits | capability.bit());
        Self { yes, no: !yes }
    }

    /// Notes one capability, and leaves the others as they are.
    pub fn note(&mut self, capability: Capability, in_play: bool) {
        if in_play {
            self.yes |= capability.bit();
        } else {
            self.no |= capability.bit();
        }
    }

    /// Whether the capability is in play; `None` where the record does not say.
    pub fn get(self, capability: Capability) -> Option<bool> {
        if self.yes & capability.bit() != 0 {
            Some(true)
        } else if self.no & capability.bit() != 0 {
            Some(false)
        } else {
            None
        }
    }
}

/// The service, by whichever name the record has for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServiceName<'a> {
    /// The catalog's id, or an alias.
    Named(Cow<'a, str>),
    /// The logging service of a Microsoft Entra audit record; an unknown one is still Entra's.
    Logged(Cow<'a, str>),
    /// An Azure resource provider, such as `Microsoft.Storage`.
    Provider(Cow<'a, str>),
    /// A path of Microsoft Graph or Azure AD Graph, from the first segment after the version.
    GraphPath(Cow<'a, str>),
    /// The record names none.
    Unnamed,
}

/// A place by the name that the record has for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlaceName<'a> {
    /// Any name of the catalog; two letters are a country.
    Plain(Cow<'a, str>),
    /// The value of a field that the format declares to be a region: vendors' short codes hold.
    Region(Cow<'a, str>),
}

impl PlaceName<'_> {
    /// The name itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Region(text) => text,
        }
    }
}

/// The source's own id of the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventId<'a> {
    /// Names the record alone.
    Plain(Cow<'a, str>),
    /// Names a person; it leaves the process only as a keyed hash.
    Personal(Cow<'a, str>),
}

/// A list of names, mostly short.
pub type Names<'a> = Vec<Cow<'a, str>>;

/// One service operation that handled customer data.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The source's id; it correlates and is not trusted to be unique.
    pub id: Option<EventId<'a>>,
    /// When the operation happened.
    pub time: Timestamp,
    /// The service that logged it.
    pub service: ServiceName<'a>,
    /// The tenant's id as the record has it.
    pub tenant: Cow<'a, str>,
    /// The operation's name; shown in `explain`, never judged or put out.
    pub operation: Option<Cow<'a, str>>,
    /// What was done with the data's life.
    pub action: Action,
    /// Categories that the record states. Unknown names count as customer data.
    pub data_categories: Names<'a>,
    /// Attributes that the record lists. Unlisted ones count as customer data.
    pub attributes: Names<'a>,
    /// Names that add a category where the attribute dictionary has them, else nothing.
    pub hints: Names<'a>,
    /// Where the data is stored.
    pub location_at_rest: Option<PlaceName<'a>>,
    /// Where it is processed.
    pub processing_location: Option<PlaceName<'a>>,
    /// Where a user or administrator reached it from; carried along, never judged.
    pub access_location: Option<Cow<'a, str>>,
    /// Where the tenant is placed, as the record has it. Never where the event happened.
    pub placement: Option<PlaceName<'a>>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// Capabilities in play.
    pub in_play: InPlay,
    /// The other tenant of a collaboration.
    pub collaborating_tenant: Option<Cow<'a, str>>,
    /// Key of the person, device or record that a deadline is about.
    pub subject: Option<Cow<'a, str>>,
    /// With `observe`: when the observed record was written.
    pub recorded: Option<Timestamp>,
    /// Certifications of the processing system, where the log states them.
    pub certifications: Option<Names<'a>>,
    /// How many values of closed sets were in none of them.
    pub unknown: UnknownInRecord,
}

/// What a decoder met and could not place; each is counted, none is fatal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UnknownInRecord {
    /// Fields that the format does not have.
    pub fields: u16,
    /// `action` was a word of its own.
    pub action: bool,
    /// `purpose` was a word of its own.
    pub purpose: bool,
    /// How many `capabilities` were words of their own.
    pub capabilities: u16,
}

impl<'a> Event<'a> {
    /// An event that says only when, which service and whose data.
    pub fn new(time: Timestamp, service: ServiceName<'a>, tenant: Cow<'a, str>) -> Self {
        Self {
            id: None,
            time,
            service,
            tenant,
            operation: None,
            action: Action::Handle,
            data_categories: Names::new(),
            attributes: Names::new(),
            hints: Names::new(),
            location_at_rest: None,
            processing_location: None,
            access_location: None,
            placement: None,
            purpose: None,
            in_play: InPlay::default(),
            collaborating_tenant: None,
            subject: None,
            recorded: None,
            certifications: None,
            unknown: UnknownInRecord::default(),
        }
    }
}

/// The native form of an event: one JSON object.
///
/// `null` or an empty string in an optional field counts as absent. Unknown fields are counted
/// and kept out of the judgement.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Bailiwick event")]
pub struct NativeEvent {
    /// The source's own id of the record. It correlates; it is not trusted to be unique.
    pub id: String,
    /// When the operation happened, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// Canonical service id (`entra.sign-in`) or any alias that the catalog lists.
    pub service: String,
    /// Tenant id.
    pub tenant: String,
    /// The operation as the service names it; shown, not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What was done; `handle` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Taxonomy ids of the data handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_categories: Option<Vec<String>>,
    /// Names of the attributes handled; the catalog's dictionary maps each to a category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<String>>,
    /// Where the data is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_at_rest: Option<String>,
    /// Where it is processed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing_location: Option<String>,
    /// Where a user or administrator reached it from; carried along, never judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_location: Option<String>,
    /// What the data was handled for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// Capabilities in play; a list means that no others are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<Capability>>,
    /// The other tenant of a collaboration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collaborating_tenant: Option<String>,
    /// Key of the person, device or record that a deadline is about. Never put out as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// With `observe`: when the observed record was written, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub recorded: Option<String>,
    /// Certifications of the system that processed the data, where the log states them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certifications: Option<Vec<String>>,
}
