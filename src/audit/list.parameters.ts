import { z } from 'zod';
import { spannedParameters, strictParameters } from '../access/ledger-parameters.js';
import { canonicalAddress } from '../access/network-address.js';
import { NO_CURSOR } from '../access/pinned-cursor.js';
import { incidentEvents, sessionEvents } from '../domain/events/directory.events.js';
import {
  rejectionReason,
  revocationReason,
  tokenFamilyEvents,
} from '../domain/events/token-family.events.js';
import { EVENT_OUTCOMES, type EventOutcome, type EventType } from '../views/event-outcomes.js';
import type { ViewOrder } from '../views/views.port.js';
import { after, at, limit, stream, time, type } from './audit.parameters.js';

const outcomes = [...new Set(Object.values(EVENT_OUTCOMES))].sort() as readonly EventOutcome[];

const once = 'must be given once';

/** The id of a family or an incident. */
export const hexId = z
  .string(once)
  .regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hexadecimal digits');

/** The id of a client, or a subject. */
export const plainId = z
  .string(once)
  .regex(/^[\w.-]{1,128}$/, 'must be 1 to 128 letters, digits, dots, dashes or underscores');

const of = {
  family: hexId.optional().meta({ description: 'Only of this family.' }),
  subject: plainId.optional().meta({ description: 'Only of this account.' }),
  client: plainId.optional().meta({ description: "Only of this client's tokens." }),
};

const { RefreshTokenReuseDetected, AccessTokenRevoked } = tokenFamilyEvents;
const { IncidentOpened, IncidentVerdictGiven } = incidentEvents;

const reasons = [
  ...rejectionReason.options,
  ...revocationReason.options,
  ...AccessTokenRevoked.shape.reason.options,
  ...sessionEvents.SessionEnded.shape.reason.options,
  ...RefreshTokenReuseDetected.shape.cause.options,
  ...IncidentOpened.shape.kind.options,
  ...IncidentVerdictGiven.shape.verdict.options,
] as const;

const reason = z
  .enum(reasons, 'must be a reason, for example superseded_generation')
  .optional()
  .meta({
    description: 'Only for this reason, cause, kind of incident or verdict.',
  });

const address = z
  .union([z.ipv4(), z.ipv6()], 'must be an IP address')
  .transform(canonicalAddress)
  .optional()
  .meta({ type: 'string', description: 'Only from this address.' });

const order = z
  .enum(['newest', 'oldest'], 'must be newest or oldest')
  .transform((text): ViewOrder => (text === 'newest' ? 'newest_first' : 'oldest_first'));

const page = {
  from: time.optional().meta({ description: 'Only what began at this time or later.' }),
  to: time.optional().meta({ description: 'Only what began before this time.' }),
  at,
  limit,
  cursor: z
    .string(once)
    .max(512, NO_CURSOR)
    .optional()
    .meta({
      description:
        '`next` of the page before; of a page of the ledger its `cursor`. All pages show one state, ' +
        'whatever is appended meanwhile; the other parameters must be the same.',
    }),
};

const newestFirst = order.optional().meta({ description: '`newest` first unless this says so.' });

/** The parameters of the list of all events. */
export const eventParameters = spannedParameters({
  after,
  ...of,
  stream,
  type,
  outcome: z.enum(outcomes, 'must be an outcome').optional().meta({
    description: 'Only events that came to this.',
  }),
  reason,
  address,
  incident: hexId.optional().meta({ description: 'Only what names this incident.' }),
  order: order.optional().meta({ description: '`oldest` first unless this says so.' }),
  ...page,
});

/** What stands in the stream of a family itself. */
const ownEvents = Object.keys(tokenFamilyEvents) as EventType[];
const familyEvents = [...ownEvents, ...Object.keys(incidentEvents)].sort();

/** What an incident is opened for. */
const evidence = [
  'LedgerRollbackSuspected',
  'RefreshRejected',
  'RefreshRetried',
  'RefreshTokenReuseDetected',
] as const satisfies readonly EventType[];

const evidenceReasons = [
  ...rejectionReason.options,
  ...RefreshTokenReuseDetected.shape.cause.options,
] as const;

function outcomesOf(types: readonly EventType[]): readonly EventOutcome[] {
  return [...new Set(types.map((one) => EVENT_OUTCOMES[one]))].sort();
}

