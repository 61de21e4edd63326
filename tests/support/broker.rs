//! A real Apache Kafka for the tests: one broker a test binary, in a folder of its own.
//!
//! `BAILIWICK_TEST_KAFKA=host:port` uses a cluster that is there already. Else the jars are
//! fetched with Maven into `$BAILIWICK_CACHE/kafka` (`.cache/kafka` where it is not set).

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

pub const USER: &str = "app";
pub const PASSWORD: &str = "app-secret-of-the-tests";

/// A broker, ours or somebody else's.
pub struct Broker {
    pub bootstrap: String,
    own: Option<Own>,
}

struct Own {
    dir: PathBuf,
    jars: PathBuf,
    sasl_port: u16,
    process: Mutex<Option<Process>>,
}

struct Process {
    /// The shell that ends the broker when this process ends, however it ends.
    shell: Child,
    java: u32,
}

/// The broker of this test binary. Where there can be none the tests are skipped, loudly; on
/// CI that is a failure.
pub fn kafka() -> Option<&'static Broker> {
    static BROKER: OnceLock<Option<Broker>> = OnceLock::new();
    BROKER
        .get_or_init(|| match Broker::find() {
            Ok(broker) => Some(broker),
            Err(why) => {
                let excused = std::env::var("CI").as_deref() != Ok("true")
                    && std::env::var_os("BAILIWICK_TEST_FULL").is_none();
                assert!(excused, "no Apache Kafka for the tests: {why}");
                eprintln!("\n*** SKIPPED, no Apache Kafka for the tests: {why}\n");
                None
            }
        })
        .as_ref()
}

impl Broker {
    fn find() -> Result<Self, String> {
        if let Ok(bootstrap) = std::env::var("BAILIWICK_TEST_KAFKA") {
            return Ok(Self { bootstrap, own: None });
        }
        Self::new()
    }

    /// A new broker, running.
    pub fn new() -> Result<Self, String> {
        let jars = jars()?;
        let dir = tempfile::Builder::new()
            .prefix("bailiwick-kafka-")
            .tempdir()
            .map_err(|error| error.to_string())?
            .keep();
        let [plain, controller, sasl_port] = free_ports();
        make_certificate(&dir)?;
        fs::write(dir.join("server.properties"), properties(&dir, plain, controller, sasl_port))
            .map_err(|error| error.to_string())?;
        format_storage(&jars, &dir)?;
        let own = Own { dir, jars, sasl_port, process: Mutex::new(None) };
        let broker = Self { bootstrap: format!("127.0.0.1:{plain}"), own: Some(own) };
        broker.start();
        Ok(broker)
    }

    /// Starts a broker that was stopped, and waits until it answers.
    pub fn start(&self) {
        let own = self.own.as_ref().expect("a broker of our own");
        // The shell waits for the end of its input, which comes with the end of this process.
        let script = r#"
            trap '' INT
            "$@" >>"$DIR/kafka.log" 2>&1 </dev/null & java=$!
            echo $java
            (while kill -0 $java 2>/dev/null; do sleep 0.2; done; kill $$ 2>/dev/null) & watch=$!
            cat >/dev/null
            kill $watch
            kill -TERM $java 2>/dev/null; sleep 2; kill -KILL $java 2>/dev/null
            rm -rf "$DIR"
        "#;
        let mut shell = Command::new("sh")
            .args(["-c", script, "kafka", "java", "-Xmx1g", "-Xms256m", "-XX:+UseSerialGC", "-cp"])
            .arg(format!("{}/*", own.jars.display()))
            .args(["kafka.Kafka"])
            .arg(own.dir.join("server.properties"))
            .env("DIR", &own.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh");
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("piped")).read_line(&mut line).expect("a pid");
        let java = line.trim().parse().expect("a pid");
        *own.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(Process { shell, java });
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("log_level", "0")
            .create()
            .expect("a client");
        let deadline = Instant::now() + Duration::from_secs(60);
        while consumer.fetch_metadata(None, Duration::from_secs(1)).is_err() {
            assert!(Instant::now() < deadline, "Kafka did not start: see {}", self.log());
        }
    }

    fn log(&self) -> String {
        self.own.as_ref().map_or(String::new(), |own| {
            fs::read_to_string(own.dir.join("kafka.log")).unwrap_or_default()
        })
    }

