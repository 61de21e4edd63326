//! What the demo shows: counts while it plays, a table at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Options, Sent};
use crate::logging;
use crate::metrics::Metrics;
use crate::verdict::Verdict;

/// What was sent, and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// How long it took, the wait for the last events included.
    pub elapsed: Duration,
    /// Kafka records sent.
    pub records: u64,
    /// Events in them that can be read.
    pub events: u64,
    /// Records in them that cannot.
    pub unreadable: u64,
    /// Events judged, in the order of [`Verdict::ALL`].
    pub verdicts: [u64; 5],
    /// Dead letters found.
    pub dead_letters: u64,
    /// Violations planted, by commitment.
    pub planted: BTreeMap<String, u64>,
    /// Violations found, by commitment; none where there were none.
    pub found: BTreeMap<String, u64>,
    /// Whether everything sent was judged in time.
    pub whole: bool,
}

impl Summary {
    /// Whether all was judged, and exactly what was planted was found.
    pub fn is_right(&self) -> bool {
        self.whole && self.planted == self.found && self.unreadable == self.dead_letters
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut row = |name: &str, left: &str, right: &str, note: &str| {
            let _ =
                writeln!(text, "{}", format!("{name:<36}{left:>10}{right:>10}  {note}").trim_end());
        };
        let seconds = self.elapsed.as_secs_f64().max(0.001);
        let number = |count: u64| count.to_string();
        row("", "records", "events", "");
        let rate = format!("{:.0} events/s", self.events as f64 / seconds);
        row("produced", &number(self.records), &number(self.events), &rate);
        row("judged", "", &number(self.verdicts.iter().sum()), "");
        for (verdict, count) in Verdict::ALL.into_iter().zip(self.verdicts).rev() {
            row(&format!("  {verdict}"), "", &number(count), "");
        }
        row("", "", "", "");
        row("", "planted", "found", "");
        let note = |planted: u64, found: u64| if planted == found { "" } else { "differs" };
        let clauses: BTreeSet<&String> = self.planted.keys().chain(self.found.keys()).collect();
        for clause in clauses {
            let of = |counts: &BTreeMap<String, u64>| counts.get(clause).copied().unwrap_or(0);
            let (planted, found) = (of(&self.planted), of(&self.found));
            row(clause, &number(planted), &number(found), note(planted, found));
        }
        let (planted, found) = (self.unreadable, self.dead_letters);
        row("dead letters", &number(planted), &number(found), note(planted, found));
        if !self.whole {
            text.push_str("not everything that was produced was judged in time\n");
        }
        text
    }
}

/// Writes a line for people, above the live counts.
pub(super) fn line(text: &str) {
    logging::bars().suspend(|| eprintln!("{text}"));
}

/// Live counts.
pub(super) struct Show {
    bar: Option<ProgressBar>,
    every: Option<Duration>,
    shown: Instant,
    address: SocketAddr,
}

impl Show {
    /// Shows nothing unless the options ask for it; on no terminal, a line now and then.
    pub(super) fn new(options: &Options, address: SocketAddr) -> Self {
        let terminal = options.live && io::stderr().is_terminal();
        if options.live {
            line(&format!("metrics: http://{address}/metrics"));
        }
        let every = match (options.live, terminal) {
            (false, _) => None,
            (true, true) => Some(Duration::from_millis(200)),
            (true, false) => Some(Duration::from_secs(5)),
        };
        let bar = terminal.then(|| {
            let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}");
            let bar = logging::bars().add(ProgressBar::new_spinner());
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Self { bar, every, shown: Instant::now(), address }
    }

    /// Shows the counts, if it is time to.
    pub(super) fn counts(&mut self, sent: &Sent, metrics: &Metrics, elapsed: Duration) {
        if self.every.is_none_or(|every| self.shown.elapsed() < every) {
            return;
        }
        self.shown = Instant::now();
        let mut text = format!("{} events sent", sent.events);
        for (verdict, count) in Verdict::ALL.into_iter().zip(metrics.verdict_counts()).rev() {
            let _ = write!(text, " · {} {count}", verdict.as_str().replace('_', " "));
        }
        let _ = write!(text, " · dead letters {}", metrics.dead_letter_count());
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{text} · http://{}/metrics", self.address));
                bar.tick();
            }
            None => line(&format!("{:>4}s  {text}", elapsed.as_secs())),
        }
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_each_clause_once_and_points_at_a_difference() {
        let counts = |list: &[(&str, u64)]| {
            list.iter().map(|(clause, count)| ((*clause).to_owned(), *count)).collect()
        };
        let mut summary = Summary {
            events: 12,
            verdicts: [1, 2, 3, 4, 2],
            planted: counts(&[("a", 1), ("b", 1)]),
            found: counts(&[("a", 1), ("b", 1)]),
            whole: true,
            ..Summary::default()
        };
        assert!(summary.is_right() && !summary.table().contains("differs"));
        summary.found = counts(&[("a", 1), ("c", 2)]);
        let table = summary.table();
        assert!(!summary.is_right());
        assert_eq!(table.matches("differs").count(), 2, "{table}");
    }
}
