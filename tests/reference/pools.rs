//! What the generator draws from.

pub const EU_PLACES: &[&str] = &[
    "DE", "NL", "IE", "FR", "CH", "NO", "Germany", "NLD", "westeurope", "North Europe",
    "germanywestcentral", "swedencentral", "norwayeast", "switzerlandnorth", "eu-central-1",
    "europe-west4", "eu", "efta", "eu-data-boundary", "EU Data Boundary",
];

pub const US_PLACES: &[&str] = &[
    "US", "USA", "United States", "eastus", "westus2", "us-east-1", "us-central1", "north-america",
];

pub const ASIA_PACIFIC_PLACES: &[&str] = &[
    "AU", "IN", "JP", "SG", "KR", "HK", "Japan", "AUS", "australiaeast", "centralindia",
    "southeastasia", "japaneast", "ap-southeast-2", "asia-northeast1", "asia-pacific",
];

pub const OTHER_PLACES: &[&str] = &[
    "GB", "TR", "ZA", "BR", "CA", "RU", "IR", "CN", "MY", "AQ", "CY", "uksouth", "eu-west-2",
    "brazilsouth", "canadacentral", "southafricanorth", "africa", "Brazil",
];

pub const STRADDLING_PLACES: &[&str] = &[
    "emea", "europe", "Europe", "global", "EUR", "APC", "NAM", "m365-eur", "m365-nam",
];

pub const UNRESOLVED_PLACES: &[&str] = &[
    "Atlantis", "moon-base-1", "somewhere else", "xx-north-9",
];

pub const SERVICES_ELSEWHERE: &[&str] = &[
    "azure.other", "acme.crm",
];

pub const CATEGORIES: &[&str] = &[
    "customer_data", "user_account", "user_account.phone_number", "user_account.email_address",
    "user_account.other", "device_account", "usage", "service_configuration",
    "service_configuration.application", "service_configuration.policy",
    "service_configuration.group", "service_configuration.terms_of_use", "branding", "audit_log",
    "favourite_colours",
];

pub const ATTRIBUTES: &[&str] = &[
    "mail", "mobilePhone", "userPrincipalName", "shoeSize",
];

pub const PURPOSES: &[&str] = &[
    "service_operation", "analytics", "email_notification", "telephony", "push_notification",
    "backup_authentication", "customer_support", "troubleshooting", "legal_requirement",
    "profiling", "marketing", "curiosity",
];

pub const ACTIONS: &[&str] = &[
    "handle", "delete", "end_subscription", "erase", "restore", "observe", "request_migration",
    "complete_migration", "change_country", "move_data", "juggle",
];

pub const CAPABILITIES: &[&str] = &[
    "cdn", "preview", "multi_tenant_collaboration", "application_proxy", "multi_geo",
    "teleportation",
];

pub const COUNTRIES: &[&str] = &[
    "DE", "FR", "NL", "IE", "CH", "NO", "GB", "TR", "ZA", "US", "CA", "BR", "AU", "IN", "JP", "CN",
    "RU", "IR", "CY", "AQ", "ZZ",
];

pub const CREATED: &[&str] = &[
    "2018-06-30", "2019-02-28", "2019-03-01", "2019-03-02", "2016-02-29", "2022-01-01",
];

pub const CERTIFICATIONS: &[&str] = &[
    "ISO 27001", "iso27018", "BS EN ISO/IEC 27001", "SOC 2", "isolated network", "Miso 27001",
    "FedRAMP High",
];

/// The time of each event with times about a calendar year before it, some of them to the second.
pub const TIMES: &[(&str, &[&str])] = &[
    ("2026-01-15T12:00:00Z", &["2025-01-15T12:00:00Z", "2025-01-15T11:59:59Z", "2025-01-15T12:00:01Z", "2024-12-01T00:00:00Z"]),
    ("2025-02-28T00:00:00Z", &["2024-02-28T00:00:00Z", "2024-02-27T23:59:59Z", "2024-03-01T00:00:00Z"]),
    ("2025-02-28T12:00:00Z", &["2024-02-29T11:59:59Z", "2024-02-29T12:00:00Z", "2024-02-29T23:00:00-08:00", "2024-02-28T11:00:00Z"]),
    ("2025-03-01T00:00:01Z", &["2024-02-29T00:00:00Z", "2024-03-01T00:00:01Z", "2024-03-01T00:00:00Z"]),
    ("2024-02-29T10:30:00Z", &["2023-02-28T10:30:00Z", "2023-03-01T10:30:00Z", "2024-02-29T10:30:00Z", "2019-05-05T05:05:05Z"]),
    ("2025-07-01T02:00:00+02:00", &["2024-07-01T00:00:00Z", "2024-06-30T23:59:59Z", "2025-08-01T00:00:00Z"]),
    ("2020-05-05T05:05:05Z", &["2019-05-05T05:05:05Z", "2018-05-05T00:00:00Z", "2019-11-11T11:11:11-08:00"]),
];

pub const DATES_OF_COMPLETION: &[&str] = &[
    "2019-01-01", "2024-02-29", "2025-02-28", "2025-07-01", "2025-07-02", "2026-01-15",
    "2026-01-16", "2030-01-01",
];
