//! The taxonomy of data categories.

use super::Answer;

/// Every category with its parent, in the taxonomy's order.
pub const CATEGORIES: [(&str, &str); 14] = [
    ("customer_data", ""),
    ("user_account", "customer_data"),
    ("user_account.phone_number", "user_account"),
    ("user_account.email_address", "user_account"),
    ("user_account.other", "user_account"),
    ("device_account", "customer_data"),
    ("usage", "customer_data"),
    ("service_configuration", "customer_data"),
    ("service_configuration.application", "service_configuration"),
    ("service_configuration.policy", "service_configuration"),
    ("service_configuration.group", "service_configuration"),
    ("service_configuration.terms_of_use", "service_configuration"),
    ("branding", "customer_data"),
    ("audit_log", "customer_data"),
];

/// INTUNE's personal data.
pub const PERSONAL_DATA: &[&str] = &["user_account", "device_account", "usage"];

/// The category of a stated name; what is not in the taxonomy is customer data.
pub fn of_name(name: &str) -> &'static str {
    CATEGORIES.iter().map(|(id, _)| *id).find(|id| *id == name).unwrap_or("customer_data")
}

/// The category of an attribute; what is not listed is customer data.
pub fn of_attribute(attribute: &str) -> &'static str {
    match attribute {
        "mobilePhone" => "user_account.phone_number",
        "mail" => "user_account.email_address",
        "userPrincipalName" => "user_account.other",
        _ => "customer_data",
    }
}

fn is_or_is_below(category: &str, ancestor: &str) -> bool {
    let mut here = category;
    while !here.is_empty() {
        if here == ancestor {
            return true;
        }
        here = CATEGORIES.iter().find(|(id, _)| *id == here).map_or("", |(_, parent)| *parent);
    }
    false
}

/// Whether a clause that names these categories covers this one. It covers a named category and all below it;
/// of a category above a named one nobody knows which part was meant.
pub fn covers(named: &[&str], category: &str) -> Answer {
    if named.iter().any(|name| is_or_is_below(category, name)) {
        return Answer::Yes;
    }
    if named.iter().any(|name| is_or_is_below(name, category)) {
        return Answer::Unknown;
    }
    Answer::No
}

/// How many categories a clause covers, those below the named ones counted too.
pub fn count_covered(named: &[&str]) -> usize {
    CATEGORIES.iter().filter(|(id, _)| covers(named, id) == Answer::Yes).count()
}
