//! The status page as HTML: no script, nothing from outside, every text escaped.

mod sections;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::style::STYLE;
use super::{MINUTES, Names, RECENT, Recent, Status, Verdicts, locked};

use crate::metrics::Metrics;
use crate::position::base64;
use crate::verdict::Verdict;
use sections::{catalog, exceptions, lag, matrix, recent, table, unknown, without_place};

/// How often it loads itself, in seconds.
const REFRESH: u32 = 15;

/// What the address asks of the page.
#[derive(Clone, Copy, Debug, Default)]
pub struct View<'q> {
    /// Not to load itself again.
    still: bool,
    /// To show the violation of this id unfolded, as a browser that loads the page again would not.
    open: Option<&'q str>,
}

impl<'q> View<'q> {
    /// From the query of the address; what it does not know is passed over.
    pub fn of(query: Option<&'q str>) -> Self {
        let mut view = Self::default();
        for part in query.unwrap_or_default().split('&') {
            match part.split_once('=') {
                Some(("refresh", "off")) => view.still = true,
                Some(("open", id)) => view.open = Some(id),
                _ => {}
            }
        }
        view
    }
}

/// What the page is made of.
#[derive(Debug)]
pub struct State<'s> {
    /// The boards of the workers.
    pub status: &'s Status,
    /// The counts since the start.
    pub metrics: &'s Metrics,
    /// Whether the instance is ready, or why not.
    pub ready: Result<(), String>,
    /// Where the dashboards of all instances are.
    pub dashboards: Option<&'s str>,
    /// What was asked for.
    pub view: View<'s>,
    /// The time.
    pub now: Timestamp,
}

