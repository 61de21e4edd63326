//! Places: sets of ISO 3166-1 countries. Only the names that the generator draws are known here.

use super::Answer;
use std::collections::BTreeSet;
use std::sync::LazyLock;

pub type Countries = BTreeSet<&'static str>;

/// A place as an event or a tenant names it. No countries: the name does not resolve.
#[derive(Clone, Debug)]
pub struct Place {
    pub id: String,
    pub countries: Option<Countries>,
}

/// The European Union.
const EU: &str = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE";

/// The European Free Trade Association.
const EFTA: &str = "CH IS LI NO";

/// UN M49 region 150, and Cyprus.
const EUROPE: &str = "BY BG CZ HU MD PL RO RU SK UA \
    AX DK EE FO FI GG IS IE IM JE LV LT NO SJ SE GB \
    AL AD BA HR GI GR VA IT MT ME MK PT SM RS SI ES \
    AT BE FR DE LI LU MC NL CH \
    CY";

/// UN M49 region 002.
const AFRICA: &str = "DZ EG LY MA SD TN EH \
    IO BI KM DJ ER ET TF KE MG MW MU YT MZ RE RW SC SO SS UG TZ ZM ZW \
    AO CM CF TD CG CD GQ GA ST \
    BW SZ LS NA ZA \
    BJ BF CV CI GM GH GN GW LR ML MR NE NG SH SN SL TG";

/// `europe`, Africa, UN M49 region 145 (Western Asia) and Iran.
const EMEA: &str = "BY BG CZ HU MD PL RO RU SK UA \
    AX DK EE FO FI GG IS IE IM JE LV LT NO SJ SE GB \
    AL AD BA HR GI GR VA IT MT ME MK PT SM RS SI ES \
    AT BE FR DE LI LU MC NL CH \
    DZ EG LY MA SD TN EH \
    IO BI KM DJ ER ET TF KE MG MW MU YT MZ RE RW SC SO SS UG TZ ZM ZW \
    AO CM CF TD CG CD GQ GA ST \
    BW SZ LS NA ZA \
    BJ BF CV CI GM GH GN GW LR ML MR NE NG SH SN SL TG \
    AM AZ BH CY GE IQ IL JO KW LB OM QA SA PS SY TR AE YE \
    IR";

/// UN M49 region 142, and Taiwan, which M49 does not list by itself.
const ASIA: &str = "KZ KG TJ TM UZ \
    CN HK MO KP JP MN KR TW \
    BN KH ID LA MY MM PH SG TH TL VN \
    AF BD BT IN IR MV NP PK LK \
    AM AZ BH CY GE IQ IL JO KW LB OM QA SA PS SY TR AE YE";

/// UN M49 region 009.
const OCEANIA: &str =
    "AU NZ NF CX CC HM FJ NC PG SB VU GU KI MH FM NR MP PW UM AS CK PF NU PN WS TK TO TV WF";

/// UN M49 region 019.
const AMERICAS: &str = "AI AG AW BS BB BQ VG KY CU CW DM DO GD GP HT JM MQ MS PR BL KN LC MF VC SX TT TC VI \
    BZ CR SV GT HN MX NI PA \
    AR BO BV BR CL CO EC FK GF GY PY PE GS SR UY VE \
    BM CA GL PM US";

/// Intune's region of that name.
const NORTH_AMERICA: &str = "US";

/// Intune's region of that name.
const ASIA_PACIFIC: &str = "AU HK IN JP SG KR";

/// Microsoft 365's geography codes that are no alpha-3 codes.
const M365_EUR: &str = "AT FI FR IE IL IT NL PL SE";
const M365_APC: &str = "AU HK JP KR MY SG";
const M365_NAM: &str = "BR CL US";

/// Country names and alpha-3 codes, datacentre regions of Azure, AWS and Google Cloud.
const COUNTRY_OF: [(&str, &str); 42] = [
    ("germany", "DE"),
    ("deu", "DE"),
    ("netherlands", "NL"),
    ("nld", "NL"),
    ("ireland", "IE"),
    ("switzerland", "CH"),
    ("che", "CH"),
    ("united states", "US"),
    ("usa", "US"),
    ("united kingdom", "GB"),
    ("gbr", "GB"),
    ("australia", "AU"),
    ("aus", "AU"),
    ("india", "IN"),
    ("ind", "IN"),
    ("japan", "JP"),
    ("jpn", "JP"),
    ("brazil", "BR"),
    ("west europe", "NL"),
    ("north europe", "IE"),
    ("germany west central", "DE"),
    ("france central", "FR"),
    ("sweden central", "SE"),
    ("switzerland north", "CH"),
    ("norway east", "NO"),
    ("uk south", "GB"),
    ("east us", "US"),
    ("west us 2", "US"),
    ("japan east", "JP"),
    ("australia east", "AU"),
    ("central india", "IN"),
    ("southeast asia", "SG"),
    ("brazil south", "BR"),
    ("canada central", "CA"),
    ("south africa north", "ZA"),
    ("eu-central-1", "DE"),
    ("us-east-1", "US"),
    ("ap-southeast-2", "AU"),
    ("eu-west-2", "GB"),
    ("europe-west4", "NL"),
    ("us-central1", "US"),
    ("asia-northeast1", "JP"),
];

