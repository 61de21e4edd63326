//! `judge` reads files of any size in the same memory. `tests/soak` does it with 2 GB.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const MIB: u64 = 1 << 20;

#[derive(Clone, Copy, Debug)]
enum Shape {
    Lines,
    Envelope,
}

/// One record of about 1 KB. Whatever could be kept from record to record is new in each.
fn record(number: u64, text: &mut String) {
    text.clear();
    let free = "x".repeat(600);
    write!(
        text,
        r#"{{"id":"big-{number}","time":"2026-01-02T03:04:05Z","service":"entra.sign-in","tenant":"t-{number}","operation":"{free}","data_categories":["usage","category-{number}"],"attributes":["mail","attribute-{number}"],"location_at_rest":"place-{number}","processing_location":"westeurope","purpose":"purpose-{number}","subject":"subject-{number}","field-{number}":"{number}"}}"#
    )
    .unwrap();
}

/// Writes a file of at least `bytes` bytes and says how many records it has.
fn generate(path: &Path, shape: Shape, bytes: u64) -> u64 {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let (mut written, mut number, mut text) = (0, 0, String::new());
    if let Shape::Envelope = shape {
        file.write_all(br#"{"records":["#).unwrap();
    }
    while written < bytes {
        record(number, &mut text);
        if let (Shape::Envelope, 1..) = (shape, number) {
            file.write_all(b",").unwrap();
        }
        file.write_all(text.as_bytes()).unwrap();
        if let Shape::Lines = shape {
            file.write_all(b"\n").unwrap();
        }
        written += text.len() as u64 + 1;
        number += 1;
    }
    if let Shape::Envelope = shape {
        file.write_all(b"]}").unwrap();
    }
    file.flush().unwrap();
    number
}

/// The most memory that a process ever held, in bytes.
fn high_water(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024)
}

/// Judges a generated file: the most memory that it took.
fn peak(shape: Shape, bytes: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    let records = generate(&path, shape, bytes);
    let mut judge = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["judge", "--fail-on", "never"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The process cannot end before its output is read, so the last look is close to the end.
    let (mut out, mut piece) = (judge.stdout.take().unwrap(), vec![0; 1 << 18]);
    let (mut verdicts, mut peak) = (0, 0);
    loop {
        let read = out.read(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        verdicts += memchr::memchr_iter(b'\n', &piece[..read]).count() as u64;
        peak = high_water(judge.id()).unwrap_or(peak).max(peak);
    }
    let ended = judge.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    assert_eq!(verdicts, records, "{said}");
    assert!(peak > 0, "the process was never seen");
    println!("{shape:?} of {} MiB: at most {} KiB", bytes / MIB, peak / 1024);
    peak
}

fn assert_constant(shape: Shape) {
    let (small, large) = (peak(shape, 4 * MIB), peak(shape, 64 * MIB));
    assert!(large < 64 * MIB, "{shape:?}: {large} bytes of memory for 64 MiB of input");
    assert!(large < small + 8 * MIB, "{shape:?}: {small} bytes grew to {large}");
}

#[test]
fn a_large_file_of_lines_is_judged_in_constant_memory() {
    assert_constant(Shape::Lines);
}

#[test]
fn a_large_envelope_is_judged_in_constant_memory() {
    assert_constant(Shape::Envelope);
}
