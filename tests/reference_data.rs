//! The reference data: places, spellings, services and Graph paths, as the world has them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::LazyLock;

use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::catalog::program::Program;
use bailiwick::place::{Kleene, StatedPlace};

static PROGRAM: LazyLock<Program> = LazyLock::new(|| {
    compile(&[Layer::builtin()], Strictness::Strict).expect("the builtin catalog").program
});

fn within(place: &str, boundary: &str) -> Kleene {
    let boundary = PROGRAM.resolve_place(boundary).countries().expect("a known boundary");
    let place = PROGRAM.resolve_place(place);
    assert_ne!(place, StatedPlace::Unresolved, "the place is known");
    place.within(boundary)
}

/// The id of what a name means in a field that takes any name; its countries beside it.
fn plain(name: &str) -> Option<String> {
    PROGRAM.resolve_place(name).id().map(|id| PROGRAM.place_id(id).to_owned())
}

/// What a name means in a field of regions.
fn region(name: &str) -> Option<String> {
    PROGRAM.resolve_region(name).id().map(|id| PROGRAM.place_id(id).to_owned())
}

fn countries(name: &str) -> Vec<String> {
    let set = PROGRAM.resolve_place(name).countries().unwrap_or_else(|| panic!("{name}"));
    set.iter().map(|number| PROGRAM.countries[usize::from(number)].to_string()).collect()
}

const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];
const EFTA: [&str; 4] = ["CH", "IS", "LI", "NO"];

#[test]
fn the_eu_data_boundary_is_the_eu_and_efta_and_nobody_else() {
    for country in EU.iter().chain(&EFTA) {
        assert_eq!(within(country, "eu-data-boundary"), Kleene::True, "{country}");
        assert_eq!(within(country, "europe"), Kleene::True, "{country}");
    }
    let mut expected: Vec<&str> = EU.into_iter().chain(EFTA).collect();
    let mut members = countries("eu-data-boundary");
    expected.sort_unstable();
    members.sort_unstable();
    assert_eq!(members, expected);
    for country in [
        "GB", "JE", "GG", "IM", "GI", "TR", "UA", "MD", "RS", "AD", "MC", "SM", "VA", "FO", "AX",
        "GL", "RE", "US",
    ] {
        assert_eq!(within(country, "eu-data-boundary"), Kleene::False, "{country}");
    }
}

#[test]
fn europe_and_emea_end_where_the_catalog_says() {
    use Kleene::{False, True};
    for (country, europe, emea) in [
        ("TR", False, True),
        ("GE", False, True),
        ("AM", False, True),
        ("AZ", False, True),
        ("RU", True, True),
        ("CY", True, True),
        ("IR", False, True),
        ("MA", False, True),
        ("UA", True, True),
        ("GB", True, True),
        ("GI", True, True),
        ("IL", False, True),
        ("EG", False, True),
        ("ZA", False, True),
        ("RE", False, True),
        ("KZ", False, False),
        ("PK", False, False),
        ("IN", False, False),
        ("GL", False, False),
        ("US", False, False),
    ] {
        assert_eq!(within(country, "europe"), europe, "{country} in europe");
        assert_eq!(within(country, "emea"), emea, "{country} in emea");
    }
    // One lies in the other, and not the other way round.
    for (inner, outer) in
        [("eu", "eu-data-boundary"), ("eu-data-boundary", "europe"), ("europe", "emea")]
    {
        assert_eq!(within(inner, outer), True);
        assert_eq!(within(outer, inner), Kleene::Unknown);
    }
    assert_eq!(within("north-america", "emea"), False);
}

#[test]
fn every_country_of_iso_3166_is_known_by_its_two_codes_and_its_name() {
    assert_eq!(PROGRAM.countries.len(), 249);
    for place in PROGRAM.places.iter().filter(|place| place.countries.len() == 1).take(249) {
        assert_eq!(plain(&place.id).as_deref(), Some(&*place.id));
        assert_eq!(plain(&place.title).as_deref(), Some(&*place.id), "{}", place.title);
    }
    // Each lies on one continent at most; Cyprus is counted to Europe beside Asia.
    let continents = ["europe", "africa", "asia", "oceania", "americas"];
    for country in &PROGRAM.countries {
        let on: Vec<&str> =
            continents.into_iter().filter(|c| within(country, c) == Kleene::True).collect();
        match &**country {
            "CY" => assert_eq!(on, ["europe", "asia"]),
            "AQ" => assert_eq!(on, [""; 0]),
            _ => assert_eq!(on.len(), 1, "{country}: {on:?}"),
        }
    }
}

