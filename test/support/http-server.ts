import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { type Command, CommandBus } from '@nestjs/cqrs';
import type { Logger } from 'pino';
import { type RunningServer, startServer } from '../../src/cli/serve.js';
import { newUuid, randomToken } from '../../src/config/random-identifiers.js';
import { readSettings, type Settings } from '../../src/config/settings.js';
import {
  type ClientPreset,
  type ClientRegistration,
  presetRegistration,
  type PresetChoices,
} from '../../src/directory/client-registration.js';
import { CreateAccount } from '../../src/directory/create-account.handler.js';
import { RegisterClient } from '../../src/directory/register-client.handler.js';
import type { AccountRole } from '../../src/domain/directory/directory.state.js';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import type { ClientId, Subject } from '../../src/domain/identifiers.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { createServiceLog } from '../../src/operations/service-log.js';
import { type BrowserOptions, type Credentials, HttpBrowser } from './http-browser.js';
import { freePort } from './postgres-server.js';
import { newServerStore, problemsIn, type ServerStore } from './server-store.js';

// A machine that does other things too may take long to start a server or to hash a password.
jest.setTimeout(30_000);

/** Of every account that a test makes. */
export const PASSWORD = 'correct horse battery staple';

/** A client that was registered for a test. */
export interface TestClient {
  readonly clientId: ClientId;
  readonly clientSecret: string | undefined;
  readonly redirectUri: string;
}

/** A person that was made for a test. */
export interface TestAccount extends Credentials {
  readonly subject: Subject;
}

/** A client's registration, where a preset does not do. */
export type Registration = Partial<ClientRegistration> & Pick<ClientRegistration, 'metadata'>;

/** A whole server in this process, on a free port and in directories of its own. */
export class HttpServer {
  private addresses = 0;
  private readonly expectedErrors: RegExp[] = [];

  private constructor(
    private running: RunningServer,
    /** The lines that the server logged, errors only unless it was started with a log level. */
    readonly logged: string[],
    private readonly log: Logger,
    readonly settings: Settings,
    /** Where it listens: `http://localhost:<port>`. */
    readonly base: string,
    private readonly directory: string,
    private readonly store: ServerStore,
  ) {}

