//! `validate`: all that can be wrong before a run, said at once.

use crate::app;
use crate::catalog::compile::Strictness;
use crate::directory;
use crate::emit::Publish;
use crate::kafka::check::{self, Alerts, Level, Use, Wanted};
use crate::settings::Settings;

use super::arguments::ValidateArguments;
use super::{Exit, loading};

/// Says something on standard output. A reader that went away has seen enough.
macro_rules! tell {
    ($($words:tt)*) => {{
        let _ = std::io::Write::write_fmt(
            &mut std::io::stdout(),
            format_args!("{}\n", format_args!($($words)*)),
        );
    }};
}

pub(super) fn run(arguments: &ValidateArguments) -> Exit {
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Lenient };
    let mut worst = Exit::Fine;
    let settings = arguments
        .config
        .as_ref()
        .and_then(|path| loading::settings(path).map_err(|exit| worst = exit).ok());
    if let Some(path) = &arguments.tenants {
        match directory::file::read(path) {
            Ok(records) => tell!("tenants: {} read", records.len()),
            Err(faults) => worst = loading::faulty(&faults),
        }
    }
    // Which catalog a configuration names is not known where it cannot be read.
    if (settings.is_some() || arguments.config.is_none())
        && let Err(exit) = catalog(arguments, settings.as_ref(), strictness)
    {
        worst = exit;
    }
    if let Some(settings) = &settings {
        tell!(
            "configuration: {} inputs, {} tenants",
            settings.inputs.len(),
            settings.tenants.len()
        );
        if arguments.connect {
            let exit = connect(settings);
            if exit != Exit::Fine {
                worst = exit;
            }
        }
    }
    worst
}

fn catalog(
    arguments: &ValidateArguments,
    settings: Option<&Settings>,
    strictness: Strictness,
) -> Result<(), Exit> {
    let catalog = match settings {
        Some(settings) => app::catalog(&settings.catalog, strictness)
            .map_err(|error| loading::app_failed(&error))?,
        None => loading::catalog(&arguments.catalog.layers, strictness)?,
    };
    for warning in &catalog.warnings {
        tell!("warning: {warning}");
    }
    let program = &catalog.program;
    tell!(
        "catalog: {} clauses of {} documents, {} services, {} places",
        program.clauses.len(),
        program.documents.len(),
        program.services.len(),
        program.places.len(),
    );
    if let Some(settings) = settings {
        settings.rules(program).map_err(|faults| loading::faulty(&faults))?;
    }
    Ok(())
}

/// What of the settings the clusters must fit.
fn wanted(settings: &Settings) -> Wanted<'_> {
    let outputs = &settings.outputs;
    let mut written = vec![
        (outputs.violations.topic.as_str(), Use::Results),
        (outputs.dead_letters.topic.as_str(), Use::DeadLetters),
    ];
    if outputs.verdicts.publish != Publish::Off {
        written.push((&outputs.verdicts.topic, Use::Results));
    }
    let alerts = (!settings.alert.sinks.is_empty()).then(|| Alerts {
        topic: &outputs.violations.topic,
        groups: app::alerts(settings).groups(),
    });
    let inputs = || settings.inputs.iter().map(|input| &input.topics);
    Wanted {
        input: &settings.kafka,
        output: outputs.kafka.as_ref().unwrap_or(&settings.kafka),
        group: &settings.group,
        workers: settings.workers,
        topics: inputs().flat_map(|input| &input.topics).map(String::as_str).collect(),
        patterns: inputs().filter_map(|input| input.pattern.as_deref()).collect(),
        written,
        alerts,
        max_record_bytes: settings.max_record_bytes,
    }
}

/// Looks at the clusters, and says all of it.
fn connect(settings: &Settings) -> Exit {
    let findings = check::check(&wanted(settings));
    for finding in &findings {
        tell!("{}: {}: {}", finding.level, finding.what, finding.detail);
    }
    let broken = findings.iter().any(|finding| finding.level == Level::Error);
    if broken { Exit::Failed } else { Exit::Fine }
}
