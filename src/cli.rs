//! The command line: what can be said, and the exit code of what follows.
//!
//! In: arguments. Out: one of the exit codes of [`Exit`]. Results go to standard output, words
//! for people to standard error. It decides nothing about events.

/// Says something on standard error. Nobody may be listening (`2>&1 | head -1`).
macro_rules! say {
    ($($words:tt)*) => {{
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("{}\n", format_args!($($words)*)),
        );
    }};
}

mod alert;
pub mod arguments;
mod catalog;
mod explain;
mod input;
mod judge;
mod loading;
mod report;
mod stream;
mod table;
mod test;
mod validate;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::schema;
use arguments::{AlertCommand, Arguments, Command, ConfigCommand};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Fine.
    Fine,
    /// A verdict at or above `--fail-on`, or a failed test.
    Found,
    /// Something was asked for that there is not.
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
    run(Arguments::parse().command).into()
}

fn run(command: Command) -> Exit {
    match command {
        Command::Run(arguments) => stream::run(&arguments),
        Command::Demo(arguments) => stream::demo(arguments),
        Command::Judge(arguments) => judge::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Catalog(command) => catalog::run(&command),
        Command::Alert(AlertCommand::Test { sink, config }) => alert::test(&sink, &config),
        Command::Config(ConfigCommand::Schema { name }) => print_schema(&name),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "bailiwick", &mut text);
            print(&text)
        }
        Command::Man => {
            let mut text = Vec::new();
            match clap_mangen::Man::new(Arguments::command()).render(&mut text) {
                Ok(()) => print(&text),
                Err(error) => output_failed(&error),
            }
        }
    }
}

fn print_schema(name: &str) -> Exit {
    let Some(schema) = schema::named(name) else {
        let known: Vec<&str> = schema::all().into_iter().map(|(name, _)| name).collect();
        say!("bailiwick: there is no schema `{name}`; there are {}", known.join(", "));
        return Exit::Usage;
    };
    print(format!("{schema:#}\n").as_bytes())
}

fn print(text: &[u8]) -> Exit {
    match io::stdout().write_all(text) {
        Ok(()) => Exit::Fine,
        Err(error) => output_failed(&error),
    }
}

/// Standard output failed. A reader that went away (`| head`) is nobody's fault.
fn output_failed(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Fine;
    }
    say!("bailiwick: standard output cannot be written: {error}");
    Exit::Failed
}
