//! `report`: verdict records from files or from the verdicts topic, as figures.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::app;
use crate::catalog::compile::Strictness;
use crate::catalog::program::{Program, first_moment};
use crate::emit::Publish;
use crate::record::VerdictRecord;
use crate::report::{Period, Report};
use crate::settings::Settings;

use super::arguments::{ReportArguments, ReportOutput};
use super::loading::MAX_RECORD_BYTES;
use super::{Exit, loading, print};

/// Lines that could not be read and are named one by one, at most.
const NAMED: u64 = 20;

pub(super) fn run(arguments: &ReportArguments) -> Exit {
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && from >= to
    {
        say!("bailiwick: the period is empty: --from is not before --to");
        return Exit::Usage;
    }
    let mut session = Session {
        report: Report::new(Period { from: arguments.from, to: arguments.to }),
        unreadable: 0,
    };
    let read = match &arguments.config {
        Some(path) => loading::settings(path).and_then(|settings| {
            let program = program(&settings)?;
            match &arguments.topic {
                Some(topic) => session.topic(&settings, topic.as_deref())?,
                None => session.files(arguments)?,
            }
            Ok(program)
        }),
        None => loading::catalog(&arguments.catalog.layers, Strictness::Lenient).and_then(|it| {
            session.files(arguments)?;
            Ok(Arc::new(it.program))
        }),
    };
    let program = match read {
        Ok(program) => program,
        Err(exit) => return exit,
    };
    let figures = session.report.figures(&program);
    let text = match arguments.output {
        ReportOutput::Markdown => figures.markdown(),
        ReportOutput::Csv => figures.csv(),
        ReportOutput::Json => match serde_json::to_string_pretty(&figures) {
            Ok(text) => text + "\n",
            Err(error) => {
                say!("bailiwick: the report cannot be written: {error}");
                return Exit::Failed;
            }
        },
    };
    say!(
        "read {} events of the period, {} violations, unreadable {}",
        figures.events,
        figures.violations.len(),
        session.unreadable
    );
    match print(text.as_bytes()) {
        Exit::Fine if session.unreadable > 0 => Exit::Unreadable,
        exit => exit,
    }
}

fn program(settings: &Settings) -> Result<Arc<Program>, Exit> {
    app::catalog(&settings.catalog, Strictness::Lenient)
        .map(|catalog| Arc::new(catalog.program))
        .map_err(|error| loading::app_failed(&error))
}

/// A moment as it is given: RFC 3339, or a day, which stands for its first moment (UTC).
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let of_day = || text.parse::<Date>().ok().and_then(first_moment);
    text.parse().ok().or_else(of_day).ok_or_else(|| {
        "write a day (2026-01-31) or a time with its zone (2026-01-31T12:00:00Z)".to_owned()
    })
}

struct Session {
    report: Report,
    unreadable: u64,
}

impl Session {
    fn files(&mut self, arguments: &ReportArguments) -> Result<(), Exit> {
        for path in &arguments.files {
            self.file(path).map_err(|error| {
                say!("bailiwick: {} cannot be read: {error}", path.display());
                Exit::Failed
            })?;
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        let (mut input, bytes): (Box<dyn BufRead>, _) = if path.as_os_str() == "-" {
            (Box::new(io::stdin().lock()), 0)
        } else {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            (Box::new(BufReader::with_capacity(1 << 16, file)), bytes)
        };
        let bar = progress(bytes, "{bar:40} {bytes}/{total_bytes} {eta}");
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let limit = MAX_RECORD_BYTES as u64;
            let read = input.by_ref().take(limit).read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            bar.inc(read as u64);
            let too_long = read as u64 == limit && !line.ends_with(b"\n");
            if too_long {
                bar.inc(input.skip_until(b'\n')? as u64);
            }
            let text = line.trim_ascii();
            if too_long || !(text.is_empty() || self.add(text)) {
                self.refuse(&format!("{}:{number}", path.display()));
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn topic(&mut self, settings: &Settings, topic: Option<&str>) -> Result<(), Exit> {
        let outputs = &settings.outputs;
        let topic = topic.unwrap_or(&outputs.verdicts.topic);
        let cluster = outputs.kafka.as_ref().unwrap_or(&settings.kafka);
        if topic == outputs.violations.topic {
            say!(
                "bailiwick: {topic} holds violations alone, and those in parts: name the topic of \
                 the verdicts, which `outputs.verdicts.publish: all` fills"
            );
            return Err(Exit::Usage);
        }
        if topic == outputs.verdicts.topic {
            let what = "Events without a verdict record";
            match outputs.verdicts.publish {
                Publish::All => {}
                Publish::NotCompliant => self.report.note(
                    what,
                    "the configuration publishes violations and what is open for want of more \
                     than a place, and no other verdicts (outputs.verdicts.publish)",
                    None,
                ),
                Publish::Off => {
                    let why = "the configuration publishes no verdicts (outputs.verdicts.publish)";
                    self.report.note(what, why, None);
                }
            }
        }
        let bar = progress(0, "{bar:40} {pos}/{len} records {eta}");
        let result = cluster.reread(topic, &settings.group, |record| {
            if record.read % 1024 == 1 {
                bar.set_length(record.all);
                bar.set_position(record.read);
            }
            if !record.value.is_some_and(|value| self.add(value)) {
                self.refuse(&format!("{topic}/{}/{}", record.partition, record.offset));
            }
        });
        bar.finish_and_clear();
        let extent = result.map_err(|error| {
            say!("bailiwick: {error}; `bailiwick validate --connect` looks further");
            Exit::Failed
        })?;
        if extent.deleted > 0 {
            let what = format!("Verdicts that {topic} no longer holds");
            let why = "they were deleted before this report: retention";
            self.report.note(what, why, Some(extent.deleted));
        }
        if extent.empty > 0 {
            let what = format!("Offsets of {topic} without a record");
            let why = "compacted away or deleted meanwhile; some may be marks of transactions";
            self.report.note(what, why, Some(extent.empty));
        }
        Ok(())
    }

    fn add(&mut self, text: &[u8]) -> bool {
        let record: Option<VerdictRecord<'_>> = serde_json::from_slice(text).ok();
        if let Some(record) = &record {
            self.report.add(record);
        }
        record.is_some()
    }

    fn refuse(&mut self, at: &str) {
        self.report.unreadable();
        self.unreadable += 1;
        if self.unreadable <= NAMED {
            say!("{at} is no verdict record");
        }
    }
}

fn progress(length: u64, template: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
