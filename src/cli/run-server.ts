import type { AddressInfo } from 'node:net';
import type { Command } from 'commander';
import { InitialAccessToken } from '../directory/initial-access-token.service.js';
import { bannerText, firstStartText } from './banner.js';
import { readEnvironment } from './environment.js';
import { limitHeapGrowth } from './heap-growth.js';
import type { RunningServer } from './serve.js';
import { stopWhenTold } from './shutdown.js';
import { isColored } from './terminal.js';
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

/**
 * Runs the server that the environment describes, and tells on stdout where it is. Throws an error of
 * one clear line, and then nothing is left running.
 */
export async function runServer(): Promise<RunningServer> {
  limitHeapGrowth();
  const settings = readEnvironment();
  // Other verbs of the command line load no server.
  const { startServer } = await import('./serve.js');
  const colored = isColored(process.stdout);
  const server = await startServer(settings, {
    onFirstSignIn: (signIn, application) => {
      const token = application.get(InitialAccessToken).reveal();
      process.stdout.write(firstStartText(settings, signIn, token, colored));
    },
    onOpened: stopWhenTold,
  });
  const { port } = server.application.getHttpServer().address() as AddressInfo;
  process.stdout.write(`${bannerText(settings, port, colored)}\n`);
  return server;
}
