import { describe, expect, it, jest } from '@jest/globals';
import { refresh } from '../../support/domain-family-commands.js';
import { familyAt, retried, rotatedTo } from '../../support/domain-family-events.js';
import { INCIDENT_ID, rotatedAt, SECOND } from '../../support/domain-world.js';
import { at, event, given } from '../../support/given-when-then.js';

const fromElsewhere = { isOtherParty: () => true };
const shadow = { otherParty: true } as const;

describe('a retry from another network and agent than the rotation', () => {
  it('is marked, and is no incident yet', () => {
    const { state } = given(...familyAt(3))
      .when(refresh({ generation: 2 }), at(rotatedAt(3) + SECOND, fromElsewhere))
      .then({
        events: [event('RefreshRetried', { otherParty: true, incidentId: undefined })],
        outcome: { how: 'retried', generation: 3 },
      });
    expect(state?.shadowedGenerations).toEqual([2]);
  });

  it.each([1, 2, 3, 4])(
    'is an incident when the same happened %d generations before: a shadow is suspected',
    (distance) => {
      const { state } = given(
        ...familyAt(1),
        retried(0, shadow),
        ...Array.from({ length: distance }, (_, index) => rotatedTo(index + 2)),
      )
        .when(
          refresh({ generation: distance }),
          at(rotatedAt(distance + 1) + SECOND, fromElsewhere),
        )
        .then({
          events: [event('RefreshRetried', { otherParty: true, incidentId: INCIDENT_ID })],
          incident: 'suspected_shadow',
          outcome: { how: 'retried', generation: distance + 1 },
        });
      expect(state?.shadowedGenerations).toEqual([0, distance]);
      expect(state?.status).toBe('active');
    },
  );

  it('is no incident when the same happened five generations before', () => {
    const { state } = given(
      ...familyAt(1),
      retried(0, shadow),
      ...[2, 3, 4, 5, 6].map((generation) => rotatedTo(generation)),
    )
      .when(refresh({ generation: 5 }), at(rotatedAt(6) + SECOND, fromElsewhere))
      .then({
        events: [event('RefreshRetried', { otherParty: true, incidentId: undefined })],
        outcome: { how: 'retried' },
      });
    expect(state?.shadowedGenerations).toEqual([5]);
  });

  it('is marked once in a generation', () => {
    const isOtherParty = jest.fn(() => true);
    given(...familyAt(1), retried(0, shadow))
      .when(refresh({ generation: 0 }), at(rotatedAt(1) + 2 * SECOND, { isOtherParty }))
      .then({
        events: [event('RefreshRetried', { otherParty: undefined, incidentId: undefined })],
        outcome: { how: 'retried' },
      });
    expect(isOtherParty).not.toHaveBeenCalled();
  });

  it('is not looked for where no retry is answered', () => {
    const isOtherParty = jest.fn(() => true);
    const family = given(...familyAt(2));
    for (const generation of [0, 1, 2, 3]) {
      expect(family.when(refresh({ generation }), { isOtherParty }).decision.events).not.toEqual(
        [],
      );
    }
    expect(isOtherParty).not.toHaveBeenCalled();
  });
});
