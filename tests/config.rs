//! The configuration: one fault a file, drawn as people see it, and no secret anywhere.
//!
//! `BAILIWICK_UPDATE=1 cargo test --test config` writes what is seen now as what is expected.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use bailiwick::settings::{Settings, SettingsError};
use miette::{GraphicalReportHandler, GraphicalTheme};

const SECRET: &str = "hunter2";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

fn environment(name: &str) -> Option<String> {
    match name {
        "BROKERS" => Some("broker-1:9093,broker-2:9093".into()),
        "KAFKA_PASSWORD" | "SHORT_KEY" => Some(SECRET.into()),
        "SUBJECT_KEY" => Some(SECRET.repeat(3)),
        "HOOK_SECRET" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()),
        _ => None,
    }
}

fn read(path: &Path) -> Result<Settings, SettingsError> {
    let name = path.file_name().unwrap().to_string_lossy();
    // Relative, so that the expected text is the same on every machine.
    let directory = Path::new("tests/config");
    Settings::read(&name, &fs::read_to_string(path).unwrap(), directory, &environment)
}

fn drawn(error: &SettingsError) -> String {
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut text = error.lines().join("\n");
    for report in error.reports() {
        text.push_str("\n\n");
        handler.render_report(&mut text, report.as_ref()).unwrap();
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn each_faulty_file_has_its_one_fault_and_is_drawn_as_expected() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder().join("faults")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        let error = read(&path).map(|_| ()).expect_err(&path.display().to_string());
        assert_eq!(error.lines().len(), 1, "{}: {:#?}", path.display(), error.lines());
        let (is, expected) = (drawn(&error), path.with_extension("txt"));
        if std::env::var_os("BAILIWICK_UPDATE").is_some() {
            fs::write(&expected, &is).unwrap();
        }
        let should = fs::read_to_string(&expected).unwrap_or_default();
        if is != should {
            wrong.push(format!("{}\n--- is\n{is}--- should be\n{should}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 30);
}

#[test]
fn no_secret_is_shown_in_any_line_drawing_or_debug_text() {
    for entry in fs::read_dir(folder().join("faults")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let error = read(&path).map(|_| ()).unwrap_err();
            for text in [drawn(&error), format!("{error}"), format!("{:?}", error.lines())] {
                assert!(!text.contains(SECRET), "{}:\n{text}", path.display());
            }
        }
    }
    let settings = read(&folder().join("good.yaml")).unwrap();
    assert!(!format!("{settings:?}").contains(SECRET));
}

#[test]
fn a_secret_stays_hidden_wherever_it_is_mistyped() {
    // Every line of a good file in turn is spoilt in ways that fingers do.
    let good = fs::read_to_string(folder().join("good.yaml")).unwrap();
    let good = good.replace("${KAFKA_PASSWORD}", SECRET).replace("${SUBJECT_KEY}", SECRET);
    let good = good.replace("${HOOK_SECRET}", SECRET);
    let spoilers: [fn(&str) -> String; 8] = [
        |line| line.replacen(": ", ":", 1),
        |line| line.replacen(':', "", 1),
        |line| line.replacen(':', " =", 1),
        |line| format!(" {line}"),
        |line| line.trim_start().to_owned(),
        |line| format!("{line}: {line}"),
        |line| format!("{line}\""),
        |line| line.replacen("ss", "s", 1).replacen("ey", "eey", 1),
    ];
    let lines: Vec<&str> = good.lines().collect();
    for at in 0..lines.len() {
        for (number, spoil) in spoilers.iter().enumerate() {
            let text: String = lines
                .iter()
                .enumerate()
                .map(|(n, line)| if n == at { spoil(line) } else { (*line).to_owned() } + "\n")
                .collect();
            let read = Settings::read("c.yaml", &text, Path::new(""), &environment);
            let error = read.map(|_| ()).expect_err("a literal secret is always a fault");
            let shown = drawn(&error);
            assert!(!shown.contains(SECRET), "line {at}, spoiler {number}:\n{text}\n{shown}");
        }
    }
}

#[test]
fn all_faults_of_a_file_are_told_at_once() {
    let text = "kafka:\n  brokers: ''\n  librdkafka: { acks: 1 }\ninputs:\n  - { name: a b }\n\
        workers: 99\nlogs: {}\nhttp: { listen: nowhere }\n";
    let error = Settings::read("c.yaml", text, Path::new(""), &environment).unwrap_err();
    let lines = error.lines();
    let starts = lines.iter().map(|line| &line[..line.find(": ").unwrap()]).collect::<Vec<_>>();
    let expected =
        ["c.yaml:2", "c.yaml:3", "c.yaml:5", "c.yaml:5", "c.yaml:6", "c.yaml:7", "c.yaml:8"];
    assert_eq!(starts, expected, "{lines:#?}");
}

#[test]
fn a_good_file_says_what_it_says_and_takes_secrets_from_variables() {
    use secrecy::ExposeSecret;
    let settings = read(&folder().join("good.yaml")).unwrap_or_else(|e| panic!("{}", drawn(&e)));
    assert_eq!(settings.kafka.brokers, "broker-1:9093,broker-2:9093");
    let sasl = settings.kafka.sasl.as_ref().unwrap();
    assert_eq!(sasl.password.as_ref().unwrap().expose_secret(), SECRET);
    assert_eq!(settings.subject_key.as_ref().unwrap().expose_secret(), SECRET.repeat(3));
    assert_eq!(settings.tenants[0].country.as_deref(), Some("NO"));
    assert_eq!(settings.workers, 2);
    assert_eq!(settings.inputs[1].topics.pattern.as_deref(), Some("^insights-logs-.*"));
    assert!(!settings.inputs[0].presume_purpose && settings.inputs[1].presume_purpose);
    assert_eq!(settings.outputs.violations.topic, "bailiwick.violations");
    assert_eq!(settings.alert.quiet.0.as_secs(), 600);
    assert_eq!(settings.alert.sinks[0].targets(), ["am-0", "am-1"]);
}
