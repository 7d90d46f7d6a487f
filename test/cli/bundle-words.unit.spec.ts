import { describe, expect, it } from '@jest/globals';
import { noBundleText } from '../../src/cli/bundle-export.js';

const ID = '01939f0a7c1b7d3e8a4f5b6c7d8e9f00';

describe('a bundle that would hold too many events', () => {
  it.each([
    ['subject', 'export its families one by one (family list --account)'],
    ['family', `GET /audit/events?stream=family:${ID} streams them, and /ledger/ proves them`],
    ['incident', 'its family is too long, see token-ledger incident show'],
  ] as const)('is refused with what can be had instead: of a %s', (kind, instead) => {
    const none = { kind: 'none', reason: 'too_many_events' } as const;
    expect(noBundleText(none, { kind, id: ID })).toBe(
      `it has more than the 27,000 events that one bundle holds: ${instead}`,
    );
  });
});
