//! The page's sections, each of counts since the start or of the boards.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{Text, View, address};
use crate::metrics::Metrics;
use crate::status::{Names, Recent};
use crate::verdict::Verdict;

/// Columns of the matrix; further places are one column.
const PLACES: usize = 12;
/// Rows of a list, at most.
const NAMED: usize = 16;
/// Violations that are listed at once; the others are folded away.
const OPEN: usize = 10;

/// A table of text in the first columns and numbers after them.
pub(super) fn table(
    out: &mut String,
    caption: &str,
    heads: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) {
    let _ =
        writeln!(out, "<div class=\"scroll\"><table>\n<caption>{caption}</caption>\n<thead><tr>");
    for (number, head) in heads.iter().enumerate() {
        let class = if number > 0 { " class=\"n\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{head}</th>");
    }
    let _ = writeln!(out, "</tr></thead>\n<tbody>");
    for row in rows {
        let _ = write!(out, "<tr>");
        for (number, cell) in row.iter().enumerate() {
            let cell = Text(cell);
            let _ = match number {
                0 => write!(out, "<th scope=\"row\">{cell}</th>"),
                _ => write!(out, "<td class=\"n\">{cell}</td>"),
            };
        }
        let _ = writeln!(out, "</tr>");
    }
    let _ = writeln!(out, "</tbody></table></div>");
}

pub(super) fn lag(out: &mut String, metrics: &Metrics) {
    let _ = writeln!(out, "<section class=\"half\">\n<h2>Lag</h2>");
    let mut lag: Vec<_> = metrics.series("bailiwick_consumer_lag_records").into_iter().collect();
    if lag.is_empty() {
        empty(out, "No lag is known yet.");
    } else {
        lag.sort_by_key(|(_, records)| std::cmp::Reverse(*records));
        let more = lag.len().saturating_sub(NAMED);
        // Labels come in the order of their names: partition, topic.
        let rows = lag.into_iter().take(NAMED).map(|(labels, records)| {
            let [partition, topic] = labels.as_slice() else { return Vec::new() };
            vec![format!("{topic}/{partition}"), records.to_string()]
        });
        table(out, "Partitions of this instance", &["Partition", "Records behind"], rows);
        if more > 0 {
            let _ = writeln!(out, "<p class=\"empty\">{more} more partitions are less behind.</p>");
        }
    }
    let _ = writeln!(out, "</section>");
}

pub(super) fn matrix(out: &mut String, metrics: &Metrics) {
    let _ = writeln!(out, "<section>\n<h2>Tenant geography × place</h2>");
    let (mut cells, mut places) = (BTreeMap::new(), BTreeMap::new());
    // Labels come in the order of their names: place, tenant_geography, verdict.
    for (labels, events) in metrics.series("bailiwick_flows_total") {
        let [place, geography, verdict] = labels.as_slice() else { continue };
        let bad = if verdict == Verdict::Violation.as_str() { events } else { 0 };
        let cell: &mut (i64, i64) = cells.entry((geography.clone(), place.clone())).or_default();
        *cell = (cell.0 + bad, cell.1 + events);
        let place: &mut (i64, i64) = places.entry(place.clone()).or_default();
        *place = (place.0 + bad, place.1 + events);
    }
    if cells.is_empty() {
        empty(out, "No event has told a place yet.");
        let _ = writeln!(out, "</section>");
        return;
    }
    let mut columns: Vec<(String, (i64, i64))> = places.into_iter().collect();
    columns.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let shown: Vec<String> = columns.iter().take(PLACES).map(|(place, _)| place.clone()).collect();
    let rows: BTreeSet<String> = cells.keys().map(|(geography, _)| geography.clone()).collect();
    let _ = writeln!(
        out,
        "<p class=\"source\">Events since the start by where the tenant is (rows) and where its data \
         was (columns). A red cell has violations, and tells how many of how many.</p>\n<div class=\"scroll\" tabindex=\"0\" \
         role=\"region\" aria-label=\"Matrix of tenant geography and place\">\
         <table class=\"matrix\">"
    );
    let _ = write!(out, "<thead><tr><th scope=\"col\">Tenant</th>");
    for place in &shown {
        let _ = write!(out, "<th scope=\"col\" class=\"n\">{}</th>", Text(place));
    }
    if columns.len() > PLACES {
        let _ = write!(out, "<th scope=\"col\" class=\"n\">{} more</th>", columns.len() - PLACES);
    }
    let _ = writeln!(out, "</tr></thead>\n<tbody>");
    for geography in rows {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", Text(&geography));
        let mut rest: (i64, i64) = (0, 0);
        let further =
            cells.iter().filter(|((of, place), _)| *of == geography && !shown.contains(place));
        for (_, (bad, all)) in further {
            rest = (rest.0 + bad, rest.1 + all);
        }
        for place in &shown {
            let known = cells.get(&(geography.clone(), place.clone()));
            cell(out, known.copied().unwrap_or_default());
        }
        if columns.len() > PLACES {
            cell(out, rest);
        }
        let _ = writeln!(out, "</tr>");
    }
    let _ = writeln!(out, "</tbody></table></div>\n</section>");
}

fn cell(out: &mut String, (bad, all): (i64, i64)) {
    let _ = match (bad, all) {
        (_, 0) => write!(out, "<td class=\"n none\">–</td>"),
        (0, all) => write!(out, "<td class=\"n\">{all}</td>"),
        (bad, all) => write!(out, "<td class=\"n bad\">{bad} of&nbsp;{all}</td>"),
    };
}

