//! The process: everything that `run` and `demo` put together, started and stopped in order.
//!
//! In: settings. Out: workers on threads of their own, HTTP beside them, and at the end what
//! they did or why they could not. It does not know what a record is.

mod error;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use secrecy::ExposeSecret;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::alert::{self, Receiver};
use crate::catalog::compile::{Catalog, Strictness, compile};
use crate::catalog::layers;
use crate::directory::Directory;
use crate::http::{self, Health, Site};
use crate::metrics::Metrics;
use crate::record::SubjectHasher;
use crate::settings::{Layer, Settings};
use crate::status::Status;
use crate::worker::{
    self, Judging, Pace, Standing, Summary, Surroundings, WorkerInput, WorkerSettings,
};

pub use error::AppError;

/// How long workers may take to stop: their own drain of 10 s, and the group's farewell. Whoever
/// starts the process has to let it live for longer.
pub const STOP: Duration = Duration::from_secs(25);

/// How often the workers are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Reads and compiles the catalog's layers.
///
/// # Errors
/// All faults of all files.
pub fn catalog(layers: &[Layer], strictness: Strictness) -> Result<Catalog, AppError> {
    let layers = layers
        .iter()
        .map(|layer| match layer {
            Layer::Builtin => Ok(layers::Layer::builtin()),
            Layer::Directory(path) => layers::Layer::directory(path),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(compile(&layers, strictness)?)
}

/// Loads what events are judged by: catalog, tenants and the inputs' rules.
///
/// # Errors
/// All faults of the catalog, or of what the configuration says in its terms.
pub fn judging(settings: &Settings) -> Result<Judging, AppError> {
    let Catalog { program, warnings, .. } = catalog(&settings.catalog, Strictness::Lenient)?;
    for warning in warnings {
        tracing::warn!("catalog: {warning}");
    }
    let rules = settings.rules(&program).map_err(AppError::Rules)?;
    let directory = Directory::new(&program, &settings.tenants);
    if directory.is_empty() {
        tracing::warn!("no tenant is known: most of what is outside will be indeterminate");
    }
    Ok(Judging {
        program: Arc::new(program),
        directory: Arc::new(directory),
        rules: rules.into_iter().map(Arc::new).collect(),
    })
}

/// What all workers did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Kafka records read.
    pub records: u64,
    /// Events judged.
    pub events: u64,
    /// Records, or records of an envelope, that could not be read.
    pub dead_letters: u64,
    /// Events with the verdict violation.
    pub violations: u64,
    /// Ranges of records that were gone before they could be read.
    pub gaps: u64,
    /// Workers whose last outputs were not all acknowledged and committed.
    pub unsettled: u64,
}

impl Totals {
    fn add(&mut self, summary: Summary) {
        self.records += summary.records;
        self.events += summary.events;
        self.dead_letters += summary.dead_letters;
        self.violations += summary.violations;
        self.gaps += summary.gaps;
        self.unsettled += u64::from(!summary.settled);
    }
}

/// A running process.
pub struct Running {
    /// Its metrics.
    pub metrics: Arc<Metrics>,
    /// Its health.
    pub health: Arc<Health>,
    /// Where its HTTP endpoints listen.
    pub address: SocketAddr,
    workers: Vec<(String, JoinHandle<Result<Summary, AppError>>)>,
    stop: CancellationToken,
    stop_http: CancellationToken,
    runtime: Runtime,
}

/// What a process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Judges, and sends alerts where sinks are configured.
    #[default]
    All,
    /// Judges.
    Judge,
    /// Sends alerts.
    Alert,
}

/// What the alerts' tasks are told.
pub fn alerts(settings: &Settings) -> alert::Settings {
    let cluster = settings.outputs.kafka.as_ref().unwrap_or(&settings.kafka);
    alert::Settings {
        cluster: Arc::new(cluster.clone()),
        topic: settings.outputs.violations.topic.clone(),
        group: settings.group.clone(),
        alert: settings.alert.clone(),
        pace: alert::Pace::default(),
    }
}

/// Starts all that the settings say. Everything stops when `stop` is cancelled.
///
/// # Errors
/// When anything of it cannot start; then nothing is left running.
pub fn start(settings: &Settings, stop: &CancellationToken) -> Result<Running, AppError> {
    start_as(Role::All, settings, stop)
}

