import type Database from 'better-sqlite3';
import type { EventType } from '../../src/views/event-outcomes.js';
import { goldenBodies } from './domain-golden-events.js';
import { LEDGER_TESTED_AT } from './ledger-store.js';

/** What a family of the bulk lives through after its first tokens: mostly rotations. */
const LIFE: readonly EventType[] = [
  ...Array<EventType>(20).fill('RefreshTokenRotated'),
  'RefreshRetried',
  'RefreshTokenRotated',
  'RefreshRejected',
];
/** So many families live at the same time, in turns. */
const FAMILIES_AT_ONCE = 500;
const CLIENTS = 20;
const PEOPLE = 2000;
const ADDRESSES = 5000;
/** Between two events, in milliseconds. */
const STEP = 40;

/**
 * Puts so many events into a new ledger's tables, past the ledger and without any state: a mix as a
 * busy server's, with an origin for each.
 */
export function fillInBulk(database: Database.Database, events: number): void {
  const insertEvent = database.prepare(
    `INSERT INTO events (position, stream_id, stream_version, previous_position, type, appended_at,
       body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertOrigin = database.prepare(
    `INSERT INTO origins (position, salt, address, user_agent, request_id)
     VALUES (?, 'salt', ?, 'Mozilla/5.0 (X11; Linux x86_64)', 'request')`,
  );
  const families = Array.from({ length: FAMILIES_AT_ONCE }, (_, index) => newFamily(index));
  let begun = families.length;
  database.transaction(() => {
    for (let position = 0; position < events; position += 1) {
      const slot = position % families.length;
      const family = families[slot] as BulkFamily;
      const type = LIVED[family.version] as EventType;
      const at = LEDGER_TESTED_AT + position * STEP;
      const streamId = `family:${family.id}`;
      const { version, previous } = family;
      insertEvent.run(position, streamId, version + 1, previous, type, at, bodyOf(type, family));
      insertOrigin.run(position, `2001:db8::${family.number % ADDRESSES}`);
      family.version += 1;
      family.previous = position;
      if (family.version === LIVED.length) {
        families[slot] = newFamily(begun);
        begun += 1;
      }
    }
  })();
}

const LIVED: readonly EventType[] = [
  'GrantIssued',
  'GrantRedeemed',
  ...LIFE,
  'RefreshTokenReuseDetected',
  'FamilyRevoked',
];

interface BulkFamily {
  readonly number: number;
  readonly id: string;
  version: number;
  previous: number | null;
}

function newFamily(number: number): BulkFamily {
  const id = `01a19b7c${number.toString(16).padStart(24, '0')}`;
  return { number, id, version: 0, previous: null };
}

function bodyOf(type: EventType, { id, number, version }: BulkFamily): string {
  const golden = goldenBodies[type] as string;
  const numbered = golden
    .replace(
      /"id":"[^"]{36}"/,
      `"id":"01a19b85-cfe1-7097-${version.toString(16).padStart(4, '0')}-${id.slice(-12)}"`,
    )
    .replace('01a19b7ca68079e289a909ef4b06cad2', id);
  return type === 'GrantIssued'
    ? numbered
        .replace('"clientId":"photo-app"', `"clientId":"client-${number % CLIENTS}"`)
        .replace(/"subject":"[^"]+"/, `"subject":"person-${number % PEOPLE}"`)
    : numbered;
}
