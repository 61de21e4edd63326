//! Two instances of `bailiwick run`, and a Prometheus that scrapes them every second and evaluates
//! the rules.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::queries::Asked;
use super::world::World;

/// How long everything may take until every query has an answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Whether a program is there. Where it is not, says so, and fails where everything is asked for.
pub(crate) fn there(program: &str, package: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        let all = std::env::var_os("BAILIWICK_TEST_FULL").is_some()
            || std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!all, "{program} is missing: apt-get install {package}");
        eprintln!("SKIPPED: {program} is missing: apt-get install {package}");
    }
    found
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processes; they end with it.
pub(crate) struct Live {
    processes: Vec<Process>,
    api: SocketAddr,
    folder: tempfile::TempDir,
    _world: World,
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The body of an answer with status 200.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    // HTTP/1.0: the answer comes in one piece and ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| body.to_owned())
}

fn encoded(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

impl Live {
    /// Starts everything on a Kafka.
    pub(crate) fn start(bootstrap: &str) -> Self {
        let world = World::new(bootstrap);
        let folder = tempfile::tempdir().unwrap();
        let instances = [free(), free()];
        let configurations = world.configurations(folder.path(), instances);
        let mut live = Self { processes: Vec::new(), api: free(), folder, _world: world };
        for configuration in configurations {
            let log = configuration.with_extension("log");
            let mut run = Command::new(env!("CARGO_BIN_EXE_bailiwick"));
            run.arg("run").arg("-c").arg(&configuration);
            live.spawn(run, &log);
        }
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus");
        let config = live.folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
             rule_files: [{rules}/recording.yml, {rules}/alerts.yml]\n\
             scrape_configs:\n  - job_name: bailiwick\n    \
             static_configs: [{{ targets: [\"{}\", \"{}\"] }}]\n",
            instances[0],
            instances[1],
            rules = rules.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut prometheus = Command::new("prometheus");
        prometheus
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", live.folder.path().join("data").display()))
            .arg(format!("--web.listen-address={}", live.api))
            .args(["--log.level=warn"])
            .current_dir(live.folder.path());
        let log = live.folder.path().join("prometheus.log");
        live.spawn(prometheus, &log);
        live
    }

    fn spawn(&mut self, mut command: Command, log: &PathBuf) {
        let log = std::fs::File::create(log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.processes.push(Process(child.unwrap()));
    }

    /// What the processes said.
    fn logs(&self) -> String {
        ["1.log", "2.log", "prometheus.log"]
            .map(|name| {
                let text = std::fs::read_to_string(self.folder.path().join(name));
                format!("{name}:\n{}\n", text.unwrap_or_default())
            })
            .concat()
    }

    /// How many series answer a query; none while Prometheus does not answer yet.
    pub(crate) fn ask(&self, query: &str) -> usize {
        let Some(body) = get(self.api, &format!("/api/v1/query?query={}", encoded(query))) else {
            return 0;
        };
        let answer: Value = serde_json::from_str(&body).unwrap();
        let result = answer["data"]["result"].as_array().unwrap();
        // A share of nothing is no answer.
        result.iter().filter(|series| series["value"][1] != "NaN").count()
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
            for process in &mut self.processes {
                let ended = process.0.try_wait().unwrap();
                assert!(ended.is_none(), "a process ended: {}", self.logs());
            }
            std::thread::sleep(Duration::from_secs(2));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Prometheus first: it writes below the folder that is about to go.
        while self.processes.pop().is_some() {}
    }
}