/// Starts workers, alerts and HTTP, as far as they are the role's.
///
/// # Errors
/// When anything of it cannot start; then nothing is left running.
pub fn start_as(
    role: Role,
    settings: &Settings,
    stop: &CancellationToken,
) -> Result<Running, AppError> {
    let judging = judging(settings)?;
    let alerting = alerts(settings);
    let receivers = match role {
        Role::Judge => Vec::new(),
        Role::All | Role::Alert => alerting.receivers(&judging.program)?,
    };
    if role == Role::Alert && receivers.is_empty() {
        return Err(AppError::NoSinks);
    }
    // A process that reads no input has no counts of it, not even at 0: nobody shall wait for them.
    let inputs = if role == Role::Alert { &[][..] } else { &settings.inputs };
    let names: Vec<String> = inputs.iter().map(|input| input.topics.name.clone()).collect();
    let metrics = Metrics::new(&judging.program, &names)?;
    let health = Arc::new(Health::default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("bailiwick-http")
        .enable_all()
        .build()
        .map_err(AppError::Start)?;
    let stop_http = CancellationToken::new();
    let status = Arc::new(Status::new(settings.workers));
    let site = Site {
        metrics: metrics.clone(),
        health: health.clone(),
        status: status.clone(),
        guard: settings.guard.clone(),
        dashboards: settings.dashboards.as_deref().map(Arc::from),
    };
    let address = listen(settings.listen, &runtime, site, &stop_http)
        .map_err(|error| AppError::Listen { address: settings.listen, error })?;
    let of_alerts = health.clone();
    let alerted = alert::Surroundings {
        program: judging.program.clone(),
        metrics: metrics.clone(),
        assigned: Arc::new(move |assigned| {
            if role == Role::Alert {
                of_alerts.set_assigned(assigned);
            }
        }),
    };
    let of_assignment = health.clone();
    let surroundings = Surroundings {
        judging: Arc::new(ArcSwap::from_pointee(judging)),
        metrics: metrics.clone(),
        status,
        assigned: Arc::new(move |standing| {
            of_assignment.set_assigned(matches!(standing, Standing::Member(_)));
        }),
    };
    let key = settings.subject_key.as_ref().map(|key| key.expose_secret().as_bytes());
    if key.is_none() {
        tracing::warn!("no subject_key: hashes that stand for persons can be guessed");
    }
    let template = WorkerSettings {
        number: 0,
        cluster: Arc::new(settings.kafka.clone()),
        group: settings.group.clone(),
        inputs: settings
            .inputs
            .iter()
            .map(|input| WorkerInput { topics: input.topics.clone(), format: input.format })
            .collect(),
        outputs: Arc::new(settings.outputs.clone()),
        max_record_bytes: settings.max_record_bytes,
        hasher: SubjectHasher::new(key),
        pace: Pace::default(),
    };
    let mut running = Running {
        metrics,
        health,
        address,
        workers: Vec::new(),
        stop: stop.clone(),
        stop_http,
        runtime,
    };
    let workers = if role == Role::Alert { 0 } else { settings.workers };
    let mut spawned = Ok(());
    for number in 0..workers {
        let settings = WorkerSettings { number, ..template.clone() };
        let (surroundings, stop) = (surroundings.clone(), stop.clone());
        spawned = spawned.and_then(|()| {
            running.spawn(format!("bailiwick-{number}"), move || {
                worker::run(&settings, &surroundings, &stop)
                    .map_err(|error| AppError::Worker { number, error })
            })
        });
    }
    for receiver in receivers {
        let (alerting, alerted, stop) = (alerting.clone(), alerted.clone(), stop.clone());
        spawned = spawned.and_then(|()| running.spawn_alerts(alerting, alerted, receiver, stop));
    }
    if let Err(error) = spawned {
        stop_all(running);
        return Err(AppError::Start(error));
    }
    running.health.set_loaded();
    tracing::info!(?role, workers, %address, "started");
    Ok(running)
}

/// Ends what was started of a process that cannot start as a whole.
fn stop_all(running: Running) {
    running.stop.cancel();
    if let Err(error) = running.wait() {
        tracing::warn!(%error, "stopping after a failed start");
    }
}

fn listen(
    address: SocketAddr,
    runtime: &Runtime,
    site: Site,
    stop: &CancellationToken,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    if !bound.ip().is_loopback() && site.guard.is_none() {
        tracing::warn!(address = %bound, "status page and metrics are open to the network");
    }
    let _inside = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let serving = http::serve(listener, site, stop.clone());
    runtime.spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the HTTP endpoints failed");
        }
    });
    Ok(bound)
}

