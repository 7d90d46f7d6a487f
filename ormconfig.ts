import 'dotenv/config';
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { readSettings } from './src/config/settings.js';
import { ledgerDataSourceOptions } from './src/ledger/connection-options.js';

/** The ledger that the environment names, for TypeORM's command line. */
export default new DataSource(ledgerDataSourceOptions(readSettings(process.env)));
