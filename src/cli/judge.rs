//! `judge`: files in, one verdict a line out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::catalog::program::Program;
use crate::code::{Code, Unreadable};
use crate::event::Action;
use crate::pipeline::{Judged, Outcome, Pipeline};
use crate::place::StatedPlace;
use crate::position::hex;
use crate::record::{Source, SubjectHasher, render};
use crate::verdict::Verdict;

use super::arguments::{FailOn, JudgeArguments, Output};
use super::input::{Found, Input};
use super::loading::{Judging, MAX_RECORD_BYTES};
use super::{Exit, loading, output_failed, table};

/// Unresolved names shown at the end, at most.
const SHOWN_NAMES: usize = 20;

pub(super) fn run(arguments: &JudgeArguments) -> Exit {
    let Judging { pipeline, program, hasher } = match loading::judging(&arguments.records) {
        Ok(judging) => judging,
        Err(exit) => return exit,
    };
    let letters_failed = |error: io::Error| {
        let path = arguments.dead_letters.as_deref().unwrap_or(Path::new("")).display();
        say!("bailiwick: the dead-letter file {path} cannot be written: {error}");
        Exit::Failed
    };
    let dead_letters = match arguments.dead_letters.as_deref().map(File::create).transpose() {
        Ok(file) => file.map(BufWriter::new),
        Err(error) => return letters_failed(error),
    };
    let stdout = io::stdout();
    let mut session = Session {
        program,
        pipeline,
        hasher,
        output: arguments.output,
        out: BufWriter::with_capacity(1 << 16, stdout.lock()),
        dead_letters,
        counts: Counts::default(),
    };
    let result = session.files(arguments);
    let exit = match result {
        Ok(()) => session.counts.exit(arguments),
        Err(Stop::Input(name, error)) => {
            say!("bailiwick: {name} cannot be read: {error}");
            Exit::Failed
        }
        Err(Stop::DeadLetters(error)) => letters_failed(error),
        Err(Stop::Output(error)) => output_failed(&error),
    };
    session.counts.print();
    exit
}

/// Why reading or writing came to an end.
enum Stop {
    Input(String, io::Error),
    Output(io::Error),
    DeadLetters(io::Error),
}

struct Session<'o> {
    program: Arc<Program>,
    pipeline: Pipeline,
    hasher: SubjectHasher,
    output: Output,
    out: BufWriter<io::StdoutLock<'o>>,
    dead_letters: Option<BufWriter<File>>,
    counts: Counts,
}

