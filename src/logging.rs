//! What the process says of itself, on standard error.
//!
//! In: a format, a level or filter. Out: lines of text for people or of JSON for machines,
//! kept clear of a progress bar where one is drawn. It knows nothing of what is logged; that
//! no record's value is, is for the rooms to see to.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use indicatif::{MultiProgress, ProgressDrawTarget};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The filter cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the log filter is neither a level (error, warn, info, debug, trace) nor a filter: {0}")]
pub struct LoggingError(#[from] tracing_subscriber::filter::ParseError);

impl LoggingError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        "log_filter"
    }
}

static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));

/// The progress bars of the process; log lines go above them.
pub fn bars() -> &'static MultiProgress {
    &BARS
}

/// Checks a level or filter without using it.
///
/// # Errors
/// When it is neither.
pub fn check(filter: &str) -> Result<(), LoggingError> {
    EnvFilter::try_new(filter)?;
    Ok(())
}

/// Starts logging. A `flag` of the command line goes before `RUST_LOG`, and that before the
/// `configured` level. Called a second time, it changes nothing.
///
/// # Errors
/// When the filter cannot be read.
pub fn start(format: Format, configured: &str, flag: Option<&str>) -> Result<(), LoggingError> {
    let environment = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(flag.or(environment.as_deref()).unwrap_or(configured))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(AboveBars);
    // Only a second start can fail here, and then the first one's choice stands.
    let _ = match format {
        Format::Text => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(colour).try_init()
        }
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Standard error, with the bars out of the way while a line is written.
#[derive(Clone, Copy, Debug)]
struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().lock().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_and_a_filter_by_room_are_taken_and_nonsense_is_refused() {
        assert!(check("info").is_ok());
        assert!(check("info,bailiwick::demo=debug").is_ok());
        assert_eq!(check("info,=/=loud[").unwrap_err().code(), "log_filter");
    }
}
