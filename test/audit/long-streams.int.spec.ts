import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Moment } from '../../src/access/moment.js';
import { FindClientHandler } from '../../src/audit/find-client.handler.js';
import { FindSubjectHandler } from '../../src/audit/find-subject.handler.js';
import { FindIncidentHandler } from '../../src/audit/list-incidents.handler.js';
import { FindIncident } from '../../src/audit/list-incidents.query.js';
import { FindClient, FindSubject } from '../../src/audit/overview.query.js';
import type { EventOf } from '../../src/domain/events/event-catalogue.js';
import type { StreamKind } from '../../src/domain/identifiers.js';
import {
  accountCreated,
  append,
  clientRegistered,
  incidentOpened,
  metadataNamed,
} from '../support/ledger-executions.js';
import { open } from '../vault/vault-fixtures.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';
import type { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';

const AT_ONCE = 2000;
/** More than are in memory at once. */
const CHANGES = 3000;
const HOUR = 3_600_000;

let stage: ViewsStage;
let views: SqliteViewsReader;

beforeAll(async () => {
  stage = await openViewsStage();
  const verdicts = ['theft', 'unclear'] as const;
  await grow('incident', incidentOpened(), (turn) => ({
    type: 'IncidentVerdictGiven',
    data: { verdict: verdicts[turn % 2] ?? 'theft' },
  }));
  await grow('account', accountCreated('digest'), (turn) => ({
    type: 'AccountTokensNotBeforeMoved',
    data: { tokensNotBefore: turn },
  }));
  await grow('client', clientRegistered('Photos 0'), (turn) => ({
    type: 'ClientUpdated',
    data: { metadata: metadataNamed(`Photos ${turn}`) },
  }));
  await stage.rebuild();
  views = stage.reader();
}, 120_000);

afterAll(() => stage.remove());

/** A stream of this kind with a first event and many more, which are counted from 1. */
async function grow<Kind extends StreamKind>(
  kind: Kind,
  first: EventOf<Kind>,
  next: (turn: number) => EventOf<Kind>,
): Promise<void> {
  await append(stage.ledger, kind, 'long', [first]);
  for (let begin = 1; begin <= CHANGES; begin += AT_ONCE) {
    const length = Math.min(AT_ONCE, CHANGES + 1 - begin);
    const some = Array.from({ length }, (_, index) => next(begin + index));
    await Promise.all(some.map((event) => append(stage.ledger, kind, 'long', [event])));
  }
}

/** The moment after so many changes of the stream that begins at a position. */
function after(changes: number, begin: number): Moment {
  const instant = stage.clock.now;
  return { position: begin + changes, recordedAt: instant, instant, isAsked: false };
}

describe('a stream of more events than are read at once', () => {
  const changes = CHANGES - 5;

  it('of an incident is told as it was', async () => {
    const find = new FindIncidentHandler(stage.ledger, await open(stage.directory));
    const then = await find.execute(new FindIncident('long', after(changes, 0)));
    expect(then?.incident).toMatchObject({ position: 0, verdict: 'unclear' });
    const early = await find.execute(new FindIncident('long', after(2, 0)));
    expect(early?.incident).toMatchObject({ position: 0, verdict: 'theft' });
    const now = await find.execute(new FindIncident('long'));
    expect(now?.incident).toMatchObject({ position: 0, verdict: 'theft' });
  });

  it('of an account is told as it was', async () => {
    const find = new FindSubjectHandler(stage.ledger, views);
    const moment = after(changes, CHANGES + 1);
    const seen = await find.execute(new FindSubject('long', moment));
    const tokensNotBefore = new Date(changes).toISOString();
    expect(seen).toMatchObject({ answer: { account: { tokensNotBefore } } });
  });

  it('of a client is told as it was, with its newest changes, oldest first', async () => {
    const find = new FindClientHandler(stage.ledger, views);
    const moment = after(changes, 2 * (CHANGES + 1));
    const span = { from: moment.instant - HOUR, to: moment.instant };
    const seen = await find.execute(new FindClient('long', moment, span));
    if (seen.kind !== 'seen') throw new Error(seen.kind);
    expect(seen.answer?.client.metadata.name).toBe(`Photos ${changes}`);
    const registration = seen.answer?.registration ?? [];
    const versions = registration.map(({ data }) => data['metadata'] as { name: string });
    expect(versions.map(({ name }) => Number(name.slice('Photos '.length)))).toEqual(
      Array.from({ length: 100 }, (_, index) => changes - 99 + index),
    );
  });
});
