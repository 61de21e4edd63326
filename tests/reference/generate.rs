//! Draws events with their tenants. The same seed always gives the same case.
//!
//! A case begins at random. Two of three are then bent towards one clause, so that it applies or nearly does,
//! and some of these have a field spoilt again.

use super::clauses::{ENTRA, EXCEPTIONS, Exception};
use super::pools::*;
use serde_json::{Map, Value, json};

/// Splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// `least` to `most` of them, perhaps one twice.
    fn some<'a>(&mut self, from: &[&'a str], least: usize, most: usize) -> Vec<&'a str> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| self.pick(from)).collect()
    }
}

/// A case: an event, the tenants of the directory, and whether an absent purpose is presumed to fit.
pub fn case(seed: u64) -> (Value, Vec<Value>, bool) {
    let mut random = Random(seed);
    let r = &mut random;
    let presume_purpose = r.percent(75);

    let mut event = any_event(r);
    let mut tenant = any_tenant(r);
    let mut partner = json!({"id": "t-2"});
    if r.percent(85) {
        let place = a_place(r);
        partner["location"] = json!(place);
    }
    if r.percent(40) {
        partner["country"] = json!(r.pick(COUNTRIES));
    }

    let bend = r.below(90);
    let is_bent = bend < 60;
    if bend < 42 {
        let exception = &EXCEPTIONS[bend % EXCEPTIONS.len()];
        bend_to_exception(r, exception, &mut event, &mut tenant, &mut partner);
    } else if is_bent {
        bend_to_commitment(r, bend % 9, &mut event, &mut tenant);
    }
    let spoilt = match r.below(10) {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    };
    for _ in 0..if is_bent { spoilt } else { 0 } {
        let field = r.pick(&[
            "service",
            "purpose",
            "purpose",
            "location_at_rest",
            "processing_location",
            "data_categories",
            "attributes",
            "capabilities",
            "capabilities",
            "collaborating_tenant",
            "action",
        ]);
        copy_field(field, &any_event(r), &mut event);
    }
    if is_bent && r.percent(35) {
        let field = r.pick(&[
            "country",
            "location",
            "created",
            "cloud",
            "intune_geography",
            "capabilities",
            "migration",
            "legacy_placement",
        ]);
        copy_field(field, &any_tenant(r), &mut tenant);
    }
    empty_some_fields(r, &mut event);

    let mut tenants = vec![Value::Object(tenant), partner, json!({"id": "t-3"})];
    if r.percent(if is_bent { 8 } else { 15 }) {
        tenants.remove(0);
    }
    (Value::Object(event), tenants, presume_purpose)
}

fn copy_field(field: &str, from: &Map<String, Value>, to: &mut Map<String, Value>) {
    match from.get(field) {
        Some(value) => to.insert(field.to_owned(), value.clone()),
        None => to.remove(field),
    };
}

fn set(object: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    object.insert(field.to_owned(), value.into());
}

/// Absent, `null` and the empty text mean the same.
fn empty_some_fields(r: &mut Random, event: &mut Map<String, Value>) {
    for field in [
        "purpose",
        "location_at_rest",
        "processing_location",
        "collaborating_tenant",
        "action",
        "subject",
    ] {
        if !event.contains_key(field) && r.percent(4) {
            set(event, field, if r.percent(50) { json!(null) } else { json!("") });
        }
    }
    for field in ["capabilities", "data_categories", "attributes", "certifications", "recorded"] {
        if !event.contains_key(field) && r.percent(3) {
            set(event, field, Value::Null);
        }
    }
}

fn a_place(r: &mut Random) -> String {
    let pool = match r.below(20) {
        0..=6 => EU_PLACES,
        7..=9 => US_PLACES,
        10..=12 => ASIA_PACIFIC_PLACES,
        13..=15 => OTHER_PLACES,
        16..=17 => STRADDLING_PLACES,
        _ => UNRESOLVED_PLACES,
    };
    r.pick(pool).to_owned()
}

/// A place that a European commitment does not want.
fn a_place_outside(r: &mut Random) -> &'static str {
    let pool = match r.below(10) {
        0..=3 => US_PLACES,
        4..=6 => ASIA_PACIFIC_PLACES,
        7..=8 => OTHER_PLACES,
        _ => [STRADDLING_PLACES, UNRESOLVED_PLACES][r.below(2)],
    };
    r.pick(pool)
}

