//! Why the process cannot run, and the exit code that says so.

use std::io;
use std::net::SocketAddr;

use crate::alert::AlertError;
use crate::catalog::compile::CatalogFaults;
use crate::catalog::layers::LayerError;
use crate::worker::WorkerError;
use crate::yaml::Faults;

/// Why the process cannot run, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A catalog directory cannot be read.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The catalog is faulty.
    #[error(transparent)]
    Catalog(#[from] CatalogFaults),
    /// The inputs' rules name services or places that the catalog does not have.
    #[error("the configuration does not fit the catalog: {}", .0.lines().collect::<Vec<_>>().join("; "))]
    Rules(Faults),
    /// The HTTP endpoints cannot listen.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Threads, timers or signals are not to be had.
    #[error("the process cannot start: {0}")]
    Start(#[source] io::Error),
    /// The metrics contradict each other.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// A worker could not go on.
    #[error("worker {number}: {error}")]
    Worker {
        /// Its number.
        number: usize,
        /// Why.
        #[source]
        error: WorkerError,
    },
    /// Alerts could not go on.
    #[error("alerts: {0}")]
    Alert(#[from] AlertError),
    /// There is nothing to do for the role.
    #[error("the role alert has nothing to do: `alert.sinks` names no sink")]
    NoSinks,
    /// A thread panicked.
    #[error("{name} ended unexpectedly")]
    Panicked {
        /// Its name.
        name: String,
    },
    /// Workers did not stop in time.
    #[error("{open} workers did not stop in time; their last records will be read again")]
    Stuck {
        /// How many.
        open: usize,
    },
}

impl AppError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Layer(_) => "catalog_unreadable",
            Self::Catalog(_) => "catalog_faulty",
            Self::Rules(_) => "config_unfit",
            Self::Listen { .. } => "http_listen",
            Self::Start(_) => "process_start",
            Self::Metrics(_) => "metrics",
            Self::Worker { error, .. } => error.code(),
            Self::Alert(error) => error.code(),
            Self::NoSinks => "alert_no_sinks",
            Self::Panicked { .. } => "worker_panicked",
            Self::Stuck { .. } => "worker_stuck",
        }
    }

    /// The process's exit code: 78 where catalog or configuration is faulty, else 4.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Layer(_) | Self::Catalog(_) | Self::Rules(_) | Self::NoSinks => 78,
            Self::Alert(AlertError::Fault { .. }) => 78,
            Self::Listen { .. }
            | Self::Start(_)
            | Self::Metrics(_)
            | Self::Worker { .. }
            | Self::Alert(_)
            | Self::Panicked { .. }
            | Self::Stuck { .. } => 4,
        }
    }

    /// Every fault with a snippet of its file, ready to print; just the error where it has none.
    pub fn reports(&self) -> Vec<miette::Report> {
        match self {
            Self::Catalog(faults) => faults.reports().collect(),
            Self::Rules(faults) => faults.reports().collect(),
            other => vec![miette::Report::msg(other.to_string())],
        }
    }
}
