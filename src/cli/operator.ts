import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Command, CommandBus, type Query, QueryBus } from '@nestjs/cqrs';
import { ServiceModule } from '../app.module.js';
import { newUuid } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { RecordAdministration } from '../directory/record-administration.handler.js';
import type { Attribution, Ledger } from '../ledger/ledger.port.js';
import type { Vault } from '../vault/vault.port.js';
import { operatorSettings } from './operator-settings.js';
import { closeResources, openResources } from './resources.js';

/** Whoever can run the command line on the data directory: nobody asks them for a token. */
export class Operator {
  /** How everything that one command line does is attributed. */
  readonly attribution: Attribution = { actor: 'operator', correlationId: newUuid() };

  constructor(
    readonly settings: Settings,
    readonly ledger: Ledger,
    readonly vault: Vault,
    private readonly context: INestApplicationContext,
  ) {}

  /** Sends a command to its handler. */
  execute<Outcome>(command: Command<Outcome>): Promise<Outcome> {
    return this.context.get(CommandBus).execute(command);
  }

  /** Sends a query to its handler. */
  query<Answer>(query: Query<Answer>): Promise<Answer> {
    return this.context.get(QueryBus).execute(query);
  }

  /** Appends what was done to the administration stream. */
  record(action: string, target?: string): Promise<void> {
    return this.execute(new RecordAdministration(action, target, this.attribution));
  }

  /** A part of the service. */
  get<Part>(part: new (...dependencies: never[]) => Part): Part {
    return this.context.get<Part>(part);
  }
}

/**
 * Opens the ledger that the environment names, beside a server that may be running, and does
 * something with it. Throws an error of one line; a ledger is never made here, as that would hide a
 * wrong directory.
 */
export async function asOperator<Result>(
  work: (operator: Operator) => Promise<Result>,
): Promise<Result> {
  const settings = operatorSettings();
  const resources = await openResources(settings, 'command_line');
  let context: INestApplicationContext | undefined;
  try {
    context = await NestFactory.createApplicationContext(ServiceModule.of(resources), {
      logger: false,
      abortOnError: false,
    });
    return await work(new Operator(settings, resources.ledger, resources.vault, context));
  } finally {
    await context?.close();
    await closeResources(resources);
  }
}