    /// Stops the broker: cleanly, or without any chance to do anything.
    pub fn stop(&self, signal: &str) {
        let own = self.own.as_ref().expect("a broker of our own");
        let mut process = own.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut process) = process.take() {
            let _ = Command::new("kill").args([signal, &process.java.to_string()]).status();
            // Kept open meanwhile: its end would make the shell clear the folder away.
            let input = process.shell.stdin.take();
            let _ = process.shell.wait();
            drop(input);
        }
    }

    /// What a topic takes on the broker's disk, as far as it can be seen.
    pub fn bytes_of(&self, topic: &str) -> u64 {
        let Some(own) = &self.own else { return 0 };
        let partitions = fs::read_dir(own.dir.join("data")).expect("a folder").flatten();
        let of_topic = partitions.filter(|folder| {
            let name = folder.file_name().to_string_lossy().into_owned();
            name.rsplit_once('-').is_some_and(|(of, _)| of == topic)
        });
        let files = of_topic.flat_map(|folder| fs::read_dir(folder.path()).expect("a folder"));
        let logs =
            files.flatten().filter(|file| file.path().extension().is_some_and(|it| it == "log"));
        logs.map(|file| file.metadata().map_or(0, |it| it.len())).sum()
    }

    /// Whether the broker is ours to stop.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// The listener with TLS and SASL, and its certificate; none of a foreign cluster.
    pub fn secure(&self) -> Option<(String, PathBuf)> {
        let own = self.own.as_ref()?;
        Some((format!("localhost:{}", own.sasl_port), own.dir.join("ca.pem")))
    }
}

fn free_ports<const N: usize>() -> [u16; N] {
    // All at once, so that no two are the same.
    let listeners: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

fn jars() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cache = std::env::var_os("BAILIWICK_CACHE").map_or(root.join(".cache"), PathBuf::from);
    let jars = cache.join("kafka");
    let how = "install OpenJDK 17 and Maven (Debian: apt-get install openjdk-17-jre-headless maven), \
               or set BAILIWICK_TEST_KAFKA=host:port";
    for tool in ["java", "keytool"] {
        if Command::new(tool)
            .arg("-help")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            return Err(format!("{tool} is missing: {how}"));
        }
    }
    let complete = jars.join("complete-4.1.1");
    if complete.exists() {
        return Ok(jars);
    }
    // Test binaries that run at the same time must not fetch at the same time.
    fs::create_dir_all(&cache).map_err(|error| error.to_string())?;
    let lock = fs::File::create(cache.join("kafka.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if complete.exists() {
        return Ok(jars);
    }
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(root.join("tests/support/kafka/pom.xml"))
        .arg("dependency:copy-dependencies")
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .output()
        .map_err(|_| format!("Maven is missing: {how}"))?;
    if !output.status.success() {
        return Err(format!("Maven cannot fetch it: {}", String::from_utf8_lossy(&output.stdout)));
    }
    fs::write(complete, "").map_err(|error| error.to_string())?;
    Ok(jars)
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&text)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn make_certificate(dir: &Path) -> Result<(), String> {
    let store = |command: &mut Command| {
        command.args(["-alias", "kafka", "-storetype", "PKCS12", "-storepass", "changeit"]);
        command.arg("-keystore").arg(dir.join("keystore.p12"));
    };
    let mut command = Command::new("keytool");
    command.args(["-genkeypair", "-keyalg", "RSA", "-keysize", "2048", "-validity", "30"]);
    command.args(["-dname", "CN=localhost", "-ext", "san=dns:localhost,ip:127.0.0.1"]);
    store(&mut command);
    run(&mut command)?;
    let mut command = Command::new("keytool");
    command.args(["-exportcert", "-rfc", "-file"]).arg(dir.join("ca.pem"));
    store(&mut command);
    run(&mut command).map(drop)
}

fn format_storage(jars: &Path, dir: &Path) -> Result<(), String> {
    let tool = || {
        let mut command = Command::new("java");
        command.arg("-cp").arg(format!("{}/*", jars.display())).arg("kafka.tools.StorageTool");
        command
    };
    let id = run(tool().arg("random-uuid"))?;
    let id = id.lines().last().unwrap_or_default();
    run(tool()
        .args(["format", "-t", id, "-c"])
        .arg(dir.join("server.properties"))
        .arg("--add-scram")
        .arg(format!("SCRAM-SHA-512=[name={USER},password={PASSWORD}]")))
    .map(drop)
}

fn properties(dir: &Path, plain: u16, controller: u16, sasl: u16) -> String {
    let dir = dir.display();
    let login = "org.apache.kafka.common.security";
    format!(
        r#"process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},SASL_SSL://127.0.0.1:{sasl}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://localhost:{sasl}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={dir}/data
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
ssl.keystore.location={dir}/keystore.p12
ssl.keystore.type=PKCS12
ssl.keystore.password=changeit
ssl.key.password=changeit
listener.name.sasl_ssl.plain.sasl.jaas.config={login}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;
"#
    )
}
