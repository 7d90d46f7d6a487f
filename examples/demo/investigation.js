import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Auditor } from './auditor.js';
import { PHONE, THIEF } from './shop.js';
import { chapter, fact, note, table, timeline } from './terminal.js';

/** Tells what an auditor and a responder find out about a theft, up to evidence that others can verify. */
export async function investigate(server, theft) {
  const auditor = await Auditor.of(server);

  chapter('The auditor finds the incident');
  const { incident, investigation } = await auditor.newestIncident();
  tellIncident(incident, investigation);
  timeline(await auditor.timeline(incident.familyId));

  chapter('What was valid at the moment of the theft, and right after it');
  await tellValidity(auditor, incident.evidence.position, theft);

  chapter('What the thief may have reached');
  tellReach(investigation.blastRadius);

  chapter('What another retry window would have made of it');
  const [without, longest] = await Promise.all([0, 60].map((seconds) => backtest(server, seconds)));
  tellDivergence('0 s', without);
  tellDivergence('60 s', longest);

  chapter('The evidence leaves the house, and proves itself');
  await tellBundle(server, incident.id);

  chapter('The ledger is checked from its first event to its last');
  note(await server.commandLine('verify'));
}

function tellIncident({ kind, evidence }, { cause, confidence, evidence: statements, parties }) {
  const { presentedGeneration, currentGeneration } = evidence.data;
  fact('incident', `${kind}: ${presentedGeneration} presented, ${currentGeneration} is current`);
  fact('cause', `${cause}, confidence ${confidence}`);
  fact('because', statements.map(({ statement }) => statement).join(', '));
  for (const { role, address, userAgent } of parties) fact(role, `${address}, ${userAgent}`);
}

async function tellValidity(auditor, position, { stolen, owned }) {
  const tokens = {
    'stolen refresh token': stolen,
    'owner’s refresh token': owned.refresh_token,
    'owner’s access token': owned.access_token,
  };
  const rows = [];
  for (const [name, token] of Object.entries(tokens)) {
    const before = await auditor.worth(token, position - 1);
    // The family's end is the event after the reuse, in the same commit.
    const after = await auditor.worth(token, position + 1);
    rows.push([name, before.of.generation ?? '', worthText(before), worthText(after)]);
  }
  table(
    ['token', 'generation', `at position ${position - 1}`, `at position ${position + 1}`],
    rows,
  );
}

function worthText({ isValid, reason }) {
  return isValid ? 'valid' : reason;
}

function tellReach({ accessTokenCount, accessTokens, scopes, fork, familyEndedAt }) {
  const span = Date.parse(familyEndedAt) - Date.parse(fork.at);
  const left = accessTokens.filter(({ isUnexpired }) => isUnexpired).length;
  fact('since', `position ${fork.position}, ${(span / 1000).toFixed(1)} s before the family ended`);
  fact('tokens', `${accessTokenCount} access tokens, ${left} of them unexpired at the end`);
  fact('scopes', scopes.join(', '));
}

/** The first attempt that would have come out otherwise. */
async function backtest({ commandLine, directory }, seconds) {
  const out = join(directory, `attempts-${seconds}.ndjson`);
  await commandLine('backtest', '--retry-window-seconds', String(seconds), '--out', out);
  const lines = (await readFile(out, 'utf8')).trim().split('\n');
  const attempts = lines.map((line) => JSON.parse(line));
  const first = attempts.find(({ recorded, simulated }) => recorded !== simulated);
  if (first === undefined) throw new Error(`a window of ${seconds} s would have changed nothing`);
  return first;
}

function tellDivergence(window, { position, recorded, simulated }) {
  fact(window, `at position ${position}: ${simulated} instead of ${recorded}`);
}

async function tellBundle({ commandLine, elsewhere, directory }, incidentId) {
  const file = join(directory, 'incident.html');
  const exporting = ['bundle', 'export', '--incident', incidentId, '--out', file, '--json'];
  const { events } = JSON.parse(await commandLine(...exporting));
  fact('export', `incident.html, ${events} events`);

  const copy = join(directory, 'tampered.html');
  const report = await readFile(file, 'utf8');
  await writeFile(copy, report.replaceAll(THIEF['x-forwarded-for'], PHONE['x-forwarded-for']));
  const { verifierKey } = JSON.parse(await commandLine('checkpoint', 'show', '--json'));
  const [verdict, refused] = await Promise.all([
    elsewhere('verify-bundle', file, '--key', verifierKey, '--json'),
    refusalOf(() => elsewhere('verify-bundle', copy, '--key', verifierKey)),
  ]);
  fact('genuine', `${JSON.parse(verdict).kind}, without the ledger, with its pinned key`);
  fact('tampered', refused);
}

async function refusalOf(attempt) {
  try {
    await attempt();
  } catch ({ stderr }) {
    return stderr.trim().replace(/^error: /, '');
  }
  throw new Error('a tampered bundle was not refused');
}
