import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Moment } from '../access/moment.js';
import type { Instant } from '../domain/identifiers.js';
import type { FamilyGround } from '../domain/investigation/validity-ending.rules.js';
import {
  accessTokenValidity,
  accountValidity,
  clientTokenValidity,
  clientValidity,
  codeValidity,
  idTokenValidity,
  refreshTokenValidity,
  type Validity,
} from '../domain/investigation/validity.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import { asOfMoment, momentOf } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import { FindValidity, type Judged } from './find-validity.query.js';
import { ValidityGrounds } from './validity-ground.reader.js';
import type { ValidityAnswerAt, ValidityOf } from './validity.answer.js';

const NOTHING_NAMED = {
  familyId: null,
  generation: null,
  jti: null,
  subject: null,
  clientId: null,
  sessionId: null,
  issuedAt: null,
};

/** What was found of something: what it is, and what it was worth. */
interface Verdict {
  readonly of: Partial<ValidityOf> & Pick<ValidityOf, 'kind'>;
  readonly validity: Validity;
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
      of: { ...NOTHING_NAMED, ...of },
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
      const ground = await grounds.ofFamily(familyId, { generation });
      const validity = refreshTokenValidity(ground, generation, instant);
      return { of: { kind: 'refresh_token', ...familyIn(ground, familyId), generation }, validity };
    }
    case 'code': {
      const ground = await grounds.ofFamily(judged.familyId, {});
      const of = { kind: 'code' as const, ...familyIn(ground, judged.familyId) };
      return { of, validity: codeValidity(ground, instant) };
    }
    case 'access':
      return judgeAccessToken(judged, grounds, instant);
    case 'id': {
      const { subject, clientId, sessionId } = judged;
      const issuedAt = momentOf(judged.issuedAt);
      const of = { kind: 'id_token' as const, subject, clientId, sessionId, issuedAt };
      return { of, validity: idTokenValidity(judged, instant) };
    }
  }
}

async function judgeAccessToken(
  { familyId, sequence }: Extract<Judged, { kind: 'access' }>,
  grounds: ValidityGrounds,
  instant: Instant,
): Promise<Verdict> {
  const of = { kind: 'access_token' as const, jti: `${familyId}.${sequence}` };
  const ground = await grounds.ofFamily(familyId, { sequence });
  if (ground.family.state !== undefined) {
    const validity = accessTokenValidity(ground, sequence, instant);
    const { generation = null, issuedAt } = ground.family.minted ?? {};
    const minted = { generation, ...issued(issuedAt) };
    return { of: { ...of, ...familyIn(ground, familyId), ...minted }, validity };
  }
  const own = await grounds.ofClientToken(familyId);
  const { clientId = null, issuedAt } = own.clientToken.state ?? {};
  const validity = clientTokenValidity(own, instant);
  return { of: { ...of, clientId, ...issued(issuedAt) }, validity };
}

function issued(at: Instant | undefined): Pick<ValidityOf, 'issuedAt'> {
  return { issuedAt: at === undefined ? null : momentOf(at) };
}

function familyIn(
  { family: { state } }: FamilyGround,
  familyId: string,
): Pick<ValidityOf, 'familyId' | 'subject' | 'clientId'> {
  return { familyId, subject: state?.subject ?? null, clientId: state?.clientId ?? null };
}