/// Every country. Antarctica is in none of the five continents.
static WORLD: LazyLock<Countries> = LazyLock::new(|| {
    union(&[
        countries(EUROPE),
        countries(AFRICA),
        countries(ASIA),
        countries(OCEANIA),
        countries(AMERICAS),
        countries("AQ"),
    ])
});

fn countries(list: &'static str) -> Countries {
    list.split_whitespace().collect()
}

/// A named set of countries by its id.
pub fn set(id: &str) -> Countries {
    match id {
        "eu" => countries(EU),
        "efta" => countries(EFTA),
        "eu-data-boundary" => union(&[countries(EU), countries(EFTA)]),
        "europe" => countries(EUROPE),
        "emea" => countries(EMEA),
        "africa" => countries(AFRICA),
        "asia" => countries(ASIA),
        "oceania" => countries(OCEANIA),
        "americas" => countries(AMERICAS),
        "north-america" => countries(NORTH_AMERICA),
        "asia-pacific" => countries(ASIA_PACIFIC),
        "m365-eur" => countries(M365_EUR),
        "m365-apc" => countries(M365_APC),
        "m365-nam" => countries(M365_NAM),
        "global" => WORLD.clone(),
        _ => panic!("{id} is no named set"),
    }
}

pub fn union(sets: &[Countries]) -> Countries {
    sets.iter().flatten().copied().collect()
}

/// The place that a text names. Letter case, spaces and underscores do not matter.
pub fn resolve(text: &str) -> Place {
    let name = plain(text);
    let id = match name.as_str() {
        "eu" | "europeanunion" => "eu",
        "efta" => "efta",
        "eu-data-boundary" | "eudataboundary" => "eu-data-boundary",
        "europe" => "europe",
        "emea" => "emea",
        "africa" => "africa",
        "north-america" | "northamerica" => "north-america",
        "asia-pacific" | "asiapacific" => "asia-pacific",
        "m365-eur" | "eur" => "m365-eur",
        "m365-apc" | "apc" => "m365-apc",
        "m365-nam" | "nam" => "m365-nam",
        "global" => "global",
        _ => "",
    };
    if !id.is_empty() {
        return Place { id: id.to_owned(), countries: Some(set(id)) };
    }
    if let Some(code) = WORLD.iter().find(|code| code.eq_ignore_ascii_case(&name)) {
        return country(code);
    }
    for (other_name, code) in COUNTRY_OF {
        if plain(other_name) == name {
            return country(code);
        }
    }
    Place { id: "unknown".to_owned(), countries: None }
}

/// Where Intune keeps a tenant: its own six words first, any other text as an ordinary place.
pub fn resolve_intune_geography(text: &str) -> Option<Countries> {
    match plain(text).as_str() {
        "europe" => Some(set("eu-data-boundary")),
        "north-america" | "northamerica" => Some(countries("US")),
        "asia-pacific" | "asiapacific" => Some(set("asia-pacific")),
        "australia" => Some(countries("AU")),
        "india" => Some(countries("IN")),
        "switzerland" => Some(countries("CH")),
        _ => resolve(text).countries,
    }
}

pub fn country(code: &'static str) -> Place {
    Place { id: code.to_owned(), countries: Some(countries(code)) }
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase().chars().filter(|c| *c != ' ' && *c != '_').collect()
}

impl Place {
    pub fn unknown() -> Place {
        Place { id: "unknown".to_owned(), countries: None }
    }

    pub fn is_resolved(&self) -> bool {
        self.countries.is_some()
    }

    /// Inside: every country of the place is in the boundary. Outside: none is. Everything is inside the world.
    pub fn is_inside(&self, boundary: &Countries) -> Answer {
        if *boundary == *WORLD {
            return Answer::Yes;
        }
        match &self.countries {
            None => Answer::Unknown,
            Some(here) if here.is_subset(boundary) => Answer::Yes,
            Some(here) if here.is_disjoint(boundary) => Answer::No,
            Some(_) => Answer::Unknown,
        }
    }
}
