//! Every command and option, once: parsing, help, completions and the manual come from here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::app::Role;
use crate::decode::Format;
use crate::demo;

/// Judges audit-log events against data-residency commitments.
#[derive(Debug, Parser)]
#[command(name = "bailiwick", version, about, propagate_version = true)]
#[command(after_help = "Exit codes: 0 fine; 1 a verdict at or above --fail-on, or a failed test; \
    2 wrong usage; 3 a record could not be read; 4 input, output or a broker failed; \
    78 the configuration or the catalog is faulty.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge what Kafka brings, until a signal comes
    Run(RunArguments),
    /// Play the whole product on an embedded Kafka with an invented stream
    Demo(demo::Options),
    /// Judge the records of files: one verdict a line, in the order of the input
    Judge(JudgeArguments),
    /// Sum up verdicts for a report: figures by clause, violations, and what was not judged
    Report(ReportArguments),
    /// Explain one event: every clause asked, and why it holds or not
    Explain(ExplainArguments),
    /// Check the configuration, the catalog and the tenants; with --connect, the clusters too
    Validate(ValidateArguments),
    /// Run the clauses' examples, and test files of your own
    Test(TestArguments),
    /// Show the catalog
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Try the receivers of alerts out
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Show what a configuration may say
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "bailiwick.yaml")]
    pub config: PathBuf,
    /// What this process does: judge, send alerts, or both
    #[arg(long, value_enum, default_value_t)]
    pub role: Role,
    /// What to log, over the configuration and RUST_LOG: `debug`, `info,bailiwick=trace`, ...
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
}

/// `validate`.
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// The configuration, with the catalog and the tenants that it names
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["tenants", "layers"])]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    /// The catalog to use.
    pub catalog: CatalogArguments,
    /// A file of tenant facts
    #[arg(long, value_name = "FILE")]
    pub tenants: Option<PathBuf>,
    /// Clauses without examples are faults, not warnings
    #[arg(long)]
    pub strict: bool,
    /// Also connect to the clusters and look at topics, limits and permissions; writes nothing
    #[arg(long, requires = "config")]
    pub connect: bool,
}

/// The catalog to use.
#[derive(Debug, Args)]
pub struct CatalogArguments {
    /// A directory of catalog files, laid over the built-in catalog (may be given again)
    #[arg(long = "catalog", value_name = "DIR")]
    pub layers: Vec<PathBuf>,
}

/// How records are read and whose they are.
#[derive(Debug, Args)]
pub struct RecordArguments {
    /// Take catalog, tenants and an input's rules from this configuration
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["tenants", "layers"])]
    pub config: Option<PathBuf>,
    /// The input of the configuration whose rules hold; the first one where absent
    #[arg(long, value_name = "NAME", requires = "config")]
    pub input: Option<String>,
    /// Tenant facts: a YAML list, or one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub tenants: Option<PathBuf>,
    #[command(flatten)]
    /// The catalog to use.
    pub catalog: CatalogArguments,
    /// How the records are written [default: the input's, or auto]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
}

/// `judge`.
#[derive(Debug, Args)]
pub struct JudgeArguments {
    /// Files of records: lines, arrays, envelopes or single objects; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    /// How records are read and whose they are.
    pub records: RecordArguments,
    /// How to print verdicts
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// The mildest verdict that makes the exit code 1
    #[arg(long, value_enum, default_value_t)]
    pub fail_on: FailOn,
    /// Where to keep records that cannot be read, with the reason
    #[arg(long, value_name = "FILE")]
    pub dead_letters: Option<PathBuf>,
    /// How many unreadable records leave the exit code alone
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub allow_unreadable: u64,
}

/// How verdicts are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One verdict record a line.
    #[default]
    Json,
    /// One line an event, for reading.
    Table,
}

/// Which verdict is a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Violations alone.
    #[default]
    Violation,
    /// Violations, and what cannot be told.
    Indeterminate,
    /// None.
    Never,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Files of verdict records, one a line, as `judge` prints them; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub files: Vec<PathBuf>,
    /// Read the verdicts from their topic instead, from its start to the end that it has now;
    /// from another topic than the configuration's where NAME is given
    #[arg(long, value_name = "NAME", requires = "config", conflicts_with = "files")]
    #[arg(num_args = 0..=1)]
    pub topic: Option<Option<String>>,
    /// Take the catalog, and the cluster of the topic, from this configuration
    #[arg(short, long, value_name = "FILE", conflicts_with = "layers")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    /// The catalog to use.
    pub catalog: CatalogArguments,
    /// Events from this moment on: a day (its start, UTC) or a time with its zone
    #[arg(long, value_name = "TIME", value_parser = super::report::moment)]
    pub from: Option<Timestamp>,
    /// Events until just before this moment
    #[arg(long, value_name = "TIME", value_parser = super::report::moment)]
    pub to: Option<Timestamp>,
    /// How to print the report
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ReportOutput,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportOutput {
    /// For reading.
    #[default]
    Markdown,
    /// One table, whose first column says what a row is.
    Csv,
    /// Everything, for programs.
    Json,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// A file with the event; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// Which record of the file, from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub index: u64,
    #[command(flatten)]
    /// How records are read and whose they are.
    pub records: RecordArguments,
}

/// `test`.
#[derive(Debug, Args)]
pub struct TestArguments {
    /// Test files of your own, or directories of them
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    /// The catalog to use.
    pub catalog: CatalogArguments,
}

/// `catalog`.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// List documents, editions and clauses
    List(CatalogArguments),
    /// Show one clause whole
    Show {
        /// The clause's id
        id: String,
        #[command(flatten)]
        /// The catalog to use.
        catalog: CatalogArguments,
    },
}

/// `alert`.
#[derive(Debug, Subcommand)]
pub enum AlertCommand {
    /// Send a test alert and its resolution, and say what the receiver answers
    Test {
        /// The sink of the configuration
        #[arg(long, value_name = "NAME")]
        sink: String,
        /// The configuration
        #[arg(short, long, value_name = "FILE", default_value = "bailiwick.yaml")]
        config: PathBuf,
    },
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a JSON Schema
    Schema {
        /// Which one: config, event, tenant, verdict, report or catalog
        #[arg(default_value = "config")]
        name: String,
    },
}
