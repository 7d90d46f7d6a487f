import type { RecordedEvent } from '../envelope.js';
import { isAccessTokenRevoked } from '../token-family/family.state.js';
import { type FamilyRecord, familyRecordOf, isOfType } from './family-record.rules.js';
import { type MintedToken, mintedTokenOf } from './minted-token.rules.js';
import { type Course, courseAfter, courseBefore, type Watches } from './stream-course.rules.js';

/** Which token of a family is asked about; its code with neither. */
export interface AskedOfFamily {
  /** Of an access token. */
  readonly sequence?: number;
  /** Of a refresh token. */
  readonly generation?: number;
}

type Watched = 'revoked' | 'redeemed' | 'accessTokenRevoked' | 'superseded';
type Issue = FamilyRecord<'GrantRedeemed' | 'RefreshTokenRotated' | 'AccessTokenRefreshed'>;

/** A family up to some moment, as far as the worth of one of its tokens depends on it. */
export interface FamilyCourse extends Course<'family', Watched> {
  /** The access token that is asked about; undefined: it had not been minted. */
  readonly minted: MintedToken | undefined;
  /** What issued the refresh token that is asked about, or left it current last. */
  readonly issue: Issue | undefined;
}

/** A family that has not begun. */
export function familyBefore(asked: AskedOfFamily): FamilyCourse {
  return {
    ...courseBefore<'family', Watched>(watchesFor(asked)),
    minted: undefined,
    issue: undefined,
  };
}

/** A family after one more of its events. Throws an Error when it cannot follow. */
export function familyAfter(
  asked: AskedOfFamily,
  course: FamilyCourse,
  event: RecordedEvent,
): FamilyCourse {
  const record = familyRecordOf({ event });
  const token = mintedTokenOf(record);
  const isIssue =
    isOfType(record, ['GrantRedeemed', 'RefreshTokenRotated', 'AccessTokenRefreshed']) &&
    record.data.generation === asked.generation;
  return {
    ...courseAfter<'family', Watched>('family', watchesFor(asked), course, event),
    minted: token !== undefined && token.sequence === asked.sequence ? token : course.minted,
    issue: isIssue ? record : course.issue,
  };
}

function watchesFor({
  sequence = Infinity,
  generation = Infinity,
}: AskedOfFamily): Watches<'family', Watched> {
  return {
    revoked: ({ status }) => status === 'revoked',
    redeemed: ({ code }) => code?.redeemedAt !== undefined,
    accessTokenRevoked: (family) => isAccessTokenRevoked(family, sequence),
    superseded: (family) => (family.generation ?? -1) > generation,
  };
}
