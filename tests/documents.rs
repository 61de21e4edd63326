//! docs/reference is what the code says, and the links between the documents lead somewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use bailiwick::alert::client::Outcome;
use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::catalog::program::{Clause, Kind, Program, Promise, Rule};
use bailiwick::code::Code;
use bailiwick::metrics::{FLOW_PLACES, catalogue};
use bailiwick::verdict::{Activity, Fact, Verdict};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const HEAD: &str = "<!-- Made from the code: BAILIWICK_UPDATE=1 cargo test --test documents -->\n";

fn names<T>(all: impl IntoIterator<Item = T>, name: impl Fn(T) -> &'static str) -> String {
    all.into_iter().map(|one| format!("`{}`", name(one))).collect::<Vec<_>>().join(", ")
}

fn metrics() -> String {
    let mut text = format!(
        "{HEAD}# Metrics\n\nOn `/metrics`, in Prometheus's text format. No label holds an id, an address or a \
         string of a record: values are words of the catalog, names of the configuration, and the sets \
         below.\n\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n"
    );
    for metric in catalogue() {
        let labels = names(metric.labels, |label| label);
        let (name, kind, help) = (metric.name, metric.kind.as_str(), metric.help);
        let _ = writeln!(text, "| `{name}` | {kind} | {labels} | {help} |");
    }
    text.push_str("\n## Values of labels\n\n| label | values |\n| --- | --- |\n");
    let clauses = "ids of clauses, [clauses.md](clauses.md) and those of your own layers";
    for (label, values) in [
        ("verdict", names(Verdict::ALL, Verdict::as_str)),
        ("activity", names(Activity::ALL, Activity::as_str) + ", `none`"),
        ("fact", names(Fact::ALL, Fact::as_str)),
        ("assumed", "`true`, `false`".to_owned()),
        ("input", "names of the configuration's inputs".to_owned()),
        ("commitment, exception", clauses.to_owned()),
        ("service", "ids of the catalog's services, `unknown`".to_owned()),
        (
            "place",
            format!(
                "ids of the catalog's places, `unknown`; after {FLOW_PLACES} different ones `other`"
            ),
        ),
        ("sink", "names of the configuration's sinks; those of an Alertmanager with the number of the replica".to_owned()),
        (
            "outcome",
            format!(
                "of an alert {}; of an output `acknowledged`, `failed`",
                names(Outcome::ALL, Outcome::as_str)
            ),
        ),
        ("reason", "below".to_owned()),
    ] {
        let label =
            label.split(", ").map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "| {label} | {values} |");
    }
    text.push_str(
        "\n## Reasons of dead letters\n\nThe label `reason`, and the header `bailiwick.code` of the \
         letter.\n\n| reason | meaning |\n| --- | --- |\n",
    );
    for code in Code::ALL {
        let _ = writeln!(text, "| `{code}` | {} |", code.describe());
    }
    text
}

fn kind(clause: &Clause) -> &'static str {
    match &clause.kind {
        Kind::Exception { .. } => "exception",
        Kind::Commitment { promise: Promise::Stays(_), .. } => "commitment about a place",
        Kind::Commitment { promise: Promise::Rule(Rule::Deadline), .. } => {
            "commitment about a deadline, not judged yet"
        }
        Kind::Commitment { .. } => "commitment",
    }
}

fn clause(text: &mut String, program: &Program, clause: &Clause) {
    let _ = writeln!(text, "\n### {}\n\n{}\n\n- {}", clause.id, clause.text.title, kind(clause));
    if let Kind::Exception { to, .. } = &clause.kind {
        let mut ids: Vec<String> = to
            .iter()
            .map(|id| {
                format!(
                    "[{0}](#{1})",
                    program.clause_id(*id),
                    program.clause_id(*id).replace('.', "")
                )
            })
            .collect();
        ids.dedup();
        let _ = writeln!(text, "- to {}", ids.join(", "));
    }
    if !clause.text.section.is_empty() {
        let _ = writeln!(text, "- section: {}", clause.text.section);
    }
    let data: Vec<String> =
        clause.coverage.covered.iter().map(|id| format!("`{}`", program.category_id(id))).collect();
    match data.len() {
        0 => {}
        all if all == program.categories.len() => text.push_str("- data: all\n"),
        _ => {
            let _ = writeln!(text, "- data: {}", data.join(", "));
        }
    }
    let _ = writeln!(text, "\n{}", clause.text.rationale.trim());
    if !clause.text.remediation.is_empty() {
        let _ = writeln!(text, "\nWhat to do: {}", clause.text.remediation.trim());
    }
}

fn clauses() -> String {
    let catalog = compile(&[Layer::builtin()], Strictness::Lenient).map_err(|_| "faulty").unwrap();
    let program = &catalog.program;
    let mut text = format!(
        "{HEAD}# Clauses\n\nThe built-in catalog in our own words; the documents decide. `bailiwick catalog show ID` \
         prints one with the names of its examples.\n"
    );
    for (number, document) in program.documents.iter().enumerate() {
        for edition in &document.editions {
            let _ = writeln!(
                text,
                "\n## {}\n\n{}, edition {} (`{}`).",
                document.title, document.publisher, edition.edition, document.id
            );
            let of = program.clauses.iter().filter(|clause| {
                usize::from(clause.document) == number && clause.edition == edition.edition
            });
            of.for_each(|one| clause(&mut text, program, one));
        }
    }
    text
}

