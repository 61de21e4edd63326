//! The table of clauses, row by row: services, the commitments about places, and the exceptions.
//! The commitments about events, purposes, certificates and ages are written out in `evaluate`.

/// The services of Entra ID. Its two commitments hold for all of them.
pub const ENTRA: [&str; 23] = [
    "entra.connect",
    "entra.connect-health",
    "entra.device-registration",
    "entra.directory-core-store",
    "entra.dynamic-groups",
    "entra.self-service-group-management",
    "entra.enterprise-application-management",
    "entra.my-account",
    "entra.my-apps",
    "entra.my-sign-ins",
    "entra.reporting-and-audit-insights",
    "entra.self-service-credentials-management",
    "entra.sign-in",
    "entra.terms-of-use",
    "entra.sync-fabric",
    "entra.certificate-service",
    "entra.identity-governance",
    "entra.customer-lockbox",
    "entra.multifactor-authentication",
    "entra.multi-tenant-collaboration",
    "entra.application-proxy",
    "entra.multi-geo",
    "entra.other",
];

/// Where an exception lets the data be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    Global,
    UnitedStates,
    UnitedStatesOrAsiaPacific,
    /// The event's own `location_at_rest`, which must itself be in US or `asia-pacific`.
    LocationAtRestInUnitedStatesOrAsiaPacific,
    LocationOfCollaboratingTenant,
    /// The locations that the tenant configured for this capability.
    LocationsConfiguredFor(&'static str),
    /// A sovereign tenant's own country; for a tenant in EMEA `emea`; for any other `north-america`.
    NotificationPlace,
    OldOrTargetGeography,
}

/// What else must be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The event's purpose is one of these; an absent one is presumed to be.
    Purpose(&'static [&'static str]),
    /// The event says that its purpose is one of these.
    StatedPurpose(&'static [&'static str]),
    CreatedBeforeMarch2019,
    /// One of the few tenants that were placed wrongly; presumed where the tenant's facts do not say.
    LegacyPlacement,
    CapabilityEnabled(&'static str),
    CapabilityInPlay(&'static str),
    StatedCapabilityInPlay(&'static str),
    /// The event names the collaborating tenant, and the tenant's list, if there is one, has it.
    CollaboratingTenantListed,
    /// The migration is requested and not completed.
    MigrationOpen,
}

pub struct Exception {
    pub id: &'static str,
    /// The commitments that it is an exception to.
    pub to: &'static [&'static str],
    pub services: &'static [&'static str],
    /// Or any Entra service with this capability in play.
    pub or_entra_with: Option<&'static str>,
    pub categories: &'static [&'static str],
    pub store: Option<Allowed>,
    pub process: Option<Allowed>,
    pub conditions: &'static [Condition],
}

const BOTH: &[&str] = &["entra.eu-data-residency", "entra.eu-data-boundary"];
const BOUNDARY_ONLY: &[&str] = &["entra.eu-data-boundary"];
const INTUNE_STORAGE: &[&str] = &["intune.storage-geography"];
const ALL: &[&str] = &["customer_data"];

