import { createHash } from 'node:crypto';

/**
 * The whole style of the server's pages: ledger paper, light and dark, no imports, no fonts, no
 * images; every colour is a custom property, so that a test can measure the contrasts.
 */
export const stylesheet = `:root {
  color-scheme: light dark;
  --paper: #eaf0ed;
  --paper-line: #dde6e1;
  --surface: #ffffff;
  --band: #f1f6f3;
  --ink: #14231f;
  --ink-soft: #4c5f58;
  --line: #cfdad5;
  --margin-line: #d98877;
  --field-edge: #7a8d86;
  --accent: #0b5a4a;
  --accent-strong: #07463a;
  --on-accent: #ffffff;
  --danger: #9a1f14;
  --danger-surface: #fdf0ed;
  --caution: #7a4300;
  --caution-surface: #fdf3e0;
  --focus: #1452c8;
  --shadow: #14231f1f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1413;
    --paper-line: #141d1b;
    --surface: #161f1d;
    --band: #1b2623;
    --ink: #e8f0ed;
    --ink-soft: #a5b5af;
    --line: #2f3d39;
    --margin-line: #a85f52;
    --field-edge: #71847d;
    --accent: #7fd6bd;
    --accent-strong: #a3e6d2;
    --on-accent: #06231c;
    --danger: #ffb3a7;
    --danger-surface: #33191a;
    --caution: #f6c777;
    --caution-surface: #2e2413;
    --focus: #9cc2ff;
    --shadow: #00000066;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--surface);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, p, ul, dl, dd { margin: 0; padding: 0; }
h1 {
  font: 600 1.75rem/1.2 'Charter', 'Bitstream Charter', 'Sitka Text', Cambria, Georgia, serif;
  letter-spacing: -0.01em;
  text-wrap: balance;
}
h2 { font-size: 0.875rem; font-weight: 600; line-height: 1.4; color: var(--ink-soft); }
a { color: var(--accent); text-underline-offset: 0.2em; }
a:hover { color: var(--accent-strong); text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
bdi { unicode-bidi: isolate; }
.page { min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; }
.brand {
  display: flex;
  align-items: center;
  gap: 0.625rem;
  padding: 1.25rem min(1rem, 4vw);
  color: var(--accent);
  font-weight: 600;
}
.mark { flex: none; width: 1.75rem; height: 1.75rem; }
.mark-total { stroke: var(--margin-line); }
.card { position: relative; flex: 1 0 auto; padding: 1.75rem min(1.25rem, 5vw) 1.75rem min(2.125rem, 9vw); }
.card::before {
  content: '';
  position: absolute;
  top: 0;
  bottom: 0;
  left: min(1rem, 4vw);
  border-left: 3px double var(--margin-line);
}
.card > * + * { margin-top: 1.5rem; }
.card > h1 + .lead, .lead + .lead { margin-top: 0.5rem; }
.lead { color: var(--ink-soft); font-size: 1.0625rem; }
.client-name, .account-name { font-weight: 600; color: var(--ink); }
h1 .client-name { color: var(--accent); font-weight: inherit; }
.account { display: flex; flex-wrap: wrap; align-items: center; column-gap: 1rem; }
.target { display: inline-flex; align-items: center; min-height: 2.75rem; min-width: 2.75rem; }
dd .target { margin: -0.625rem 0; }
.aside { color: var(--ink-soft); font-size: 0.9375rem; }
.aside strong { color: var(--ink); }
.literal { font: 0.9375em/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; }
.literal-line { display: block; }
.hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.notice { padding: 0.875rem 1rem; border-left: 4px solid; border-radius: 4px; }
.notice p { color: var(--ink); font-size: 0.9375rem; }
.notice .notice-title { font-size: 1rem; font-weight: 600; color: inherit; }
.notice-title + p { margin-top: 0.25rem; }
.notice-danger { background: var(--danger-surface); color: var(--danger); }
.notice-caution { background: var(--caution-surface); color: var(--caution); }
.badge {
  display: inline-block;
  margin-right: 0.25rem;
  padding: 0 0.5rem;
  border: 1px solid;
  border-radius: 999px;
  font-size: 0.8125rem;
}
.fields { display: grid; gap: 1.125rem; }
.field { display: grid; gap: 0.375rem; }
label { font-weight: 600; font-size: 0.9375rem; }
input {
  width: 100%;
  min-height: 3rem;
  padding: 0.625rem 0.875rem;
  border: 1px solid var(--field-edge);
  border-radius: 6px;
  background: var(--surface);
  color: var(--ink);
  font: inherit;
}
input:hover { border-color: var(--ink); }
input[aria-invalid='true'] { border: 2px solid var(--danger); }
.actions { display: grid; gap: 0.75rem; padding-top: 0.25rem; }
.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-height: 3rem;
  padding: 0.625rem 1.25rem;
  border: 1px solid var(--accent);
  border-radius: 6px;
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
  transition: background-color 120ms ease, color 120ms ease;
}
.button-primary { background: var(--accent); color: var(--on-accent); }
.button-primary:hover { background: var(--accent-strong); color: var(--on-accent); }
.button-secondary { background: var(--surface); color: var(--accent); border-color: var(--field-edge); }
.button-secondary:hover { background: var(--band); color: var(--accent-strong); }
.entries {
  margin-top: 0.5rem;
  list-style: none;
  border-top: 1px solid var(--line);
  border-bottom: 3px double var(--margin-line);
}
.entry { padding: 0.75rem; }
.entry:nth-child(odd) { background: var(--band); }
.entry-head { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 1rem; }
.entry-title { font-weight: 600; }
.entry-literal { margin-left: auto; }
.entry-detail, .entry-literal { color: var(--ink-soft); font-size: 0.9375rem; }
.facts { margin-top: 0.5rem; border-top: 1px solid var(--line); }
.facts > div { padding: 0.625rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--ink-soft); font-size: 0.9375rem; }
.colophon { margin-top: auto; padding: 1.25rem min(1rem, 4vw) 1.5rem; color: var(--ink-soft); font-size: 0.8125rem; }
@media (min-width: 30em) {
  .facts > div { display: grid; grid-template-columns: 7rem 1fr; gap: 0.75rem; }
}
@media (min-width: 40em) {
  body {
    background: var(--paper)
      repeating-linear-gradient(to bottom, transparent 0 2rem, var(--paper-line) 2rem 2.0625rem);
  }
  .page { justify-content: center; width: 36rem; max-width: 100%; margin: 0 auto; padding: 2.5rem 1rem; }
  .brand { padding: 0 0.25rem 1rem; }
  .card::before { left: 2rem; }
  .card {
    flex: none;
    padding: 2.25rem 2.5rem 2.5rem 4rem;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--surface);
    box-shadow: 0 12px 32px -16px var(--shadow);
  }
  .actions { grid-auto-flow: column; grid-auto-columns: 1fr; }
  .colophon { padding: 1rem 0.25rem 0; margin-top: 0; }
}
@media (prefers-reduced-motion: reduce) {
  .button { transition: none; }
}
@media (forced-colors: active) {
  .notice, .badge { border-color: CanvasText; }
}
`;

const contentHash = createHash('sha256').update(stylesheet).digest('hex').slice(0, 16);

/** The path of the stylesheet; it changes with the content, so it may be cached for ever. */
export const stylesheetPath = `/assets/${contentHash}.css`;
