import 'dotenv/config';
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { readSettings } from './src/config/settings.js';
import { ledgerDataSourceOptions } from './src/ledger/connection-options.js';
import { makeLedgerSchema } from './src/ledger/postgres/ledger-schema.js';

const settings = readSettings(process.env);
const { postgresUrl, postgresOwnerUrl = postgresUrl } = settings;
// Of a schema that is not there TypeORM's command line can neither show nor run a migration.
if (postgresOwnerUrl !== undefined) await makeLedgerSchema(postgresOwnerUrl);

/** The ledger that the environment names, for TypeORM's command line. */
export default new DataSource(ledgerDataSourceOptions(settings));
