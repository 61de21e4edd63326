//! The judgement of one event: every commitment in the table's order.

use super::Answer;
use super::categories::{PERSONAL_DATA, covers};
use super::exceptions::{ask_all, notification_place};
use super::facts::{Case, inside_geography, texts, timestamp};
use super::in_order;
use super::places::{self, Place};
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Judges a native event. The answer has `verdict`, `tenant_geography` and `findings`.
pub fn evaluate(event: &Value, tenants: &[Value], presume_purpose: bool) -> Value {
    let case = Case { event, tenants, presume_purpose };
    let findings = findings(&case);
    json!({
        "verdict": worst(&findings),
        "tenant_geography": tenant_geography(&case),
        "findings": findings.iter().map(|finding| finding.to_json(&case)).collect::<Vec<_>>(),
    })
}

struct Finding {
    commitment: &'static str,
    activity: Option<&'static str>,
    category: Option<&'static str>,
    place: Option<String>,
    verdict: &'static str,
    exception: Option<&'static str>,
    assumed: Vec<&'static str>,
    missing: Vec<&'static str>,
    near_misses: Vec<Value>,
}

impl Finding {
    fn new(commitment: &'static str, verdict: &'static str) -> Finding {
        Finding {
            commitment,
            activity: None,
            category: None,
            place: None,
            verdict,
            exception: None,
            assumed: vec![],
            missing: vec![],
            near_misses: vec![],
        }
    }

    fn to_json(&self, case: &Case) -> Value {
        // A category that the event does not state is assumed in each finding that has one, whatever the verdict.
        let (_, categories_are_assumed) = case.categories();
        let mut assumed = self.assumed.clone();
        if self.category.is_some() && categories_are_assumed {
            assumed.push("category");
        }
        json!({
            "commitment": self.commitment,
            "activity": self.activity,
            "category": self.category,
            "place": self.place,
            "verdict": self.verdict,
            "exception": self.exception,
            "assumed": in_order(&assumed),
            "missing": in_order(&self.missing),
            "near_misses": self.near_misses,
        })
    }
}

fn worst(findings: &[Finding]) -> &'static str {
    for verdict in ["violation", "indeterminate", "excepted", "compliant"] {
        if findings.iter().any(|finding| finding.verdict == verdict) {
            return verdict;
        }
    }
    "out_of_scope"
}

fn tenant_geography(case: &Case) -> &'static str {
    let location = case.tenant_location();
    if !location.is_resolved() {
        return "unknown";
    }
    for id in ["eu-data-boundary", "europe", "emea", "north-america", "asia-pacific"] {
        if location.is_inside(&places::set(id)) == Answer::Yes {
            return id;
        }
    }
    "other"
}

/// Every finding, in the table's order of the commitments.
fn findings(case: &Case) -> Vec<Finding> {
    let mut findings = Vec::new();

    if case.is_entra() {
        findings.extend(entra_residency(case, "entra.eu-data-residency", "europe", &["store"]));
        findings.extend(entra_residency(
            case,
            "entra.eu-data-boundary",
            "eu-data-boundary",
            &["store", "process"],
        ));
    }
    if case.is_intune() {
        findings.extend(intune_storage_geography(case));
        findings.extend(intune_notification_email(case));
    }
    if (case.is_intune() || case.is_entra()) && case.action() == "change_country" {
        findings.push(Finding::new("intune.immutable-country", "violation"));
    }
    if case.is_intune() {
        findings.extend(intune_no_unrequested_move(case));
        findings.extend(intune_no_profiling(case));
        findings.extend(intune_certified_processing(case));
        findings.extend(intune_audit_log_retention(case));
    }
    findings
}

/// Where an activity happened, if the event says so.
fn place_of(case: &Case, activity: &str) -> Option<Place> {
    case.place(if activity == "store" { "location_at_rest" } else { "processing_location" })
}

/// The event handled data and says neither where it is stored nor where it is processed.
fn says_no_place(case: &Case) -> bool {
    case.action() == "handle"
        && place_of(case, "store").is_none()
        && place_of(case, "process").is_none()
}

