import type { AddressInfo } from 'node:net';
import { InitialAccessToken } from '../directory/initial-access-token.service.js';
import { bannerText, firstStartText } from './banner.js';
import { isColored } from './coloring.js';
import { readEnvironment } from './environment.js';
import { limitHeapGrowth } from './heap-growth.js';
import type { RunningServer } from './serve.js';
import { stopWhenTold } from './shutdown.js';

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