/// The definition that a schema stands for: itself, or what it refers to.
fn resolved<'s>(schema: &'s Value, whole: &'s Value) -> &'s Value {
    let reference = schema["$ref"].as_str().or_else(|| {
        schema["anyOf"].as_array().and_then(|any| any.iter().find_map(|one| one["$ref"].as_str()))
    });
    match reference.and_then(|reference| reference.strip_prefix("#/$defs/")) {
        Some(name) => &whole["$defs"][name],
        None => schema,
    }
}

fn words(schema: &Value, whole: &Value) -> String {
    let one = resolved(schema, whole);
    if let Some(choices) = one["oneOf"].as_array() {
        return choices
            .iter()
            .map(|choice| format!("`{}`", choice["const"].as_str().unwrap()))
            .collect::<Vec<_>>()
            .join(", ");
    }
    let single = |kind: &str| match kind {
        "array" if one["items"]["type"] == "string" => "list of strings".to_owned(),
        "array" => "list".to_owned(),
        "object" => "map".to_owned(),
        "boolean" => "yes or no".to_owned(),
        kind => kind.to_owned(),
    };
    match &one["type"] {
        Value::String(kind) => single(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .map(single)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => String::new(),
    }
}

fn settings(text: &mut String, path: &str, schema: &Value, whole: &Value) {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}{name}");
        let one = resolved(property, whole);
        let meaning =
            property["description"].as_str().or(one["description"].as_str()).unwrap_or_default();
        let default = match &property["default"] {
            _ if required.contains(&name.as_str()) => "needed".to_owned(),
            Value::Null => String::new(),
            value if value.as_array().is_some_and(Vec::is_empty) => String::new(),
            value if value.is_object() => String::new(),
            value => {
                format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }
        };
        let meaning = meaning.replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(text, "| `{path}` | {} | {default} | {meaning} |", words(property, whole));
        if one["properties"].is_object() {
            settings(text, &format!("{path}."), one, whole);
        } else if one["items"]["$ref"].is_string() {
            settings(text, &format!("{path}[]."), resolved(&one["items"], whole), whole);
        } else if one["additionalProperties"]["$ref"].is_string() {
            let inner = resolved(&one["additionalProperties"], whole);
            settings(text, &format!("{path}.NAME."), inner, whole);
        }
    }
}

fn configuration() -> String {
    let whole = bailiwick::schema::named("config").unwrap();
    let mut text = format!(
        "{HEAD}# Configuration\n\nOne YAML file. `bailiwick validate -c FILE` lists every fault of it, with its \
         line; an unknown key is one. `${{NAME}}` stands for a variable of the environment, and a key that ends in \
         `_file` names a file that holds the value. `bailiwick config schema` prints the JSON Schema that this page \
         is made from.\n\nThe file is read at the start: restart to change it.\n\n| key | type | default | meaning |\n\
         | --- | --- | --- | --- |\n"
    );
    settings(&mut text, "", &whole, &whole);
    text
}

#[test]
fn the_reference_is_what_the_code_says() {
    let update = std::env::var_os("BAILIWICK_UPDATE").is_some_and(|update| update == "1");
    let mut stale = Vec::new();
    for (name, text) in
        [("metrics", metrics()), ("clauses", clauses()), ("configuration", configuration())]
    {
        let path = root().join(format!("docs/reference/{name}.md"));
        if std::fs::read_to_string(&path).ok().as_deref() == Some(&text) {
            continue;
        }
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        } else {
            stale.push(path.display().to_string());
        }
    }
    let again = "BAILIWICK_UPDATE=1 cargo test --test documents";
    assert!(stale.is_empty(), "stale: {}\nrewrite with: {again}", stale.join(", "));
}

/// The Markdown files below a folder, and those of the root.
fn documents() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("docs")]);
    found.extend(["README.md", "ARCHITECTURE.md"].map(|name| root().join(name)));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_' || *c == ' ')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|after| after.split(')').next()) {
            if link.contains("://") || link.contains(char::is_whitespace) {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                document.clone()
            } else {
                document.parent().unwrap().join(path)
            };
            let there = target.exists()
                && (heading.is_empty()
                    || std::fs::read_to_string(&target).unwrap().lines().any(|line| {
                        line.starts_with('#')
                            && anchor(line.trim_start_matches('#').trim()) == heading
                    }));
            if !there {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn getting_started_says_where_each_fact_of_a_tenant_is_found() {
    let text = std::fs::read_to_string(root().join("docs/getting-started.md")).unwrap();
    let table = text.split_once("## Where each tenant fact is found").unwrap().1;
    let table = table.split_once("\n## ").unwrap().0;
    let schema = bailiwick::schema::named("tenant").unwrap();
    let facts = |schema: &Value| -> Vec<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    // A map of capabilities has a row for each.
    let capabilities = facts(resolved(&schema["properties"]["capabilities"], &schema));
    let capabilities = capabilities.into_iter().map(|name| format!("capabilities.{name}"));
    let plain = facts(&schema).into_iter().filter(|name| name != "capabilities");
    for fact in plain.chain(capabilities) {
        assert!(table.contains(&format!("\n| `{fact}` | ")), "{fact}");
    }
}
