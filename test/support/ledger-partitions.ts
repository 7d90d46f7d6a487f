import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const OPERATIONS = resolve(import.meta.dirname, '../../docs/OPERATIONS.md');
const WRITTEN = /```sql\n(BEGIN;\n.*?)```/s.exec(readFileSync(OPERATIONS, 'utf8'))?.[1] ?? '';

/** What puts the table of events in partitions, as the documentation says it, for the role of tests. */
export const EVENTS_IN_PARTITIONS = WRITTEN.replace('TO token_ledger', 'TO runtime');
