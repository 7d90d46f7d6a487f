import fc from 'fast-check';
import type { Decision } from '../../src/domain/decision.js';
import type { Instant } from '../../src/domain/identifiers.js';
import type { PresentationOutcome } from '../../src/domain/token-family/family.decision.js';
import {
  evolveFamily,
  type RecordedFamilyEvent,
} from '../../src/domain/token-family/family.evolve.js';
import type { FamilyState } from '../../src/domain/token-family/family.state.js';
import type { RevocationOutcome } from '../../src/domain/token-family/revocation.decider.js';
import {
  type FamilyCommand,
  redeemCode,
  refresh,
  revokeAccessToken,
  revokeFamily,
  revokeRefreshToken,
} from './domain-family-commands.js';
import { granted } from './domain-family-events.js';
import {
  callerOf,
  contextOf,
  GRANTED_AT,
  MINUTE,
  otherApp,
  photoApp,
  REDEEMED_AT,
  SECOND,
} from './domain-world.js';
import { recorded } from './given-when-then.js';

/** What can happen to a family: something is asked of it after the clock moved, either way. */
export interface Happening {
  /** Milliseconds since the request before; negative when the clock went back. */
  readonly later: number;
  readonly fromElsewhere: boolean;
  readonly ask: Ask;
}

type Ask =
  | { readonly what: 'refresh'; readonly back: number; readonly scope: Scope }
  | { readonly what: 'wrong client' | 'wrong method'; readonly back: number }
  | { readonly what: 'give back' | 'wrong client gives back'; readonly back: number }
  | { readonly what: 'redeem code again'; readonly verifier: 'right' | 'wrong' }
  | { readonly what: 'revoke access token'; readonly back: number }
  | { readonly what: 'revoke family' };

type Scope = 'whole' | 'narrower' | 'narrowest' | 'wider';

const scopes: Readonly<Record<Scope, readonly string[] | undefined>> = {
  whole: undefined,
  narrower: ['openid', 'photos:read'],
  narrowest: ['openid'],
  wider: ['openid', 'photos:write'],
};

const anyScope = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Scope>('whole') },
  { weight: 2, arbitrary: fc.constantFrom<Scope>('narrower', 'narrowest', 'wider') },
);
const refreshes = (back: fc.Arbitrary<number>): fc.Arbitrary<Ask> =>
  fc.record({ what: fc.constant('refresh' as const), back, scope: anyScope });

const anyAsk: fc.Arbitrary<Ask> = fc.oneof(
  { weight: 8, arbitrary: refreshes(fc.constant(0)) },
  { weight: 6, arbitrary: refreshes(fc.constant(1)) },
  { weight: 2, arbitrary: refreshes(fc.integer({ min: -1, max: 12 })) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom('wrong client' as const, 'wrong method' as const),
      back: fc.integer({ min: -1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('wrong client gives back' as const),
      back: fc.integer({ min: -1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('redeem code again' as const),
      verifier: fc.oneof(
        { weight: 4, arbitrary: fc.constant('wrong' as const) },
        { weight: 1, arbitrary: fc.constant('right' as const) },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('revoke access token' as const),
      back: fc.integer({ min: 0, max: 9 }),
    }),
  },
);
const rarely: fc.Arbitrary<Ask> = fc.oneof(
  fc.constant({ what: 'revoke family' as const }),
  fc.record({
    what: fc.constant('give back' as const),
    back: fc.integer({ min: -1, max: 3 }),
  }),
);

/** Moves of the clock: mostly within a retry window, sometimes far, sometimes back. */
const anyMove = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 5 * SECOND }) },
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 30 * SECOND, 30 * SECOND + 1, 60 * SECOND + 1) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 * MINUTE }) },
  { weight: 2, arbitrary: fc.integer({ min: -10 * MINUTE, max: 0 }) },
);

