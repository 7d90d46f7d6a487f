import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { report } from './report.js';

const FILE = fileURLToPath(new URL('RESULTS.md', import.meta.url));

const INTRODUCTION = `# Rotations a second

Written by \`npm run bench:rotate -- --record --cores 1,2 --generations 10000\`; earlier results are in this file's history.

Each client owns a token family and presents its newest refresh token over HTTP on a connection of its own; every answer must be a 200 with a new refresh token and a new ES256 JWT access token. The server has its cores to itself, the load generator runs on the others. Scope \`offline_access api\`, no ID token. One server process per system, the levels one after the other.

- **token-ledger** is the built server; the families are authorized through the protocol. A rotation is acknowledged after a durable commit.
- **token-ledger, views and sealing off** is the same without what runs beside the requests.
- **token-ledger, PostgreSQL** is the same server on a PostgreSQL of its own, which shares the load generator's cores (\`fsync\` and \`synchronous_commit\` on); its CPU µs are in a column of their own.
- **oidc-provider, in memory** keeps everything in Maps: nothing survives a restart.
- **oidc-provider, SQLite** is the same configuration on better-sqlite3 (WAL, \`synchronous=FULL\`), one durable commit for each write that the library asks for.

CPU µs is the server's CPU time per rotation in all threads, CPU its share of one core, RSS its peak during the level. One that is well under 100 % waited for the disk or for clients. Beside requests the server follows its views and seals its ledger on threads of their own, which a second core takes.
`;

/**
 * Writes the result to bench/RESULTS.md. Answers with the file.
 * @param {import('./report.js').Result} result
 */
export function record(result) {
  writeFileSync(FILE, `${INTRODUCTION}\n${report(result)}\n`);
  return FILE;
}
