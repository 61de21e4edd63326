//! The page's style sheet: light and dark, narrow and wide, without a build step.

/// All of it; the page's policy admits this text and no other.
pub(super) const STYLE: &str = "
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #ffffff; --ink: #16191f; --soft: #525a67;
  --line: #d5dae1; --link: #0b57b0; --bad: #b3161c; --bad-ground: #fde7e7; --bar: #6f7f95; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --ground: #101318; --card: #191e25; --ink: #e8ebf0;
  --soft: #a9b2c0; --line: #353d49; --link: #8fbcff; --bad: #ff9c98; --bad-ground: #4a1b1e; --bar: #8796ad;
  --good: #7ed6a0; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.45 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
header, main { max-width: 90rem; margin: 0 auto; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; margin-bottom: 1rem; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
header p { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link);
  outline-offset: 2px; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(12, minmax(0, 1fr)); }
section { grid-column: span 12; background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .9rem 1rem; min-width: 0; }
@media (min-width: 60rem) { .half { grid-column: span 6; } .third { grid-column: span 4; } }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 0; }
.facts div { border-left: 3px solid var(--line); padding-left: .6rem; }
.facts dt { color: var(--soft); font-size: .875rem; }
.facts dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.facts .words dd { font-size: 1rem; }
.facts .alarm { border-color: var(--bad); } .facts .alarm dd { color: var(--bad); }
.facts .fine dd { color: var(--good); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--soft); font-size: .875rem; padding-bottom: .35rem; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } thead th { color: var(--soft); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody th { overflow-wrap: anywhere; min-width: 9rem; }
.matrix th, .matrix td { white-space: nowrap; min-width: 0; } .matrix { width: auto; }
.matrix td.bad { white-space: normal; }
td.bad { background: var(--bad-ground); color: var(--bad); font-weight: 700; }
td.none { color: var(--soft); }
svg { display: block; width: 100%; height: 3.5rem; margin-bottom: .25rem; }
svg rect { fill: var(--bar); } svg .bad { fill: var(--bad); } svg line { stroke: var(--line); }
figure { margin: 0 0 .5rem; } figcaption { color: var(--soft); font-size: .875rem; }
.empty { color: var(--soft); margin: 0; }
details { border-top: 1px solid var(--line); padding: .45rem 0; }
h2 + details { border-top: 0; }
details details { margin-left: 1rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { color: var(--bad); }
pre { font: .8125rem/1.5 ui-monospace, 'DejaVu Sans Mono', Consolas, monospace; margin: .5rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; background: var(--ground); padding: .6rem; border-radius: .35rem; }
.source { margin: .35rem 0; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
@media (max-width: 30rem) { body { padding: .5rem; } section { padding: .75rem; } th, td { padding: .3rem .35rem; } }
";
