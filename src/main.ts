import { createRequire } from 'node:module';
import { fail } from './cli/failure.js';
import { requireNodeVersion } from './cli/node-version.js';
import { runServer } from './cli/run-server.js';

try {
  requireNodeVersion();
  readServer();
  await runServer();
} catch (error) {
  fail(error);
}

/**
 * Modules that are required are read one after the other, which takes Node a fifth less time than to
 * import a thousand of them at once; where Node was told not to, they are imported.
 */
function readServer(): void {
  try {
    createRequire(import.meta.url)('./cli/serve.js');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error;
  }
}
