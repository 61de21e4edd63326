//! `bailiwick run` is killed without warning, again and again, and nothing is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::client::{Out, committed, count, produce, wait_for};
use support::stream::{Topics, accounts, compliant, missing, violating};
use support::{Broker, kafka};

/// Kills that count: at each, records were read that were not committed.
const KILLS: usize = 20;
const PARTITIONS: i32 = 4;

/// A small generator of our own, so that a seed gives the same moments everywhere.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

struct Killed<'a> {
    broker: &'a Broker,
    topics: Topics,
    config: tempfile::NamedTempFile,
    log: tempfile::NamedTempFile,
}

impl Killed<'_> {
    fn start(&self) -> Child {
        let log = self.log.reopen().expect("a log");
        Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(["run", "-c"])
            .arg(self.config.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary")
    }

    fn done(&self) -> i64 {
        let bootstrap = &self.broker.bootstrap;
        count(bootstrap, &self.topics.verdicts) + count(bootstrap, &self.topics.dead_letters)
    }

    fn committed(&self) -> i64 {
        committed(&self.broker.bootstrap, &self.topics.group, &self.topics.input, PARTITIONS)
            .values()
            .sum()
    }

    fn feed(&self, from: i64, until: i64) {
        for partition in 0..PARTITIONS {
            let values: Vec<Vec<u8>> = (from..until)
                .map(|n| match n % 20 {
                    0 => violating(&format!("e-{n}")),
                    1 => b"no json".to_vec(),
                    _ => compliant(&format!("e-{n}")),
                })
                .collect();
            produce(
                &self.broker.bootstrap,
                &self.topics.input,
                values.iter().map(|value| Out::value(partition, value)),
            );
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap_or_default()
    }
}

#[test]
fn killed_at_twenty_moments_it_loses_nothing() {
    let Some(broker) = kafka() else { return };
    let topics = Topics::new(&broker.bootstrap, "crash", PARTITIONS);
    let config = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a file");
    // The session is short, so that the next start need not wait long for the dead member.
    let text = format!(
        "kafka:\n  brokers: {}\n  librdkafka: {{ session.timeout.ms: 2000, heartbeat.interval.ms: 500 }}\n\
         group: {}\nworkers: 2\n\
         tenants:\n  inline:\n    - {{ id: t-1, country: DE, created: \"2020-05-01\", capabilities: {{}} }}\n\
         inputs:\n  - name: audit\n    topics: [{}]\n\
         outputs:\n  violations: {{ topic: {} }}\n  verdicts: {{ topic: {}, publish: all }}\n  dead_letters: {{ topic: {} }}\n\
         http: {{ listen: 127.0.0.1:0 }}\n",
        broker.bootstrap,
        topics.group,
        topics.input,
        topics.violations,
        topics.verdicts,
        topics.dead_letters,
    );
    fs::write(config.path(), text).expect("a configuration");
    let log = tempfile::NamedTempFile::new().expect("a log");
    let run = Killed { broker, topics, config, log };

    let mut moments = Moments(0x5eed_ba11_1111_c0de);
    // A backlog, and more before each start, so that the stream is in full flow at any moment;
    // the moments lie before, around and after the first commits of a run.
    let mut fed = 40_000i64;
    run.feed(0, fed);
    let mut kills = 0;
    let mut attempts = 0;
    while kills < KILLS {
        attempts += 1;
        assert!(attempts <= KILLS * 4, "{kills} of {attempts} kills counted\n{}", run.log());
        run.feed(fed, fed + 5_000);
        fed += 5_000;
        let (before, start_at) = (run.done(), run.committed());
        let mut child = run.start();
        let start = Instant::now();
        wait_for("the stream to flow", Duration::from_secs(60), || {
            assert!(
                child.try_wait().expect("a process").is_none(),
                "it ended by itself:\n{}",
                run.log()
            );
            run.done() > before
        });
        std::thread::sleep(Duration::from_millis(moments.next(1_500)));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        // One output for each record of this run, so what it put out and did not commit was
        // open when the end came; with more to read, more was on its way.
        let committed = run.committed();
        let open = (run.done() - before) - (committed - start_at);
        let rest = i64::from(PARTITIONS) * fed - committed;
        let counts = open > 0 && rest > 0;
        kills += usize::from(counts);
        eprintln!("kill {kills}: after {:?}, open {open}, to do {rest}", start.elapsed());
    }
    let mut child = run.start();
    wait_for("everything to be committed", Duration::from_secs(180), || {
        run.committed() == i64::from(PARTITIONS) * fed
    });
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let accounts = accounts(&run.broker.bootstrap, &run.topics);
    assert_eq!(missing(&accounts, PARTITIONS, fed), []);
    let repeated = accounts.values().filter(|times| **times > 1).count();
    eprintln!("{} events, {repeated} of them more than once", accounts.len());
}