impl Running {
    fn spawn(
        &mut self,
        name: String,
        work: impl FnOnce() -> Result<Summary, AppError> + Send + 'static,
    ) -> io::Result<()> {
        let thread = thread::Builder::new().name(name.clone()).spawn(work)?;
        self.workers.push((name, thread));
        Ok(())
    }

    fn spawn_alerts(
        &mut self,
        settings: alert::Settings,
        surroundings: alert::Surroundings,
        receiver: Receiver,
        stop: CancellationToken,
    ) -> io::Result<()> {
        self.spawn(format!("bailiwick-alert-{}", receiver.name), move || {
            alert::run(&settings, &surroundings, receiver, &stop)?;
            Ok(Summary { settled: true, ..Summary::default() })
        })
    }

    /// Whether a worker has ended.
    pub fn has_lost_a_worker(&self) -> bool {
        self.workers.iter().any(|(_, worker)| worker.is_finished())
    }

    /// Waits until every worker has stopped; one that fails stops the others.
    ///
    /// # Errors
    /// The first worker's error, or that some did not stop in time.
    pub fn wait(mut self) -> Result<Totals, AppError> {
        let (mut totals, mut first) = (Totals::default(), None);
        let mut deadline = None;
        while !self.workers.is_empty() {
            let (ended, open): (Vec<_>, Vec<_>) =
                self.workers.drain(..).partition(|(_, worker)| worker.is_finished());
            self.workers = open;
            for (name, worker) in ended {
                let error = match worker.join() {
                    Ok(Ok(summary)) => {
                        totals.add(summary);
                        continue;
                    }
                    Ok(Err(error)) => error,
                    Err(_) => AppError::Panicked { name },
                };
                tracing::error!(code = error.code(), "{error}");
                first.get_or_insert(error);
                self.stop.cancel();
            }
            if self.stop.is_cancelled() {
                self.health.set_stopping();
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + STOP);
                if Instant::now() > deadline && !self.workers.is_empty() {
                    first.get_or_insert(AppError::Stuck { open: self.workers.len() });
                    break;
                }
            }
            if !self.workers.is_empty() {
                thread::sleep(LOOK);
            }
        }
        self.stop_http.cancel();
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        tracing::info!(?totals, "stopped");
        first.map_or(Ok(totals), Err)
    }
}

/// Cancels `stop` on SIGTERM or SIGINT; a second signal ends the process at once.
///
/// # Errors
/// When signals cannot be received.
pub fn stop_on_signals(stop: &CancellationToken) -> Result<(), AppError> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(AppError::Start)?;
    let (terminate, interrupt) = {
        let _inside = runtime.enter();
        let receive = |kind| signal(kind).map_err(AppError::Start);
        (receive(SignalKind::terminate())?, receive(SignalKind::interrupt())?)
    };
    let (mut terminate, mut interrupt, stop) = (terminate, interrupt, stop.clone());
    let signals = async move {
        loop {
            let kind = tokio::select! {
                _ = terminate.recv() => SignalKind::terminate(),
                _ = interrupt.recv() => SignalKind::interrupt(),
            };
            if stop.is_cancelled() {
                std::process::exit(128 + kind.as_raw_value());
            }
            tracing::info!("stopping; a second signal ends at once");
            stop.cancel();
        }
    };
    thread::Builder::new()
        .name("bailiwick-signals".to_owned())
        .spawn(move || runtime.block_on(signals))
        .map_err(AppError::Start)?;
    Ok(())
}

/// Runs until a signal comes, `stop` is cancelled or a worker cannot go on.
///
/// # Errors
/// Why it could not start or go on; [`AppError::exit_code`] is the process's.
pub fn run(role: Role, settings: &Settings, stop: &CancellationToken) -> Result<Totals, AppError> {
    stop_on_signals(stop)?;
    let running = start_as(role, settings, stop)?;
    running.wait()
}
