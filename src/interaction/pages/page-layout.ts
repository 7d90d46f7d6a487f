import { Eta } from 'eta/core';

import { ledgerIcon, ledgerMark } from './ledger-mark.js';
import { stylesheetPath } from './stylesheet.js';

// The only raw output of all templates is it.body: HTML that another template has escaped.
const layoutTemplate = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title><%= it.title %> · Token Ledger</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="#eaf0ed">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0d1413">
<meta name="robots" content="noindex">
<meta name="referrer" content="same-origin">
<link rel="icon" href="${ledgerIcon}">
<link rel="stylesheet" href="${stylesheetPath}">
</head>
<body>
<div class="page">
<header class="brand">${ledgerMark}<span>Token Ledger</span></header>
<main class="card">
<%~ it.body %>
</main>
<footer class="colophon"><p>Decisions made here are kept in a ledger that can only be added to.</p></footer>
</div>
</body>
</html>
`;

const eta = new Eta({ autoEscape: true });
const layout = eta.compile(layoutTemplate);

/**
 * Compiles one body template and returns the function that renders it, values escaped, inside the
 * layout as a complete HTML document.
 */
export function compilePage(template: string): (title: string, view: object) => string {
  const body = eta.compile(template);
  return (title, view) =>
    eta.render(layout, {
      title,
      body: eta.render(body, view).trim(),
    });
}
