//! Two instances of `bailiwick run`, and a Prometheus that scrapes them every second and evaluates
//! the rules.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::queries::Asked;
use super::support::server::{Process, Server, free_address, prometheus};
use super::world::World;

/// How long everything may take until every query has an answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// An instance; it ends with its owner.
struct Instance {
    process: Process,
    log: tempfile::NamedTempFile,
}

impl Instance {
    fn start(configuration: &Path) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(["run", "-c"])
            .arg(configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.reopen().unwrap())
            .spawn();
        Self { process: Process(process.unwrap()), log }
    }

    fn assert_runs(&mut self) {
        let ended = self.process.has_ended();
        assert!(!ended, "it ended: {}", fs::read_to_string(&self.log).unwrap());
    }
}

/// The processes, and what they live on; they end with it.
pub(crate) struct Live {
    prometheus: Server,
    instances: [Instance; 2],
    _folder: tempfile::TempDir,
    _world: World,
}

impl Live {
    /// Starts everything on a Kafka, if there is a Prometheus.
    pub(crate) fn start(bootstrap: &str) -> Option<Self> {
        let addresses = [free_address(), free_address()];
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus");
        let config = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
             rule_files: [{rules}/recording.yml, {rules}/alerts.yml]\n\
             scrape_configs:\n  - job_name: bailiwick\n    \
             static_configs: [{{ targets: [\"{}\", \"{}\"] }}]\n",
            addresses[0],
            addresses[1],
            rules = rules.display()
        );
        let prometheus = prometheus(&[("prometheus.yml", &config)])?;
        let world = World::new(bootstrap);
        let folder = tempfile::tempdir().unwrap();
        let configurations = world.configurations(folder.path(), addresses);
        let instances = configurations.map(|configuration| Instance::start(&configuration));
        Some(Self { prometheus, instances, _folder: folder, _world: world })
    }

    /// How many series answer a query.
    pub(crate) fn ask(&self, query: &str) -> usize {
        // A share of nothing is no answer.
        self.prometheus.ask(query).iter().filter(|series| series["value"][1] != "NaN").count()
    }

    /// Asks until each query has an answer. Hands back those that had none in time.
    pub(crate) fn until_answered(&mut self, asked: &[Asked]) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        let mut left: Vec<&Asked> = asked.iter().collect();
        loop {
            left.retain(|asked| self.ask(&asked.expr) == 0);
            if left.is_empty() || Instant::now() > end {
                return left.iter().map(ToString::to_string).collect();
            }
            self.instances.iter_mut().for_each(Instance::assert_runs);
            std::thread::sleep(Duration::from_secs(2));
        }
    }
}
