import { openSqliteStore } from '../support/ledger-sqlite.js';
import { openPostgresStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { describeLongFamilies } from './long-families.js';

const server = usePostgres();

describeLongFamilies('SQLite', () => openSqliteStore());
describeLongFamilies('PostgreSQL', () => openPostgresStore(server()));