#[test]
fn the_usual_spellings_of_a_place_mean_the_same() {
    for (names, id) in [
        (
            &["Germany", "DEU", "de", "DE", "GERMANY", "germanywestcentral", "eu-central-1"][..],
            "DE",
        ),
        (&["North Europe", "northeurope", "NorthEurope", "north_europe", "eu-west-1"], "IE"),
        (&["West Europe", "westeurope", "europe-west4"], "NL"),
        (&["us-east-1", "East US 2", "eastus2", "United States", "USA"], "US"),
        // Amazon's and Google's middle east differ in a hyphen, and in the country.
        (&["me-central-1"], "AE"),
        (&["me-central1"], "QA"),
        (&["europe-west2", "uksouth", "eu-west-2", "GBR", "United Kingdom"], "GB"),
        (&["EUR"], "m365-eur"),
        (&["APC"], "m365-apc"),
        (&["NAM"], "m365-nam"),
        (&["EU Data Boundary", "eu-data-boundary", "EUDB", "eu data boundary"], "eu-data-boundary"),
        (&["Asia/Pacific", "asia_pacific", "asia-pacific", "APAC", "AsiaPacific"], "asia-pacific"),
        (&["North America", "north-america"], "north-america"),
        (&["global", "Worldwide"], "global"),
        (&["EU", "eu", "European Union"], "eu"),
    ] {
        for name in names {
            assert_eq!(plain(name).as_deref(), Some(id), "{name}");
        }
    }
    // Namibia's own code went to a macro region; its name and its other code are left.
    assert_eq!(countries("NAM"), ["BR", "CL", "US"]);
    assert_eq!(plain("Namibia").as_deref(), Some("NA"));
    assert_eq!(countries("EUR").len(), 9);
}

#[test]
fn a_short_code_is_a_country_in_any_field_and_a_region_in_a_region_field() {
    for (code, country, of_region) in [
        ("ne", "NE", "IE"),
        ("NE", "NE", "IE"),
        ("ae", "AE", "AU"),
        ("NA", "NA", "north-america"),
        ("EU", "eu", "eu"),
        // What is no region code is a country there too.
        ("DE", "DE", "DE"),
        ("northeurope", "IE", "IE"),
    ] {
        assert_eq!(plain(code).as_deref(), Some(country), "{code}");
        assert_eq!(region(code).as_deref(), Some(of_region), "{code} in a region field");
    }
    for code in ["weu", "neu", "uks", "AP"] {
        assert_eq!(plain(code), None, "{code}");
        assert!(region(code).is_some(), "{code} in a region field");
    }
}

#[test]
fn a_name_that_nobody_gave_stays_unknown() {
    for name in [
        "",
        " ",
        "Atlantis",
        "northeurope2",
        "europe-west",
        "west",
        "XX",
        "ZZ",
        "eastusstg",
        "Europe/Berlin",
        "10.0.0.1",
    ] {
        assert_eq!(plain(name), None, "{name:?}");
        assert_eq!(region(name), None, "{name:?}");
        assert_eq!(PROGRAM.resolve_place(name), StatedPlace::Unresolved, "{name:?}");
        assert_eq!(PROGRAM.service(name), None, "{name:?}");
        assert_eq!(PROGRAM.attribute(name), None, "{name:?}");
    }
}

