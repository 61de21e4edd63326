//! `alert test`: a test alert and its resolution to one sink, and what it answers.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::alert::client::Outcome;
use crate::alert::group::{Kind, Notice};
use crate::app;
use crate::catalog::compile::Strictness;

use super::{Exit, loading};

pub(super) fn test(sink: &str, config: &Path) -> Exit {
    let mut settings = match loading::settings(config) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let known: Vec<String> = settings.alert.sinks.iter().map(|sink| sink.name.clone()).collect();
    settings.alert.sinks.retain(|known| known.name == sink);
    if settings.alert.sinks.is_empty() {
        say!("bailiwick: no sink `{sink}`; there are {}", known.join(", "));
        return Exit::Usage;
    }
    let program = match app::catalog(&settings.catalog, Strictness::Lenient) {
        Ok(catalog) => Arc::new(catalog.program),
        Err(error) => return loading::app_failed(&error),
    };
    let receivers = match app::alerts(&settings).receivers(&program) {
        Ok(receivers) => receivers,
        Err(error) => return loading::app_failed(&error.into()),
    };
    let mut exit = Exit::Fine;
    for mut receiver in receivers {
        for kind in [Kind::Firing, Kind::Resolved] {
            let now = Timestamp::now();
            let answer = receiver.try_out(&Notice::invented(kind, now), now);
            let line = format!("{}: {}: {}\n", receiver.name, kind.as_str(), answer.text);
            let printed = super::print(line.as_bytes());
            if answer.outcome != Outcome::Delivered || printed != Exit::Fine {
                exit = Exit::Failed;
            }
        }
    }
    exit
}
