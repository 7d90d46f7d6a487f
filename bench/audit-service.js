// @ts-check
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HttpConnection } from './http-connection.js';
import { CLIENTS_OF_A_YEAR } from './audit-queries.js';
import { untilSettled } from './settled.js';
import { freePort } from './systems/free-port.js';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const run = promisify(execFile);

/** The built server on a directory, and its command line. */
export class AuditService {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #server;
  /** @type {{ id: string, secret: string } | undefined} */
  #auditor;
  /** @type {HttpConnection | undefined} */
  #connection;
  #token = '';
  #issuer = '';

  /** @param {string} directory that holds `data` */
  constructor(directory) {
    this.environment = {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      TOKEN_LEDGER_DATA_DIR: path.join(directory, 'data'),
      TOKEN_LEDGER_MASTER_KEY_FILE: path.join(directory, 'keys', 'master.key'),
      TOKEN_LEDGER_LOG_LEVEL: 'warn',
    };
    this.directory = directory;
  }

  /** Starts the server. Fulfilled at its first answer. */
  async start() {
    const port = await freePort();
    this.#issuer = `http://localhost:${port}`;
    this.#server = spawn(process.execPath, [path.join(DIST, 'main.js')], {
      cwd: this.directory,
      env: { ...this.environment, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const server = this.#server;
    process.once('exit', () => server.kill('SIGKILL'));
    for (;;) {
      const answer = await fetch(`${this.#issuer}/health/ready`).catch(() => undefined);
      if (answer?.ok) return;
      if (server.exitCode !== null || server.signalCode !== null) {
        throw new Error('the server ended');
      }
      await sleep(10);
    }
  }

  async stop() {
    this.#connection?.close();
    this.#connection = undefined;
    const server = this.#server;
    if (server === undefined || server.exitCode !== null) return;
    server.kill('SIGTERM');
    await once(server, 'exit');
  }

  /** Waits until the views and the checkpoints are at the end of the ledger. */
  async untilSettled() {
    await untilSettled(this.#issuer);
  }

  /** @param {readonly string[]} words */
  async commandLine(words) {
    const options = { cwd: this.directory, env: this.environment, maxBuffer: 2 ** 24 };
    const { stdout } = await run(process.execPath, [path.join(DIST, 'cli.js'), ...words], options);
    return stdout;
  }

  /**
   * The bytes of the audit API's answer to a path below /audit, one character each. Through `fetch`
   * the slowest in a hundred would be those in which this process collects its own garbage.
   * @param {string} url
   * @returns {Promise<string>}
   */
  async get(url) {
    const origin = new URL(this.#issuer);
    const connection = (this.#connection ??= await HttpConnection.open(origin));
    const lines = [
      `GET /audit/${url} HTTP/1.1`,
      `host: ${origin.host}`,
      `authorization: Bearer ${this.#token}`,
    ];
    return new Promise((resolve, reject) => {
      connection.send(`${lines.join('\r\n')}\r\n\r\n`, (error, status, body) => {
        if (status === 200) resolve(body);
        else reject(error ?? new Error(`${url}: ${status} ${body.slice(0, 300)}`));
      });
    });
  }

  /**
   * Signs in, and finds ids to ask for.
   * @returns {Promise<import('./audit-queries.js').Known>}
   */
  async sample() {
    await this.#signIn();
    const { families, asOf } = JSON.parse(await this.get('families?limit=100&order=oldest'));
    const newest = JSON.parse(await this.get('families?limit=100'));
    const { incidents } = JSON.parse(await this.get('incidents?limit=100'));
    const { clients } = JSON.parse(await this.get(CLIENTS_OF_A_YEAR));
    const { events } = JSON.parse(await this.get('events?limit=500&type=RefreshTokenRotated'));
    const all = [...families, ...newest.families];
    return {
      families: unique(all, ({ id }) => id),
      incidents: unique(incidents, ({ id }) => id),
      subjects: unique(all, ({ subject }) => subject),
      clients: unique(clients, ({ client }) => client.id),
      addresses: unique(events, ({ origin }) => origin.address),
      size: asOf.position,
    };
  }

  async #signIn() {
    if (this.#auditor === undefined) {
      const words = ['client', 'create', '--name', 'Bench', '--preset', 'auditor', '--json'];
      const { clientId, clientSecret } = JSON.parse(await this.commandLine(words));
      this.#auditor = { id: clientId, secret: clientSecret };
    }
    const { id, secret } = this.#auditor;
    const answer = await fetch(`${this.#issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'audit:read' }),
    });
    const { access_token: token } = JSON.parse(await answer.text());
    if (typeof token !== 'string') throw new Error('no token for the auditor');
    this.#token = token;
  }
}

/**
 * The different ids in items of an answer.
 * @param {any[]} items
 * @param {(item: any) => unknown} idOf
 */
function unique(items, idOf) {
  return [...new Set(items.map(idOf))].filter((id) => typeof id === 'string');
}
