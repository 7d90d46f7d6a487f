/** The logo: a ledger page whose last entry is closed with the double rule of a balanced account. */
export const ledgerMark = `<svg class="mark" viewBox="0 0 32 32" width="32" height="32" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true" focusable="false"><rect x="4" y="3" width="24" height="26" rx="4"/><path d="M10 10h.01M15 10h7M10 16h.01M15 16h7"/><path class="mark-total" d="M10 21.5h12M10 25h12"/></svg>`;

const iconDrawing =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"><rect width="32" height="32" rx="7" fill="#0b5a4a" stroke="none"/><path d="M8 9h.01M14 9h10M8 15.5h.01M14 15.5h10"/><path d="M8 21h16M8 25h16" stroke="#ffb4a4"/></svg>';

/** The page icon as a data URL, so that browsers do not ask the server for /favicon.ico. */
export const ledgerIcon = `data:image/svg+xml,${encodeURIComponent(iconDrawing)}`;