  /**
   * Starts one, on an empty store unless it is given one; `environment` adds to its settings. Every
   * address may speak for another.
   */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    givenStore?: ServerStore,
  ): Promise<HttpServer> {
    const directory = mkdtempSync(join(tmpdir(), 'token-ledger-http-'));
    const port = await freePort();
    const store = givenStore ?? (await newServerStore());
    const settings = readSettings({
      PORT: String(port),
      TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
      TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys/master.key'),
      TOKEN_LEDGER_ADMIN_PASSWORD: PASSWORD,
      TOKEN_LEDGER_TRUSTED_PROXIES: 'loopback',
      ...store.environment,
      ...environment,
    });
    const base = `http://localhost:${port}`;
    const logged: string[] = [];
    const level = environment['TOKEN_LEDGER_LOG_LEVEL'] ?? 'error';
    const log = createServiceLog(level, { write: (line) => void logged.push(line) });
    const running = await startServer(settings, { log });
    return new HttpServer(running, logged, log, settings, base, directory, store);
  }

  /** The issuer's URL. */
  get issuer(): string {
    return this.settings.issuer;
  }

  /** Node's own server. */
  get httpServer(): Server {
    return this.running.application.getHttpServer();
  }

  /** A provider of the application. */
  get<Type>(token: abstract new (...parameters: never[]) => Type): Type {
    return this.running.application.get<Type>(token, { strict: false });
  }

  /** Runs a command as an operator would. */
  execute<Result>(command: Command<Result>): Promise<Result> {
    return this.get(CommandBus).execute(command);
  }

  /** Registers a client of a preset. */
  register(preset: ClientPreset, choices: PresetChoices = {}): Promise<TestClient> {
    const isMachine = ['auditor', 'machine', 'resource-server'].includes(preset);
    const redirectUris = isMachine ? undefined : [REDIRECT_URI];
    return this.registerWith(presetRegistration(preset, { redirectUris, ...choices }));
  }

  /** Registers a client with what no preset has. */
  async registerWith(registration: Registration): Promise<TestClient> {
    const outcome = await this.execute(
      new RegisterClient(
        {
          firstParty: false,
          verified: true,
          operatorScopes: [],
          mayIntrospect: false,
          ...registration,
        },
        { actor: 'operator', correlationId: newUuid() },
      ),
    );
    if (outcome.kind !== 'registered') throw new Error(JSON.stringify(outcome));
    const { clientId, clientSecret, metadata } = outcome;
    return { clientId, clientSecret, redirectUri: metadata.redirectUris[0] ?? '' };
  }

  /** Creates an account. */
  async createAccount(
    username = `user-${randomToken(6)}`,
    profile: { email?: string; name?: string; roles?: readonly AccountRole[] } = {},
  ): Promise<TestAccount> {
    const { roles = [], ...rest } = profile;
    const outcome = await this.execute(
      new CreateAccount(
        { username, password: PASSWORD, roles, emailVerified: true, ...rest },
        { actor: 'operator', correlationId: newUuid() },
      ),
    );
    if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
    return { username, password: PASSWORD, subject: outcome.subject };
  }

  /** An address that nothing has come from yet, so that failures of other tests do not count. */
  newAddress(): string {
    this.addresses += 1;
    return `10.${this.addresses >> 16}.${(this.addresses >> 8) & 255}.${this.addresses & 255}`;
  }

  /** A browser without cookies at an address of its own. */
  browser(options: BrowserOptions = {}): HttpBrowser {
    const via = this.base === this.issuer ? undefined : this.base;
    return new HttpBrowser(this.issuer, { address: this.newAddress(), via, ...options });
  }

  /** A request to a path, from an address of its own; redirects are not followed. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has('x-forwarded-for')) headers.set('x-forwarded-for', this.newAddress());
    return fetch(new URL(path, this.base), { redirect: 'manual', ...init, headers });
  }

  /** The events that were appended while something was done. */
  async recorded<Result>(
    doing: () => Promise<Result>,
  ): Promise<{ result: Result; events: readonly RecordedEvent[] }> {
    const before = await this.get(Ledger).size();
    const result = await doing();
    const { events } = await this.get(Ledger).eventsAfter(before === 0 ? null : before - 1, 1000);
    return { result, events };
  }

  /** Stops the server and starts it again on the same directories, after something else. */
  async restart(
    between: () => unknown = () => undefined,
    changed: Partial<Settings> = {},
  ): Promise<void> {
    await this.running.close();
    await between();
    this.running = await startServer({ ...this.settings, ...changed }, { log: this.log });
  }

  /** Says that errors like this one will be logged, because a test is about to cause them. */
  expectError(expected: RegExp): void {
    this.expectedErrors.push(expected);
  }

  /** Closes the server. Throws unless its whole ledger verifies and it logged no failure of its own. */
  async close(): Promise<void> {
    await this.running.close();
    try {
      const problems = await problemsIn(this.settings);
      if (problems.length > 0) throw new Error(`the ledger: ${JSON.stringify(problems)}`);
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
      await this.store.remove();
    }
    const errors = this.logged
      .filter((line) => /"level":"(?:error|fatal)"/.test(line))
      .filter((line) => !this.expectedErrors.some((expected) => expected.test(line)));
    if (errors.length > 0) throw new Error(`logged: ${errors.join('')}`);
  }
}

/** Where clients of tests are answered unless they say otherwise. */
export const REDIRECT_URI = 'https://app.example/callback';

/** A clock that only tests move on. The server in this process sees the same time. */
export class TestClock {
  private ahead = 0;

  constructor() {
    const real = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => real() + this.ahead);
  }

  /** Lets so many milliseconds pass at once. */
  pass(milliseconds: number): void {
    this.ahead += milliseconds;
  }
}
