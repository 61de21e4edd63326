//! One exception asked about one activity and category of one event.

use super::Answer;
use super::categories::{self, covers};
use super::clauses::{Allowed, Condition, ENTRA, EXCEPTIONS, Exception};
use super::facts::{self, Case, Geography, inside_geography, text, texts};
use super::in_order;
use super::places::{self, Countries, Place};
use jiff::civil;

/// What one condition says.
enum Outcome {
    True,
    TrueAssuming(&'static str),
    /// False, and the name of the condition.
    False(&'static str),
    /// Unknown, and the facts that are missing.
    Unknown(Vec<&'static str>),
}

/// What an exception as a whole says.
pub struct Asked {
    pub id: &'static str,
    pub answer: Answer,
    pub assumed: Vec<&'static str>,
    pub missing: Vec<&'static str>,
    pub failed: Vec<&'static str>,
    /// Whether a violation names it among its near misses.
    pub is_near: bool,
    /// Of two that hold the lower one is named: what is assumed, countries, categories, services, row of the table.
    pub rank: (bool, usize, usize, usize, usize),
}

/// Every exception to a commitment, asked about data in `place`, in the table's order.
pub fn ask_all(
    case: &Case,
    commitment: &str,
    activity: &str,
    category: &str,
    place: &Place,
) -> Vec<Asked> {
    let mut asked = Vec::new();
    for (row, exception) in EXCEPTIONS.iter().enumerate() {
        if exception.to.contains(&commitment) {
            asked.push(ask(case, row, exception, activity, category, place));
        }
    }
    asked
}

fn ask(
    case: &Case,
    row: usize,
    exception: &Exception,
    activity: &str,
    category: &str,
    place: &Place,
) -> Asked {
    let names_the_service = exception.services.contains(&case.service());
    let is_in_play = exception
        .or_entra_with
        .filter(|_| case.is_entra())
        .map(|capability| case.in_play(capability));

    let mut outcomes = Vec::new();

    // The service. A false answer needs no name: such an exception is never a near miss.
    let mut is_for_the_service = true;
    if !names_the_service {
        match is_in_play {
            Some(Answer::Yes) => {}
            Some(Answer::Unknown) => outcomes.push(Outcome::Unknown(vec!["capabilities"])),
            Some(Answer::No) | None => is_for_the_service = false,
        }
    }

    outcomes.push(match covers(exception.categories, category) {
        Answer::Yes => Outcome::True,
        Answer::No => Outcome::False("category"),
        Answer::Unknown => Outcome::Unknown(vec!["category"]),
    });

    for condition in exception.conditions {
        outcomes.push(ask_condition(case, *condition));
    }

    // Where the configured allowed place hangs on a condition that has failed, there is no place to ask about.
    let gave_no_place = exception
        .conditions
        .iter()
        .zip(&outcomes[outcomes.len() - exception.conditions.len()..])
        .any(|(condition, outcome)| {
            let gives_the_place = matches!(
                condition,
                Condition::CapabilityEnabled(_)
                    | Condition::CollaboratingTenantListed
                    | Condition::MigrationOpen
            );
            gives_the_place && matches!(outcome, Outcome::False(_))
        });

    let allowed = if activity == "store" { exception.store } else { exception.process };
    let mut countries_allowed = 0;
    match allowed {
        None => outcomes.push(Outcome::False("activity")),
        Some(_) if gave_no_place => {}
        Some(allowed) => {
            let (outcome, count) = ask_place(case, allowed, place);
            outcomes.push(outcome);
            countries_allowed = count;
        }
    }

    let mut failed = Vec::new();
    let mut missing = Vec::new();
    let mut assumed = Vec::new();
    for outcome in &outcomes {
        match outcome {
            Outcome::True => {}
            Outcome::TrueAssuming(fact) => assumed.push(*fact),
            Outcome::False(name) => failed.push(*name),
            Outcome::Unknown(facts) => missing.extend(facts),
        }
    }
    let answer = if !is_for_the_service || !failed.is_empty() {
        Answer::No
    } else if !missing.is_empty() {
        Answer::Unknown
    } else {
        Answer::Yes
    };
    let services =
        if exception.or_entra_with.is_some() { ENTRA.len() } else { exception.services.len() };
    Asked {
        id: exception.id,
        answer,
        rank: (
            !assumed.is_empty(),
            countries_allowed,
            categories::count_covered(exception.categories),
            services,
            row,
        ),
        assumed: in_order(&assumed),
        missing: in_order(&missing),
        failed: in_order(&failed),
        is_near: names_the_service || is_in_play == Some(Answer::Yes),
    }
}

fn ask_condition(case: &Case, condition: Condition) -> Outcome {
    match condition {
        Condition::Purpose(fitting) => match case.purpose() {
            Some(purpose) if fitting.contains(&purpose) => Outcome::True,
            Some(_) => Outcome::False("purpose"),
            None if case.presume_purpose => Outcome::TrueAssuming("purpose"),
            None => Outcome::Unknown(vec!["purpose"]),
        },

        Condition::StatedPurpose(fitting) => match case.purpose() {
            Some(purpose) if fitting.contains(&purpose) => Outcome::True,
            _ => Outcome::False("purpose"),
        },

        Condition::CreatedBeforeMarch2019 => {
            let Some(tenant) = case.tenant() else { return Outcome::Unknown(vec!["tenant"]) };
            match facts::date(tenant, "created") {
                Some(created) if created < civil::date(2019, 3, 1) => Outcome::True,
                Some(_) => Outcome::False("tenant.created"),
                None => Outcome::Unknown(vec!["tenant.created"]),
            }
        }

        Condition::LegacyPlacement => {
            let Some(tenant) = case.tenant() else { return Outcome::Unknown(vec!["tenant"]) };
            match facts::given(tenant, "legacy_placement").map(|placed| placed.as_bool().unwrap()) {
                Some(true) => Outcome::True,
                Some(false) => Outcome::False("tenant.legacy_placement"),
                None => Outcome::TrueAssuming("tenant.legacy_placement"),
            }
        }

        Condition::CapabilityEnabled(name) => {
            let Some(tenant) = case.tenant() else { return Outcome::Unknown(vec!["tenant"]) };
            match facts::given(tenant, "capabilities") {
                None => Outcome::Unknown(vec!["tenant.capabilities"]),
                Some(capabilities) if facts::given(capabilities, name).is_some() => Outcome::True,
                Some(_) => Outcome::False("tenant.capabilities"),
            }
        }

        Condition::CapabilityInPlay(name) => match case.in_play(name) {
            Answer::Yes => Outcome::True,
            Answer::No => Outcome::False("capabilities"),
            Answer::Unknown => Outcome::Unknown(vec!["capabilities"]),
        },

        Condition::StatedCapabilityInPlay(name) => match case.in_play(name) {
            Answer::Yes => Outcome::True,
            Answer::No | Answer::Unknown => Outcome::False("capabilities"),
        },

        Condition::CollaboratingTenantListed => {
            let Some(other) = text(case.event, "collaborating_tenant") else {
                return Outcome::False("collaborating_tenant");
            };
            let Some(tenant) = case.tenant() else { return Outcome::Unknown(vec!["tenant"]) };
            let Some(capabilities) = facts::given(tenant, "capabilities") else {
                return Outcome::Unknown(vec!["tenant.capabilities"]);
            };
            let Some(collaboration) = facts::given(capabilities, "multi_tenant_collaboration")
            else {
                // Not enabled, which another condition says: there is no list to ask about.
                return Outcome::True;
            };
            match texts(collaboration, "tenants") {
                Some(list) if !list.contains(&other) => Outcome::False("collaborating_tenant"),
                _ => Outcome::True,
            }
        }

        Condition::MigrationOpen => {
            if case.tenant().is_none() {
                Outcome::Unknown(vec!["tenant"])
            } else if case.migration().is_some() && !case.migration_is_completed() {
                Outcome::True
            } else {
                Outcome::False("tenant.migration")
            }
        }
    }
}

/// Whether the place is inside the allowed one, and how many countries the allowed one has.
fn ask_place(case: &Case, allowed: Allowed, place: &Place) -> (Outcome, usize) {
    match allowed {
        Allowed::Global => inside(place, &places::set("global")),

        Allowed::UnitedStates => inside(place, &Countries::from(["US"])),

        Allowed::UnitedStatesOrAsiaPacific => inside(place, &united_states_or_asia_pacific()),

        Allowed::LocationAtRestInUnitedStatesOrAsiaPacific => {
            let at_rest = case.place("location_at_rest").unwrap_or_else(Place::unknown);
            let Some(countries) = &at_rest.countries else {
                return (Outcome::Unknown(vec!["place"]), 0);
            };
            let answers =
                [at_rest.is_inside(&united_states_or_asia_pacific()), place.is_inside(countries)];
            if answers.contains(&Answer::No) {
                (Outcome::False("place"), countries.len())
            } else if answers.contains(&Answer::Unknown) {
                (Outcome::Unknown(vec!["place"]), countries.len())
            } else {
                (Outcome::True, countries.len())
            }
        }

        Allowed::LocationOfCollaboratingTenant => {
            match case.location_of_collaborating_tenant().countries {
                Some(countries) => inside(place, &countries),
                None => nowhere_known(place, "collaborating_tenant"),
            }
        }

        Allowed::LocationsConfiguredFor(capability) => {
            let Some(tenant) = case.tenant() else { return nowhere_known(place, "tenant") };
            let configured =
                facts::given(tenant, "capabilities").and_then(|all| facts::given(all, capability));
            let Some(names) = configured.and_then(|configured| texts(configured, "locations"))
            else {
                return nowhere_known(place, "tenant.capabilities");
            };
            let mut known = Countries::new();
            let mut all_are_known = true;
            for name in names {
                match places::resolve(name).countries {
                    Some(countries) => known.extend(countries),
                    None => all_are_known = false,
                }
            }
            if all_are_known || place.is_inside(&known) == Answer::Yes {
                inside(place, &known)
            } else {
                nowhere_known(place, "tenant.capabilities")
            }
        }

        Allowed::NotificationPlace => match notification_place(case) {
            Ok(countries) => inside(place, &countries),
            Err(fact) => nowhere_known(place, fact),
        },

        Allowed::OldOrTargetGeography => {
            let old = case.intune_geography();
            let (in_old, missing_of_old) = inside_geography(place, &old);
            let target = case.migration_target();
            let (in_target, missing_of_target) = match &target {
                Some(target) => (place.is_inside(target), vec!["place"]),
                None if case.tenant().is_none() => (Answer::Unknown, vec!["tenant"]),
                None => (Answer::Unknown, vec!["tenant.migration"]),
            };
            let mut both = target.unwrap_or_default();
            if let Geography::Candidates(candidates) = old {
                both.extend(places::union(&candidates));
            }
            if in_old == Answer::Yes || in_target == Answer::Yes {
                (Outcome::True, both.len())
            } else if in_old == Answer::No && in_target == Answer::No {
                (Outcome::False("place"), both.len())
            } else {
                let mut missing = Vec::new();
                if in_old == Answer::Unknown {
                    missing.extend(missing_of_old);
                }
                if in_target == Answer::Unknown {
                    missing.extend(missing_of_target);
                }
                (Outcome::Unknown(missing), both.len())
            }
        }
    }
}

/// Where Intune may process a notification e-mail of the tenant; or the missing fact.
pub fn notification_place(case: &Case) -> Result<Countries, &'static str> {
    let country = case.tenant_country()?;
    if case.is_sovereign() {
        Ok(country)
    } else if country.is_subset(&places::set("emea")) {
        Ok(places::set("emea"))
    } else {
        Ok(places::set("north-america"))
    }
}

fn united_states_or_asia_pacific() -> Countries {
    places::union(&[Countries::from(["US"]), places::set("asia-pacific")])
}

fn inside(place: &Place, allowed: &Countries) -> (Outcome, usize) {
    let outcome = match place.is_inside(allowed) {
        Answer::Yes => Outcome::True,
        Answer::No => Outcome::False("place"),
        Answer::Unknown => Outcome::Unknown(vec!["place"]),
    };
    (outcome, allowed.len())
}

/// The allowed place is not known, for want of this fact; and perhaps the event's own place is not either.
fn nowhere_known(place: &Place, fact: &'static str) -> (Outcome, usize) {
    let mut missing = vec![fact];
    if !place.is_resolved() {
        missing.push("place");
    }
    (Outcome::Unknown(missing), 0)
}
