//! Debian's Alertmanager and Prometheus, which a test can stop, hang and start again.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::client::wait_for;
use super::tool::tool;

/// A port that nobody has.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port")
}

/// The body of a page, if the server answers with 200.
pub fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    // HTTP/1.0: the answer comes in one piece and ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.lines().next()?.contains(" 200").then(|| body.to_owned())
}

/// A process that ends with its owner.
pub struct Process(pub Child);

impl Process {
    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.0.id().to_string()]).status();
        assert!(sent.expect("kill").success(), "{name}");
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("a state").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program on a port of its own, with its files in a folder of its own. It ends with its owner.
pub struct Server {
    pub address: SocketAddr,
    command: Command,
    // Before the folder, which goes last.
    process: Option<Process>,
    folder: TempDir,
}

/// An Alertmanager.
pub fn alertmanager(config: &str) -> Option<Server> {
    let command = tool("prometheus-alertmanager")?;
    Some(Server::start(command, &[("alertmanager.yml", config)], |command, folder| {
        command
            .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg("--cluster.listen-address=");
    }))
}

/// A Prometheus with these files, of which one is `prometheus.yml`.
pub fn prometheus(files: &[(&str, &str)]) -> Option<Server> {
    Some(Server::start(tool("prometheus")?, files, |command, folder| {
        command
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg("--rules.alert.resend-delay=2s");
    }))
}

impl Server {
    fn start(
        mut command: Command,
        files: &[(&str, &str)],
        more: impl Fn(&mut Command, &Path),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        let address = free_address();
        let log = fs::File::create(folder.path().join("log")).expect("a file");
        command
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(log);
        more(&mut command, folder.path());
        let mut server = Self { address, command, folder, process: None };
        server.start_again();
        server
    }

    /// Starts it after `kill`, with what it had on its disk, and waits until it answers.
    pub fn start_again(&mut self) {
        self.process = Some(Process(self.command.spawn().expect("a process")));
        wait_for("the start", Duration::from_secs(60), || {
            assert!(!self.has_ended(), "it ended: {}", self.log());
            get(self.address, "/-/ready").is_some()
        });
    }

    fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(Process::has_ended)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it without any chance to do anything.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// It goes on listening, and does nothing.
    pub fn hang(&self) {
        self.process.as_ref().expect("a process").signal("-STOP");
    }

    /// It goes on after `hang`.
    pub fn go_on(&self) {
        self.process.as_ref().expect("a process").signal("-CONT");
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The alerts that an Alertmanager holds for active.
    pub fn active(&self) -> Vec<Value> {
        let body = get(self.address, "/api/v2/alerts?active=true").expect("an answer");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// The series with which a Prometheus answers a query.
    pub fn ask(&self, query: &str) -> Vec<Value> {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let body = get(self.address, &format!("/api/v1/query?query={query}"));
        let answer: Value = serde_json::from_str(&body.expect("an answer")).expect("JSON");
        answer["data"]["result"].as_array().expect("a vector").clone()
    }
}
