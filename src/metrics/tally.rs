//! One worker's counts for one input: plain integers, added to the shared counters in batches.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus::local::LocalHistogram;
use prometheus::{IntCounter, IntCounterVec, IntGauge};

use super::{Metrics, Names};
use crate::catalog::program::{Program, ServiceId};
use crate::classify::Classified;
use crate::code::Code;
use crate::decode::Format;
use crate::pipeline::{Judged, Outcome};
use crate::place::{PlaceId, StatedPlace};
use crate::verdict::{Activity, ClauseId, Fact, FindingPlace, Judgement, TenantGeography, Verdict};

/// The fields of `unknown_values_total`.
const UNKNOWN_FIELDS: [&str; 8] =
    ["field", "action", "purpose", "capability", "service", "category", "attribute", "place"];

/// Counts of many series that are touched seldom: flushing visits only what changed, and a
/// handle is looked up when its series first counts, so that no series stands at 0 for nothing.
#[derive(Debug)]
struct Slots {
    counts: Vec<u64>,
    touched: Vec<usize>,
    handles: Vec<Option<IntCounter>>,
}

impl Slots {
    fn new(size: usize) -> Self {
        Self { counts: vec![0; size], touched: Vec::new(), handles: vec![None; size] }
    }

    fn add(&mut self, slot: usize, by: u64) {
        if by == 0 {
            return;
        }
        if let Some(count) = self.counts.get_mut(slot) {
            if *count == 0 {
                self.touched.push(slot);
            }
            *count += by;
        }
    }

    fn flush(&mut self, mut resolve: impl FnMut(usize) -> Option<IntCounter>) {
        for slot in self.touched.drain(..) {
            let (Some(count), Some(handle)) =
                (self.counts.get_mut(slot), self.handles.get_mut(slot))
            else {
                continue;
            };
            if handle.is_none() {
                *handle = resolve(slot);
            }
            if let Some(handle) = handle {
                handle.inc_by(*count);
            }
            *count = 0;
        }
    }
}

/// One worker's counts for one input.
#[derive(Debug)]
pub struct Tally {
    metrics: Arc<Metrics>,
    input: Box<str>,
    services: usize,
    places: usize,
    geographies: usize,
    /// When the batch at hand began to be judged.
    now: Option<Timestamp>,
    last_record: Option<IntGauge>,
    records: Slots,
    bytes: Slots,
    events: Slots,
    verdicts: Slots,
    findings: Slots,
    violations: Slots,
    exceptions: Slots,
    place_only: u64,
    missing: Slots,
    without_place: Slots,
    unknown: Slots,
    flows: Slots,
    dead_letters: Slots,
    /// Commitments that the event at hand breaks, and exceptions that permit it; reused.
    broken: Vec<ClauseId>,
    permitting: Vec<(ClauseId, bool)>,
    delay: LocalHistogram,
    duration: LocalHistogram,
}

/// Activities of a finding: none, then each.
const ACTIVITIES: usize = 1 + Activity::ALL.len();
/// Verdicts of an event or a finding.
const VERDICTS: usize = Verdict::ALL.len();

impl Tally {
    /// Counts for one input. `input` is its name in the configuration.
    pub fn new(metrics: Arc<Metrics>, input: &str) -> Self {
        let Names { clauses, services, places, tenant_geographies } = &metrics.names;
        // One more of each: a service and a place may be unknown.
        let (clauses, services, places) = (clauses.len(), services.len() + 1, places.len() + 1);
        let geographies = tenant_geographies.len();
        Self {
            input: input.into(),
            services,
            places,
            geographies,
            now: None,
            last_record: metrics.last_record.get_metric_with_label_values(&[input]).ok(),
            records: Slots::new(1),
            bytes: Slots::new(1),
            events: Slots::new(Format::READ.len()),
            verdicts: Slots::new(VERDICTS),
            findings: Slots::new(clauses * services * ACTIVITIES * VERDICTS),
            violations: Slots::new(clauses * services),
            exceptions: Slots::new(clauses * 2),
            place_only: 0,
            missing: Slots::new(Fact::ALL.len()),
            without_place: Slots::new(services),
            unknown: Slots::new(UNKNOWN_FIELDS.len()),
            flows: Slots::new(geographies * places * VERDICTS),
            dead_letters: Slots::new(Code::ALL.len()),
            broken: Vec::new(),
            permitting: Vec::new(),
            delay: metrics.event_delay.local(),
            duration: metrics.judgement_duration.local(),
            metrics,
        }
    }

