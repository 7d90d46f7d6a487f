import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect } from '@jest/globals';
import type { Type } from '@nestjs/common';
import type { Command } from '@nestjs/cqrs';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { ServiceModule } from '../../src/app.module.js';
import { closeResources, openResources, type Resources } from '../../src/cli/resources.js';
import { readSettings } from '../../src/config/settings.js';
import { CreateAccount } from '../../src/directory/create-account.handler.js';
import { CreateProject } from '../../src/directory/create-project.handler.js';
import type { AccountRole } from '../../src/domain/directory/directory.state.js';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import { DEFAULT_PROJECT, type Position, type Subject } from '../../src/domain/identifiers.js';
import type { Attribution } from '../../src/ledger/ledger.port.js';
import { newServerStore, problemsIn, type ServerStore } from '../support/server-store.js';

export const operator: Attribution = { actor: 'operator', correlationId: 'test' };
export const PASSWORD = 'correct horse battery';

/** The write side on a ledger and a vault of its own. */
export interface OpenedDirectory {
  readonly resources: Resources;
  readonly module: TestingModule;
  readonly get: <Provider>(token: Type<Provider>) => Provider;
  readonly execute: <Result>(command: Command<Result>) => Promise<Result>;
  /** Every event of the ledger, oldest first. */
  readonly events: () => Promise<readonly RecordedEvent[]>;
  /** Closes everything; verified after each test if that was not done. */
  readonly close: () => Promise<void>;
}

/** How to open it: in which place, with what in the environment, and as whom. */
export interface Opening {
  readonly place?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly role?: 'server' | 'command_line';
  /** Modules besides the write side. */
  readonly imports?: readonly Type[];
}

/**
 * Opens directories on real stores. After each test all of them are closed, and their ledgers
 * verified; after the last their files are gone.
 */
export function directories() {
  const places: string[] = [];
  const stores = new Map<string, Promise<ServerStore>>();
  const opened = new Set<OpenedDirectory>();
  const newPlace = (): string => {
    const place = mkdtempSync(join(tmpdir(), 'token-ledger-directory-'));
    places.push(place);
    return place;
  };
  afterEach(async () => {
    for (const one of opened) await one.close();
    for (const { resources } of opened) expect(await problemsIn(resources.settings)).toEqual([]);
    opened.clear();
  });
  afterAll(async () => {
    for (const store of stores.values()) await (await store).remove();
    for (const place of places) rmSync(place, { recursive: true, force: true });
  });
  const open = async (opening: Opening = {}): Promise<OpenedDirectory> => {
    const place = opening.place ?? newPlace();
    const store = stores.get(place) ?? newServerStore();
    stores.set(place, store);
    const environment = { ...(await store).environment, ...opening.environment };
    const one = await openDirectory({ ...opening, place, environment });
    opened.add(one);
    return one;
  };
  /** One with a project that clients and accounts can belong to. */
  const openWithProject = async (opening: Opening = {}): Promise<OpenedDirectory> => {
    const one = await open(opening);
    await one.execute(new CreateProject(DEFAULT_PROJECT, operator));
    return one;
  };
  return { newPlace, open, openWithProject };
}

async function openDirectory({
  place = '',
  environment = {},
  role = 'server',
  imports = [],
}: Opening): Promise<OpenedDirectory> {
  const settings = readSettings({
    TOKEN_LEDGER_DATA_DIR: join(place, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(place, 'keys', 'master.key'),
    ...environment,
  });
  const resources = await openResources(settings, role);
  const module = await Test.createTestingModule({
    imports: [ServiceModule.of(resources), ...imports],
  }).compile();
  module.useLogger(false);
  await module.init();
  let closing: Promise<void> | undefined;
  return {
    resources,
    module,
    get: (token) => module.get(token, { strict: false }),
    execute: (command) => module.get(CommandBus, { strict: false }).execute(command),
    events: () => eventsOf(resources),
    close: () => (closing ??= module.close().then(() => closeResources(resources))),
  };
}

/** Creates an account that can sign in with `PASSWORD`. */
export async function createAccount(
  directory: OpenedDirectory,
  username: string,
  roles: readonly AccountRole[] = [],
): Promise<Subject> {
  const outcome = await directory.execute(
    new CreateAccount({ username, password: PASSWORD, roles }, operator),
  );
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome.subject;
}

async function eventsOf({ ledger }: Resources): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let after: Position | null = null;
  do {
    const page: Awaited<ReturnType<typeof ledger.eventsAfter>> = await ledger.eventsAfter(
      after,
      500,
    );
    events.push(...page.events);
    after = page.next;
  } while (after !== null);
  return events;
}
