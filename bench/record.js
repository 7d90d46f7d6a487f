// @ts-check
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './bench.js';
import { UsageError } from './options.js';
import { report, unique } from './report.js';

const DIRECTORY = fileURLToPath(new URL('.', import.meta.url));
const PLOT = 'results/rotations.svg';

const ROTATIONS = `# Rotations a second

Written by \`npm run bench:rotate -- ${process.argv.slice(2).join(' ')}\`; earlier results are in this file's history.

Each client owns a token family and presents its newest refresh token over HTTP on a connection of its own; every answer must be a 200 with a new refresh token and a new ES256 JWT access token. The server has its cores to itself, the load generator runs on the others, where a PostgreSQL runs too (\`fsync\` and \`synchronous_commit\` on). Where cores are shared, it runs on the server's instead: so three server processes are measured, and one beside them. Scope \`offline_access api\`, no ID token. One server process per system unless its name says otherwise, the levels one after the other.`;

const OPERATIONS = `# Introspection, client_credentials, latency

Written by \`npm run bench:operations -- --record\`; earlier results are in this file's history.

Over HTTP, each client on a connection of its own. The server has its cores to itself, the load generator runs on the others, where a PostgreSQL runs too (\`fsync\` and \`synchronous_commit\` on).

- **introspection**: the API that the tokens are for authenticates with its secret and asks about one access token after the other, all different and active. token-ledger's are JWTs whose family, client and account it looks up; oidc-provider does not introspect JWTs, so its are opaque and looked up with their grant.
- **client_credentials**: a client with a secret gets an ES256 JWT access token for an API; token-ledger records each in its ledger before it answers, oidc-provider keeps nothing of it.
- **rotation** at concurrency 1: the latency of one client's refreshes, one after the other.`;

const MEASURES = `CPU µs is the server's CPU time per operation in all its processes and threads, database CPU µs that of all processes of its PostgreSQL, CPU the server's share of one core, RSS its peak during the level, pages that several processes have in common counted for each. A CPU well under 100 % waited for the disk, the database or clients. Beside requests token-ledger follows its views and seals its ledger on threads of their own, which a second core takes; of several processes each follows its own views, and one seals for all. The ratios compare operations a second at the same level.`;

/** Throws a UsageError when what the plot is made with is not installed. */
export function refuseRecordWithoutPlot() {
  if (!isInstalled('echarts')) throw new UsageError('--record: npm run bench:install first');
}

/**
 * Writes the result to bench/RESULTS.md, and its plot. Answers with the files.
 * @param {import('./report.js').Result} result
 */
export async function recordRotations(result) {
  const { plot } = await import('./plot.js');
  const file = path.join(DIRECTORY, PLOT);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, plot(result));
  const image = `![Rotations a second and CPU time per rotation of each system](${PLOT})`;
  return [write('RESULTS.md', [ROTATIONS, systemsList(result), MEASURES, image], result), file];
}

/**
 * Writes the result to bench/OPERATIONS.md. Answers with the file.
 * @param {import('./report.js').Result} result
 */
export function recordOperations(result) {
  const tokens = `${result.tokens} access tokens are introspected in turn.`;
  return write('OPERATIONS.md', [OPERATIONS, tokens, systemsList(result), MEASURES], result);
}

/**
 * @param {string} name
 * @param {readonly string[]} introduction
 * @param {import('./report.js').Result} result
 */
function write(name, introduction, result) {
  const file = path.join(DIRECTORY, name);
  writeFileSync(file, `${[...introduction, report(result)].join('\n\n')}\n`);
  return file;
}

/** @param {import('./report.js').Result} result */
function systemsList({ levels }) {
  const systems = unique(levels.map(({ system }) => system));
  const { dependencies } = JSON.parse(readFileSync(path.join(DIRECTORY, 'package.json'), 'utf8'));
  const lines = systems.map(({ title, packageName, description }) => {
    const version = packageName === undefined ? '' : ` (version ${dependencies[packageName]})`;
    return `- **${title}**${version}: ${description}`;
  });
  return lines.join('\n');
}
