//! `bailiwick run` beside a bare consumer loop, on the same topic of a real Apache Kafka.
//!
//! `cargo bench --bench throughput` preloads a topic with a million Graph activity and sign-in
//! records of about 1.5 KB, half and half, and lets both read it, in turn, three times each.
//! `BAILIWICK_BENCH_RECORDS` changes the number of records. The ratio is what counts: the
//! broker shares the machine with both.
//!
//! Then it prints what the figures of docs/sizing.md come from: processor time, memory and what
//! is written, by what is published and by the number of workers. Linux only.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bailiwick::demo::generator::{self, Rng};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use support::client::{Out, produce, unique};
use support::kafka;
use support::stream::Topics;

const PARTITIONS: i32 = 4;
const DISTINCT: usize = 4000;
const TURNS: usize = 3;
const LIMIT: Duration = Duration::from_secs(300);

fn main() {
    let Some(broker) = kafka() else { return };
    let records: u64 = std::env::var("BAILIWICK_BENCH_RECORDS")
        .map_or(1_000_000, |number| number.parse().expect("a number of records"));
    let topics = Topics::new(&broker.bootstrap, "throughput", PARTITIONS);
    let mut rng = Rng::new(1);
    let values: Vec<String> = (0..DISTINCT)
        .map(|n| match n % 2 {
            0 => generator::graph_activity(&mut rng),
            _ => generator::sign_in(&mut rng),
        })
        .collect();
    let size = values.iter().map(String::len).sum::<usize>() / values.len();
    println!("{records} records of {size} bytes on average, {PARTITIONS} partitions");
    let at = |n: u64| &values[(n % DISTINCT as u64) as usize];
    produce(
        &broker.bootstrap,
        &topics.input,
        (0..records).map(|n| Out::value((n % PARTITIONS as u64) as i32, at(n).as_bytes())),
    );
    let mut ratios = Vec::new();
    let per_second = |time: Duration| records as f64 / time.as_secs_f64() / 1000.0;
    for turn in 1..=TURNS {
        let bare = bare_loop(&broker.bootstrap, &topics.input, records);
        let run = bailiwick(&broker.bootstrap, &topics, records, "off", 1);
        let ratio = run.took.as_secs_f64() / bare.as_secs_f64();
        println!(
            "turn {turn}: bare {bare:.2?} ({:.0}k/s), run {:.2?} ({:.0}k/s), run/bare {ratio:.2}",
            per_second(bare),
            run.took,
            per_second(run.took)
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("run/bare, median of {TURNS}: {:.2}\n", ratios[TURNS / 2]);

    println!("publish        workers  records/s  CPU a record  memory  written a record");
    for (publish, workers) in [("off", 1), ("not_compliant", 1), ("all", 1), ("off", 2), ("off", 8)]
    {
        let written = || broker.bytes_of(&topics.violations) + broker.bytes_of(&topics.verdicts);
        let before = written();
        let run = bailiwick(&broker.bootstrap, &topics, records, publish, workers);
        println!(
            "{publish:<13}  {workers:>7}  {:>8.0}k  {:>9.1} µs  {:>3} MB  {:>10} bytes",
            per_second(run.took),
            run.processor.as_secs_f64() * 1e6 / records as f64,
            run.memory / 1000,
            (written() - before) / records,
        );
    }
}

/// Reads the topic and looks at nothing; from the first record to the last.
fn bare_loop(bootstrap: &str, topic: &str, records: u64) -> Duration {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", unique("bare"))
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("fetch.queue.backoff.ms", "1")
        .set("queued.max.messages.kbytes", "16384")
        .create()
        .unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let (mut seen, mut bytes, mut began) = (0, 0, Instant::now());
    let deadline = Instant::now() + LIMIT;
    while seen < records {
        assert!(Instant::now() < deadline, "only {seen} records came");
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            if seen == 0 {
                began = Instant::now();
            }
            bytes += message.unwrap().payload_len();
            seen += 1;
        }
    }
    assert!(bytes > 0);
    began.elapsed()
}

/// What a run took.
struct Run {
    /// From its first count to its last.
    took: Duration,
    /// User and system, the start included.
    processor: Duration,
    /// The most that was resident, in kB.
    memory: u64,
}

/// Lets the real binary read the topic.
fn bailiwick(bootstrap: &str, topics: &Topics, records: u64, publish: &str, workers: usize) -> Run {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    let tenants = serde_json::to_string(&generator::tenants()).unwrap();
    let text = format!(
        "kafka: {{ brokers: \"{bootstrap}\" }}\ngroup: {}\nworkers: {workers}\ntenants: {{ inline: {tenants} }}\n\
         inputs:\n  - {{ name: bench, topics: [{}] }}\n\
         outputs:\n  violations: {{ topic: {} }}\n  dead_letters: {{ topic: {} }}\n\
         \x20 verdicts: {{ topic: {}, publish: {publish} }}\n\
         http: {{ listen: \"127.0.0.1:{port}\" }}\nlog: {{ level: warn }}\n",
        unique("run"),
        topics.input,
        topics.violations,
        topics.dead_letters,
        topics.verdicts,
    );
    std::fs::write(config.path(), text).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["run", "-c"])
        .arg(config.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + LIMIT;
    let mut began = None;
    let took = loop {
        assert!(Instant::now() < deadline, "run did not read everything");
        assert!(run.try_wait().unwrap().is_none(), "run has ended");
        let count = records_total(port);
        if count > 0 && began.is_none() {
            // What the first batch took is too small to matter, but let it not count as free.
            began = Some((Instant::now(), count));
        }
        if let (Some((began, first)), true) = (began, count >= records) {
            let share = (count - first) as f64 / count as f64;
            break began.elapsed().div_f64(share.max(0.1));
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let run_of = Run { took, processor: processor_time(run.id()), memory: most_resident(run.id()) };
    Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    run.wait().unwrap();
    run_of
}

/// The 14th and 15th field of `/proc/PID/stat`, in hundredths of a second.
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    Duration::from_millis(10 * ticks.map(|it| it.parse::<u64>().unwrap()).sum::<u64>())
}

/// `VmHWM` of `/proc/PID/status`, in kB.
fn most_resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// `bailiwick_records_total`, as `/metrics` has it.
fn records_total(port: u16) -> u64 {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = ask().unwrap_or_default();
    text.lines()
        .filter(|line| line.starts_with("bailiwick_records_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum::<f64>() as u64
}
