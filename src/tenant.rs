//! Tenant facts as people write them down: one record a tenant.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of one tenant (`schemas/tenant.schema.json`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Bailiwick tenant facts")]
pub struct TenantRecord {
    /// Tenant id; compared without regard to case.
    pub id: String,
    /// The directory's country or region, best as ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The place selected or predefined at creation; decides instead of `country` for Entra.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Day the tenant was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub created: Option<Date>,
    /// How the tenant was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_via: Option<CreatedVia>,
    /// Public or sovereign cloud; public where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
    /// Where Intune provisioned the tenant, before the move that `migration` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intune_geography: Option<String>,
    /// Capabilities the tenant enabled. Absent: not known; `{}`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// A requested move of the tenant's Intune data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
    /// Whether it is one of the tenants that were placed wrongly before March 2019.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy_placement: Option<bool>,
    /// Day the subscription ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub subscription_ended: Option<Date>,
}

/// How a tenant came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreatedVia {
    /// Azure portal.
    AzurePortal,
    /// Microsoft Entra API.
    EntraApi,
    /// Dynamics 365.
    #[serde(rename = "dynamics_365")]
    Dynamics365,
    /// Power Platform.
    PowerPlatform,
    /// Microsoft 365.
    #[serde(rename = "microsoft_365")]
    Microsoft365,
}

/// Which cloud a tenant lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cloud {
    /// The public cloud.
    Public,
    /// A national cloud.
    Sovereign,
}

/// Capabilities a tenant enabled: present means enabled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Microsoft 365 Multi-Geo and the places configured for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_geo: Option<Locations>,
    /// Application proxy and the places configured for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_proxy: Option<Locations>,
    /// Multi-tenant collaboration and the tenants it is with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_tenant_collaboration: Option<Collaboration>,
    /// Intune's content delivery network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdn: Option<Enabled>,
}

/// Places configured for a capability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Locations {
    /// The places; absent means they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<String>>,
}

/// Tenants that a tenant collaborates with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collaboration {
    /// Their ids; absent means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<String>>,
}

/// A capability with nothing to configure: `{}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enabled {}

/// A requested move of Intune data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// Day the request period ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub request_period_ended: Option<Date>,
    /// Day the move was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub completed: Option<Date>,
    /// Where the data moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// A tenants file: a list, or a map with the ids as keys is refused, so that duplicates show.
pub type TenantRecords = Vec<TenantRecord>;

/// Finds ids that stand more than once, without regard to case: id → how often.
pub fn repeated_ids(records: &[TenantRecord]) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        *counts.entry(record.id.to_lowercase()).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts
}