#[test]
fn services_are_known_by_old_and_new_names_and_by_what_loggers_call_themselves() {
    for (name, id) in [
        ("entra.sign-in", "entra.sign-in"),
        ("Microsoft Entra Sign-In", "entra.sign-in"),
        ("Azure AD Sign-Ins", "entra.sign-in"),
        ("Azure Active Directory Connect Health", "entra.connect-health"),
        ("Microsoft Entra Connect Health", "entra.connect-health"),
        ("AAD Terms of Use", "entra.terms-of-use"),
        ("  microsoft entra id  ", "entra.other"),
        ("Azure AD", "entra.other"),
        ("Microsoft Intune", "intune"),
        ("Endpoint Manager", "intune"),
        // `loggedByService` of audit logs.
        ("Core Directory", "entra.directory-core-store"),
        ("Self-service Group Management", "entra.self-service-group-management"),
        ("Self-service Password Management", "entra.self-service-credentials-management"),
        ("Authentication Methods", "entra.self-service-credentials-management"),
        ("Azure MFA", "entra.multifactor-authentication"),
        ("Account Provisioning", "entra.sync-fabric"),
        ("Hybrid Authentication", "entra.connect"),
        ("Application Proxy", "entra.application-proxy"),
        ("Device Registration Service", "entra.device-registration"),
        ("Terms Of Use", "entra.terms-of-use"),
        ("Invited Users", "entra.multi-tenant-collaboration"),
        ("B2B Auth", "entra.multi-tenant-collaboration"),
        ("PIM", "entra.identity-governance"),
        ("Access Reviews", "entra.identity-governance"),
        ("Entitlement Management", "entra.identity-governance"),
        ("Lifecycle Workflows", "entra.identity-governance"),
        ("Conditional Access", "entra.other"),
        ("Identity Protection", "entra.other"),
        ("B2C", "entra.other"),
        ("Microsoft.Authorization", "entra.other"),
        ("AD FS", "ad-fs"),
    ] {
        assert_eq!(PROGRAM.service_id(PROGRAM.service(name)), id, "{name}");
    }
    for (provider, id) in [
        ("microsoft.adhybridhealthservice", "entra.connect-health"),
        ("Microsoft.CustomerLockbox", "entra.customer-lockbox"),
        ("MICROSOFT.AADIAM", "entra.other"),
        ("microsoft.intune", "intune"),
        ("microsoft.storage", "unknown"),
    ] {
        assert_eq!(PROGRAM.service_id(PROGRAM.provider(provider)), id, "{provider}");
    }
}

#[test]
fn a_graph_path_goes_to_its_longest_entry_and_a_star_is_any_one_segment() {
    let found = |path: &str| {
        PROGRAM.graph_path(path).map(|entry| {
            let categories: Vec<&str> =
                entry.categories.iter().map(|id| PROGRAM.category_id(id)).collect();
            (PROGRAM.service_id(Some(entry.service)).to_owned(), categories.join(" "))
        })
    };
    let store = "entra.directory-core-store";
    for (path, service, categories) in [
        ("users", store, "user_account"),
        ("USERS", store, "user_account"),
        ("/users/", store, "user_account"),
        ("users/x", store, "user_account"),
        ("users/x/photo/anything", store, "user_account.other"),
        (
            "users(userPrincipalName='*')/memberOf",
            store,
            "user_account.other service_configuration.group",
        ),
        ("users/delta()", store, "user_account"),
        ("users/x/memberOf", store, "user_account.other service_configuration.group"),
        ("users/*/memberof", store, "user_account.other service_configuration.group"),
        ("users('x')/memberOf", store, "user_account.other service_configuration.group"),
        ("users('x')", store, "user_account"),
        ("me/memberOf", store, "user_account.other service_configuration.group"),
    ] {
        let expected = Some((service.to_owned(), categories.to_owned()));
        assert_eq!(found(path), expected, "{path}");
    }
    let service = |path: &str| found(path).map(|(service, _)| service);
    assert_eq!(service("deviceManagement/managedDevices").as_deref(), Some("intune"));
    assert_eq!(service("auditLogs/signIns").as_deref(), Some("entra.reporting-and-audit-insights"));
    assert!(service("users/x/messages").is_some_and(|service| service.starts_with("m365.")));
    // Whole segments count; nothing, a batch and what nobody listed are unknown.
    for path in ["", "/", "$batch", "usersx", "user", "nothing/of/the/kind"] {
        assert_eq!(found(path), None, "{path:?}");
    }
}