fn a_service(r: &mut Random) -> &'static str {
    match r.below(20) {
        0..=11 => r.pick(&ENTRA),
        12 => "Microsoft Entra Sign-In",
        13..=18 => "intune",
        _ => r.pick(SERVICES_ELSEWHERE),
    }
}

fn any_event(r: &mut Random) -> Map<String, Value> {
    let mut event = Map::new();
    set(&mut event, "id", format!("e-{}", r.below(1000)));
    let (time, recorded) = TIMES[r.below(TIMES.len())];
    set(&mut event, "time", time);
    set(&mut event, "service", a_service(r));
    set(&mut event, "tenant", if r.percent(97) { "t-1" } else { "t-9" });
    if r.percent(30) {
        set(&mut event, "operation", r.pick(&["Add user", "Update device", "Sign-in activity"]));
    }
    if r.percent(35) {
        set(&mut event, "action", r.pick(ACTIONS));
    }
    if r.percent(75) {
        set(&mut event, "data_categories", r.some(CATEGORIES, 1, 3));
    }
    if r.percent(25) {
        set(&mut event, "attributes", r.some(ATTRIBUTES, 1, 3));
    }
    if r.percent(65) {
        set(&mut event, "location_at_rest", a_place(r));
    }
    if r.percent(60) {
        set(&mut event, "processing_location", a_place(r));
    }
    if r.percent(15) {
        set(&mut event, "access_location", a_place(r));
    }
    if r.percent(60) {
        set(&mut event, "purpose", r.pick(PURPOSES));
    }
    if r.percent(60) {
        set(&mut event, "capabilities", r.some(CAPABILITIES, 0, 3));
    }
    if r.percent(40) {
        set(
            &mut event,
            "collaborating_tenant",
            r.pick(&["t-2", "t-2", "t-2", "t-3", "t-8", "t-1"]),
        );
    }
    if r.percent(25) {
        set(&mut event, "subject", "person-17");
    }
    if r.percent(40) {
        set(&mut event, "recorded", r.pick(recorded));
    }
    if r.percent(20) {
        set(&mut event, "certifications", r.some(CERTIFICATIONS, 0, 2));
    }
    event
}

fn locations(r: &mut Random) -> Value {
    let count = 1 + r.below(3);
    json!((0..count).map(|_| a_place(r)).collect::<Vec<_>>())
}

fn any_capabilities(r: &mut Random) -> Value {
    let mut capabilities = Map::new();
    for name in ["application_proxy", "multi_geo"] {
        match r.below(10) {
            0..=3 => {}
            4 => set(&mut capabilities, name, json!({})),
            _ => set(&mut capabilities, name, json!({"locations": locations(r)})),
        }
    }
    match r.below(10) {
        0..=3 => {}
        4..=5 => set(&mut capabilities, "multi_tenant_collaboration", json!({})),
        6..=8 => set(
            &mut capabilities,
            "multi_tenant_collaboration",
            json!({"tenants": ["t-2", "t-3", "t-8"]}),
        ),
        _ => set(&mut capabilities, "multi_tenant_collaboration", json!({"tenants": ["t-5"]})),
    }
    if r.percent(45) {
        set(&mut capabilities, "cdn", json!({}));
    }
    Value::Object(capabilities)
}

fn a_geography(r: &mut Random) -> String {
    if r.percent(80) {
        r.pick(&[
            "europe",
            "north-america",
            "asia-pacific",
            "australia",
            "india",
            "switzerland",
            "North America",
        ])
        .to_owned()
    } else {
        a_place(r)
    }
}

fn any_migration(r: &mut Random) -> Value {
    let mut migration = Map::new();
    set(&mut migration, "request_period_ended", "2024-01-31");
    if r.percent(55) {
        set(&mut migration, "completed", r.pick(DATES_OF_COMPLETION));
    }
    if r.percent(85) {
        set(&mut migration, "target", a_geography(r));
    }
    Value::Object(migration)
}

