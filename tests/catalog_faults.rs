//! The catalog: one fault a file, each a user's layer over the built-in one, drawn as people
//! see it.
//!
//! A directory is a layer of several files. `BAILIWICK_UPDATE=1 cargo test --test
//! catalog_faults` writes what is seen now as what is expected.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use bailiwick::catalog::compile::{Catalog, CatalogFaults, Strictness, compile};
use bailiwick::catalog::layers::{Layer, SourceFile};
use miette::{GraphicalReportHandler, GraphicalTheme};

fn over_builtin(files: &[(&str, &str)], strictness: Strictness) -> Result<Catalog, CatalogFaults> {
    let files = files
        .iter()
        .map(|(name, text)| SourceFile { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect();
    compile(&[Layer::builtin(), Layer { builtin: false, files }], strictness)
}

/// The cases: a name, its layer, and the file with what is expected.
fn cases() -> Vec<(String, Layer, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/catalog/faults");
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut layer = if path.is_dir() {
            Layer::directory(&path).unwrap()
        } else if name.ends_with(".yaml") {
            let text = fs::read_to_string(&path).unwrap();
            let files = vec![SourceFile { name: name.clone(), text }];
            Layer { builtin: false, files }
        } else {
            continue;
        };
        for file in &mut layer.files {
            // The same on every machine.
            let path = Path::new(&file.name).file_name().unwrap();
            file.name = path.to_string_lossy().into_owned();
        }
        cases.push((name, layer, path.with_extension("txt")));
    }
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

fn drawn(faults: &CatalogFaults) -> String {
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut text = faults.lines().collect::<Vec<_>>().join("\n");
    for report in faults.reports() {
        text.push_str("\n\n");
        handler.render_report(&mut text, report.as_ref()).unwrap();
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

/// Words of libraries and of Rust's types, which nobody can look up in a YAML file.
const FOREIGN: [&str; 11] = [
    "DuplicateKeyPolicy",
    "Options",
    "struct",
    "enum",
    "u16",
    "i16",
    "serde",
    "deserial",
    "a sequence",
    "from_str",
    "parse",
];

#[test]
fn each_faulty_layer_has_its_one_fault_told_in_our_own_words_and_drawn_as_expected() {
    let mut wrong = Vec::new();
    let cases = cases();
    for (name, layer, expected) in &cases {
        let faults = match compile(&[Layer::builtin(), layer.clone()], Strictness::Lenient) {
            Ok(_) => {
                wrong.push(format!("{name}: no fault"));
                continue;
            }
            Err(faults) => faults,
        };
        let lines: Vec<String> = faults.lines().collect();
        if lines.len() != 1 || FOREIGN.iter().any(|word| lines.concat().contains(word)) {
            wrong.push(format!("{name}: {lines:#?}"));
        }
        let is = drawn(&faults);
        if std::env::var_os("BAILIWICK_UPDATE").is_some() {
            fs::write(expected, &is).unwrap();
        }
        let should = fs::read_to_string(expected).unwrap_or_default();
        if is != should {
            wrong.push(format!("{name}\n--- is\n{is}--- should be\n{should}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() > 80, "only {} cases were found", cases.len());
}

const CLAUSE: &str = "document: ours\nedition: 2026-01-01\nclauses:\n  - id: ours.logs\n    \
    kind: commitment\n    title: Ours\n    severity: low\n    rationale: We said so.\n    \
    services: [entra.sign-in]\n    stays: { store: DE }\n";

#[test]
fn faults_of_several_files_are_all_told_at_once_with_file_and_line() {
    let files = [
        ("a.yaml", "sites:\n  fra-dc1: DE\n  ams-dc1: Neverland\nsevices: []\n"),
        ("b.yaml", "services:\n  - { id: hr.db }\n  - { id: intune, title: Ours }\n"),
        (
            "c.yaml",
            "document: ours\nedition: 2026-01-01\nclauses:\n  - id: ours.logs\n    \
             kind: commitment\n    title: Ours\n    severity: low\n    rationale: So.\n    \
             services: [hr.db, entra.sing-in]\n    stays: { store: Germny }\n",
        ),
        ("d.yaml", "attributes: [\n"),
    ];
    let faults = over_builtin(&files, Strictness::Lenient).unwrap_err();
    let lines: Vec<String> = faults.lines().collect();
    let starts: Vec<&str> = lines.iter().map(|line| &line[..line.find(": ").unwrap()]).collect();
    let expected =
        ["a.yaml:3", "a.yaml:4", "b.yaml:2", "b.yaml:3", "c.yaml:9", "c.yaml:10", "d.yaml:1"];
    assert_eq!(starts, expected, "{lines:#?}");
    let whole = faults.to_string();
    assert!(lines.iter().all(|line| whole.contains(line)), "{whole}");
}

#[test]
fn missing_examples_are_a_warning_and_under_strict_a_fault() {
    let files = [("ours.yaml", CLAUSE)];
    let expected =
        "ours.yaml:4: clause `ours.logs` has no example that violates and none that permits";
    let catalog = over_builtin(&files, Strictness::Lenient).unwrap();
    assert_eq!(catalog.warnings, [expected]);
    let faults = over_builtin(&files, Strictness::Strict).unwrap_err();
    assert_eq!(faults.lines().collect::<Vec<_>>(), [expected]);
}

#[test]
fn a_file_of_nothing_but_comments_is_no_fault() {
    for text in ["", "# nothing yet\n", "---\n", "{}\n"] {
        over_builtin(&[("empty.yaml", text)], Strictness::Strict).unwrap_or_else(|faults| {
            panic!("{text:?}: {faults}");
        });
    }
}

#[test]
fn a_suggestion_is_the_same_every_time() {
    let text = "document: ours\nedition: 2026-01-01\nclauses: []\ngroups:\n  our_dota: [usage]\n  \
        our_dita: [usage]\n";
    let clause = CLAUSE.replace("    stays", "    categories: [our_data]\n    stays");
    let both = [
        ("a.yaml", text.replace("document: ours\nedition: 2026-01-01\nclauses: []\n", "")),
        ("b.yaml", clause),
    ];
    let files: Vec<(&str, &str)> = both.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for _ in 0..8 {
        let faults = over_builtin(&files, Strictness::Lenient).unwrap_err();
        let expected = "b.yaml:10: unknown category `our_data`; did you mean `our_dita`?";
        assert_eq!(faults.lines().collect::<Vec<_>>(), [expected]);
    }
}
