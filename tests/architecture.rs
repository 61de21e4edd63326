//! The rooms of the program, and which of them may know which.
//!
//! The table is ARCHITECTURE.md's. A new `use crate::…` that it does not have fails here: either
//! the code belongs elsewhere, or the table gets a line and a reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Plain types that every room may use, each with the ones of them that it may use itself.
/// `yaml` knows no type of ours: shapes of files are made with it, wherever they stand.
const VOCABULARY: [(&str, &[&str]); 10] = [
    ("category", &[]),
    ("code", &[]),
    ("event", &[]),
    ("place", &[]),
    ("position", &[]),
    ("secret", &[]),
    ("tenant", &[]),
    ("verdict", &["category", "place"]),
    ("yaml", &[]),
    // Where log lines go and how they look; settings hold its choice of format.
    ("logging", &[]),
];

/// Every other room, and the rooms that it may use beside the vocabulary.
const ROOMS: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("decode", &[]),
    // Tenant facts name places, which the catalog resolves once for all events.
    ("directory", &["catalog"]),
    // The tenant's facts decide what some names mean, and where its data may be.
    ("classify", &["catalog", "directory"]),
    ("judge", &["catalog", "classify", "directory"]),
    ("pipeline", &["catalog", "classify", "decode", "directory", "judge"]),
    // The verdict record is made of what the pipeline hands out.
    ("record", &["catalog", "pipeline"]),
    ("schema", &["catalog", "record", "report", "settings"]),
    // Figures from verdict records that were kept, in the terms of the catalog.
    ("report", &["catalog", "record"]),
    // The same judge, with somebody watching.
    ("explain", &["catalog", "judge", "pipeline", "record"]),
    // Examples and tests, put before the same judge as everything else.
    ("trial", &["catalog", "classify", "decode", "directory", "pipeline", "record"]),
    ("kafka", &[]),
    ("ingest", &["kafka"]),
    // An acknowledgement settles the offset that caused the record.
    ("emit", &["ingest", "kafka", "record"]),
    ("metrics", &["catalog", "classify", "decode", "pipeline"]),
    // What a worker saw last, for people; it explains with the same judge.
    ("status", &["catalog", "explain", "metrics", "pipeline"]),
    (
        "worker",
        &[
            "catalog",
            "classify",
            "decode",
            "directory",
            "emit",
            "ingest",
            "kafka",
            "metrics",
            "pipeline",
            "record",
            "status",
        ],
    ),
    // A reader of the violations topic, which knows nothing of who wrote it.
    ("alert", &["catalog", "ingest", "kafka", "metrics"]),
    ("http", &["catalog", "metrics", "status"]),
    (
        "settings",
        &["alert", "catalog", "classify", "decode", "directory", "emit", "http", "ingest", "kafka"],
    ),
    (
        "app",
        &[
            "alert",
            "catalog",
            "classify",
            "decode",
            "directory",
            "emit",
            "http",
            "ingest",
            "kafka",
            "metrics",
            "pipeline",
            "record",
            "settings",
            "status",
            "worker",
        ],
    ),
    // A whole small world: a broker in the process, and the program as a user would run it.
    ("demo", &["app", "catalog", "decode", "emit", "ingest", "kafka", "metrics", "settings"]),
    (
        "cli",
        &[
            "alert",
            "app",
            "catalog",
            "classify",
            "decode",
            "demo",
            "directory",
            "emit",
            "explain",
            "http",
            "ingest",
            "judge",
            "kafka",
            "metrics",
            "pipeline",
            "record",
            "report",
            "schema",
            "settings",
            "trial",
            "worker",
        ],
    ),
];

/// Lines of a file before its tests.
const MAX_LINES: usize = 450;

/// Files that are longer, how long they may get, and why they are in one piece. None, for now.
const LONGER: &[(&str, usize, &str)] = &[];

struct File {
    /// Below `src/`.
    path: String,
    room: String,
    /// Without its unit tests.
    code: String,
}

fn files() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut folders) = (Vec::<PathBuf>::new(), vec![src.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let path = path.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
        let room = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned();
        File { path, room, code }
    };
    let tests = |file: &File| file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
    found.iter().map(read).filter(|file| !tests(file)).collect()
}

