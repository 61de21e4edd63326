//! Every query that the files hold.

use std::fmt;
use std::path::{Path, PathBuf};

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

fn dashboards() -> Vec<(String, Value)> {
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
