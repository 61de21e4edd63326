//! Which labels the answer to a query has, worked out from the table of metrics. What asks for a
//! metric or a label that is not there is a fault.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::metrics::{Kind, catalogue};
use bailiwick::verdict::{Activity, Fact, Verdict};
use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{self, Expr, LabelModifier, VectorSelector};

type Labels = BTreeSet<String>;

/// The series that there are, and their labels.
pub(crate) struct Known(BTreeMap<String, Labels>);

fn set(labels: &[&str]) -> Labels {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

impl Default for Known {
    fn default() -> Self {
        let mut all = BTreeMap::new();
        for metric in catalogue() {
            // Prometheus adds where it scraped.
            let labels = &set(metric.labels) | &set(&["job", "instance"]);
            if metric.kind == Kind::Histogram {
                all.insert(format!("{}_bucket", metric.name), &labels | &set(&["le"]));
                all.insert(format!("{}_sum", metric.name), labels.clone());
                all.insert(format!("{}_count", metric.name), labels);
            } else {
                all.insert(metric.name.to_owned(), labels);
            }
        }
        all.insert("up".to_owned(), set(&["job", "instance"]));
        all.insert("ALERTS".to_owned(), set(&["alertname", "alertstate", "severity"]));
        Self(all)
    }
}

/// The values of labels that are closed sets.
fn values(label: &str) -> Option<Vec<&'static str>> {
    Some(match label {
        "verdict" => Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect(),
        "activity" => {
            Activity::ALL.iter().map(|activity| activity.as_str()).chain(["none"]).collect()
        }
        "fact" => Fact::ALL.iter().map(|fact| fact.as_str()).collect(),
        "assumed" => vec!["true", "false"],
        "field" => {
            vec![
                "field",
                "action",
                "purpose",
                "capability",
                "service",
                "category",
                "attribute",
                "place",
            ]
        }
        _ => return None,
    })
}

impl Known {
    /// Takes a recorded series in.
    pub(crate) fn record(&mut self, name: &str, labels: Labels) {
        self.0.insert(name.to_owned(), labels);
    }

    /// The labels of a query's answer.
    pub(crate) fn labels(&self, query: &str) -> Result<Labels, String> {
        self.of(&parser::parse(query)?)
    }

    fn of(&self, expr: &Expr) -> Result<Labels, String> {
        Ok(match expr {
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Labels::new(),
            Expr::VectorSelector(selector) => self.selector(selector)?,
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs)?,
            Expr::Paren(inner) => self.of(&inner.expr)?,
            Expr::Unary(inner) => self.of(&inner.expr)?,
            Expr::Subquery(inner) => self.of(&inner.expr)?,
            Expr::Aggregate(aggregate) => {
                let inner = self.of(&aggregate.expr)?;
                match &aggregate.modifier {
                    None if aggregate.op.to_string() == "topk" => inner,
                    None => Labels::new(),
                    Some(LabelModifier::Include(by)) => {
                        let by: Labels = by.labels.iter().cloned().collect();
                        has(&inner, &by, expr)?;
                        by
                    }
                    Some(LabelModifier::Exclude(without)) => {
                        let without: Labels = without.labels.iter().cloned().collect();
                        has(&inner, &without, expr)?;
                        &inner - &without
                    }
                }
            }
            Expr::Binary(binary) => {
                let (left, right) = (self.of(&binary.lhs)?, self.of(&binary.rhs)?);
                let matching =
                    binary.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref());
                if let Some(labels) = matching {
                    let labels: Labels = labels.labels().labels.iter().cloned().collect();
                    has(&left, &labels, expr)?;
                    has(&right, &labels, expr)?;
                }
                // Without `on`, both sides of two vectors must have the same labels to meet.
                let scalar = |side: &Expr| side.value_type() == parser::value::ValueType::Scalar;
                if matching.is_none()
                    && !scalar(&binary.lhs)
                    && !scalar(&binary.rhs)
                    && left != right
                {
                    return Err(format!(
                        "the sides have other labels, {left:?} and {right:?}: {expr}"
                    ));
                }
                if scalar(&binary.lhs) { right } else { left }
            }
            Expr::Call(call) => {
                let mut all = Labels::new();
                for argument in &call.args.args {
                    all.extend(self.of(argument)?);
                }
                match call.func.name {
                    "absent" => Labels::new(),
                    "histogram_quantile" if !all.remove("le") => {
                        return Err(format!("no le: {expr}"));
                    }
                    _ => all,
                }
            }
            Expr::Extension(_) => return Err(format!("not PromQL: {expr}")),
        })
    }

    fn selector(&self, selector: &VectorSelector) -> Result<Labels, String> {
        let name = selector.name.as_deref().ok_or("a selector without a name")?;
        let labels = self.0.get(name).ok_or_else(|| format!("there is no {name}"))?;
        for Matcher { op, name: label, value } in &selector.matchers.matchers {
            if !labels.contains(label) {
                return Err(format!("{name} has no label {label}"));
            }
            let Some(possible) = values(label) else { continue };
            let asked: Vec<&str> = match op {
                MatchOp::Equal | MatchOp::NotEqual => vec![value],
                MatchOp::Re(_) | MatchOp::NotRe(_) => value.split('|').collect(),
            };
            if let Some(wrong) = asked.iter().find(|value| !possible.contains(value)) {
                return Err(format!("{label} of {name} is never {wrong}"));
            }
        }
        Ok(labels.clone())
    }
}

fn has(there: &Labels, wanted: &Labels, expr: &Expr) -> Result<(), String> {
    match wanted.difference(there).next() {
        Some(label) => Err(format!("no label {label} in {there:?}: {expr}")),
        None => Ok(()),
    }
}
