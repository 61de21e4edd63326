//! `run` and `demo`: the stream itself.

use std::io::IsTerminal;

use tokio_util::sync::CancellationToken;

use crate::app;
use crate::demo;
use crate::logging;

use super::arguments::RunArguments;
use super::{Exit, loading, print};

pub(super) fn run(arguments: &RunArguments) -> Exit {
    let settings = match loading::settings(&arguments.config) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let flag = arguments.log.as_deref();
    if let Err(error) = logging::start(settings.log_format, &settings.log_level, flag) {
        say!("bailiwick: {error}");
        return Exit::Faulty;
    }
    match app::run(arguments.role, &settings, &CancellationToken::new()) {
        Ok(_) => Exit::Fine,
        Err(error) => loading::app_failed(&error),
    }
}

pub(super) fn demo(mut options: demo::Options) -> Exit {
    options.live = std::io::stderr().is_terminal();
    let level = if options.show_planted { "warn,bailiwick::demo=debug" } else { "warn" };
    if let Err(error) = logging::start(logging::Format::Text, level, None) {
        say!("bailiwick: {error}");
        return Exit::Faulty;
    }
    let stop = CancellationToken::new();
    if let Err(error) = app::stop_on_signals(&stop) {
        return loading::app_failed(&error);
    }
    match demo::run(&options, &stop) {
        Ok(summary) => {
            let _ = print(summary.table().as_bytes());
            if summary.is_right() { Exit::Fine } else { Exit::Found }
        }
        Err(demo::DemoError::App(error)) => loading::app_failed(&error),
        Err(error) => {
            say!("bailiwick: {error}");
            Exit::Failed
        }
    }
}
