import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Starts the system's Chromium without a window. Throws an Error that says how to get it. */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`${CHROMIUM} is missing: apt-get install chromium, as .ci/run does`);
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A web application on this device that browsers are sent back to. */
export class ClientApplication {
  /** The URLs that browsers came with, newest last. */
  readonly visits: URL[] = [];
  /** Where every visit of `/callback` is sent on to, if anywhere. */
  forwardTo: string | undefined;

  private constructor(private readonly server: Server) {}

  /** Listens on a free port of 127.0.0.1. */
  static async start(): Promise<ClientApplication> {
    const server = createServer();
    const application = new ClientApplication(server);
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', application.origin);
      if (url.pathname === '/favicon.ico') {
        response.writeHead(404).end();
        return;
      }
      application.visits.push(url);
      const { forwardTo } = application;
      if (forwardTo !== undefined && url.pathname === '/callback') {
        response.writeHead(302, { location: forwardTo }).end();
        return;
      }
      const frame = url.searchParams.get('frame');
      const body =
        frame === null ? '' : `<iframe src="${frame.replaceAll('&', '&amp;')}"></iframe>`;
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<!doctype html><title>Application</title><h1>Welcome back</h1>${body}`);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return application;
  }

  /** `http://127.0.0.1:<port>`. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Where it wants answers. */
  get redirectUri(): string {
    return `${this.origin}/callback`;
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}
