import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { databaseName, isPostgresUrl, type Settings } from '../config/settings.js';
import { vaultFileOf } from '../vault/vault-file.js';
import { readEnvironment } from './environment.js';
import { CommandRefused } from './failure.js';
import { migrateStore, type StoreMigration } from './store-migration.js';
import { countText, factsText, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

/** Copies a ledger from SQLite to PostgreSQL. */
export function migrateStoreVerb(): Command {
  return verb({
    name: 'migrate-store',
    summary: 'copy a ledger and its vault from SQLite to an empty PostgreSQL database',
    details: `The server must be stopped. Events, states, origins, tiles, checkpoints and the vault's sealed boxes are
copied as they are; all is verified before and after. Killed at any moment, it is called again and goes
on; until it is done no server starts on the copy. The vault is that of the settings; the URL is that of
the role which is to own the tables, and its password may stand in PGPASSWORD instead.`,
    examples: [
      'token-ledger migrate-store --from sqlite:data/ledger.sqlite --to postgres://owner@db.internal/ledger',
      'token-ledger migrate-store --from sqlite:data/ledger.sqlite --to postgres://owner@db.internal/ledger --json',
    ],
    json: '{ from, to, origin, epoch, events, streams, sealed, eventsBefore, root }',
  })
    .requiredOption('--from <sqlite:path>', 'the ledger file')
    .requiredOption('--to <postgres://…>', 'the database')
    .action(migrate);
}

async function migrate(options: Options): Promise<void> {
  const settings = sourceSettings(options.from);
  // The complaint of a wrong option repeats its text, and this one may hold a password.
  if (!isPostgresUrl(options.to)) {
    throw new CommandRefused('--to must be a postgres:// URL with a database');
  }
  const isQuiet = options.json === true;
  const migration = await migrateStore(settings, options.to, isQuiet);
  if (isQuiet) printJson(jsonOf(migration, settings, options));
  else printMigration(migration, settings, options);
}

function sourceSettings(from: string): Settings {
  if (!/^sqlite:./.test(from)) {
    throw new CommandRefused('--from must be sqlite: and the path of a ledger file');
  }
  const ledgerFile = resolve(from.slice('sqlite:'.length));
  if (!existsSync(ledgerFile)) throw new CommandRefused(`there is no ledger at ${ledgerFile}`);
  const settings = readEnvironment();
  const vaultFile = vaultFileOf(settings.dataDirectory);
  if (!existsSync(vaultFile)) {
    throw new CommandRefused(
      `there is no vault at ${vaultFile}: set TOKEN_LEDGER_DATA_DIR to where it is`,
    );
  }
  return { ...settings, ledgerFile, postgresUrl: undefined, postgresOwnerUrl: undefined };
}

function jsonOf(migration: StoreMigration, { ledgerFile }: Settings, { to }: Options): object {
  const { report, eventsBefore, root, origin, epoch } = migration;
  const { events, streams, sealed } = report;
  return {
    from: ledgerFile,
    to: databaseName(to),
    origin,
    epoch,
    events,
    streams,
    sealed,
    eventsBefore,
    root: root.toString('base64'),
  };
}

function printMigration(
  { report: { events, streams }, eventsBefore, root, origin }: StoreMigration,
  { ledgerFile, checkpointFile, masterKey, masterKeyFile }: Settings,
  { to }: Options,
): void {
  const counts = `${countText(events, 'event')} in ${countText(streams, 'stream')}`;
  printLines(
    `The ledger and its vault are in ${databaseName(to)}, verified: ${counts}.`,
    ...(eventsBefore === 0 ? [] : [`${countText(eventsBefore, 'event')} were there already.`]),
    factsText([
      ['Origin', origin],
      ['Root', root.toString('base64')],
    ]),
    'Set TOKEN_LEDGER_DATABASE to that URL and start the server, with what it had before:',
    factsText([
      ['Master key', masterKey === undefined ? masterKeyFile : 'TOKEN_LEDGER_MASTER_KEY'],
      ['Checkpoint file', checkpointFile],
    ]),
    `Put ${ledgerFile} away, and start no server on it again: two would go on from the same ledger.`,
  );
}