pub const EXCEPTIONS: [Exception; 13] = [
    Exception {
        id: "entra.mfa-telephony",
        to: BOTH,
        services: &["entra.multifactor-authentication"],
        or_entra_with: None,
        categories: &["user_account.phone_number"],
        store: None,
        process: Some(Allowed::Global),
        conditions: &[Condition::Purpose(&["telephony", "push_notification"])],
    },
    Exception {
        id: "entra.analytics",
        to: BOTH,
        services: &[
            "entra.connect",
            "entra.connect-health",
            "entra.device-registration",
            "entra.directory-core-store",
            "entra.dynamic-groups",
            "entra.self-service-group-management",
        ],
        or_entra_with: None,
        categories: &[
            "user_account",
            "device_account",
            "usage",
            "service_configuration.application",
            "service_configuration.policy",
            "service_configuration.group",
        ],
        store: Some(Allowed::UnitedStates),
        process: Some(Allowed::UnitedStates),
        conditions: &[Condition::Purpose(&["analytics"])],
    },
    Exception {
        id: "entra.legacy-placement",
        to: BOTH,
        services: &["entra.directory-core-store"],
        or_entra_with: None,
        categories: &[
            "user_account",
            "device_account",
            "service_configuration.application",
            "service_configuration.policy",
            "service_configuration.group",
        ],
        store: Some(Allowed::UnitedStatesOrAsiaPacific),
        process: Some(Allowed::LocationAtRestInUnitedStatesOrAsiaPacific),
        conditions: &[Condition::CreatedBeforeMarch2019, Condition::LegacyPlacement],
    },
    Exception {
        id: "entra.transactions",
        to: BOUNDARY_ONLY,
        services: &[
            "entra.connect",
            "entra.connect-health",
            "entra.enterprise-application-management",
            "entra.dynamic-groups",
            "entra.my-account",
            "entra.my-apps",
            "entra.my-sign-ins",
            "entra.reporting-and-audit-insights",
            "entra.self-service-credentials-management",
            "entra.self-service-group-management",
            "entra.sign-in",
            "entra.terms-of-use",
        ],
        or_entra_with: None,
        categories: &[
            "user_account",
            "device_account",
            "usage",
            "service_configuration.application",
            "service_configuration.policy",
            "service_configuration.group",
            "service_configuration.terms_of_use",
        ],
        store: None,
        process: Some(Allowed::Global),
        conditions: &[Condition::Purpose(&["service_operation"])],
    },
    Exception {
        id: "entra.email-notification",
        to: BOUNDARY_ONLY,
        services: &[
            "entra.sync-fabric",
            "entra.certificate-service",
            "entra.enterprise-application-management",
            "entra.identity-governance",
            "entra.customer-lockbox",
        ],
        or_entra_with: None,
        categories: &["user_account.email_address"],
        store: None,
        process: Some(Allowed::Global),
        conditions: &[Condition::Purpose(&["email_notification"])],
    },
    Exception {
        id: "entra.multi-tenant-collaboration",
        to: BOTH,
        services: &["entra.multi-tenant-collaboration"],
        or_entra_with: Some("multi_tenant_collaboration"),
        categories: &[
            "user_account",
            "device_account",
            "usage",
            "service_configuration.application",
            "service_configuration.policy",
            "service_configuration.group",
        ],
        store: Some(Allowed::LocationOfCollaboratingTenant),
        process: Some(Allowed::LocationOfCollaboratingTenant),
        conditions: &[
            Condition::CapabilityEnabled("multi_tenant_collaboration"),
            Condition::CollaboratingTenantListed,
        ],
    },
    Exception {
        id: "entra.application-proxy",
        to: BOTH,
        services: &["entra.application-proxy"],
        or_entra_with: Some("application_proxy"),
        categories: &["user_account", "usage", "service_configuration.application"],
        store: Some(Allowed::LocationsConfiguredFor("application_proxy")),
        process: Some(Allowed::LocationsConfiguredFor("application_proxy")),
        conditions: &[Condition::CapabilityEnabled("application_proxy")],
    },
    Exception {
        id: "entra.multi-geo",
        to: BOTH,
        services: &["entra.multi-geo"],
        or_entra_with: Some("multi_geo"),
        categories: &[
            "user_account",
            "device_account",
            "branding",
            "service_configuration.application",
            "service_configuration.policy",
            "service_configuration.group",
        ],
        store: Some(Allowed::LocationsConfiguredFor("multi_geo")),
        process: Some(Allowed::LocationsConfiguredFor("multi_geo")),
        conditions: &[
            Condition::CapabilityEnabled("multi_geo"),
            Condition::Purpose(&["backup_authentication"]),
        ],
    },
    Exception {
        id: "intune.support-and-legal",
        to: INTUNE_STORAGE,
        services: &["intune"],
        or_entra_with: None,
        categories: ALL,
        store: Some(Allowed::Global),
        process: None,
        conditions: &[Condition::StatedPurpose(&[
            "customer_support",
            "troubleshooting",
            "legal_requirement",
        ])],
    },
    Exception {
        id: "intune.global-features",
        to: INTUNE_STORAGE,
        services: &["intune"],
        or_entra_with: None,
        categories: ALL,
        store: Some(Allowed::Global),
        process: None,
        conditions: &[Condition::CapabilityEnabled("cdn"), Condition::CapabilityInPlay("cdn")],
    },
    Exception {
        id: "intune.notification-email",
        to: INTUNE_STORAGE,
        services: &["intune"],
        or_entra_with: None,
        categories: ALL,
        store: Some(Allowed::NotificationPlace),
        process: Some(Allowed::NotificationPlace),
        conditions: &[Condition::StatedPurpose(&["email_notification"])],
    },
    Exception {
        id: "intune.preview",
        to: INTUNE_STORAGE,
        services: &["intune"],
        or_entra_with: None,
        categories: ALL,
        store: Some(Allowed::Global),
        process: None,
        conditions: &[Condition::StatedCapabilityInPlay("preview")],
    },
    Exception {
        id: "intune.migration",
        to: INTUNE_STORAGE,
        services: &["intune"],
        or_entra_with: None,
        categories: ALL,
        store: Some(Allowed::OldOrTargetGeography),
        process: None,
        conditions: &[Condition::MigrationOpen],
    },
];
