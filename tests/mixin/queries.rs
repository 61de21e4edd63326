//! Every query that the files hold.

use std::fmt;
use std::path::{Path, PathBuf};

use promql_parser::parser::{self, Expr};
use serde_json::Value;

/// A query and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The file.
    pub(crate) origin: String,
    /// The panel, alert, recorded name or paragraph.
    pub(crate) name: String,
    /// The query, with values for the variables of Grafana.
    pub(crate) expr: String,
    /// Whether it is a recording rule.
    pub(crate) recorded: bool,
    /// The rule as written.
    pub(crate) rule: Value,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.origin, self.name, self.expr)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of a folder that end so, in order.
pub(crate) fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == end))
        .collect();
    found.sort();
    found
}

fn asked(origin: &str, name: &str, expr: &str) -> Asked {
    let expr = expr
        .replace("$__rate_interval", "10s")
        .replace("$__range", "30s")
        .replace("$job", ".*")
        .replace("$commitment", ".*");
    assert!(
        !expr.contains('$'),
        "{origin}: {name}: a variable that the test does not know: {expr}"
    );
    Asked { origin: origin.into(), name: name.into(), expr, recorded: false, rule: Value::Null }
}

/// Every rule, recording ones first.
pub(crate) fn rules() -> Vec<Asked> {
    let mut all = Vec::new();
    for file in ["recording.yml", "alerts.yml", "violations.yml"] {
        let origin = format!("deploy/prometheus/{file}");
        let text = read(&origin);
        let read: Value = bailiwick::yaml::read(&origin, &text).unwrap();
        for rule in
            read["groups"].as_array().unwrap().iter().flat_map(|g| g["rules"].as_array().unwrap())
        {
            let name = rule["record"].as_str().or(rule["alert"].as_str()).unwrap();
            let recorded = rule["record"].is_string();
            let asked = asked(&origin, name, rule["expr"].as_str().unwrap());
            all.push(Asked { recorded, rule: rule.clone(), ..asked });
        }
    }
    all
}

/// Every dashboard: the name of its file, and what is in it.
pub(crate) fn dashboards() -> Vec<(String, Value)> {
    files("deploy/grafana/dashboards", "json")
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                serde_json::from_str(&text).unwrap(),
            )
        })
        .collect()
}

/// Every query of every panel.
pub(crate) fn panels() -> Vec<Asked> {
    let mut all = Vec::new();
    for (file, board) in dashboards() {
        for panel in board["panels"].as_array().unwrap() {
            // A row is a heading.
            if panel["type"] == "row" {
                continue;
            }
            let title = panel["title"].as_str().unwrap();
            for target in panel["targets"].as_array().unwrap() {
                all.push(asked(&file, title, target["expr"].as_str().unwrap()));
            }
        }
    }
    all
}

/// What fills the variables of the dashboards: `label_values(METRIC, LABEL)` as a query.
pub(crate) fn variables() -> Vec<Asked> {
    let mut all = Vec::new();
    for (file, board) in dashboards() {
        for variable in board["templating"]["list"].as_array().unwrap() {
            if variable["type"] != "query" {
                continue;
            }
            let query = variable["query"].as_str().unwrap();
            let inside = query.strip_prefix("label_values(").and_then(|q| q.strip_suffix(')'));
            let (metric, label) = inside.and_then(|inside| inside.split_once(", ")).expect(query);
            all.push(asked(&file, query, &format!("group by ({label}) ({metric})")));
        }
    }
    all
}

/// Every block of PromQL in the documentation.
pub(crate) fn documented() -> Vec<Asked> {
    let mut all = Vec::new();
    for path in [files("docs", "md"), files("docs/runbooks", "md")].concat() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for block in text.split("```promql\n").skip(1) {
            all.push(asked(&name, "a block", block.split("```").next().unwrap().trim()));
        }
    }
    all
}

/// What an alert compares, as queries of their own: the parts of its expression that have an answer
/// whether or not there is anything to alert on. Without `offset`, since the test is young.
pub(crate) fn operands(alert: &Asked) -> Vec<Asked> {
    let mut text = alert.expr.clone();
    while let Some(at) = text.find(" offset ") {
        let rest = &text[at + " offset ".len()..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        text.replace_range(at..at + " offset ".len() + length, "");
    }
    let mut found = Vec::new();
    operands_of(&parser::parse(&text).unwrap(), &mut found);
    found.into_iter().map(|expr| Asked { expr, ..alert.clone() }).collect()
}

fn filters(expr: &Expr) -> bool {
    match expr {
        Expr::Binary(binary) => {
            binary.op.is_comparison_operator()
                || binary.op.is_set_operator()
                || filters(&binary.lhs)
                || filters(&binary.rhs)
        }
        Expr::Aggregate(aggregate) => filters(&aggregate.expr),
        Expr::Paren(inner) => filters(&inner.expr),
        Expr::Call(call) => call.func.name == "absent" || call.args.args.iter().any(|a| filters(a)),
        _ => false,
    }
}

fn operands_of(expr: &Expr, found: &mut Vec<String>) {
    match expr {
        Expr::NumberLiteral(_) => {}
        Expr::Binary(binary) if filters(expr) => {
            operands_of(&binary.lhs, found);
            operands_of(&binary.rhs, found);
        }
        Expr::Aggregate(aggregate) if filters(expr) => operands_of(&aggregate.expr, found),
        Expr::Paren(inner) => operands_of(&inner.expr, found),
        Expr::Call(call) if filters(expr) => {
            call.args.args.iter().for_each(|argument| operands_of(argument, found));
        }
        _ => found.push(expr.to_string()),
    }
}
