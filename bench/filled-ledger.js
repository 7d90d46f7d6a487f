import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { canonicalJson } from '../dist/domain/canonical-json.js';
import { DEFAULT_PROJECT, streamIdOf } from '../dist/domain/identifiers.js';
import { decideOpenLog } from '../dist/domain/log/log.decider.js';
import { evolve, ownersOf } from '../dist/domain/streams.js';
import { originCommitment } from '../dist/ledger/origin-commitment.js';
import { CheckpointFile } from '../dist/ledger/sealing/checkpoint-file.js';
import { CheckpointSigner } from '../dist/ledger/sealing/checkpoint-signer.js';
import { Sealer } from '../dist/ledger/sealing/sealer.js';
import { openSealReads, openSealStore } from '../dist/ledger/sealing/sqlite-seal.store.js';
import { openSqliteLedger } from '../dist/ledger/sqlite/open-sqlite-ledger.js';
import { digestAfter } from '../dist/ledger/stream-digest.js';

const GOLDEN = new URL('../test/domain/events/golden/', import.meta.url);
const ROTATIONS = 20;
const FAMILIES_AT_ONCE = 500;
/** Between two events, in milliseconds. */
const STEP = 40;
const BATCH = 10_000;

/** @typedef {ReturnType<typeof statementsOn>} Statements */

/**
 * Makes a ledger of so many events in a directory, past the group commit but just as that would:
 * families that are granted, redeemed and rotated 20 times, 500 of them in turns, with origins; and
 * seals it.
 * @param {string} directory
 * @param {number} events
 */
export async function fillLedger(directory, events) {
  const ledgerFile = path.join(directory, 'ledger.sqlite');
  const settings = { dataDirectory: directory, ledgerFile };
  const signer = newSigner();
  const start = Date.now() - events * STEP;
  await openAsLog(settings, signer, start);
  const database = new Database(ledgerFile);
  const statements = statementsOn(database);
  const families = Array.from({ length: FAMILIES_AT_ONCE }, newFamily);
  for (let from = 1; from < events; from += BATCH) {
    database.transaction(() => {
      for (let at = from; at < Math.min(events, from + BATCH); at += 1) {
        const slot = at % families.length;
        const family = families[slot] ?? newFamily();
        append(statements, family, { position: at, recordedAt: start + at * STEP });
        if (family.version === ROTATIONS + 2) {
          keepStream(statements, family);
          families[slot] = newFamily();
        }
      }
    })();
  }
  for (const family of families) if (family.version > 0) keepStream(statements, family);
  database.close();
  const store = openSealStore(ledgerFile);
  const file = new CheckpointFile(path.join(directory, 'ledger.checkpoints'));
  const sealer = new Sealer({ store, file, signer });
  while (await sealer.seal());
  await sealer.close();
  return ledgerFile;
}

function newSigner() {
  const { privateKey } = generateKeyPairSync('ed25519');
  return new CheckpointSigner(privateKey.export({ format: 'der', type: 'pkcs8' }));
}

/**
 * The first event of every ledger: which key its checkpoints are signed with.
 * @param {{ dataDirectory: string, ledgerFile: string }} settings
 * @param {CheckpointSigner} signer
 * @param {number} at
 */
async function openAsLog(settings, signer, at) {
  const ledger = await openSqliteLedger({ settings, role: 'command_line', clock: () => at });
  const sealReads = openSealReads(settings.ledgerFile);
  const { origin, epoch } = await sealReads.log();
  await sealReads.close();
  const opened = { origin, epoch, verifierKey: signer.verifierKey(origin) };
  await ledger.execute({
    kind: 'log',
    streamId: streamIdOf('log', '0'),
    project: DEFAULT_PROJECT,
    attribution: { actor: 'system', correlationId: 'bench' },
    decide: ({ state }) => decideOpenLog(state, opened),
  });
  await ledger.close();
}

/** @param {Database.Database} database */
function statementsOn(database) {
  return {
    event: database.prepare(
      `INSERT INTO events (position, stream_id, stream_version, previous_position, type, appended_at,
         body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    origin: database.prepare('INSERT INTO origins VALUES (?, ?, ?, ?, ?)'),
    stream: database.prepare(
      `INSERT INTO streams (stream_id, kind, project_id, subject_id, client_id, version,
         last_position, digest, state) VALUES (?, 'family', 'default', ?, ?, ?, ?, ?, ?)`,
    ),
  };
}

function newFamily() {
  const id = `01a19b7c${randomBytes(12).toString('hex')}`;
  return {
    id,
    version: 0,
    /** @type {number | null} */ last: null,
    /** @type {string | undefined} */ digest: undefined,
    /** @type {any} */ state: undefined,
  };
}

/**
 * @param {Statements} statements
 * @param {ReturnType<typeof newFamily>} family
 * @param {{ position: number, recordedAt: number }} at
 */
function append(statements, family, { position, recordedAt }) {
  const { id, version, last } = family;
  const type = ['GrantIssued', 'GrantRedeemed'][version] ?? 'RefreshTokenRotated';
  const origin = {
    address: `2001:db8::${position % 5000}`,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    requestId: `request-${position}`,
  };
  const salt = randomBytes(32).toString('base64url');
  const streamId = `family:${id}`;
  const data = dataOf(type, version);
  const body = canonicalJson({
    ...golden(type),
    streamId,
    streamVersion: version + 1,
    recordedAt,
    data,
    originCommitment: originCommitment(salt, origin),
  });
  statements.event.run(position, streamId, version + 1, last, type, recordedAt, body);
  statements.origin.run(position, salt, origin.address, origin.userAgent, origin.requestId);
  family.state = evolve(
    'family',
    family.state,
    /** @type {any} */ ({ type, data, recordedAt, id }),
  );
  family.digest = digestAfter(family.digest, body);
  family.version += 1;
  family.last = position;
}

/**
 * @param {string} type
 * @param {number} version
 */
function dataOf(type, version) {
  const { data } = golden(type);
  if (version < 2) return data;
  const generation = version - 1;
  const token = { ...data.token, sequence: generation };
  return { ...data, generation, presentedGeneration: generation - 1, token };
}

/** @type {Map<string, any>} */
const templates = new Map();

/** @param {string} type */
function golden(type) {
  const known = templates.get(type);
  if (known !== undefined) return known;
  const read = JSON.parse(readFileSync(new URL(`${type}.json`, GOLDEN), 'utf8'));
  templates.set(type, read);
  return read;
}

/**
 * @param {Statements} statements
 * @param {ReturnType<typeof newFamily>} family
 */
function keepStream(statements, { id, version, last, digest, state }) {
  const { subjectId, clientId } = ownersOf(state);
  const text = JSON.stringify(state);
  statements.stream.run(`family:${id}`, subjectId, clientId, version, last, digest, text);
}
