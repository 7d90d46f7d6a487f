import { describe, expect, it } from '@jest/globals';
import {
  evolveFamily,
  type RecordedFamilyEvent,
} from '../../../src/domain/token-family/family.evolve.js';
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

function foldOnto(
  state: FamilyState | undefined,
  events: readonly RecordedFamilyEvent[],
): FamilyState {
  let folded = state;
  for (const event of events) folded = evolveFamily(folded, event);
  return folded!;
}

const bytesOf = (state: FamilyState): number => Buffer.byteLength(JSON.stringify(state));

const young = foldOnto(undefined, familyAt(0));
const rotations = Array.from({ length: ROTATIONS }, (_, index) => rotatedTo(index + 1));
const longLived = foldOnto(young, rotations);

/** Retries, refusals and revocations of access tokens, far more than any limit admits. */
function flood(count: number): RecordedFamilyEvent[] {
  return Array.from(
    { length: count },
    (_, index) =>
      [
        retried(
          ROTATIONS - 1,
          {
            requestHash: digest(String(index)),
            token: accessToken(ROTATIONS + 1 + index, now),
            otherParty: true,
          },
          now,
        ),
        rejected(ROTATIONS - index, 'client_authentication_failed', now),
        accessTokenRevoked(ROTATIONS - index, now),
      ] as const,
  ).flat();
}

// The ceilings are what was measured, rounded up: 858, 1,171 and 2,856 bytes.
describe('the state of a family with three scopes and one resource, as JSON', () => {
  it('is at most 1,000 bytes before its first rotation', () => {
    expect(bytesOf(young)).toBeLessThanOrEqual(1_000);
  });

  it('is at most 1,200 bytes after 10,000 rotations', () => {
    expect(bytesOf(longLived)).toBeLessThanOrEqual(1_200);
  });

  it('grows by nothing but digits from 10 to 10,000 rotations', () => {
    const digits = 12 * 3;
    expect(bytesOf(longLived) - bytesOf(foldOnto(undefined, familyAt(10)))).toBeLessThanOrEqual(
      digits,
    );
  });

  it('is at most 2,900 bytes after any number of presentations', () => {
    const flooded = foldOnto(longLived, flood(2_000));
    expect(bytesOf(flooded)).toBeLessThanOrEqual(2_900);
    expect(bytesOf(foldOnto(longLived, flood(100)))).toBeGreaterThanOrEqual(bytesOf(flooded) - 20);
  });

  it('is at most 150 bytes more when it is revoked', () => {
    const flooded = foldOnto(longLived, flood(100));
    const dead = foldOnto(flooded, [revoked(now, 'refresh_token_reuse', digest('incident'))]);
    expect(bytesOf(dead) - bytesOf(flooded)).toBeLessThanOrEqual(150);
  });
});
