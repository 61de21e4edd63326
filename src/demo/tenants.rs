//! The tenants of the demo: invented, in many countries, every fact explicit.

use jiff::civil::{Date, date};

use crate::tenant::{
    Capabilities, Cloud, Collaboration, Enabled, Locations, Migration, TenantRecord,
};

/// What sets a tenant apart from the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Special {
    /// Nothing: no capability enabled, no move, placed rightly.
    #[default]
    Plain,
    /// Collaborates with the tenant of that number.
    CollaboratesWith(u16),
    /// Publishes applications through connectors in the United States.
    ApplicationProxy,
    /// Multi-Geo, with satellites in Japan and Australia.
    MultiGeo,
    /// Intune's content delivery network.
    Cdn,
    /// Placed wrongly before March 2019.
    Legacy,
    /// Has asked for its Intune data to be moved from `north-america` to `europe`.
    Moving,
    /// In a national cloud.
    Sovereign,
}

/// One tenant of the demo.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tenant {
    pub(super) number: u16,
    pub(super) name: &'static str,
    pub(super) country: &'static str,
    /// Intune's geography.
    pub(super) geography: &'static str,
    pub(super) created: Date,
    pub(super) special: Special,
}

const fn tenant(
    number: u16,
    name: &'static str,
    country: &'static str,
    geography: &'static str,
    year: i16,
    special: Special,
) -> Tenant {
    Tenant { number, name, country, geography, created: date(year, 5, 17), special }
}

use Special::{
    ApplicationProxy, Cdn, CollaboratesWith, Legacy, Moving, MultiGeo, Plain, Sovereign,
};

/// All of them. The number of the tenant that another collaborates with is part of the table.
pub(super) const ALL: [Tenant; 42] = [
    tenant(1, "contoso-wien", "AT", "europe", 2021, Plain),
    tenant(2, "fabrikam-brussel", "BE", "europe", 2020, Plain),
    tenant(3, "northwind-zurich", "CH", "europe", 2020, Plain),
    tenant(4, "adatum-praha", "CZ", "europe", 2022, Plain),
    tenant(5, "contoso-berlin", "DE", "europe", 2019, Plain),
    tenant(6, "litware-muenchen", "DE", "europe", 2023, Cdn),
    tenant(7, "woodgrove-kobenhavn", "DK", "europe", 2022, Plain),
    tenant(8, "proseware-tallinn", "EE", "europe", 2024, Plain),
    tenant(9, "tailspin-madrid", "ES", "europe", 2021, Plain),
    tenant(10, "wingtip-helsinki", "FI", "europe", 2020, Plain),
    tenant(11, "fabrikam-paris", "FR", "europe", 2017, Legacy),
    tenant(12, "contoso-lyon", "FR", "europe", 2020, CollaboratesWith(29)),
    tenant(13, "adatum-athina", "GR", "europe", 2023, Plain),
    tenant(14, "litware-dublin", "IE", "europe", 2016, Plain),
    tenant(15, "northwind-milano", "IT", "europe", 2021, ApplicationProxy),
    tenant(16, "woodgrove-luxembourg", "LU", "europe", 2022, Plain),
    tenant(17, "proseware-amsterdam", "NL", "europe", 2020, MultiGeo),
    tenant(18, "tailspin-rotterdam", "NL", "europe", 2018, Plain),
    tenant(19, "wingtip-oslo", "NO", "europe", 2021, Plain),
    tenant(20, "contoso-warszawa", "PL", "europe", 2024, Plain),
    tenant(21, "fabrikam-lisboa", "PT", "europe", 2022, Plain),
    tenant(22, "adatum-stockholm", "SE", "europe", 2020, Plain),
    tenant(23, "northwind-geneve", "CH", "switzerland", 2023, Plain),
    tenant(24, "woodgrove-bund", "DE", "DE", 2022, Sovereign),
    tenant(25, "contoso-london", "GB", "europe", 2020, Plain),
    tenant(26, "litware-leeds", "GB", "europe", 2021, Plain),
    tenant(27, "tailspin-beograd", "RS", "europe", 2023, Plain),
    tenant(28, "proseware-kyiv", "UA", "europe", 2022, Plain),
    tenant(29, "contoso-seattle", "US", "north-america", 2020, Plain),
    tenant(30, "fabrikam-austin", "US", "north-america", 2021, Plain),
    tenant(31, "adatum-toronto", "CA", "north-america", 2022, Moving),
    tenant(32, "northwind-saopaulo", "BR", "north-america", 2020, Plain),
    tenant(33, "woodgrove-mexico", "MX", "north-america", 2023, Plain),
    tenant(34, "litware-tokyo", "JP", "asia-pacific", 2020, Plain),
    tenant(35, "tailspin-sydney", "AU", "australia", 2021, Plain),
    tenant(36, "wingtip-perth", "AU", "asia-pacific", 2019, Plain),
    tenant(37, "proseware-pune", "IN", "india", 2022, Plain),
    tenant(38, "contoso-singapore", "SG", "asia-pacific", 2021, Plain),
    tenant(39, "fabrikam-seoul", "KR", "asia-pacific", 2020, Plain),
    tenant(40, "adatum-capetown", "ZA", "europe", 2022, Plain),
    tenant(41, "northwind-dubai", "AE", "europe", 2023, Plain),
    tenant(42, "woodgrove-cairo", "EG", "europe", 2021, Plain),
];

