//! The command line: what can be said, and the exit code of what follows.
//!
//! In: arguments. Out: one of the exit codes of [`Exit`]. Results go to standard output, words
//! for people to standard error. It decides nothing about events.

pub mod arguments;
mod catalog;
mod explain;
mod input;
mod judge;
mod table;
mod test;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::load::LoadError;
use crate::schema;
use arguments::{Arguments, Command, ConfigCommand};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Fine.
    Fine,
    /// A verdict at or above `--fail-on`, or a failed test.
    Found,
    /// The command was used wrongly.
    Usage,
    /// A record could not be read.
    Unreadable,
    /// Input, output or a broker failed.
    Failed,
    /// The configuration or the catalog is faulty.
    Faulty,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Unreadable => 3,
            Exit::Failed => 4,
            Exit::Faulty => 78,
        })
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run(arguments.command).into()
}

fn run(command: Command) -> Exit {
    match command {
        Command::Judge(arguments) => judge::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Catalog(command) => catalog::run(&command),
        Command::Config(ConfigCommand::Schema { name }) => config_schema(&name),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "bailiwick", &mut std::io::stdout());
            Exit::Fine
        }
        Command::Man => man(),
    }
}

fn man() -> Exit {
    let page = clap_mangen::Man::new(Arguments::command());
    match page.render(&mut std::io::stdout()) {
        Ok(()) => Exit::Fine,
        Err(error) => output_failed(&error),
    }
}

fn config_schema(name: &str) -> Exit {
    let Some(schema) = schema::named(name) else {
        let known: Vec<&str> = schema::all().into_iter().map(|(name, _)| name).collect();
        eprintln!("bailiwick: there is no schema `{name}`; there are: {}", known.join(", "));
        return Exit::Usage;
    };
    match writeln!(std::io::stdout(), "{schema:#}") {
        Ok(()) => Exit::Fine,
        Err(error) => output_failed(&error),
    }
}

/// Prints what a command could not begin without.
fn not_loaded(error: &LoadError) -> Exit {
    error.print();
    match error {
        LoadError::Catalog(_) | LoadError::Tenants(_) => Exit::Faulty,
        LoadError::Layer(_) | LoadError::TenantsFile { .. } => Exit::Failed,
    }
}

/// Standard output failed. A reader that went away (`| head`) is nobody's fault.
fn output_failed(error: &std::io::Error) -> Exit {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Exit::Fine;
    }
    eprintln!("bailiwick: standard output cannot be written: {error}");
    Exit::Failed
}
