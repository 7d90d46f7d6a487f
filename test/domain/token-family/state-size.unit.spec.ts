import { describe, expect, it } from '@jest/globals';
import { rejectionReason } from '../../../src/domain/events/token-family.events.js';
import { evolveFamily, type RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import type { FamilyState } from '../../../src/domain/token-family/family.state.js';
import {
  accessToken,
  accessTokenRevoked,
  familyAt,
  rejected,
  retried,
  revoked,
  rotatedTo,
} from '../../support/domain-family-events.js';
import { digest, MINUTE, rotatedAt } from '../../support/domain-world.js';

const ROTATIONS = 10_000;
const now = rotatedAt(ROTATIONS) + MINUTE;

function foldOnto(state: FamilyState | undefined, events: Iterable<RecordedFamilyEvent>) {
  let folded = state;
  for (const event of events) folded = evolveFamily(folded, event);
  return folded!;
}

const bytesOf = (state: FamilyState): number => Buffer.byteLength(JSON.stringify(state));

const rotations = Array.from({ length: ROTATIONS }, (_, index) => rotatedTo(index + 1));
const longLived = foldOnto(undefined, [...familyAt(0), ...rotations]);

/** Far more of everything than any limit admits. */
function flood(count: number): RecordedFamilyEvent[] {
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => [
    retried(
      ROTATIONS - 1,
      {
        requestHash: digest(String(index)),
        token: accessToken(ROTATIONS + 1 + index, now),
        otherParty: true,
      },
      now,
    ),
    rejected(
      ROTATIONS - index,
      rejectionReason.options[index % rejectionReason.options.length]!,
      now,
    ),
    accessTokenRevoked(ROTATIONS - index, now),
  ]);
}

describe('the state of a family with three scopes and one resource, as JSON', () => {
  it('prints', async () => {
    const young = foldOnto(undefined, familyAt(0));
    const flooded = foldOnto(longLived, flood(1000));
    const sizes = {
      granted: bytesOf(foldOnto(undefined, familyAt(0).slice(0, 1))),
      young: bytesOf(young),
      one: bytesOf(foldOnto(undefined, familyAt(1))),
      longLived: bytesOf(longLived),
      flooded: bytesOf(flooded),
      revoked: bytesOf(foldOnto(flooded, [revoked(now, 'refresh_token_reuse', digest('i'))])),
    };
    console.log(JSON.stringify(sizes)); const fs = await import('node:fs'); fs.writeFileSync('/tmp/dom/states.json', JSON.stringify({longLived, flooded, young}));
    for (const [k, v] of Object.entries(flooded)) console.log(k, JSON.stringify(v)?.length);
    expect(sizes.longLived).toBeLessThan(1000);
  });
});
