//! The stream of the demo: records of both formats, and in some of them a planted violation.
//!
//! In: a seed, a rate and a clock. Out: records ready to produce, each with what was planted
//! in it. It judges nothing: what an event breaks is known from how it was made.

use jiff::Timestamp;
use serde_json::json;

use super::azure;
use super::breach::{BOUNDARY, Breach, Planted};
use super::native::Native;
pub use super::random::Rng;
use crate::tenant::TenantRecord;

use super::tenants;

/// Which topic a record goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One native event.
    Native,
    /// An Azure Monitor envelope.
    AzureMonitor,
}

/// A violation that was planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plant {
    /// Which record of the envelope, from 0.
    pub index: u32,
    /// What happened.
    pub what: &'static str,
    /// The commitments it breaks: one violation each.
    pub breaks: &'static [&'static str],
}

/// A record to produce.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it goes.
    pub form: Form,
    /// Its value.
    pub value: Vec<u8>,
    /// How many events it holds that can be read.
    pub events: u64,
    /// How many that cannot.
    pub unreadable: u64,
    /// What was planted.
    pub planted: Vec<Plant>,
}

/// How many records in a thousand hold something that cannot be read.
const UNREADABLE: f64 = 0.002;

/// What a Graph call served abroad breaks.
const GRAPH_ABROAD: Planted =
    Planted { what: "a Graph call served outside the boundary", breaks: &[BOUNDARY] };

/// Makes records, one after the other. The same seed makes the same ones, but for the times.
#[derive(Debug)]
pub struct Generator {
    rng: Rng,
    violations: f64,
    native: Native,
    next_breach: usize,
}

impl Generator {
    /// `violations` is the share of events that break something, from 0 to 1.
    pub fn new(seed: u64, violations: f64) -> Self {
        Self { rng: Rng::new(seed), violations, native: Native::new(), next_breach: 0 }
    }

    /// The next record. Every event in it happened at `now`.
    pub fn record(&mut self, now: Timestamp) -> Record {
        if self.rng.chance(0.5) { self.native(now) } else { self.envelope(now) }
    }

    fn native(&mut self, now: Timestamp) -> Record {
        let mut planted = Vec::new();
        let event = if self.rng.chance(self.violations) {
            // In turn, so that even a short demo has every kind.
            let turn = self.next_breach;
            self.next_breach = self.next_breach.wrapping_add(1) % Breach::ALL.len();
            let breach = Breach::ALL.get(turn).copied().unwrap_or(Breach::Profiled);
            let Planted { what, breaks } = breach.planted();
            planted.push(Plant { index: 0, what, breaks });
            self.native.breach(breach, &mut self.rng, now)
        } else {
            self.native.ordinary(&mut self.rng, now)
        };
        let mut value = serde_json::to_vec(&event).unwrap_or_default();
        let torn = planted.is_empty() && self.rng.chance(UNREADABLE);
        if torn {
            value.truncate(value.len() / 2);
        }
        let unreadable = u64::from(torn);
        Record { form: Form::Native, value, events: 1 - unreadable, unreadable, planted }
    }

    fn envelope(&mut self, now: Timestamp) -> Record {
        let (mut planted, mut unreadable) = (Vec::new(), 0);
        let records: Vec<_> = (0..1 + self.rng.below(4) as u32)
            .map(|index| {
                if self.rng.chance(self.violations) {
                    let Planted { what, breaks } = GRAPH_ABROAD;
                    planted.push(Plant { index, what, breaks });
                    azure::graph_abroad(&self.native, &mut self.rng, now)
                } else if self.rng.chance(UNREADABLE) {
                    unreadable += 1;
                    azure::unreadable(&mut self.rng, now)
                } else {
                    azure::ordinary(&self.native, &mut self.rng, now)
                }
            })
            .collect();
        let events = records.len() as u64 - unreadable;
        let value = serde_json::to_vec(&json!({ "records": records })).unwrap_or_default();
        Record { form: Form::AzureMonitor, value, events, unreadable, planted }
    }
}

/// Facts of the demo's tenants.
pub fn tenants() -> Vec<TenantRecord> {
    tenants::records()
}

/// A record of Microsoft Graph's activity log, about 1.2 KB, in an envelope of its own.
pub fn graph_activity(rng: &mut Rng) -> String {
    let native = Native::new();
    json!({ "records": [azure::graph_at_home(&native, rng, a_time())] }).to_string()
}

/// A record of the sign-in log, about 1.2 KB, in an envelope of its own.
pub fn sign_in(rng: &mut Rng) -> String {
    let tenant = rng.pick(&tenants::ALL);
    json!({ "records": [azure::sign_in(rng, a_time(), tenant)] }).to_string()
}

