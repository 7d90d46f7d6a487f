import { openPostgresStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { describeLedgerContract } from './ledger-contract.js';
import { describeLedgerInterleavings } from './ledger-interleavings.js';

const server = usePostgres();

describeLedgerContract('PostgreSQL', () => openPostgresStore(server()));
describeLedgerInterleavings('PostgreSQL', () => openPostgresStore(server()));
