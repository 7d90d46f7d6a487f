import fc from 'fast-check';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import { streamIdOf } from '../../src/domain/identifiers.js';
import type { Attribution } from '../../src/ledger/ledger.port.js';
import {
  accountCreated,
  append,
  ATTRIBUTION,
  clientRegistered,
  ORIGIN,
} from './ledger-executions.js';
import { beginFamily, refreshFamily } from './ledger-families.js';
import { eraseOrigins, eventsOf, type ViewsStage } from './views-stage.js';

/** One thing that happens to a ledger. */
export type Happening =
  | { readonly what: 'begin'; readonly person: number; readonly address: number }
  | {
      readonly what: 'refresh';
      readonly family: number;
      /** Generations before the newest that was issued. */
      readonly back: number;
      readonly address: number;
    }
  | { readonly what: 'verdict'; readonly incident: number; readonly isTheft: boolean }
  | { readonly what: 'consent' | 'session' | 'erase'; readonly person: number }
  | { readonly what: 'register' }
  | { readonly what: 'wait'; readonly later: number };

const PEOPLE = 4;
const person = fc.nat(PEOPLE - 1);
const address = fc.nat(5);

const refreshes = fc.record({
  what: fc.constant('refresh' as const),
  family: fc.nat(20),
  back: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.nat(4) },
  ),
  address,
});

/** Anything that views are made of. */
export const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('begin' as const), person, address }) },
  { weight: 12, arbitrary: refreshes },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('verdict' as const),
      incident: fc.nat(5),
      isTheft: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom('consent' as const, 'session' as const, 'erase' as const),
      person,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ what: 'register' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('wait' as const),
      later: fc.constantFrom(1, 1500, 2500, 31_000, 1_800_000),
    }),
  },
);

/** The address of a number: that nothing else contains it lets a test look for its bytes. */
export function addressOf(number: number): string {
  return `203.0.113.${number + 200}`;
}

/** The subject of a person. */
export function subjectOf(number: number): string {
  return `person-${number}`;
}

/** Lets things happen to the ledger of a stage, one after the other. */
export class ViewsHistory {
  private readonly generations: number[] = [];
  private readonly accounts = new Set<number>();
  private streams = 0;

  constructor(private readonly stage: ViewsStage) {}

  /** Takes these steps. */
  async takeAll(happenings: readonly Happening[]): Promise<void> {
    for (const happening of happenings) await this.take(happening);
  }

  /** Takes one step. */
  async take(happening: Happening): Promise<void> {
    const { ledger, clock } = this.stage;
    switch (happening.what) {
      case 'begin':
        await this.begin(happening.person, happening.address);
        return;
      case 'refresh':
        await this.refresh(happening.family, happening.back, happening.address);
        return;
      case 'verdict':
        await this.judge(happening.incident, happening.isTheft);
        return;
      case 'consent':
        await this.consent(happening.person);
        return;
      case 'session':
        await this.startSession(happening.person);
        return;
      case 'erase':
        await this.erase(happening.person);
        return;
      case 'register':
        await append(ledger, 'client', `client-${this.next()}`, [clientRegistered('Photos')]);
        return;
      case 'wait':
        clock.now += happening.later;
    }
  }

  private async begin(number: number, from: number): Promise<void> {
    const attribution = fromAddress(from);
    const id = `family${this.generations.length}`;
    this.generations.push(0);
    await beginFamily(this.stage.ledger, id, { subject: subjectOf(number), attribution });
  }

  private async refresh(number: number, back: number, from: number): Promise<void> {
    if (this.generations.length === 0) return;
    const family = number % this.generations.length;
    const newest = this.generations[family] ?? 0;
    const presented = Math.max(0, newest - back);
    const { ledger } = this.stage;
    const { generation } = await refreshFamily(
      ledger,
      `family${family}`,
      presented,
      fromAddress(from),
    );
    this.generations[family] = Math.max(newest, generation ?? 0);
  }

  private async judge(number: number, isTheft: boolean): Promise<void> {
    const { ledger } = this.stage;
    const incidents = await ledger.streamsOfKind('incident', null, 100);
    const incident = incidents[number % Math.max(1, incidents.length)];
    if (incident === undefined) return;
    const id = incident.streamId.slice('incident:'.length);
    const verdict = isTheft ? 'theft' : 'false_alarm';
    const attribution = { ...fromAddress(number), actor: `account:${subjectOf(0)}` };
    const event = { type: 'IncidentVerdictGiven', data: { verdict } } as const;
    await append(ledger, 'incident', id, [event], attribution);
  }

  private async consent(number: number): Promise<void> {
    const subject = subjectOf(number);
    const data = { subject, clientId: 'photo-app', scope: ['openid'], resources: [] };
    const event = { type: 'ConsentGiven', data } as const;
    const attribution = fromAddress(number, `account:${subject}`);
    await append(this.stage.ledger, 'consent', `consent-${number}`, [event], attribution);
  }

  private async startSession(number: number): Promise<void> {
    const { ledger, clock } = this.stage;
    const subject = subjectOf(number);
    const data = { subject, amr: ['pwd'], authTime: clock.now, expiresAt: clock.now + 1 };
    const attribution = fromAddress(number, `account:${subject}`);
    const event = { type: 'SessionStarted', data } as const;
    await append(ledger, 'session', `session-${this.next()}`, [event], attribution);
  }

  private async erase(number: number): Promise<void> {
    const { ledger, file } = this.stage;
    const subject = subjectOf(number);
    if (!this.accounts.has(number)) {
      this.accounts.add(number);
      await append(ledger, 'account', subject, [accountCreated(`digest-${number}`)]);
    }
    const events = await eventsOf(ledger);
    eraseOrigins(file, positionsAbout(subject, events));
    await append(ledger, 'account', subject, [{ type: 'AccountErased', data: {} }]);
  }

  private next(): number {
    this.streams += 1;
    return this.streams;
  }
}

/** The events that are about a person or were caused by them: told by whole streams. */
function positionsAbout(subject: string, events: readonly RecordedEvent[]): number[] {
  const theirs = new Set<string>([streamIdOf('account', subject)]);
  for (const { streamId, data } of events) if (data['subject'] === subject) theirs.add(streamId);
  return events
    .filter(({ streamId, actor }) => theirs.has(streamId) || actor === `account:${subject}`)
    .map(({ position }) => position);
}

function fromAddress(number: number, actor = 'client:photo-app'): Attribution {
  return { ...ATTRIBUTION, actor, origin: { ...ORIGIN, address: addressOf(number) } };
}