pub(super) fn recent(out: &mut String, recent: &[Recent], view: View<'_>) {
    let _ = writeln!(out, "<section>\n<h2>Recent violations</h2>");
    if recent.is_empty() {
        empty(out, "None since the start.");
    }
    let asked = recent.iter().position(|it| view.open == Some(&it.id));
    if view.open.is_some() && asked.is_none() {
        empty(out, "The one that the address names is not among the last of this instance.");
    }
    let open = |at: usize| if asked == Some(at) { " open" } else { "" };
    for (at, it) in recent.iter().enumerate().take(OPEN) {
        violation(out, it, open(at), view.still);
    }
    let more = recent.len().saturating_sub(OPEN);
    if more > 0 {
        let unfolded = if asked.is_some_and(|at| at >= OPEN) { " open" } else { "" };
        let _ = writeln!(out, "<details{unfolded}>\n<summary>{more} more</summary>");
        for (at, it) in recent.iter().enumerate().skip(OPEN) {
            violation(out, it, open(at), view.still);
        }
        let _ = writeln!(out, "</details>");
    }
    let _ = writeln!(out, "</section>");
}

fn violation(out: &mut String, it: &Recent, open: &str, still: bool) {
    let _ = writeln!(
        out,
        "<details id=\"v-{}\"{open}>\n<summary><b>{}</b> {}, {} → {}, {}</summary>",
        Text(&it.id),
        Text(it.clauses.join(", ")),
        Text(&it.service),
        Text(&it.geography),
        Text(&it.place),
        it.time.strftime("%Y-%m-%d %H:%M:%S UTC"),
    );
    for document in &it.documents {
        let _ = writeln!(out, "<p class=\"source\">Source: {}</p>", Text(document));
    }
    let _ = writeln!(out, "<pre>{}</pre>", Text(it.tree.trim()));
    let _ = writeln!(
        out,
        "<p class=\"source\">Record {}; tenant {}; verdict {}; <a href=\"{}\">keep it \
         unfolded</a></p>\n</details>",
        Text(&it.source),
        Text(&it.tenant),
        Text(&it.id),
        address(still, Some(&it.id))
    );
}

pub(super) fn exceptions(out: &mut String, metrics: &Metrics) {
    let _ = writeln!(out, "<section class=\"half\">\n<h2>Exceptions in use</h2>");
    let mut used: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    // Labels come in the order of their names: assumed, exception.
    for (labels, events) in metrics.series("bailiwick_exceptions_total") {
        let [assumed, exception] = labels.as_slice() else { continue };
        let counts = used.entry(exception.clone()).or_default();
        *(if assumed == "true" { &mut counts.1 } else { &mut counts.0 }) += events;
    }
    if used.is_empty() {
        empty(out, "None since the start.");
    } else {
        let rows = used
            .into_iter()
            .map(|(name, (stated, assumed))| vec![name, stated.to_string(), assumed.to_string()]);
        let caption = "Events since the start that an exception permits";
        table(out, caption, &["Exception", "Stated", "Assumed"], rows);
    }
    let _ = writeln!(out, "</section>");
}

pub(super) fn without_place(out: &mut String, metrics: &Metrics) {
    let _ = writeln!(out, "<section class=\"half\">\n<h2>Events without a place</h2>");
    let services = metrics.sum_by("bailiwick_events_without_place_total", "service");
    counts(out, "Since the start, by service", "Service", services.into_iter().collect(), 0);
    let _ = writeln!(out, "</section>");
}

pub(super) fn unknown(out: &mut String, title: &str, names: &Names) {
    let _ = writeln!(out, "<section class=\"third\">\n<h2>{title}</h2>");
    let seen = names.seen.iter().map(|(name, count)| (name.clone(), *count)).collect();
    counts(out, "Since the start, as records name them", "Name", seen, names.others);
    let _ = writeln!(out, "</section>");
}

fn counts(out: &mut String, caption: &str, head: &str, mut seen: Vec<(String, u64)>, others: u64) {
    if seen.is_empty() {
        return empty(out, "None since the start.");
    }
    seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more: u64 = seen.iter().skip(NAMED).map(|(_, count)| count).sum::<u64>() + others;
    let mut rows: Vec<Vec<String>> =
        seen.into_iter().take(NAMED).map(|(name, count)| vec![name, count.to_string()]).collect();
    if more > 0 {
        rows.push(vec!["all others".to_owned(), more.to_string()]);
    }
    table(out, caption, &[head, "Events"], rows);
}

pub(super) fn catalog(out: &mut String, metrics: &Metrics) {
    let _ = writeln!(out, "<section class=\"third\">\n<h2>Catalog</h2>");
    // Labels come in the order of their names: document, edition, hash.
    let editions = metrics.series("bailiwick_catalog_info");
    let hash = editions.keys().find_map(|labels| labels.get(2).cloned()).unwrap_or_default();
    let rows = editions.into_keys().map(|mut labels| {
        labels.truncate(2);
        labels
    });
    table(out, "Editions", &["Document", "From"], rows);
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(out, "<p class=\"source\">{}</p>", Text(hash));
    let _ = writeln!(out, "<p class=\"source\">Bailiwick {version}</p>\n</section>");
}

fn empty(out: &mut String, text: &str) {
    let _ = writeln!(out, "<p class=\"empty\">{text}</p>");
}
