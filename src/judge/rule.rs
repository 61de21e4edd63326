//! Commitments that are about no place: actions, purposes, certificates, ages.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::catalog::program::{Coverage, Rule};
use crate::category::CategoryId;
use crate::event::Action;
use crate::place::{Kleene, StatedPlace};
use crate::verdict::{Activity, ClauseId, Fact, FactSet, Finding, Judgement, Verdict};

use super::bound::Bound;
use super::{Case, finding, shown};

impl Case<'_> {
    /// Asks such a commitment. It finds something only where the event states the fact.
    pub(super) fn ask_rule(
        &self,
        clause: ClauseId,
        coverage: &Coverage,
        rule: &Rule,
        out: &mut Judgement,
    ) {
        let event = self.event;
        match rule {
            Rule::ForbidAction(action) if event.action == *action => {
                out.findings.push(finding(clause, Verdict::Violation));
            }
            Rule::ForbidUnrequestedMove if event.action == Action::MoveData => {
                out.findings.push(self.unrequested_move(clause));
            }
            Rule::ForbidPurpose(forbidden) => {
                if let Some(purpose) = event.purpose {
                    let broken = purpose.bit() & forbidden != 0;
                    let blank = finding(clause, Verdict::Compliant);
                    self.by_category(coverage, broken, blank, out);
                }
            }
            Rule::RequireCertification(family) => {
                if let Some(certifications) = event.certifications {
                    let broken = !certifications.iter().any(|name| names_family(name, family));
                    let mut blank = finding(clause, Verdict::Compliant);
                    blank.activity = Some(Activity::Process);
                    blank.place = shown(event.processing);
                    if event.processing_assumed {
                        blank.assumed.insert(Fact::Place);
                    }
                    self.by_category(coverage, broken, blank, out);
                }
            }
            Rule::MaxAge { action, years } if event.action == *action => {
                if let Some(recorded) = event.recorded {
                    let broken = older_than(recorded, *years, event.time);
                    let blank = finding(clause, Verdict::Compliant);
                    self.by_category(coverage, broken, blank, out);
                }
            }
            Rule::ForbidAction(_)
            | Rule::ForbidUnrequestedMove
            | Rule::MaxAge { .. }
            | Rule::Deadline => {}
        }
    }

    /// One finding for each category that is, or may be, covered.
    fn by_category(&self, coverage: &Coverage, broken: bool, blank: Finding, out: &mut Judgement) {
        for category in self.event.categories.iter() {
            let covered = coverage.covers(category);
            if covered != Kleene::False {
                out.findings.push(self.of_category(category, covered, broken, blank));
            }
        }
    }

    fn of_category(
        &self,
        category: CategoryId,
        covered: Kleene,
        broken: bool,
        blank: Finding,
    ) -> Finding {
        let mut found = Finding { category: Some(category), ..blank };
        if self.event.categories_assumed {
            found.assumed.insert(Fact::Category);
        }
        match (broken, covered) {
            (true, Kleene::Unknown) => {
                found.verdict = Verdict::Indeterminate;
                found.missing.insert(Fact::Category);
            }
            (true, _) => found.verdict = Verdict::Violation,
            (false, _) => {}
        }
        found
    }

    /// Data moved: fine where the tenant asked for it or it stays in its geography.
    fn unrequested_move(&self, clause: ClauseId) -> Finding {
        let requested = self.event.tenant.is_some_and(|tenant| tenant.migration.is_some());
        if requested {
            return finding(clause, Verdict::Compliant);
        }
        let place = match self.event.at_rest {
            StatedPlace::Absent => StatedPlace::Unresolved,
            stated => stated,
        };
        let (inside, missing) = Bound::from(self.intune_geography()).holds(place);
        let verdict = match inside {
            Kleene::True => Verdict::Compliant,
            Kleene::False => Verdict::Violation,
            Kleene::Unknown => Verdict::Indeterminate,
        };
        let assumed = if self.event.at_rest_assumed { Fact::Place.into() } else { FactSet::EMPTY };
        Finding { missing, assumed, ..finding(clause, verdict) }
    }
}

/// Whether a certification is one of a family: `ISO/IEC 27001` and `iso27018` are of `iso`,
/// `isolated` is not.
fn names_family(certification: &str, family: &str) -> bool {
    certification.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let word = word.to_lowercase();
        word.strip_prefix(family)
            .is_some_and(|rest| rest.chars().next().is_none_or(|next| !next.is_alphabetic()))
    })
}

/// Whether more than so many calendar years (UTC) lie between the two.
fn older_than(recorded: Timestamp, years: i16, now: Timestamp) -> bool {
    let limit = recorded.to_zoned(TimeZone::UTC).checked_add(years.years());
    limit.is_ok_and(|limit| limit.timestamp() < now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certification_is_of_the_family_only_by_its_first_letters() {
        for yes in ["ISO 27001", "iso27018", "ISO/IEC 27701", "SOC 2, ISO 9001"] {
            assert!(names_family(yes, "iso"), "{yes}");
        }
        for no in ["", "SOC 2", "isolated", "Visor"] {
            assert!(!names_family(no, "iso"), "{no}");
        }
    }

    #[test]
    fn a_year_is_a_calendar_year() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(!older_than(at("2024-03-01T00:00:00Z"), 1, at("2025-03-01T00:00:00Z")));
        assert!(older_than(at("2024-03-01T00:00:00Z"), 1, at("2025-03-01T00:00:01Z")));
        assert!(older_than(at("2024-02-29T00:00:00Z"), 1, at("2025-02-28T00:00:01Z")));
    }
}