fn any_tenant(r: &mut Random) -> Map<String, Value> {
    let mut tenant = Map::new();
    set(&mut tenant, "id", "t-1");
    if r.percent(85) {
        set(&mut tenant, "country", r.pick(COUNTRIES));
    }
    if r.percent(50) {
        let place = if r.percent(60) { r.pick(EU_PLACES).to_owned() } else { a_place(r) };
        set(&mut tenant, "location", place);
    }
    if r.percent(80) {
        set(&mut tenant, "created", r.pick(CREATED));
    }
    if r.percent(30) {
        set(
            &mut tenant,
            "created_via",
            r.pick(&["azure_portal", "microsoft_365", "power_platform"]),
        );
    }
    match r.below(10) {
        0..=5 => {}
        6..=7 => set(&mut tenant, "cloud", "public"),
        _ => set(&mut tenant, "cloud", "sovereign"),
    }
    if r.percent(35) {
        set(&mut tenant, "intune_geography", a_geography(r));
    }
    match r.below(10) {
        0 => {}
        1..=2 => set(&mut tenant, "capabilities", json!({})),
        _ => set(&mut tenant, "capabilities", any_capabilities(r)),
    }
    if r.percent(25) {
        set(&mut tenant, "migration", any_migration(r));
    }
    match r.below(10) {
        0..=3 => {}
        4..=7 => set(&mut tenant, "legacy_placement", true),
        _ => set(&mut tenant, "legacy_placement", false),
    }
    if r.percent(5) {
        set(&mut tenant, "subscription_ended", "2025-12-31");
    }
    tenant
}

/// Makes the event one that this exception excuses, or nearly so.
fn bend_to_exception(
    r: &mut Random,
    exception: &Exception,
    event: &mut Map<String, Value>,
    tenant: &mut Map<String, Value>,
    partner: &mut Value,
) {
    let is_intune = exception.services == ["intune"];
    if exception.or_entra_with.is_some() && r.percent(50) {
        set(event, "service", r.pick(&ENTRA));
        set(event, "capabilities", json!([exception.or_entra_with]));
    } else {
        set(event, "service", r.pick(exception.services));
    }
    if r.percent(85) {
        event.remove("attributes");
        set(event, "data_categories", r.some(exception.categories, 1, 2));
    }
    if r.percent(80) {
        set(event, "action", "handle");
    }

    // A place that the commitment does not want, for the activity that the exception lets go there.
    let outside = a_place_outside(r);
    let activity = match (exception.store, exception.process) {
        (Some(_), Some(_)) => r.pick(&["store", "process", "both"]),
        (Some(_), None) => "store",
        _ => "process",
    };
    event.remove("location_at_rest");
    event.remove("processing_location");
    if activity != "process" {
        set(event, "location_at_rest", outside);
    }
    if activity != "store" {
        set(event, "processing_location", outside);
    }
    if activity == "process" && r.percent(40) {
        set(event, "location_at_rest", r.pick(EU_PLACES));
    }
    if !is_intune {
        set(tenant, "location", r.pick(EU_PLACES));
    }

    match exception.id {
        "entra.mfa-telephony" => a_purpose(r, event, &["telephony", "push_notification"]),
        "entra.analytics" => {
            let field =
                if activity == "store" { "location_at_rest" } else { "processing_location" };
            set(event, field, r.pick(US_PLACES));
            a_purpose(r, event, &["analytics"]);
        }
        "entra.legacy-placement" => {
            let place = r.pick(&["US", "JP", "SG", "eastus", "asia-pacific", "north-america"]);
            set(event, "location_at_rest", place);
            if activity != "store" {
                let processing = if r.percent(80) { place } else { "AU" };
                set(event, "processing_location", processing);
            }
            set(event, "purpose", r.pick(&["service_operation", "customer_support"]));
            set(tenant, "created", r.pick(&["2018-06-30", "2019-02-28", "2016-02-29"]));
            match r.below(4) {
                0 => drop(tenant.remove("legacy_placement")),
                _ => set(tenant, "legacy_placement", true),
            }
        }
        "entra.transactions" => a_purpose(r, event, &["service_operation"]),
        "entra.email-notification" => a_purpose(r, event, &["email_notification"]),
        "entra.multi-tenant-collaboration" => {
            set(event, "collaborating_tenant", "t-2");
            set(tenant, "capabilities", any_capabilities(r));
            tenant["capabilities"]["multi_tenant_collaboration"] =
                if r.percent(50) { json!({}) } else { json!({"tenants": ["t-2"]}) };
            if r.percent(80) {
                partner["location"] = json!(outside);
            }
        }
        "entra.application-proxy" | "entra.multi-geo" => {
            let capability = exception.or_entra_with.unwrap();
            set(tenant, "capabilities", any_capabilities(r));
            let configured =
                if r.percent(50) { json!([outside]) } else { json!([outside, a_place(r)]) };
            tenant["capabilities"][capability] = json!({"locations": configured});
            if capability == "multi_geo" {
                a_purpose(r, event, &["backup_authentication"]);
            }
        }
        "intune.support-and-legal" => {
            set(
                event,
                "purpose",
                r.pick(&["customer_support", "troubleshooting", "legal_requirement"]),
            );
        }
        "intune.global-features" => {
            set(event, "capabilities", json!(["cdn"]));
            set(tenant, "capabilities", json!({"cdn": {}}));
        }
        "intune.notification-email" => {
            set(event, "purpose", "email_notification");
            set(event, "location_at_rest", a_place(r));
            set(event, "processing_location", a_place(r));
            if r.percent(40) {
                set(event, "location_at_rest", r.pick(&["ZA", "TR", "US", "IR", "africa", "GB"]));
            }
        }
        "intune.preview" => set(event, "capabilities", json!(["preview"])),
        _ => {
            let target = a_geography(r);
            set(
                tenant,
                "migration",
                json!({"request_period_ended": "2024-01-31", "target": target}),
            );
            if r.percent(60) {
                set(
                    event,
                    "location_at_rest",
                    r.pick(&["US", "DE", "JP", "AU", "IN", "CH", "westeurope"]),
                );
            }
        }
    }
    if is_intune && r.percent(70) {
        // Few other ways out.
        if exception.id != "intune.migration" {
            tenant.remove("migration");
        }
        if exception.id != "intune.global-features" {
            set(tenant, "capabilities", json!({}));
        }
        if r.percent(60) {
            set(
                tenant,
                "country",
                r.pick(&["DE", "FR", "CH", "AU", "IN", "JP", "BR", "US", "ZA", "TR"]),
            );
        }
    }
}

