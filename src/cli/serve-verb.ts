import type { Command } from 'commander';
import { runServer } from './run-server.js';
import { verb } from './verb.js';

/** Runs the server, as `npm start` does. */
export function serveVerb(): Command {
  return verb({
    name: 'serve',
    summary: 'run the server',
    details: 'The first start also makes the data directory, the keys and an administrator.',
    examples: [
      'token-ledger serve',
      'PORT=8080 TOKEN_LEDGER_ISSUER=https://auth.example.com token-ledger serve',
    ],
  }).action(async () => {
    await runServer();
  });
}