/** The parameters of the list of a family's events. */
export const familyEventParameters = spannedParameters({
  type: z
    .enum(ownEvents, "must be a type of event of a family's own")
    .optional()
    .meta({ description: 'Only events of this type.' }),
  outcome: z
    .enum(outcomesOf(ownEvents), "must be an outcome of a family's own events")
    .optional()
    .meta({ description: 'Only events that came to this.' }),
  reason,
  address,
  ...page,
});

/** The parameters of the list of families. */
export const familyParameters = spannedParameters({
  ...of,
  type: z
    .enum(familyEvents as readonly EventType[], 'must be a type of event of a family')
    .optional()
    .meta({
      description:
        'Only families that had an event of this type, or an incident about them had. Of `type`, ' +
        '`outcome` and `address`, one and the same event meets all that are given.',
    }),
  outcome: z
    .enum(outcomesOf(familyEvents as readonly EventType[]), 'must be an outcome of a family')
    .optional()
    .meta({ description: 'Only families that had an event which came to this.' }),
  address: address.meta({ description: 'Only families that had an event from this address.' }),
  session: plainId.optional().meta({ description: 'Only what was granted in this session.' }),
  status: z
    .enum(['pending', 'active', 'revoked'], 'must be a status')
    .optional()
    .meta({
      description:
        'Only what its own events made this: `active` was redeemed and not revoked. What has expired, or ' +
        'is blocked, counts as before; its `status` and `blockedBy` say so.',
    }),
  blocked: z.enum(['true', 'false'], 'must be true or false').optional().meta({
    description: 'Only what something blocks (`blockedBy`), or what nothing does.',
  }),
  reason: z
    .enum(revocationReason.options, 'must be a reason of a revocation')
    .optional()
    .meta({ description: 'Only what was revoked for this reason.' }),
  incident: z.enum(['true', 'false'], 'must be true or false').optional().meta({
    description: 'Only families that there was an incident about, or none.',
  }),
  order: newestFirst,
  ...page,
});

/** The parameters of the list of incidents. */
export const incidentParameters = spannedParameters({
  ...of,
  kind: z
    .enum(IncidentOpened.shape.kind.options, 'must be a kind of incident')
    .optional()
    .meta({ description: 'Only of this kind.' }),
  type: z
    .enum(evidence, 'must be a type of event that an incident is opened for')
    .optional()
    .meta({ description: 'Only where the evidence is an event of this type.' }),
  outcome: z
    .enum(outcomesOf(evidence), 'must be an outcome that an incident is opened for')
    .optional()
    .meta({ description: 'Only where the evidence came to this.' }),
  reason: z
    .enum(evidenceReasons, 'must be a reason of a refusal, for example superseded_generation')
    .optional()
    .meta({
      description:
        'Only where the evidence has this `reason`, or this `cause` of a detected reuse.',
    }),
  address: address.meta({ description: 'Only where the presenter was here.' }),
  verdict: z
    .enum(
      [...IncidentVerdictGiven.shape.verdict.options, 'none'] as const,
      'must be a verdict, or none',
    )
    .optional()
    .meta({ description: 'Only of this verdict; `none`: not judged yet.' }),
  order: newestFirst,
  ...page,
});

/** The parameters of a lineage. */
export const lineageParameters = strictParameters({
  at,
  limit: limit.meta({
    description:
      'How many generations at most, and of each list how many: the newest; 100 when absent.',
  }),
  cursor: page.cursor.meta({
    description: 'For older generations: `next` of the page before. All pages show one state.',
  }),
});

const span = {
  from: time.optional().meta({
    description: 'Whole hours (UTC) are counted: from the beginning of the one that this lies in.',
  }),
  to: time.optional().meta({
    description:
      'Whole hours (UTC) are counted: to the end of the last one that begins before this.',
  }),
  at,
};

/** The parameters of what is counted by the hour. */
export const spanParameters = strictParameters(span);
/** The parameters of the activity. */
export const activityParameters = strictParameters({ ...span, client: of.client });
/** The parameters of the list of clients. */
export const clientHealthParameters = strictParameters({ ...span, limit, cursor: page.cursor });

/** The id in the path of a client or an account. */
export const plainIdInPath = z.object({
  id: plainId.meta({ example: 'wYb0yqP5TRe9o5nCkXh1dA' }),
});
