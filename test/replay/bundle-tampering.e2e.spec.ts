import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canonicalJson, type JsonValue } from '../../src/domain/canonical-json.js';
import type { BundleEvidence } from '../../src/replay/bundle/bundle.evidence.js';
import { bundleFile, machinePartOf } from '../../src/replay/bundle/bundle.file.js';
import { type BundleFault, verifyBundle } from '../../src/replay/bundle/bundle.verification.js';
import { formatCheckpoint } from '../../src/tlog/checkpoint.js';
import { leafHash } from '../../src/tlog/merkle-tree.js';
import { signNote } from '../../src/tlog/signed-note.js';
import { verifierKeyText } from '../../src/tlog/verifier-key.js';
import { HttpServer, TestClock } from '../support/http-server.js';
import { bundleOf, type StolenFamily, stealFamily, verifierKeyOf } from './bundle-stage.js';

type Writable<Value> = Value extends object
  ? { -readonly [Name in keyof Value]: Writable<Value[Name]> }
  : Value;
type Evidence = Writable<BundleEvidence>;

const clock = new TestClock();
let server: HttpServer;
let stolen: StolenFamily;
let key: string;
let file: string;

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_SEAL_SECONDS: '1' });
  stolen = await stealFamily(server, clock, 'ana');
  key = await verifierKeyOf(server);
  ({ file } = await bundleOf(server, 'incident', stolen.incidentId));
});

afterAll(() => server.close());

function evidence(): Evidence {
  return JSON.parse(machinePartOf(file) ?? '') as Evidence;
}

/** The bundle of somebody who changes the evidence, and draws the report anew where there is one. */
function redrawn(change: (evidence: Evidence) => void): string {
  const changed = evidence();
  change(changed);
  try {
    return bundleFile(changed);
  } catch {
    return file.replace(machinePartOf(file) ?? '', () => canonicalJson(changed));
  }
}

function changedBody({ events }: Evidence, index: number, change: (body: Body) => void): void {
  const event = events[index];
  if (event === undefined) throw new Error('there is no such event');
  const body = JSON.parse(event.body) as Body;
  change(body);
  event.body = canonicalJson(body as JsonValue);
}

type Body = { recordedAt: number; streamVersion: number; data: Record<string, unknown> };

/** Signs a tree of these events alone: a ledger of somebody else's. */
function forge(forged: Evidence): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [, origin = ''] = /^(.*)\n/.exec(forged.checkpoint.note) ?? [];
  const [only] = forged.events.splice(0);
  if (only === undefined) throw new Error('there is no event');
  forged.events.push({ ...only, position: 0, proof: [] });
  const checkpoint = { origin, size: 1, root: leafHash(only.body), extensions: [] };
  forged.checkpoint = {
    note: signNote(formatCheckpoint(checkpoint), { name: origin, privateKey }),
    verifierKey: verifierKeyText(origin, publicKey),
  };
  return origin;
}