/** Any interleaving of what can happen to a family. */
export const anyInterleaving = fc.array(
  fc.record({
    later: anyMove,
    fromElsewhere: fc.boolean(),
    ask: fc.oneof({ weight: 60, arbitrary: anyAsk }, { weight: 1, arbitrary: rarely }),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
);

/** Any rules that a family can live by. */
export const anyPolicy = fc.record({
  rotation: fc.oneof(
    { weight: 5, arbitrary: fc.constant('rotate' as const) },
    { weight: 1, arbitrary: fc.constant('fixed' as const) },
  ),
  retryWindow: fc.constantFrom(0, SECOND, 30 * SECOND, 60 * SECOND),
  retryUntilUsed: fc.boolean(),
});

/** One thing that happened, and what the family was before and after. */
export interface Step {
  readonly before: FamilyState;
  readonly after: FamilyState;
  readonly happening: Happening;
  /** The generation that was presented, if one was. */
  readonly presented: number | undefined;
  readonly receivedAt: Instant;
  readonly recordedAt: Instant;
  readonly decision: Decision<'family', PresentationOutcome | RevocationOutcome>;
}

/** Lets all this happen to a redeemed family, each on the state as it was stored after the last. */
export function live(
  policy: Parameters<typeof granted>[0] extends infer Grant | undefined
    ? NonNullable<Grant extends { policy?: infer Policy } ? Policy : never>
    : never,
  happenings: readonly Happening[],
): { readonly history: readonly RecordedFamilyEvent[]; readonly steps: readonly Step[] } {
  const history: RecordedFamilyEvent[] = [granted({ policy })];
  let state = stored(evolveFamily(undefined, granted({ policy })));
  let receivedAt = REDEEMED_AT;
  let recordedAt = GRANTED_AT;
  const steps: Step[] = [];
  const decide = (happening: Happening, command: FamilyCommand<Step['decision']['outcome']>) => {
    receivedAt = Math.max(0, receivedAt + happening.later);
    recordedAt = Math.max(recordedAt, receivedAt);
    const context = contextOf(
      command.caller,
      { receivedAt, recordedAt },
      { isOtherParty: () => happening.fromElsewhere },
    );
    const before = state;
    const decision = command.decide(before, context);
    for (const event of recorded(decision, recordedAt)) {
      history.push(event);
      state = stored(evolveFamily(state, event));
    }
    return { before, after: state, happening, receivedAt, recordedAt, decision };
  };
  decide(
    { later: 0, fromElsewhere: false, ask: { what: 'redeem code again', verifier: 'right' } },
    redeemCode(),
  );
  for (const happening of happenings) {
    const { command, presented } = commandOf(happening.ask, state);
    steps.push({ ...decide(happening, command), presented });
  }
  return { history, steps };
}

/** A state as the ledger gives it back. */
export function stored(state: FamilyState): FamilyState {
  return JSON.parse(JSON.stringify(state)) as FamilyState;
}

function commandOf(
  ask: Ask,
  state: FamilyState,
): {
  readonly command: FamilyCommand<PresentationOutcome | RevocationOutcome>;
  readonly presented: number | undefined;
} {
  const back = (steps: number): number => Math.max(0, (state.generation ?? 0) - steps);
  switch (ask.what) {
    case 'refresh': {
      const generation = back(ask.back);
      const scope = scopes[ask.scope];
      const command = refresh({ generation, ...(scope === undefined ? {} : { scope }) });
      return { command, presented: generation };
    }
    case 'wrong client': {
      const generation = back(ask.back);
      const command = refresh({ generation, caller: callerOf(otherApp) });
      return { command, presented: generation };
    }
    case 'wrong method': {
      const generation = back(ask.back);
      const caller = callerOf(photoApp, { authMethod: 'client_secret_post' });
      return { command: refresh({ generation, caller }), presented: generation };
    }
    case 'give back': {
      const generation = back(ask.back);
      return { command: revokeRefreshToken({ generation }), presented: generation };
    }
    case 'wrong client gives back': {
      const generation = back(ask.back);
      const caller = callerOf(otherApp);
      return { command: revokeRefreshToken({ generation, caller }), presented: generation };
    }
    case 'redeem code again': {
      const command = redeemCode(ask.verifier === 'right' ? {} : { verifierChallenge: 'wrong' });
      return { command, presented: undefined };
    }
    case 'revoke access token': {
      const sequence = Math.max(0, state.nextSequence - 1 - ask.back);
      const expiresAt = state.updatedAt + 10 * MINUTE;
      return {
        command: revokeAccessToken({ sequence, expiresAt, reason: 'client_request' }),
        presented: undefined,
      };
    }
    case 'revoke family':
      return { command: revokeFamily(), presented: undefined };
  }
}