impl Session<'_> {
    fn files(&mut self, arguments: &JudgeArguments) -> Result<(), Stop> {
        if self.output == Output::Table {
            table::head(&mut self.out).map_err(Stop::Output)?;
        }
        for path in &arguments.files {
            self.file(path)?;
        }
        self.out.flush().map_err(Stop::Output)?;
        match &mut self.dead_letters {
            Some(file) => file.flush().map_err(Stop::DeadLetters),
            None => Ok(()),
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), Stop> {
        let failed = |error| Stop::Input(path.display().to_string(), error);
        let mut input = Input::open(path).map_err(failed)?;
        let bar = progress(&input);
        let (name, digest) = (input.name.clone(), input.identity());
        let mut records = input.records(MAX_RECORD_BYTES);
        let mut index = 0;
        while let Some(found) = records.next().map_err(failed)? {
            let (range, repeated) = match found {
                Found::Record(range) => (range, false),
                Found::Repeated(range) => (range, true),
            };
            let raw = records.bytes(range.clone());
            let judged = if repeated {
                Err(Unreadable::at(Code::DuplicateKey, "records"))
            } else if raw.len() > MAX_RECORD_BYTES {
                Err(Unreadable::whole(Code::Oversize))
            } else {
                self.judge(&name, digest.id(index), index, raw)?
            };
            if let Err(why) = judged {
                let cut = match why.code {
                    Code::NotJson | Code::NotUtf8 => records.split(range),
                    _ => range,
                };
                self.unreadable(&name, index, records.bytes(cut), why)?;
            }
            index += 1;
            if index % 1024 == 0 {
                bar.set_position(records.position());
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn judge(
        &mut self,
        name: &str,
        id: String,
        index: u64,
        raw: &[u8],
    ) -> Result<Result<(), Unreadable>, Stop> {
        let Self { program, pipeline, hasher, output, out, counts, .. } = self;
        let mut written = Ok(());
        let judged = pipeline.frame(index as u32, raw, &mut |outcome| {
            let Outcome::Judged(judged) = outcome else { return };
            counts.judged(&judged);
            let source = Source::File { file: name.into(), index };
            let record = render(program, &judged, id.clone(), source, hasher);
            written = match output {
                Output::Json => serde_json::to_writer(&mut *out, &record)
                    .map_err(io::Error::from)
                    .and_then(|()| out.write_all(b"\n")),
                Output::Table => table::row(out, &record),
            };
        });
        written.map_err(Stop::Output)?;
        Ok(judged)
    }

    fn unreadable(
        &mut self,
        file: &str,
        index: u64,
        raw: &[u8],
        why: Unreadable,
    ) -> Result<(), Stop> {
        self.counts.unreadable += 1;
        say!("{file}:{index} {}", why.code);
        let Some(out) = &mut self.dead_letters else { return Ok(()) };
        let record = std::str::from_utf8(raw).ok();
        let record_hex = record.is_none().then(|| hex(raw));
        let letter = DeadLetter {
            file,
            index,
            code: why.code.as_str(),
            field: why.field,
            record,
            record_hex,
        };
        serde_json::to_writer(&mut *out, &letter)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(Stop::DeadLetters)
    }
}

/// A record that could not be read, kept whole.
#[derive(Serialize)]
struct DeadLetter<'a> {
    file: &'a str,
    index: u64,
    code: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    field: &'static str,
    /// The record, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a str>,
    /// The record's bytes, where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    record_hex: Option<String>,
}

fn progress(input: &Input) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(input.bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(input.name.clone());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[derive(Default)]
struct Counts {
    by_verdict: BTreeMap<Verdict, u64>,
    without_place: u64,
    unreadable: u64,
    unknown_places: BTreeMap<String, u64>,
    /// Whether there were more of them than are shown.
    more_unknown: bool,
}

impl Counts {
    fn judged(&mut self, judged: &Judged<'_>) {
        *self.by_verdict.entry(judged.judgement.verdict).or_default() += 1;
        let classified = judged.classified;
        let stated = classified.at_rest.is_stated() || classified.processing.is_stated();
        if !stated && classified.action == Action::Handle {
            self.without_place += 1;
        }
        for (place, name) in [
            (classified.at_rest, &judged.event.location_at_rest),
            (classified.processing, &judged.event.processing_location),
        ] {
            if let (StatedPlace::Unresolved, Some(name)) = (place, name) {
                let name: String = name.text().chars().take(64).collect();
                if self.unknown_places.contains_key(&name)
                    || self.unknown_places.len() < SHOWN_NAMES
                {
                    *self.unknown_places.entry(name).or_default() += 1;
                } else {
                    self.more_unknown = true;
                }
            }
        }
    }

    fn print(&self) {
        if !self.unknown_places.is_empty() {
            let names: Vec<String> = self
                .unknown_places
                .iter()
                .map(|(name, count)| format!("{name:?} ({count})"))
                .collect();
            let others = if self.more_unknown { ", and others" } else { "" };
            say!("places that the catalog does not know: {}{others}", names.join(", "));
        }
        let of = |verdict| self.by_verdict.get(&verdict).copied().unwrap_or_default();
        let judged: Vec<String> = Verdict::ALL
            .iter()
            .rev()
            .map(|verdict| format!("{verdict} {}", of(*verdict)))
            .collect();
        let read = self.by_verdict.values().sum::<u64>() + self.unreadable;
        say!(
            "read {read}, {}, without place {}, unreadable {}",
            judged.join(", "),
            self.without_place,
            self.unreadable
        );
    }

    fn exit(&self, arguments: &JudgeArguments) -> Exit {
        let worst = self.by_verdict.iter().filter(|(_, count)| **count > 0).map(|(v, _)| *v).max();
        let limit = match arguments.fail_on {
            FailOn::Violation => Some(Verdict::Violation),
            FailOn::Indeterminate => Some(Verdict::Indeterminate),
            FailOn::Never => None,
        };
        match (worst, limit) {
            (Some(worst), Some(limit)) if worst >= limit => Exit::Found,
            _ if self.unreadable > arguments.allow_unreadable => Exit::Unreadable,
            _ => Exit::Fine,
        }
    }
}