/// Rooms that a file names, by `crate::` or, in the binary, by the crate's name.
fn named(file: &File) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for line in file.code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for start in ["crate::", "bailiwick::"] {
            for after in line.split(start).skip(1) {
                // `use crate::{…}` would hide rooms from this test.
                assert!(!after.starts_with('{'), "{}: one room a `use`: {line}", file.path);
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '_');
                let name = &after[..end.unwrap_or(after.len())];
                if after.len() > name.len() || line.trim_start().starts_with("use ") {
                    rooms.insert(name.to_owned());
                }
            }
        }
    }
    rooms.remove(&file.room);
    rooms
}

fn table() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let words: Vec<&str> = VOCABULARY.iter().map(|(word, _)| *word).collect();
    let vocabulary = VOCABULARY.iter().map(|(room, may)| (*room, may.iter().copied().collect()));
    let rooms =
        ROOMS.iter().map(|(room, may)| (*room, may.iter().chain(&words).copied().collect()));
    vocabulary.chain(rooms).collect()
}

#[test]
fn every_room_uses_only_what_the_table_lets_it() {
    let table = table();
    let mut faults = Vec::new();
    let mut seen = 0;
    for file in files() {
        // The crate's root names every room; `main` hands over to `cli`.
        let may = match file.room.as_str() {
            "lib" => continue,
            "main" => BTreeSet::from(["cli"]),
            room => match table.get(room) {
                Some(may) => may.clone(),
                None => {
                    faults.push(format!("{}: the room {room} is not in the table", file.path));
                    continue;
                }
            },
        };
        for used in named(&file) {
            seen += 1;
            if !may.contains(used.as_str()) {
                faults.push(format!("{}: {} may not use {used}", file.path, file.room));
            }
        }
    }
    assert!(seen > 60, "only {seen} uses were found: is this test still reading the code?");
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_table_is_the_one_of_architecture_md() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rooms) = page.split_once("| room | holds | may use |").unwrap();
    let rows = rooms.lines().skip(2).take_while(|line| line.starts_with('|'));
    let written: BTreeMap<String, String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`').to_owned(), cells[3].to_owned())
        })
        .collect();
    let rooms: BTreeMap<String, String> =
        ROOMS.iter().map(|(room, may)| ((*room).to_owned(), may.join(", "))).collect();
    assert_eq!(written, rooms);
    for (word, _) in VOCABULARY {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn the_table_has_no_cycle() {
    let table = table();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = done.len();
        for (room, may) in &table {
            if may.iter().all(|used| done.contains(used)) {
                done.insert(room);
            }
        }
        if done.len() == before {
            break;
        }
    }
    // What is left has a cycle, or names a room that the table does not have.
    let left: Vec<_> = table.keys().filter(|room| !done.contains(*room)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_pure_rooms_know_no_clock_no_io_and_no_kafka() {
    const PURE: [&str; 5] = ["classify", "decode", "judge", "pipeline", "record"];
    const WORLD: [&str; 8] = [
        "std::fs",
        "std::io",
        "std::net",
        "std::time",
        "Timestamp::now",
        "rdkafka",
        "tokio",
        "prometheus",
    ];
    for file in files().iter().filter(|file| PURE.contains(&file.room.as_str())) {
        for word in WORLD {
            assert!(!file.code.contains(word), "{}: {word}", file.path);
        }
    }
}

#[test]
fn a_file_can_be_read_in_one_go() {
    let mut faults = Vec::new();
    for file in files() {
        let longer = LONGER.iter().find(|(path, ..)| *path == file.path);
        let most = longer.map_or(MAX_LINES, |(_, most, _)| *most);
        let lines = file.code.lines().count();
        if lines > most {
            faults.push(format!("{}: {lines} lines before its tests, at most {most}", file.path));
        }
        if longer.is_some() && lines <= MAX_LINES {
            faults.push(format!("{}: has got short enough to leave the list", file.path));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_file_opens_by_saying_what_it_is_and_leaves_nothing_half_done() {
    const HALF_DONE: [&str; 6] = ["todo!", "unimplemented!", "dbg!", "FIXME", "XXX", "TODO"];
    for file in files() {
        assert!(file.code.starts_with("//! "), "{} says nothing of itself", file.path);
        for word in HALF_DONE {
            assert!(!file.code.contains(word), "{}: {word}", file.path);
        }
    }
}
