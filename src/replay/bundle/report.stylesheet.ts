/** The whole style of a report: light and dark on a screen, plain ink on paper, nothing loaded. */
export const reportStylesheet = `:root {
  color-scheme: light dark;
  --surface: #ffffff; --band: #f1f6f3; --ink: #14231f; --soft: #4c5f58; --line: #cfdad5;
  --accent: #0b5a4a; --alarm: #9a1f14; --alarm-band: #fdf0ed;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --surface: #161f1d; --band: #1b2623; --ink: #e8f0ed; --soft: #a5b5af; --line: #2f3d39;
    --accent: #7fd6bd; --alarm: #ffb3a7; --alarm-band: #33191a;
  }
}
*, *::before, *::after { box-sizing: border-box; }
body {
  max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 4rem;
  background: var(--surface); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif;
  overflow-wrap: anywhere;
}
header { border-bottom: 3px double var(--accent); margin-bottom: 1.5rem; padding-bottom: 1rem; }
header p { margin: 0; color: var(--soft); }
h1 { margin: 0.25rem 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 0.75rem; font-size: 1.25rem; color: var(--accent); }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1rem; }
code, .id { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace; font-size: 0.875em; }
pre {
  margin: 0.5rem 0; padding: 0.75rem 1rem; background: var(--band);
  border-left: 3px solid var(--accent); white-space: pre-wrap; font-size: 0.8125rem;
}
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0.5rem 0; }
dt { color: var(--soft); }
dd { margin: 0; }
table { width: 100%; border-collapse: collapse; margin: 0.5rem 0 1rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.375rem 0.75rem 0.375rem 0; text-align: left; vertical-align: top; }
th { border-bottom: 1px solid var(--ink); white-space: nowrap; font-size: 0.8125rem; color: var(--soft); }
td { border-bottom: 1px solid var(--line); }
td:last-child { min-width: 9rem; }
tr { break-inside: avoid; }
small { display: block; color: var(--soft); }
.finding { padding: 0.75rem 1rem; background: var(--alarm-band); border-left: 3px solid var(--alarm); }
.finding strong { color: var(--alarm); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; color: var(--soft); }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 0.5rem; }
  table { display: block; overflow-x: auto; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 9pt; }
  h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
  pre, .finding { break-inside: avoid; }
}
`;