/// For a tenant located in `boundary` all data stays in `boundary`.
fn entra_residency(
    case: &Case,
    commitment: &'static str,
    boundary: &str,
    activities: &[&'static str],
) -> Vec<Finding> {
    let boundary = places::set(boundary);
    let (is_in_scope, missing_of_scope) =
        match (case.tenant(), case.tenant_location().is_inside(&boundary)) {
            (_, Answer::Yes) => (Answer::Yes, vec![]),
            (_, Answer::No) => (Answer::No, vec![]),
            (None, Answer::Unknown) => (Answer::Unknown, vec!["tenant"]),
            (Some(_), Answer::Unknown) => (Answer::Unknown, vec!["tenant.location"]),
        };
    if is_in_scope == Answer::No {
        return vec![];
    }
    if says_no_place(case) {
        let mut finding = Finding::new(commitment, "indeterminate");
        finding.missing = missing_of_scope;
        finding.missing.push("place");
        return vec![finding];
    }
    let mut findings = Vec::new();
    for activity in activities {
        let Some(place) = place_of(case, activity) else { continue };
        let inside = place.is_inside(&boundary);
        for category in case.categories().0 {
            let missing_of_place = if inside == Answer::Unknown { vec!["place"] } else { vec![] };
            let scope = missing_of_scope.clone();
            findings.push(judge(
                case,
                commitment,
                activity,
                category,
                &place,
                inside,
                missing_of_place,
                scope,
            ));
        }
    }
    findings
}

/// Data stays in the tenant's Intune geography at rest.
fn intune_storage_geography(case: &Case) -> Vec<Finding> {
    const COMMITMENT: &str = "intune.storage-geography";
    if says_no_place(case) {
        let mut finding = Finding::new(COMMITMENT, "indeterminate");
        finding.missing = vec!["place"];
        return vec![finding];
    }
    let Some(place) = place_of(case, "store") else { return vec![] };
    let (inside, missing) = inside_geography(&place, &case.intune_geography());
    let mut findings = Vec::new();
    for category in case.categories().0 {
        findings.push(judge(
            case,
            COMMITMENT,
            "store",
            category,
            &place,
            inside,
            missing.clone(),
            vec![],
        ));
    }
    findings
}

/// One finding about a place: inside, else excepted, else what is missing, else a violation.
#[allow(clippy::too_many_arguments)]
fn judge(
    case: &Case,
    commitment: &'static str,
    activity: &'static str,
    category: &'static str,
    place: &Place,
    inside: Answer,
    missing_of_place: Vec<&'static str>,
    missing_of_scope: Vec<&'static str>,
) -> Finding {
    let mut finding = Finding::new(commitment, "compliant");
    finding.activity = Some(activity);
    finding.category = Some(category);
    finding.place = Some(place.id.clone());
    if inside == Answer::Yes {
        return finding;
    }

    let asked = ask_all(case, commitment, activity, category, place);
    let holding = asked.iter().filter(|exception| exception.answer == Answer::Yes);
    if let Some(exception) = holding.min_by_key(|exception| exception.rank) {
        finding.verdict = "excepted";
        finding.exception = Some(exception.id);
        finding.assumed = exception.assumed.clone();
        return finding;
    }

    let mut missing = missing_of_scope;
    missing.extend(missing_of_place);
    for exception in asked.iter().filter(|exception| exception.answer == Answer::Unknown) {
        missing.extend(&exception.missing);
    }
    if !missing.is_empty() {
        finding.verdict = "indeterminate";
        finding.missing = missing;
        return finding;
    }

    finding.verdict = "violation";
    for exception in asked.iter().filter(|exception| exception.is_near) {
        finding.near_misses.push(json!({
            "exception": exception.id,
            "failed": exception.failed,
            "missing": exception.missing,
        }));
    }
    finding
}

/// A notification e-mail is processed in its place. Judged only where the event says that it is such an e-mail.
fn intune_notification_email(case: &Case) -> Vec<Finding> {
    const COMMITMENT: &str = "intune.notification-email";
    if case.purpose() != Some("email_notification") {
        return vec![];
    }
    if says_no_place(case) {
        let mut finding = Finding::new(COMMITMENT, "indeterminate");
        finding.missing = vec!["place"];
        return vec![finding];
    }
    let Some(place) = place_of(case, "process") else { return vec![] };
    let mut missing = vec![];
    let verdict = match notification_place(case) {
        Ok(allowed) => match place.is_inside(&allowed) {
            Answer::Yes => "compliant",
            Answer::No => "violation",
            Answer::Unknown => {
                missing.push("place");
                "indeterminate"
            }
        },
        Err(fact) => {
            missing.push(fact);
            if !place.is_resolved() {
                missing.push("place");
            }
            "indeterminate"
        }
    };
    let mut findings = Vec::new();
    for category in case.categories().0 {
        let mut finding = Finding::new(COMMITMENT, verdict);
        finding.activity = Some("process");
        finding.category = Some(category);
        finding.place = Some(place.id.clone());
        finding.missing = missing.clone();
        findings.push(finding);
    }
    findings
}

/// Data moves to another geography only where the customer asked for a migration.
fn intune_no_unrequested_move(case: &Case) -> Vec<Finding> {
    const COMMITMENT: &str = "intune.no-unrequested-move";
    if case.action() != "move_data" {
        return vec![];
    }
    if case.migration().is_some() {
        return vec![Finding::new(COMMITMENT, "compliant")];
    }
    let place = place_of(case, "store").unwrap_or_else(Place::unknown);
    let (inside, missing) = inside_geography(&place, &case.intune_geography());
    let mut finding = match inside {
        Answer::Yes => Finding::new(COMMITMENT, "compliant"),
        Answer::No => Finding::new(COMMITMENT, "violation"),
        Answer::Unknown => Finding::new(COMMITMENT, "indeterminate"),
    };
    finding.missing = missing;
    vec![finding]
}

/// Personal data is never used for profiling or marketing. Judged only where the event states its purpose.
fn intune_no_profiling(case: &Case) -> Vec<Finding> {
    let Some(purpose) = case.purpose() else { return vec![] };
    let is_broken = purpose == "profiling" || purpose == "marketing";
    about_categories(case, "intune.no-profiling", PERSONAL_DATA, is_broken)
}

/// Personal data is processed by systems with an ISO certificate. Judged only where certificates are stated.
fn intune_certified_processing(case: &Case) -> Vec<Finding> {
    let Some(certifications) = texts(case.event, "certifications") else { return vec![] };
    let is_broken = !certifications.iter().any(|certification| names_iso(certification));
    let mut findings =
        about_categories(case, "intune.certified-processing", PERSONAL_DATA, is_broken);
    for finding in &mut findings {
        finding.activity = Some("process");
        finding.place = place_of(case, "process").map(|place| place.id);
    }
    findings
}

/// "ISO 27001", "iso27018", "BS EN ISO/IEC 27001"; not "isolated" and not "miso".
fn names_iso(certification: &str) -> bool {
    let words = certification.split(|c: char| !c.is_alphanumeric());
    words.map(str::to_lowercase).any(|word| match word.strip_prefix("iso") {
        Some(rest) => !rest.starts_with(char::is_alphabetic),
        None => false,
    })
}

/// An audit log is kept for up to one calendar year. Judged only where one is observed whose age is stated.
fn intune_audit_log_retention(case: &Case) -> Vec<Finding> {
    let (true, Some(recorded)) = (case.action() == "observe", timestamp(case.event, "recorded"))
    else {
        return vec![];
    };
    let kept_until = recorded.to_zoned(TimeZone::UTC).checked_add(1.year()).unwrap().timestamp();
    let is_broken = kept_until < timestamp(case.event, "time").unwrap();
    about_categories(case, "intune.audit-log-retention", &["audit_log"], is_broken)
}

/// One finding for each category that is, or may be, one of those that the clause is about.
fn about_categories(
    case: &Case,
    commitment: &'static str,
    about: &[&str],
    is_broken: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for category in case.categories().0 {
        let mut finding = match (is_broken, covers(about, category)) {
            (_, Answer::No) => continue,
            (false, _) => Finding::new(commitment, "compliant"),
            (true, Answer::Yes) => Finding::new(commitment, "violation"),
            (true, Answer::Unknown) => {
                let mut finding = Finding::new(commitment, "indeterminate");
                finding.missing = vec!["category"];
                finding
            }
        };
        finding.category = Some(category);
        findings.push(finding);
    }
    findings
}
