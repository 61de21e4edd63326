use std::sync::Arc;

use super::*;
use crate::catalog::compile::{Strictness, compile};
use crate::catalog::layers::Layer;
use crate::catalog::program::Program;
use crate::classify::InputRules;
use crate::decode::Format;
use crate::directory::Directory;
use crate::metrics::Tally;
use crate::pipeline::{Outcome, Pipeline};
use crate::position::Position;
use crate::status::Draft;
use crate::tenant::TenantRecord;

const NOW: &str = "2026-02-03T10:00:30Z";

struct World {
    program: Arc<Program>,
    pipeline: Pipeline,
    metrics: Arc<Metrics>,
    tally: Tally,
    status: Status,
    draft: Draft,
}

impl World {
    fn new() -> Self {
        let program = compile(&[Layer::builtin()], Strictness::Lenient).unwrap().program;
        let program = Arc::new(program);
        let tenant: TenantRecord =
            serde_json::from_str(r#"{"id": "t-1", "country": "DE", "capabilities": {}}"#).unwrap();
        let directory = Arc::new(Directory::new(&program, &[tenant]));
        let rules = Arc::new(InputRules::default());
        let metrics = Metrics::new(&program, &["all".into()]).unwrap();
        Self {
            pipeline: Pipeline::new(program.clone(), directory, rules, Format::Native, 1 << 20),
            tally: Tally::new(metrics.clone(), "all"),
            program,
            metrics,
            status: Status::new(2),
            draft: Draft::default(),
        }
    }

    fn event(&mut self, number: i64, more: &str) {
        let text = format!(
            r#"{{"id":"e","time":"2026-02-03T09:00:{:02}Z","tenant":"t-1",{more}}}"#,
            number % 60
        );
        let at = Position { input: "all", topic: "audit", partition: 0, offset: number, index: 0 };
        let Self { program, pipeline, tally, draft, .. } = self;
        pipeline.record(Some(text.as_bytes()), |outcome| {
            tally.outcome(program, &outcome);
            match outcome {
                Outcome::Judged(judged) => draft.judged(program, &judged, at),
                Outcome::Unreadable { why, .. } => panic!("{why}"),
            }
        });
    }

    fn flush(&mut self, now: &str) {
        let now = now.parse().unwrap();
        self.tally.flush(now);
        self.status.flush(1, &mut self.draft, now);
    }

    fn page(&self) -> String {
        self.seen(None)
    }

    fn seen(&self, query: Option<&str>) -> String {
        render(&State {
            status: &self.status,
            metrics: &self.metrics,
            ready: Ok(()),
            dashboards: Some("https://x/?a=\"><b>"),
            view: View::of(query),
            now: NOW.parse().unwrap(),
        })
    }
}

const VIOLATING: &str = r#""service":"entra.my-apps","data_categories":["branding"],
    "location_at_rest":"germanywestcentral","processing_location":"uksouth","operation":"Xq-secret"#;

fn violating(number: i64) -> String {
    format!("{VIOLATING} {number}\"")
}

#[test]
fn a_violation_stands_there_with_its_tree_its_clause_and_its_source() {
    let mut world = World::new();
    world.event(42, &violating(1));
    world.flush(NOW);
    world.status.own(1, vec![("audit".to_owned(), 3), ("audit".to_owned(), 0)]);
    let page = world.page();
    for part in [
        "Partitions: audit [0 3]",
        "<title>Violations in an hour: 1 –",
        "<b>entra.eu-data-boundary</b>",
        "eu-data-boundary → GB",
        "├─ entra.transactions: no, it fails on the data category",
        "Source: Customer data storage and processing for European customers in Microsoft Entra \
         ID, 2023-08-17, “",
        "Record audit/0/42/0; tenant t-1",
        "<td class=\"n bad\">1 of&nbsp;1</td>",
        "entra-eu",
        "href=\"https://x/?a=&quot;&gt;&lt;b&gt;\"",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("Xq-secret"), "an operation's text stays in the process");
}

#[test]
fn a_violation_stays_unfolded_at_its_own_address_until_it_is_no_longer_there() {
    let mut world = World::new();
    for number in 0..30 {
        world.event(number, &violating(number));
        world.flush(NOW);
    }
    let page = world.page();
    assert!(!page.contains(" open>"), "{page}");
    // The oldest is folded away with others.
    let id = page.rsplit_once("<details id=\"v-").unwrap().1.split_once('"').unwrap().0;
    let (link, own) = (format!("href=\"/?open={id}#v-{id}\""), format!("id=\"v-{id}\" open>"));
    assert!(page.contains(&link), "{page}");
    let unfolded = world.seen(Some(&format!("open={id}")));
    assert!(unfolded.contains(&own) && unfolded.contains("<details open>\n<summary>20 more"));
    assert_eq!(unfolded.matches(" open>").count(), 2, "{unfolded}");
    assert!(unfolded.contains("http-equiv=\"refresh\""));
    let stop = format!("<a href=\"/?refresh=off&amp;open={id}#v-{id}\">stop</a>");
    assert!(unfolded.contains(&stop), "{unfolded}");
    let still = world.seen(Some(&format!("refresh=off&open={id}")));
    assert!(still.contains(&own) && !still.contains("http-equiv=\"refresh\""), "{still}");
    assert!(still.contains(&format!("<a href=\"/?open={id}#v-{id}\">start</a>")), "{still}");
    // What the address says is not repeated.
    let gone = world.seen(Some("open=elsewhere"));
    assert!(gone.contains("is not among the last of this instance"), "{gone}");
    assert!(!gone.contains(" open>") && !gone.contains("elsewhere"), "{gone}");
}

#[test]
fn nothing_that_a_record_says_becomes_markup_and_nothing_runs_or_comes_from_outside() {
    let mut world = World::new();
    let evil = "<script>alert(1)</script><img src=//x onerror='y'>";
    world.event(1, &format!(r#""service":"{evil}","location_at_rest":"{evil}\u202e & more""#));
    world.flush(NOW);
    let page = world.page();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    for part in
        ["<script", "<img", "onerror='", "\u{202e}", " style=", "src=\"", "<link", "@import"]
    {
        assert!(!page.contains(part), "{part}\n{page}");
    }
    assert!(policy().starts_with("default-src 'none'; style-src 'sha256-"));
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert_eq!(style, STYLE, "the policy admits this text alone");
}

#[test]
fn everything_is_bounded_and_long_names_are_cut() {
    let mut world = World::new();
    for number in 0..200 {
        let name = format!("place-{number}-{}", "é".repeat(200));
        world.event(number, &format!(r#""service":"s-{number}","location_at_rest":"{name}""#));
        world.event(number, &violating(number));
        if number % 2 == 0 {
            world.flush(NOW);
        }
    }
    world.flush(NOW);
    let page = world.page();
    assert_eq!(page.matches("<pre>").count(), RECENT);
    assert!(page.contains("<th scope=\"row\">all others</th>"), "{page}");
    assert!(!page.contains(&"é".repeat(64)), "64 characters in all");
    assert!(page.len() < 200_000, "{}", page.len());
}

#[test]
fn before_anything_is_known_of_the_lag_the_page_says_so() {
    let page = World::new().page();
    assert!(page.contains("<dt>Records behind</dt><dd>not known</dd>"), "{page}");
    assert!(page.contains("No lag is known yet."), "{page}");
}

#[test]
fn an_hour_is_sixty_minutes_and_what_is_older_is_gone() {
    let mut world = World::new();
    for (at, seen) in [("2026-02-03T09:00:59Z", false), ("2026-02-03T09:01:00Z", true)] {
        world.event(1, &violating(1));
        world.flush(at);
        assert_eq!(world.page().contains("<title>Violations in an hour: 1 "), seen, "{at}");
    }
    // From the future, by a clock that was set back: not of this hour.
    world.event(1, &violating(1));
    world.flush("2026-02-03T10:05:00Z");
    assert!(world.page().contains("<title>Violations in an hour: 1 "));
}

#[test]
fn a_flood_of_violations_is_counted_whole_and_explained_in_part() {
    let mut world = World::new();
    (0..30).for_each(|number| world.event(number, &violating(number)));
    world.flush(NOW);
    let page = world.page();
    assert!(page.contains("<title>Violations in an hour: 30 "), "{page}");
    assert_eq!(page.matches("<pre>").count(), super::super::A_BATCH);
}

/// Relative luminance of `#rrggbb`, by WCAG 2.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let share = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if share <= 0.03928 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn text_can_be_told_from_its_ground_in_the_light_and_in_the_dark() {
    let mut themes = STYLE.split(":root {").skip(1);
    for theme in [themes.next().unwrap(), themes.next().unwrap()] {
        let colour = |name: &str| {
            theme.split_once(&format!("--{name}: ")).unwrap().1.split_once(';').unwrap().0
        };
        for (text, grounds) in [
            ("ink", ["ground", "card"].as_slice()),
            ("soft", &["ground", "card"]),
            ("link", &["ground", "card"]),
            ("bad", &["card", "bad-ground"]),
            ("good", &["card"]),
        ] {
            for ground in grounds {
                let (a, b) = (luminance(colour(text)), luminance(colour(ground)));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2} in {theme}");
            }
        }
    }
    assert!(themes.next().is_none(), "a theme that nobody looked at");
}