    /// Counts a Kafka record and the bytes of its value.
    pub fn record(&mut self, bytes: usize) {
        self.records.add(0, 1);
        self.bytes.add(0, bytes as u64);
    }

    /// Counts what became of one event.
    pub fn outcome(&mut self, program: &Program, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Judged(judged) => self.judged(program, judged),
            Outcome::Unreadable { why, .. } => {
                self.dead_letters.add(why.code as usize, 1);
            }
        }
    }

    /// Notes how long a batch of events took to read and judge.
    pub fn judged_for(&mut self, elapsed: Duration, events: u64) {
        if events > 0 {
            self.duration.observe(elapsed.as_secs_f64() / events as f64);
        }
    }

    fn judged(&mut self, program: &Program, judged: &Judged<'_>) {
        let Judged { format, event, classified, judgement, .. } = judged;
        let service = self.service(classified.service);
        if let Some(format) = Format::READ.iter().position(|read| read == format) {
            self.events.add(format, 1);
        }
        self.verdicts.add(judgement.verdict as usize, 1);
        self.findings(judgement, service);
        self.place_only += u64::from(judgement.lacks_only_place());
        for fact in judgement.missing().iter() {
            self.missing.add(fact as usize, 1);
        }
        if !classified.at_rest.is_stated() && !classified.processing.is_stated() {
            self.without_place.add(service, 1);
        }
        self.flows(program, classified, judgement);
        let unknown = [
            event.unknown.fields,
            u16::from(event.unknown.action),
            u16::from(event.unknown.purpose),
            event.unknown.capabilities,
            classified.unknown.service,
            classified.unknown.category,
            classified.unknown.attribute,
            classified.unknown.place,
        ];
        for (field, count) in unknown.into_iter().enumerate() {
            self.unknown.add(field, u64::from(count));
        }
        // The clock is read once a batch.
        let now = *self.now.get_or_insert_with(Timestamp::now);
        // An event from the future is no delay, and would spoil the sum.
        self.delay.observe(now.duration_since(event.time).as_secs_f64().max(0.0));
    }

    fn findings(&mut self, judgement: &Judgement, service: usize) {
        self.broken.clear();
        self.permitting.clear();
        for finding in &judgement.findings {
            let clause = usize::from(finding.commitment.0);
            let activity = finding.activity.map_or(0, |activity| 1 + activity as usize);
            let verdict = finding.verdict as usize;
            let pair = clause * self.services + service;
            self.findings.add((pair * ACTIVITIES + activity) * VERDICTS + verdict, 1);
            if finding.verdict == Verdict::Violation && !self.broken.contains(&finding.commitment) {
                self.broken.push(finding.commitment);
                self.violations.add(pair, 1);
            }
            if let Some(exception) = finding.exception {
                let assumed = !finding.assumed.is_empty();
                if !self.permitting.contains(&(exception, assumed)) {
                    self.permitting.push((exception, assumed));
                    self.exceptions.add(usize::from(exception.0) * 2 + usize::from(assumed), 1);
                }
            }
        }
    }

    fn flows(&mut self, program: &Program, classified: &Classified<'_>, judgement: &Judgement) {
        let geography = match judgement.tenant_geography {
            TenantGeography::Place(place) => program
                .tenant_geographies
                .iter()
                .position(|id| *id == place)
                .unwrap_or(self.geographies.saturating_sub(1)),
            TenantGeography::Other => self.geographies.saturating_sub(2),
            TenantGeography::Unknown => self.geographies.saturating_sub(1),
        };
        let mut flow = |stated: StatedPlace| {
            let (place, slot) = match stated {
                StatedPlace::Absent => return,
                StatedPlace::Unresolved => (FindingPlace::Unknown, self.places - 1),
                StatedPlace::Known(PlaceId(id), _) => {
                    (FindingPlace::Known(PlaceId(id)), usize::from(id))
                }
            };
            let about = judgement.findings.iter().filter(|finding| finding.place == place);
            let verdict = about.map(|finding| finding.verdict).max().unwrap_or_default();
            let slot = (geography * self.places + slot) * VERDICTS + verdict as usize;
            self.flows.add(slot, 1);
        };
        flow(classified.at_rest);
        if classified.processing != classified.at_rest {
            flow(classified.processing);
        }
    }

    fn service(&self, service: Option<ServiceId>) -> usize {
        service.map_or(self.services - 1, |id| usize::from(id.0))
    }

    /// Adds the batch's counts to the shared counters.
    pub fn flush(&mut self, now: Timestamp) {
        self.now = None;
        let Self { metrics, input, services, places, place_only, .. } = self;
        let (metrics, input, services, places) = (&**metrics, &**input, *services, *places);
        let names = &metrics.names;
        let one =
            |of: &IntCounterVec, labels: &[&str]| of.get_metric_with_label_values(labels).ok();
        let clause = |slot: usize| name(&names.clauses, slot);
        let service = |slot: usize| name(&names.services, slot);
        let verdict = |slot: usize| Verdict::ALL.get(slot).map_or("", |verdict| verdict.as_str());

        if !self.records.touched.is_empty()
            && let Some(last) = &self.last_record
        {
            last.set(now.as_second());
        }
        self.records.flush(|_| one(&metrics.records, &[input]));
        self.bytes.flush(|_| one(&metrics.record_bytes, &[input]));
        self.events.flush(|slot| {
            one(&metrics.events, &[input, Format::READ.get(slot).copied().unwrap_or("")])
        });
        self.verdicts.flush(|slot| one(&metrics.verdicts, &[verdict(slot)]));
        self.findings.flush(|slot| {
            let (rest, of_verdict) = (slot / VERDICTS, slot % VERDICTS);
            let (pair, activity) = (rest / ACTIVITIES, rest % ACTIVITIES);
            let activity = activity
                .checked_sub(1)
                .and_then(|activity| Activity::ALL.get(activity))
                .map_or("none", |activity| activity.as_str());
            let labels =
                [clause(pair / services), service(pair % services), activity, verdict(of_verdict)];
            one(&metrics.findings, &labels)
        });
        self.violations.flush(|pair| {
            one(&metrics.violations, &[clause(pair / services), service(pair % services)])
        });
        self.exceptions.flush(|slot| {
            let assumed = if slot % 2 == 1 { "true" } else { "false" };
            one(&metrics.exceptions, &[clause(slot / 2), assumed])
        });
        metrics.place_only.inc_by(std::mem::take(place_only));
        self.missing.flush(|slot| {
            one(&metrics.missing_facts, &[Fact::ALL.get(slot).map_or("", |fact| fact.as_str())])
        });
        self.without_place.flush(|slot| one(&metrics.without_place, &[input, service(slot)]));
        self.unknown.flush(|slot| {
            one(&metrics.unknown_values, &[UNKNOWN_FIELDS.get(slot).copied().unwrap_or("")])
        });
        self.flows.flush(|slot| {
            let (rest, of_verdict) = (slot / VERDICTS, slot % VERDICTS);
            let geography = name(&names.tenant_geographies, rest / places);
            let place = metrics.flow_place(name(&names.places, rest % places));
            one(&metrics.flows, &[geography, place, verdict(of_verdict)])
        });
        self.dead_letters.flush(|slot| {
            let reason = Code::ALL.get(slot).map_or("", |code| code.as_str());
            one(&metrics.dead_letters, &[input, reason])
        });
        self.delay.flush();
        self.duration.flush();
    }
}

/// The id of that number; the number after the last stands for what is not known.
fn name(names: &[Box<str>], slot: usize) -> &str {
    names.get(slot).map_or("unknown", |name| name)
}
