//! What an event says, and what the directory says about its tenant.

use super::Answer;
use super::categories;
use super::clauses::ENTRA;
use super::places::{self, Countries, Place};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

/// One event with the directory it is judged by.
pub struct Case<'a> {
    pub event: &'a Value,
    pub tenants: &'a [Value],
    pub presume_purpose: bool,
}

/// Where Intune keeps a tenant's data.
pub enum Geography {
    /// One geography, or two where either may be the one.
    Candidates(Vec<Countries>),
    /// Not known, for want of this fact.
    Unknown(&'static str),
}

/// A text field; `null`, the empty text and no field at all are the same.
pub fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A list of texts, where there is one (it may be empty).
pub fn texts<'a>(object: &'a Value, field: &str) -> Option<Vec<&'a str>> {
    let list = object.get(field)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).collect())
}

/// A field that is there and is not `null`.
pub fn given<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get(field).filter(|value| !value.is_null())
}

/// A date field.
pub fn date(object: &Value, field: &str) -> Option<Date> {
    text(object, field).map(|text| text.parse().unwrap())
}

pub fn timestamp(object: &Value, field: &str) -> Option<Timestamp> {
    text(object, field).map(|text| text.parse().unwrap())
}

impl<'a> Case<'a> {
    pub fn service(&self) -> &'a str {
        match text(self.event, "service") {
            Some("Microsoft Entra Sign-In") => "entra.sign-in",
            Some(service) => service,
            None => "",
        }
    }

    pub fn is_entra(&self) -> bool {
        ENTRA.contains(&self.service())
    }

    pub fn is_intune(&self) -> bool {
        self.service() == "intune"
    }

    pub fn action(&self) -> &'a str {
        const ACTIONS: [&str; 10] = [
            "handle",
            "delete",
            "end_subscription",
            "erase",
            "restore",
            "observe",
            "request_migration",
            "complete_migration",
            "change_country",
            "move_data",
        ];
        match text(self.event, "action") {
            Some(action) if ACTIONS.contains(&action) => action,
            _ => "handle",
        }
    }

    pub fn purpose(&self) -> Option<&'a str> {
        text(self.event, "purpose")
    }

    /// The event's categories in the taxonomy's order, and whether they are only assumed.
    pub fn categories(&self) -> (Vec<&'static str>, bool) {
        let mut found = Vec::new();
        for name in texts(self.event, "data_categories").unwrap_or_default() {
            found.push(categories::of_name(name));
        }
        for attribute in texts(self.event, "attributes").unwrap_or_default() {
            found.push(categories::of_attribute(attribute));
        }
        if found.is_empty() {
            return (vec!["customer_data"], true);
        }
        let all = categories::CATEGORIES.iter().map(|(id, _)| *id);
        (all.filter(|id| found.contains(id)).collect(), false)
    }

    /// Where the data is stored (`location_at_rest`) or processed (`processing_location`), if the event says so.
    pub fn place(&self, field: &str) -> Option<Place> {
        text(self.event, field).map(places::resolve)
    }

    /// Whether a capability is in play: named, not named in a list that is there, or no list.
    pub fn in_play(&self, capability: &str) -> Answer {
        match texts(self.event, "capabilities") {
            None => Answer::Unknown,
            Some(list) if list.contains(&capability) => Answer::Yes,
            Some(_) => Answer::No,
        }
    }

    fn tenant_named(&self, id: &str) -> Option<&'a Value> {
        self.tenants.iter().find(|tenant| text(tenant, "id") == Some(id))
    }

    /// The event's tenant, if it is in the directory.
    pub fn tenant(&self) -> Option<&'a Value> {
        self.tenant_named(text(self.event, "tenant").unwrap_or(""))
    }

    /// Where a tenant is: its `location`, else its `country`. No place: not known.
    fn location_of(tenant: &Value) -> Place {
        match text(tenant, "location").or_else(|| text(tenant, "country")) {
            Some(name) => places::resolve(name),
            None => Place::unknown(),
        }
    }

    pub fn tenant_location(&self) -> Place {
        self.tenant().map_or_else(Place::unknown, Self::location_of)
    }

    pub fn location_of_collaborating_tenant(&self) -> Place {
        let other = text(self.event, "collaborating_tenant").and_then(|id| self.tenant_named(id));
        other.map_or_else(Place::unknown, Self::location_of)
    }

    /// The country of the directory, as INTUNE looks at it; or the missing fact.
    pub fn tenant_country(&self) -> Result<Countries, &'static str> {
        let tenant = self.tenant().ok_or("tenant")?;
        let country = text(tenant, "country").ok_or("tenant.country")?;
        places::resolve(country).countries.ok_or("tenant.country")
    }

    pub fn is_sovereign(&self) -> bool {
        self.tenant().is_some_and(|tenant| text(tenant, "cloud") == Some("sovereign"))
    }

    pub fn migration(&self) -> Option<&'a Value> {
        self.tenant().and_then(|tenant| given(tenant, "migration"))
    }

    /// Whether the tenant's migration was completed when the event happened (from midnight UTC of that date).
    pub fn migration_is_completed(&self) -> bool {
        let Some(completed) = self.migration().and_then(|migration| date(migration, "completed"))
        else {
            return false;
        };
        let midnight = completed.to_zoned(TimeZone::UTC).unwrap().timestamp();
        midnight <= timestamp(self.event, "time").unwrap()
    }

    pub fn migration_target(&self) -> Option<Countries> {
        text(self.migration()?, "target").and_then(places::resolve_intune_geography)
    }

    /// Where Intune keeps the tenant's data at the event's time.
    pub fn intune_geography(&self) -> Geography {
        let Some(tenant) = self.tenant() else { return Geography::Unknown("tenant") };
        if self.migration_is_completed() {
            return match self.migration_target() {
                Some(target) => Geography::Candidates(vec![target]),
                None => Geography::Unknown("tenant.migration"),
            };
        }
        if let Some(named) = text(tenant, "intune_geography") {
            return match places::resolve_intune_geography(named) {
                Some(geography) => Geography::Candidates(vec![geography]),
                None => Geography::Unknown("tenant.intune_geography"),
            };
        }
        let country = match self.tenant_country() {
            Ok(country) => country,
            Err(missing) => return Geography::Unknown(missing),
        };
        if self.is_sovereign() {
            return Geography::Candidates(vec![country]);
        }
        let is_in = |id: &str| country.is_subset(&places::set(id));
        let is_just = |code: &'static str| country == Countries::from([code]);
        if is_just("AU") || is_just("IN") {
            Geography::Candidates(vec![country, places::set("asia-pacific")])
        } else if is_just("CH") {
            Geography::Candidates(vec![country, places::set("eu-data-boundary")])
        } else if is_in("emea") {
            Geography::Candidates(vec![places::set("eu-data-boundary")])
        } else if is_in("asia") || is_in("oceania") {
            Geography::Candidates(vec![places::set("asia-pacific")])
        } else if is_in("americas") {
            Geography::Candidates(vec![places::set("north-america")])
        } else {
            Geography::Unknown("tenant.intune_geography")
        }
    }
}

/// Whether a place is inside a geography; where that is not known, the missing facts.
pub fn inside_geography(place: &Place, geography: &Geography) -> (Answer, Vec<&'static str>) {
    let mut missing = Vec::new();
    match geography {
        Geography::Unknown(fact) => {
            missing.push(*fact);
            if !place.is_resolved() {
                missing.push("place");
            }
            (Answer::Unknown, missing)
        }
        Geography::Candidates(candidates) => {
            let answers: Vec<Answer> =
                candidates.iter().map(|candidate| place.is_inside(candidate)).collect();
            if answers.iter().all(|answer| *answer == Answer::Yes) {
                return (Answer::Yes, missing);
            }
            if answers.iter().all(|answer| *answer == Answer::No) {
                return (Answer::No, missing);
            }
            if answers.contains(&Answer::Unknown) {
                missing.push("place");
            }
            if candidates.len() > 1 {
                missing.push("tenant.intune_geography");
            }
            (Answer::Unknown, missing)
        }
    }
}
