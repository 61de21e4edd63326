//! One or two sentences for each finding, from the catalog's names alone.

use crate::catalog::program::{Kind, Program, Promise, Rule};
use crate::verdict::{Activity, Fact, FactSet, Finding, FindingPlace, Judgement, Verdict};

/// Explains a finding.
pub fn sentence(program: &Program, judgement: &Judgement, finding: &Finding) -> String {
    let clause = program.clause_id(finding.commitment);
    let what = subject(program, finding);
    let mut text = match (finding.verdict, finding.exception) {
        (Verdict::Compliant, _) => format!("{what}: inside what {clause} promises."),
        (Verdict::Excepted, Some(exception)) => {
            let exception = program.clause_id(exception);
            format!("{what}: outside what {clause} promises, and {exception} permits it.")
        }
        (Verdict::Indeterminate, _) => {
            let missing = list(finding.missing);
            format!("{what}: whether {clause} is kept cannot be told without {missing}.")
        }
        _ => format!("{what}: {clause} is broken.{}", near(program, judgement, finding)),
    };
    if !finding.assumed.is_empty() {
        text.push_str(&format!(" Presumed: {}.", list(finding.assumed)));
    }
    text
}

fn subject(program: &Program, finding: &Finding) -> String {
    let category = finding.category.and_then(|id| program.categories.get(usize::from(id.0)));
    let data = category.map_or("Customer data", |category| &*category.title);
    let place = match finding.place {
        FindingPlace::None => None,
        FindingPlace::Unknown => Some("a place that the catalog does not know"),
        FindingPlace::Known(id) => program.places.get(usize::from(id.0)).map(|place| &*place.title),
    };
    match (finding.activity, place) {
        (Some(Activity::Store), Some(place)) => format!("{data} stored in {place}"),
        (Some(Activity::Process), Some(place)) => format!("{data} processed in {place}"),
        (Some(Activity::Store), None) => format!("{data} stored"),
        (Some(Activity::Process), None) => format!("{data} processed"),
        (None, _) => match program.clause(finding.commitment).map(|clause| &clause.kind) {
            Some(Kind::Commitment { promise: Promise::Rule(rule), .. }) => match rule {
                Rule::ForbidAction(_) => "The directory's country or region changed".to_owned(),
                Rule::ForbidUnrequestedMove => "Data was moved".to_owned(),
                Rule::ForbidPurpose(_) => format!("{data} used for the stated purpose"),
                Rule::MaxAge { .. } => format!("{data} still there"),
                Rule::RequireCertification(_) | Rule::Deadline => data.to_owned(),
            },
            _ => format!("{data} handled at a place that the record does not tell"),
        },
    }
}

fn near(program: &Program, judgement: &Judgement, finding: &Finding) -> String {
    let near: Vec<String> = judgement
        .near_misses_of(finding)
        .iter()
        .map(|near| format!("{} ({})", program.clause_id(near.exception), list(near.failed)))
        .collect();
    match near.len() {
        0 => " No exception is about it.".to_owned(),
        1 => format!(" This exception fails for the reason given: {}.", near.join("; ")),
        _ => format!(" These exceptions fail for the reasons given: {}.", near.join("; ")),
    }
}

/// Facts as words.
pub fn list(facts: FactSet) -> String {
    let names: Vec<&str> = facts.iter().map(words).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// A fact as words.
pub fn words(fact: Fact) -> &'static str {
    match fact {
        Fact::Activity => "the activity",
        Fact::Category => "the data category",
        Fact::Place => "the place",
        Fact::Purpose => "the purpose",
        Fact::Capabilities => "the capabilities in play",
        Fact::CollaboratingTenant => "the collaborating tenant",
        Fact::Certifications => "the certifications",
        Fact::Tenant => "the tenant's facts",
        Fact::TenantCountry => "the tenant's country",
        Fact::TenantLocation => "the tenant's location",
        Fact::TenantCreated => "the tenant's creation date",
        Fact::TenantCapabilities => "the capabilities the tenant enabled",
        Fact::TenantMigration => "the tenant's move",
        Fact::TenantIntuneGeography => "the tenant's Intune geography",
        Fact::TenantLegacyPlacement => "the tenant's legacy placement",
    }
}
