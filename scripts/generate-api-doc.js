/**
 * Writes docs/API.md from the OpenAPI document of a server that is started for it, on a free port and
 * in a directory of its own.
 *
 * It needs a build that is up to date: `npm run docs:api` makes one first.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer } from '../dist/cli/serve.js';
import { readSettings } from '../dist/config/settings.js';
import { apiDocument } from '../dist/operations/api.document.js';
import { createServiceLog } from '../dist/operations/service-log.js';

const target = path.join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'API.md');
const directory = mkdtempSync(path.join(tmpdir(), 'token-ledger-api-'));
const port = await freePort();
const settings = readSettings({
  PORT: String(port),
  TOKEN_LEDGER_DATA_DIR: path.join(directory, 'data'),
  TOKEN_LEDGER_MASTER_KEY_FILE: path.join(directory, 'keys', 'master.key'),
});
const server = await startServer(settings, { log: createServiceLog('error', process.stderr) });
try {
  const response = await fetch(`http://localhost:${port}/docs/openapi.json`);
  writeFileSync(target, apiDocument(await response.json()));
} finally {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
