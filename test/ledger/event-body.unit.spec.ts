import { describe, expect, it } from '@jest/globals';
import type { Envelope, RecordedEvent } from '../../src/domain/envelope.js';
import type { StreamKind } from '../../src/domain/identifiers.js';
import { eventBody } from '../../src/ledger/event-body.js';
import { isOriginSalt, originCommitment } from '../../src/ledger/origin-commitment.js';
import { goldenBodies } from '../support/domain-golden-events.js';

type Event = Envelope & Pick<RecordedEvent, 'data'>;

const goldens = Object.entries(goldenBodies);
const read = (body: string): Event => JSON.parse(body) as Event;
const kindOf = ({ streamId }: Event): StreamKind =>
  streamId.slice(0, streamId.indexOf(':')) as StreamKind;

/** The same value with the members of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, reversed(member)] as const);
  return Object.fromEntries(members.toReversed());
}

describe('the body of an event', () => {
  it.each(goldens)('is canonical in whatever order its members stand: %s', (_type, body) => {
    const event = read(body);
    expect(eventBody(kindOf(event), event).body).toBe(body);
    expect(eventBody(kindOf(event), reversed(event) as Event).body).toBe(body);
    const undefinedToo = { ...event, causationId: event.causationId } as Event;
    expect(eventBody(kindOf(event), undefinedToo).body).toBe(body);
  });

  it.each(goldens)('says its data in its own order: %s', (_type, body) => {
    const event = read(body);
    const asRead = JSON.stringify(event.data);
    for (const one of [event, reversed(event) as Event]) {
      expect(JSON.stringify(eventBody(kindOf(event), one).data)).toBe(asRead);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'is none with %s where null may stand',
    (number) => {
      const event = read(goldenBodies['GrantRedeemed'] ?? '');
      const data = { ...event.data, generation: number };
      expect(() => eventBody('family', { ...event, data })).toThrow(
        'the data of GrantRedeemed are wrong at generation',
      );
      const none = { ...event, data: { ...event.data, generation: null } };
      expect(read(eventBody('family', none).body).data['generation']).toBeNull();
    },
  );
});

describe('the commitment to an origin', () => {
  const origin = { address: '203.0.113.7', userAgent: 'Agent/1', requestId: 'r-1' };
  const saltOf = (bytes: Buffer): string => bytes.toString('base64url');

  it('is of a salt of 32 bytes, written in the one way, and of nothing else', () => {
    const salt = saltOf(Buffer.alloc(32, 0x5a));
    expect(originCommitment(salt, origin)).toMatch(/^[\w-]{43}$/);
    expect(originCommitment(salt, origin)).not.toBe(
      originCommitment(salt, { ...origin, address: '203.0.113.8' }),
    );
    const others = [
      '',
      saltOf(Buffer.alloc(31, 0x5a)),
      saltOf(Buffer.alloc(33, 0x5a)),
      saltOf(Buffer.concat([Buffer.alloc(32, 0x5a), Buffer.from('{"address"')])),
      `${salt.slice(0, -1)}p`,
      `${salt}=`,
      ` ${salt}`,
    ];
    for (const other of others) {
      expect(isOriginSalt(other)).toBe(false);
      expect(() => originCommitment(other, origin)).toThrow(RangeError);
    }
  });

  it('is SHA-256 of the bytes of the salt and the canonical origin', () => {
    // Made with Python's hashlib over 32 bytes 0x5a and the text below.
    // {"address":"203.0.113.7","requestId":"r-1","userAgent":"Agent/1"}
    expect(originCommitment(saltOf(Buffer.alloc(32, 0x5a)), origin)).toBe(
      '01Q2FZRdPoM9QRMmwmeyG_m1l-meRMRktEUY0xywsOM',
    );
  });
});
