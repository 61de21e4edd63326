//! A demo and a Prometheus that scrapes it every second and evaluates the rules.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::queries::Asked;

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

/// Both processes; they end with it.
pub(crate) struct Live {
    demo: Process,
    prometheus: Process,
    metrics: SocketAddr,
    api: SocketAddr,
    _folder: tempfile::TempDir,
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
    /// Starts both.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (metrics, api) = (free(), free());
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
             rule_files: [{rules}/recording.yml, {rules}/alerts.yml]\n\
             scrape_configs:\n  - job_name: bailiwick\n    static_configs: [{{ targets: [\"{metrics}\"] }}]\n",
            rules = rules.display()
        );
        std::fs::write(&config, text).unwrap();
        let demo = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(["demo", "--rate", "500", "--for", "150s", "--listen", &metrics.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let demo = Process(demo);
        let log = std::fs::File::create(folder.path().join("prometheus.log")).unwrap();
        let prometheus = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={api}"))
            .args(["--log.level=warn"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { demo, prometheus: Process(prometheus), metrics, api, _folder: folder }
    }

    /// What the demo exposes now.
    pub(crate) fn scrape(&self) -> String {
        get(self.metrics, "/metrics").expect("the demo answers")
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
    pub(crate) fn until_answered<'a>(&self, asked: impl Iterator<Item = &'a Asked>) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        let mut left: Vec<&Asked> = asked.collect();
        loop {
            left.retain(|asked| self.ask(&asked.expr) == 0);
            if left.is_empty() || Instant::now() > end {
                return left.iter().map(ToString::to_string).collect();
            }
            std::thread::sleep(Duration::from_secs(2));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Prometheus first: it writes below the folder that is about to go.
        let _ = self.prometheus.0.kill();
        let _ = self.demo.0.kill();
    }
}