/// Countries of the demo outside the EU Data Boundary and inside Europe.
const REST_OF_EUROPE: [&str; 3] = ["GB", "RS", "UA"];

/// Countries of the demo inside the EU Data Boundary.
const BOUNDARY: [&str; 19] = [
    "AT", "BE", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "IE", "IT", "LU", "NL", "NO",
    "PL", "PT", "SE",
];

impl Tenant {
    /// The tenant id.
    pub(super) fn id(&self) -> String {
        id(self.number)
    }

    /// Whether the EU Data Boundary's commitment holds.
    pub(super) fn in_boundary(&self) -> bool {
        BOUNDARY.contains(&self.country)
    }

    /// Whether Europe's commitment holds and the boundary's does not.
    pub(super) fn in_rest_of_europe(&self) -> bool {
        REST_OF_EUROPE.contains(&self.country)
    }

    /// Whether its country is in Europe, the Middle East or Africa.
    pub(super) fn in_emea(&self) -> bool {
        self.in_boundary() || self.in_rest_of_europe() || matches!(self.country, "ZA" | "AE" | "EG")
    }

    /// Azure regions inside its Intune geography.
    pub(super) fn intune_regions(&self) -> &'static [&'static str] {
        match self.geography {
            "north-america" => &["eastus", "centralus", "westus2"],
            "asia-pacific" => &["southeastasia", "japaneast", "koreacentral"],
            "australia" => &["australiaeast"],
            "india" => &["centralindia"],
            "switzerland" => &["switzerlandnorth"],
            "DE" => &["germanywestcentral", "germanynorth"],
            _ => &["westeurope", "northeurope", "francecentral", "swedencentral"],
        }
    }

    /// Azure regions outside it.
    pub(super) fn foreign_intune_regions(&self) -> &'static [&'static str] {
        match self.geography {
            "north-america" => &["westeurope", "brazilsouth", "canadacentral"],
            "asia-pacific" => &["eastus", "westeurope", "newzealandnorth"],
            "australia" | "india" => &["southeastasia", "eastus"],
            "switzerland" | "DE" => &["westeurope", "eastus"],
            _ => &["eastus", "uksouth", "southeastasia"],
        }
    }

    /// Facts as a directory has them.
    fn record(&self) -> TenantRecord {
        let mut capabilities = Capabilities::default();
        let places = |names: &[&str]| {
            Some(Locations { locations: Some(names.iter().map(|name| (*name).into()).collect()) })
        };
        match self.special {
            CollaboratesWith(other) => {
                capabilities.multi_tenant_collaboration =
                    Some(Collaboration { tenants: Some(vec![id(other)]) });
            }
            ApplicationProxy => capabilities.application_proxy = places(&["US"]),
            MultiGeo => capabilities.multi_geo = places(&["JP", "AU"]),
            Cdn => capabilities.cdn = Some(Enabled {}),
            Plain | Legacy | Moving | Sovereign => {}
        }
        let migration = (self.special == Moving)
            .then(|| Migration { target: Some("europe".into()), ..Migration::default() });
        let cloud = if self.special == Sovereign { Cloud::Sovereign } else { Cloud::Public };
        TenantRecord {
            id: self.id(),
            country: Some(self.country.into()),
            created: Some(self.created),
            cloud: Some(cloud),
            intune_geography: Some(self.geography.into()),
            capabilities: Some(capabilities),
            migration,
            legacy_placement: Some(self.special == Legacy),
            ..TenantRecord::default()
        }
    }
}

/// The id of the tenant of that number.
pub(super) fn id(number: u16) -> String {
    format!("{:08x}-ba11-4000-8000-{:012x}", 0x1000_0000 + u32::from(number), number)
}

/// The directory of the demo.
pub(super) fn records() -> Vec<TenantRecord> {
    ALL.iter().map(Tenant::record).collect()
}
