import { openSqliteStore } from '../support/ledger-sqlite.js';
import { describeLedgerContract } from './ledger-contract.js';
import { describeLedgerInterleavings } from './ledger-interleavings.js';

describeLedgerContract('SQLite', openSqliteStore);
describeLedgerInterleavings('SQLite', openSqliteStore);
