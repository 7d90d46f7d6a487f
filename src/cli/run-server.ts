import type { AddressInfo } from 'node:net';
import { InitialAccessToken } from '../directory/initial-access-token.service.js';
import { bannerText, firstStartText } from './banner.js';
import { readEnvironment } from './environment.js';
import { type RunningServer, startServer } from './serve.js';
import { isColored } from './terminal.js';

/**
 * Runs the server that the environment describes, and tells on stdout where it is. Throws an error of
 * one clear line, and then nothing is left running.
 */
export async function runServer(): Promise<RunningServer> {
  const settings = readEnvironment();
  const colored = isColored(process.stdout);
  const server = await startServer(settings, (signIn, application) => {
    const token = application.get(InitialAccessToken).reveal();
    process.stdout.write(firstStartText(settings, signIn, token, colored));
  });
  const { port } = server.application.getHttpServer().address() as AddressInfo;
  process.stdout.write(`${bannerText(settings, port, colored)}\n`);
  return server;
}