/// The page's content security policy: its own style sheet and nothing else.
pub fn policy() -> String {
    let hash = base64(&Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

/// Text of any origin, as text of HTML.
struct Text<T>(T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' => f.write_char('\n')?,
                // Marks that turn the direction of writing would make a name look like another.
                c if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) => {
                    f.write_char('\u{fffd}')?;
                }
                c if ('\u{2066}'..='\u{2069}').contains(&c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// The boards of all workers in one.
struct Sum {
    minutes: Vec<Verdicts>,
    recent: Vec<Recent>,
    services: Names,
    places: Names,
    partitions: BTreeMap<String, BTreeSet<i32>>,
}

impl Sum {
    /// The violation that the address names, if it is there; nothing else of an address is repeated.
    fn named(&self, view: View<'_>) -> Option<&str> {
        self.recent.iter().map(|it| &*it.id).find(|id| view.open == Some(*id))
    }
}

fn sum(status: &Status, now: Timestamp) -> Sum {
    let last = now.as_second().div_euclid(60);
    let mut sum = Sum {
        minutes: vec![[0; Verdict::ALL.len()]; MINUTES],
        recent: Vec::new(),
        services: Names::default(),
        places: Names::default(),
        partitions: BTreeMap::new(),
    };
    for board in &status.boards {
        let board = locked(board);
        for (minute, verdicts) in &board.minutes {
            let ago = last.checked_sub(*minute).and_then(|ago| usize::try_from(ago).ok());
            let slot = ago.and_then(|ago| (MINUTES - 1).checked_sub(ago));
            if let Some(counts) = slot.and_then(|slot| sum.minutes.get_mut(slot)) {
                counts.iter_mut().zip(verdicts).for_each(|(count, more)| *count += more);
            }
        }
        sum.recent.extend(board.recent.iter().rev().cloned());
        sum.services.merge(&board.services);
        sum.places.merge(&board.places);
        for (topic, partition) in &board.partitions {
            sum.partitions.entry(topic.clone()).or_default().insert(*partition);
        }
    }
    sum.recent.sort_by_key(|it| std::cmp::Reverse((it.seen, it.time)));
    sum.recent.truncate(RECENT);
    sum
}

/// The whole page.
pub fn render(state: &State<'_>) -> String {
    let sum = sum(state.status, state.now);
    let hour = |verdict: Verdict| -> u64 {
        sum.minutes.iter().filter_map(|minute| minute.get(verdict as usize)).sum()
    };
    let violations = hour(Verdict::Violation);
    let mut out = String::with_capacity(1 << 15);
    let _ = write!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\">");
    if !state.view.still {
        // To an address without a fragment: browsers take one with it for a jump within the page.
        let again = address(false, sum.named(state.view));
        let again = again.split('#').next().unwrap_or_default();
        let _ = writeln!(out, "<meta http-equiv=\"refresh\" content=\"{REFRESH};url={again}\">");
    }
    let _ = writeln!(out, "<title>Violations in an hour: {violations} – Bailiwick</title>");
    let _ = writeln!(out, "<style>{STYLE}</style>\n</head>\n<body>");
    header(&mut out, state, &sum);
    let _ = writeln!(out, "<main>");
    facts(&mut out, state, violations);
    last_hour(&mut out, &sum, hour);
    lag(&mut out, state.metrics);
    matrix(&mut out, state.metrics);
    recent(&mut out, &sum.recent, state.view);
    exceptions(&mut out, state.metrics);
    without_place(&mut out, state.metrics);
    unknown(&mut out, "Unknown services", &sum.services);
    unknown(&mut out, "Unknown places", &sum.places);
    catalog(&mut out, state.metrics);
    let _ = writeln!(out, "</main>\n</body>\n</html>");
    out
}

/// The page's address with a view.
fn address(still: bool, open: Option<&str>) -> String {
    match (still, open) {
        (false, None) => "/".to_owned(),
        (true, None) => "/?refresh=off".to_owned(),
        (false, Some(id)) => format!("/?open={id}#v-{id}"),
        (true, Some(id)) => format!("/?refresh=off&amp;open={id}#v-{id}"),
    }
}

fn header(out: &mut String, state: &State<'_>, sum: &Sum) {
    let _ = writeln!(out, "<header>\n<h1>Bailiwick: this instance</h1>");
    let owned: Vec<String> = sum
        .partitions
        .iter()
        .map(|(topic, numbers)| {
            let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
            format!("{topic} [{}]", numbers.join(" "))
        })
        .collect();
    let owned = if owned.is_empty() { "none".to_owned() } else { owned.join(", ") };
    let _ = writeln!(out, "<p>Partitions: {}</p>", Text(owned));
    if let Some(url) = state.dashboards {
        let _ = writeln!(
            out,
            "<p><a href=\"{}\" rel=\"noreferrer\">All instances: dashboards</a></p>",
            Text(url)
        );
    }
    let since = state.status.since.strftime("%Y-%m-%d %H:%M UTC");
    let _ = writeln!(out, "<p>Started {since}</p>");
    let at = state.now.strftime("%Y-%m-%d %H:%M:%S UTC");
    let open = sum.named(state.view);
    let how = if state.view.still {
        format!("not loading itself, <a href=\"{}\">start</a>", address(false, open))
    } else {
        format!("again every {REFRESH} s, <a href=\"{}\">stop</a>", address(true, open))
    };
    let _ = writeln!(out, "<p>{at}, {how}</p>\n</header>");
}

fn facts(out: &mut String, state: &State<'_>, violations: u64) {
    let lag = state.metrics.series("bailiwick_consumer_lag_records");
    // Before the first look at a partition's end, none is not nought.
    let (lag, known) = match lag.is_empty() {
        true => ("not known".to_owned(), "words"),
        false => (lag.values().sum::<i64>().to_string(), ""),
    };
    let letters = state.metrics.dead_letter_count();
    let (ready, class) = match &state.ready {
        Ok(()) => ("yes", "fine"),
        Err(why) => (why.as_str(), "alarm words"),
    };
    let alarm = |count: u64| if count > 0 { "alarm" } else { "fine" };
    let _ = writeln!(out, "<section aria-label=\"At a glance\">\n<dl class=\"facts\">");
    for (what, value, class) in [
        ("Violations in the last hour", violations.to_string(), alarm(violations)),
        ("Ready", ready.to_owned(), class),
        ("Records behind", lag, known),
        ("Dead letters since the start", letters.to_string(), ""),
    ] {
        let value = Text(value);
        let _ = writeln!(out, "<div class=\"{class}\"><dt>{what}</dt><dd>{value}</dd></div>");
    }
    let _ = writeln!(out, "</dl>\n</section>");
}

fn last_hour(out: &mut String, sum: &Sum, hour: impl Fn(Verdict) -> u64) {
    let _ = writeln!(out, "<section class=\"half\">\n<h2>Verdicts over the last hour</h2>");
    let all: Vec<u64> = sum.minutes.iter().map(|minute| minute.iter().sum()).collect();
    let bad = sum.minutes.iter().filter_map(|it| it.get(Verdict::Violation as usize).copied());
    bars(out, "Events a minute", "", &all);
    bars(out, "Violations a minute", " class=\"bad\"", &bad.collect::<Vec<_>>());
    let total: u64 = all.iter().sum();
    let rows = Verdict::ALL.iter().rev().map(|verdict| {
        let events = hour(*verdict);
        let share = if total == 0 { 0.0 } else { events as f64 * 100.0 / total as f64 };
        vec![verdict.to_string(), events.to_string(), format!("{share:.1} %")]
    });
    table(out, "By the time of judging", &["Verdict", "Events", "Share"], rows);
    let _ = writeln!(out, "</section>");
}

fn bars(out: &mut String, what: &str, class: &str, counts: &[u64]) {
    let most = counts.iter().max().copied().unwrap_or_default();
    let _ = writeln!(
        out,
        "<figure>\n<svg viewBox=\"0 0 {} 40\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{what} over the last hour, at most {most}\">\n\
         <line x1=\"0\" y1=\"40\" x2=\"{}\" y2=\"40\"/>",
        MINUTES * 10,
        MINUTES * 10
    );
    for (minute, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (*count as f64 / most as f64 * 38.0).max(1.5);
        let (x, y) = (minute * 10 + 1, 40.0 - height);
        let _ = writeln!(
            out,
            "<rect{class} x=\"{x}\" y=\"{y:.1}\" width=\"8\" height=\"{height:.1}\"/>"
        );
    }
    let _ = writeln!(
        out,
        "</svg>\n<figcaption>{what}, at most {most}; the last minute is on the right</figcaption>\n\
         </figure>"
    );
}

#[cfg(test)]
mod tests;
