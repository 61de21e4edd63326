//! An alert in words: fixed fields, from the group's names and the catalog's texts alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::program::{Clause, Kind as ClauseKind, Program};

use super::group::{Key, Notice};

/// Puts groups into words.
#[derive(Clone, Debug)]
pub struct Words {
    program: Arc<Program>,
}

impl Words {
    /// With the catalog's texts.
    pub fn new(program: Arc<Program>) -> Self {
        Self { program }
    }

    /// The clause in its latest edition.
    fn clause(&self, key: &Key) -> Option<&Clause> {
        self.program.clauses.iter().rfind(|clause| *clause.id == *key.commitment)
    }

    fn severity(&self, key: &Key) -> &'static str {
        use crate::catalog::program::Severity;
        match self.clause(key).map(|clause| &clause.kind) {
            Some(ClauseKind::Commitment { severity: Severity::Low, .. }) => "low",
            Some(ClauseKind::Commitment { severity: Severity::Medium, .. }) => "medium",
            Some(ClauseKind::Commitment { severity: Severity::High, .. }) => "high",
            Some(ClauseKind::Commitment { severity: Severity::Critical, .. }) => "critical",
            // A commitment that this catalog no longer has.
            _ => "unknown",
        }
    }

    /// What tells an alert from all others. The same group has the same labels.
    pub fn labels(&self, key: &Key) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("alertname", "BailiwickViolation".to_owned()),
            ("commitment", key.commitment.clone()),
            ("service", key.service.clone()),
            ("tenant_geography", key.tenant_geography.clone()),
            ("place", key.place.clone()),
            ("category", key.category.clone()),
            ("severity", self.severity(key).to_owned()),
        ])
    }

    /// What is to be read by people.
    pub fn annotations(&self, notice: &Notice) -> BTreeMap<&'static str, String> {
        let key = &notice.key;
        let mut annotations = BTreeMap::from([
            (
                "summary",
                format!(
                    "{} is broken by {}: tenants of {}, {} data, place {}",
                    key.commitment, key.service, key.tenant_geography, key.category, key.place
                ),
            ),
            ("description", notice.explanation.clone()),
            ("count", notice.count.to_string()),
            ("last_violation", notice.last.to_string()),
            ("verdict_id", notice.latest.clone()),
            ("runbook", format!("bailiwick catalog show {}", key.commitment)),
        ]);
        if let Some(subject) = &notice.subject {
            annotations.insert("subject", subject.clone());
        }
        if let Some(clause) = self.clause(key) {
            let document = self.program.documents.get(usize::from(clause.document));
            let title = document.map_or("", |document| &*document.title);
            let source = format!("{title}, {}: {}", clause.edition, clause.text.section);
            annotations.insert("source", source);
            annotations.insert("remediation", clause.text.remediation.to_string());
        }
        annotations
    }
}
