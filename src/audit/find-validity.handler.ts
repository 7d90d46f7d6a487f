import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Moment } from '../access/moment.js';
import type { Instant, Position } from '../domain/identifiers.js';
import { stateAt } from '../domain/investigation/state-difference.rules.js';
import {
  firstOf,
  type FamilyGround,
  since,
} from '../domain/investigation/validity-ending.rules.js';
import {
  accessTokenValidity,
  accountValidity,
  clientTokenValidity,
  clientValidity,
  refreshTokenValidity,
  type Validity,
} from '../domain/investigation/validity.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import { asOfMoment, momentOf } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import { FindValidity, type Judged } from './find-validity.query.js';
import { ValidityGrounds } from './validity-ground.reader.js';
import type { ValidityAnswer, ValidityAnswerAt, ValidityOf } from './validity.answer.js';

/** What was found of something: what it is, and what it was worth. */
interface Verdict {
  readonly of: Partial<ValidityOf> & Pick<ValidityOf, 'kind'>;
  readonly validity: Omit<Validity, 'reason'> & { readonly reason: ValidityAnswer['reason'] };
}

/** Answers what something was worth. */
@QueryHandler(FindValidity)
export class FindValidityHandler implements IQueryHandler<FindValidity> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ judged, moment }: FindValidity): Promise<ValidityAnswerAt> {
    const grounds = new ValidityGrounds(this.ledger, moment.position);
    const { of, validity } = await judge(judged, grounds, moment);
    const { isValid, reason, terms, decidedBy } = validity;
    const events = await this.ledger.eventsAt(decidedBy);
    return {
      asOf: asOfMoment(moment),
      of: { familyId: null, generation: null, jti: null, subject: null, clientId: null, ...of },
      validity: {
        isValid,
        reason,
        scope: terms === null ? null : [...terms.scope],
        audience: terms === null ? null : [...terms.audience],
        expiresAt: terms === null ? null : momentOf(terms.expiresAt),
        decidedBy: await auditEventsOf(this.ledger, events),
      },
    };
  }
}

async function judge(
  judged: Judged,
  grounds: ValidityGrounds,
  { instant }: Moment,
): Promise<Verdict> {
  switch (judged.kind) {
    case 'subject': {
      const { subject } = judged;
      const validity = accountValidity(await grounds.ofAccount(subject));
      return { of: { kind: 'subject', subject }, validity };
    }
    case 'client': {
      const { clientId } = judged;
      const validity = clientValidity(await grounds.ofClient(clientId));
      return { of: { kind: 'client', clientId }, validity };
    }
    case 'refresh': {
      const { familyId, generation } = judged;
      const ground = await grounds.ofFamily(familyId);
      const validity = refreshTokenValidity(ground, generation, instant);
      return { of: { kind: 'refresh_token', ...familyIn(ground, familyId), generation }, validity };
    }
    case 'code': {
      const ground = await grounds.ofFamily(judged.familyId);
      const of = { kind: 'code' as const, ...familyIn(ground, judged.familyId) };
      return { of, validity: codeValidity(ground, instant) };
    }
    case 'access':
      return judgeAccessToken(judged, grounds, instant);
  }
}

async function judgeAccessToken(
  { familyId, sequence }: Extract<Judged, { kind: 'access' }>,
  grounds: ValidityGrounds,
  instant: Instant,
): Promise<Verdict> {
  const of = { kind: 'access_token' as const, jti: `${familyId}.${sequence}` };
  const ground = await grounds.ofFamily(familyId);
  if (ground.family.length > 0) {
    const validity = accessTokenValidity(ground, sequence, instant);
    return { of: { ...of, ...familyIn(ground, familyId) }, validity };
  }
  const own = await grounds.ofClientToken(familyId);
  const clientId = stateAt('client_token', own.clientToken)?.clientId ?? null;
  return { of: { ...of, clientId }, validity: clientTokenValidity(own, instant) };
}

function familyIn(
  { family }: FamilyGround,
  familyId: string,
): Pick<ValidityOf, 'familyId' | 'subject' | 'clientId'> {
  const state = stateAt('family', family);
  return { familyId, subject: state?.subject ?? null, clientId: state?.clientId ?? null };
}

/** A code is good for one redemption, until it expires. */
function codeValidity({ family }: FamilyGround, instant: Instant): Verdict['validity'] {
  const state = stateAt('family', family);
  const made = firstOf(family);
  const ended = (reason: ValidityAnswer['reason'], by: readonly Position[] = []) => ({
    isValid: false,
    reason,
    terms: null,
    decidedBy: [...made, ...by],
  });
  if (state?.code === undefined) return ended('unknown');
  const { code } = state;
  if (code.redeemedAt !== undefined) {
    return ended(
      'redeemed',
      since('family', family, ({ code: now }) => now?.redeemedAt !== undefined),
    );
  }
  if (state.status === 'revoked') {
    return ended(
      'family_revoked',
      since('family', family, ({ status }) => status === 'revoked'),
    );
  }
  const { scope, resources: audience } = state;
  const terms = { scope, audience, expiresAt: code.expiresAt };
  if (code.expiresAt <= instant) return { ...ended('code_expired'), terms };
  return { isValid: true, reason: null, terms, decidedBy: made };
}