fn a_purpose(r: &mut Random, event: &mut Map<String, Value>, fitting: &[&'static str]) {
    if r.percent(75) {
        set(event, "purpose", r.pick(fitting));
    } else {
        event.remove("purpose");
    }
}

/// Makes the event one that a commitment judges; the clauses about events and purposes need more than places.
fn bend_to_commitment(
    r: &mut Random,
    which: usize,
    event: &mut Map<String, Value>,
    tenant: &mut Map<String, Value>,
) {
    match which {
        0 | 1 => {
            // Nothing is known to excuse it.
            set(event, "service", r.pick(&ENTRA));
            set(event, "purpose", r.pick(PURPOSES));
            set(event, "capabilities", json!([]));
            set(event, "location_at_rest", a_place(r));
            set(tenant, "location", r.pick(EU_PLACES));
            if r.percent(40) {
                set(
                    tenant,
                    "location",
                    r.pick(&["GB", "europe", "emea", "RU", "CY", "TR", "Atlantis"]),
                );
            }
        }
        2 => {
            set(event, "service", "intune");
            set(event, "purpose", r.pick(PURPOSES));
            set(event, "location_at_rest", a_place(r));
            set(event, "capabilities", json!([]));
            set(tenant, "country", r.pick(&["AU", "IN", "CH", "DE", "US", "JP", "BR", "GB"]));
        }
        3 => {
            set(event, "service", if r.percent(50) { "intune" } else { a_service(r) });
            set(event, "action", "change_country");
        }
        4 => {
            set(event, "service", "intune");
            set(event, "action", "move_data");
            if r.percent(70) {
                set(event, "location_at_rest", a_place(r));
                tenant.remove("migration");
            }
        }
        5 => {
            set(event, "service", "intune");
            set(event, "purpose", r.pick(&["profiling", "marketing", "analytics", "curiosity"]));
        }
        6 => {
            set(event, "service", "intune");
            set(event, "certifications", r.some(CERTIFICATIONS, 0, 2));
        }
        7 => {
            set(event, "service", "intune");
            set(event, "action", "observe");
            if r.percent(80) {
                set(
                    event,
                    "data_categories",
                    json!([r.pick(&["audit_log", "audit_log", "customer_data", "usage"])]),
                );
            }
            let (time, recorded) = TIMES[r.below(TIMES.len())];
            set(event, "time", time);
            set(event, "recorded", r.pick(recorded));
        }
        _ => {
            // An event that says no place.
            event.remove("location_at_rest");
            event.remove("processing_location");
            set(event, "action", r.pick(&["handle", "juggle", "observe"]));
            set(event, "service", a_service(r));
        }
    }
}