describe('a bundle that was changed', () => {
  it('verifies before, and is unpinned without a key', () => {
    expect(verifyBundle(file, key).kind).toBe('verified');
    expect(verifyBundle(file, undefined).kind).toBe('unpinned');
  });

  const inText: readonly (readonly [what: string, from: RegExp, to: string])[] = [
    ['a word of the report', /reuse/, 'renew'],
    ['a style', /#14231f/, '#14231e'],
    ['a space at its end', /\n$/, '\n '],
    ['a space in the machine part', /"asked":\{/, '"asked": {'],
    ['a comment before it', /^/, '<!-- -->'],
    ['a script in it', /<\/main>/, '<script>alert(1)</script></main>'],
  ];
  it.each(inText)('is refused: %s', (_, from, to) => {
    expect(file).toMatch(from);
    const verdict = verifyBundle(file.replace(from, to), key);
    expect(verdict).toMatchObject({ kind: 'refused', fault: 'report_differs' });
  });

  const inEvidence: readonly (readonly [
    what: string,
    fault: BundleFault,
    change: (evidence: Evidence) => void,
  ])[] = [
    ['a body', 'proof_wrong', (one) => changedBody(one, 2, (body) => (body.recordedAt += 1))],
    ['a proof', 'proof_wrong', ({ events }) => events[1]?.proof.pop()],
    [
      'other base64 for a hash of a proof',
      'proof_wrong',
      ({ events }) => {
        const proof = events[1]?.proof ?? [];
        const [hash = ''] = proof;
        const sibling = String.fromCharCode(hash.charCodeAt(42) + 1);
        proof[0] = `${hash.slice(0, 42)}${sibling}=`;
        expect(Buffer.from(proof[0], 'base64')).toEqual(Buffer.from(hash, 'base64'));
      },
    ],
    [
      'a position',
      'proof_wrong',
      ({ events }) => void ((events.at(-1) ?? { position: 0 }).position += 1),
    ],
    ['the order', 'event_out_of_place', ({ events }) => void events.reverse()],
    [
      'an event twice',
      'event_out_of_place',
      ({ events }) => events.splice(1, 0, events[0] as never),
    ],
    ['an event left out', 'stream_broken', ({ events }) => void events.splice(2, 1)],
    [
      'an address',
      'origin_wrong',
      ({ events }) => {
        const origin = events.find((event) => event.origin !== null)?.origin;
        if (origin) origin.address = '203.0.113.7';
      },
    ],
    [
      'a salt',
      'origin_wrong',
      ({ events }) => {
        const origin = events.find((event) => event.origin !== null)?.origin;
        if (origin) origin.salt = 'A'.repeat(43);
      },
    ],
    [
      'another incident asked for',
      'selection_wrong',
      ({ asked }) => void (asked.id = '0'.repeat(32)),
    ],
    [
      'the incident left out',
      'selection_wrong',
      (one) => {
        one.asked = { kind: 'family', id: stolen.familyId };
        one.events = one.events.filter(({ body }) => !body.includes('"streamId":"incident:'));
      },
    ],
    [
      'the family of an incident left out, as if it came later',
      'selection_wrong',
      (one) => {
        one.events = one.events.filter(({ body }) => body.includes('"streamId":"incident:'));
        one.exported.newer = [Number.MAX_SAFE_INTEGER];
      },
    ],
    [
      'an incident left out, as if it came later',
      'selection_wrong',
      (one) => {
        one.asked = { kind: 'family', id: stolen.familyId };
        one.events = one.events.filter(({ body }) => !body.includes('"streamId":"incident:'));
        one.exported.newer = [Number.MAX_SAFE_INTEGER];
      },
    ],
    ['what is newer', 'selection_wrong', ({ exported }) => void exported.newer.push(0)],
    [
      'what is newer, twice',
      'selection_wrong',
      ({ exported }) => void exported.newer.push(99_999, 99_999),
    ],
    [
      'words for its key',
      'note_refused',
      ({ checkpoint }) => void (checkpoint.verifierKey = 'reviewed and found correct'),
    ],
    [
      'words in a signature',
      'note_refused',
      ({ checkpoint }) => {
        const signature = Buffer.alloc(68, 1).toString('base64');
        checkpoint.note += `— audited.example/it-was-the-owner ${signature}\n`;
      },
    ],
    [
      'the note',
      'note_refused',
      ({ checkpoint }) => void (checkpoint.note = `x${checkpoint.note}`),
    ],
    ['a ledger of somebody else', 'note_refused', (one) => void forge(one)],
  ];
  it.each(inEvidence)('and drawn anew is refused: %s', (_, fault, change) => {
    expect(verifyBundle(redrawn(change), key)).toMatchObject({ kind: 'refused', fault });
  });

  it('is refused whichever byte differs', () => {
    const bytes = Buffer.from(file);
    for (let at = 0; at < bytes.length; at += 17) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect([at, verifyBundle(changed.toString(), key).kind]).toEqual([at, 'refused']);
    }
  });

  it('names the event that is wrong', () => {
    const tampered = redrawn((one) => changedBody(one, 2, (body) => (body.recordedAt += 1)));
    const { position } = evidence().events[2] ?? {};
    expect(verifyBundle(tampered, key)).toMatchObject({ position });
  });

  it('still shows as erased what was taken out of it, and how much that is', () => {
    const without = redrawn(({ events }) => {
      for (const event of events) event.origin = null;
    });
    expect(verifyBundle(without, key)).toMatchObject({ kind: 'verified', originsAbsent: 6 });
    expect(without).toContain('<td>erased</td>');
  });

  it('is refused under another key of the same name', () => {
    const forged = evidence();
    forge(forged);
    expect(verifyBundle(file, forged.checkpoint.verifierKey)).toMatchObject({
      fault: 'note_refused',
    });
    expect(verifyBundle(file, 'zebra')).toMatchObject({ fault: 'key_malformed' });
  });
});

describe('what is no bundle', () => {
  const script = '<script type="application/json" id="evidence">\n';
  const hostile: readonly (readonly [what: string, text: () => string, fault: BundleFault])[] = [
    ['nothing', () => '', 'evidence_missing'],
    ['no end', () => script, 'evidence_missing'],
    ['two machine parts', () => file + file, 'evidence_missing'],
    ['no JSON', () => `${script}{\n</script>\n`, 'evidence_malformed'],
    ['null', () => `${script}null\n</script>\n`, 'evidence_malformed'],
    [
      'nested without end',
      () => `${script}${'['.repeat(100_000)}\n</script>\n`,
      'evidence_malformed',
    ],
    ['another form', () => `${script}{"format":"other/9"}\n</script>\n`, 'format_unknown'],
    [
      'a member that nobody knows',
      () => redrawn((one) => void ((one as unknown as Record<string, unknown>)['x'] = 1)),
      'evidence_malformed',
    ],
    [
      'a lone surrogate',
      () => file.replace('"requestId":"', String.raw`"requestId":"\ud800`),
      'origin_wrong',
    ],
  ];
  it.each(hostile)('is refused without a throw: %s', (_, text, fault) => {
    expect(verifyBundle(text(), key)).toMatchObject({ kind: 'refused', fault });
  });
});