/// A moment for records whose time does not matter.
fn a_time() -> Timestamp {
    Timestamp::constant(1_767_323_045, 123_456_700)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::catalog::compile::{Strictness, compile};
    use crate::classify::InputRules;
    use crate::decode::Format;
    use crate::directory::Directory;
    use crate::pipeline::{Outcome, Pipeline};
    use crate::verdict::Verdict;

    #[test]
    fn the_same_seed_makes_the_same_records() {
        let (mut one, mut two) = (Generator::new(7, 0.1), Generator::new(7, 0.1));
        let mut other = Generator::new(8, 0.1);
        let values = |from: &mut Generator| -> Vec<Vec<u8>> {
            (0..200).map(|_| from.record(a_time()).value).collect()
        };
        let first = values(&mut one);
        assert_eq!(first, values(&mut two));
        assert_ne!(first, values(&mut other));
    }

    #[test]
    fn every_clause_that_one_event_can_break_is_planted_in_turn_and_none_without_a_rate() {
        let mut generator = Generator::new(1, 1.0);
        let broken: BTreeSet<&str> = (0..100)
            .flat_map(|_| generator.record(a_time()).planted)
            .flat_map(|plant| plant.breaks)
            .copied()
            .collect();
        let clauses = [
            "entra.eu-data-boundary",
            "entra.eu-data-residency",
            "intune.audit-log-retention",
            "intune.certified-processing",
            "intune.immutable-country",
            "intune.no-profiling",
            "intune.no-unrequested-move",
            "intune.notification-email",
            "intune.storage-geography",
        ];
        assert_eq!(broken, BTreeSet::from(clauses));
        let mut quiet = Generator::new(1, 0.0);
        assert!((0..1000).all(|_| quiet.record(a_time()).planted.is_empty()));
    }

    /// Runs records through the real pipeline and compares, event by event.
    fn judged(seed: u64, violations: f64, records: usize) -> [u64; 5] {
        let catalog =
            compile(&[crate::catalog::layers::Layer::builtin()], Strictness::Lenient).unwrap();
        let program = Arc::new(catalog.program);
        let directory = Arc::new(Directory::new(&program, &tenants::records()));
        let pipeline = |format| {
            let rules = Arc::new(InputRules::default());
            Pipeline::new(program.clone(), directory.clone(), rules, format, 1 << 20)
        };
        let mut native = pipeline(Format::Native);
        let mut azure = pipeline(Format::AzureMonitor);
        let mut generator = Generator::new(seed, violations);
        let mut verdicts = [0; 5];
        for _ in 0..records {
            let record = generator.record(a_time());
            let pipeline = match record.form {
                Form::Native => &mut native,
                Form::AzureMonitor => &mut azure,
            };
            let (mut events, mut unreadable) = (0, 0);
            pipeline.record(Some(&record.value), |outcome| match outcome {
                Outcome::Unreadable { .. } => unreadable += 1,
                Outcome::Judged(judged) => {
                    events += 1;
                    verdicts[judged.judgement.verdict as usize] += 1;
                    let findings = &judged.judgement.findings;
                    let mut broken: Vec<&str> = findings
                        .iter()
                        .filter(|finding| finding.verdict == Verdict::Violation)
                        .map(|finding| program.clause_id(finding.commitment))
                        .collect();
                    broken.sort_unstable();
                    broken.dedup();
                    let planted = record.planted.iter().find(|plant| plant.index == judged.index);
                    let mut breaks = planted.map_or(Vec::new(), |plant| plant.breaks.to_vec());
                    breaks.sort_unstable();
                    let text = String::from_utf8_lossy(&record.value);
                    assert_eq!(broken, breaks, "{planted:?} in {text}");
                }
            });
            assert_eq!((events, unreadable), (record.events, record.unreadable));
        }
        verdicts
    }

    #[test]
    fn the_judge_finds_in_each_event_exactly_what_was_planted_in_it() {
        judged(11, 0.3, 4000);
        let quiet = judged(12, 0.0, 6000);
        assert_eq!(quiet[Verdict::Violation as usize], 0);
        assert!(quiet[..4].iter().all(|count| *count > 300), "{quiet:?}");
    }

    #[test]
    fn records_are_about_as_large_as_real_ones() {
        let mut rng = Rng::new(3);
        for record in [graph_activity(&mut rng), sign_in(&mut rng)] {
            assert!((1000..1700).contains(&record.len()), "{}", record.len());
        }
    }

    #[test]
    fn tenant_ids_are_all_different_and_their_countries_are_placed_in_one_group() {
        let records = tenants::records();
        assert_eq!(crate::tenant::repeated_ids(&records), Default::default());
        assert!(records.len() >= 40);
        for tenant in tenants::ALL {
            assert!(!(tenant.in_boundary() && tenant.in_rest_of_europe()), "{}", tenant.name);
        }
    }
}
