import { hash } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type EventRange, ledgerPages } from '../access/event-pages.js';
import { kindOf } from '../access/ledger-parameters.js';
import { eventAt, firstPositionSince } from '../access/moment.js';
import type { RecordedEvent } from '../domain/envelope.js';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import { type Instant, type Position, streamIdOf } from '../domain/identifiers.js';
import {
  ACCESS_TOKEN_LIFETIME_MAX,
  mintedUnexpired,
  tokenIn,
} from '../domain/revocation/reach.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import {
  type PageRequest,
  type Viewed,
  type ViewPage,
  type ViewsBeingBuilt,
  ViewsReader,
} from '../views/views.port.js';
import { inAddressRange } from './address-range.js';

/** What a revocation is about: a selector, and the newest event that it looks at. */
export interface RevocationOrder {
  readonly selector: RevocationSelector;
  readonly position: Position;
  /** What the selector's digest is of, when it is about addresses. */
  readonly range?: string | undefined;
}

/** What a selector finds at a position: the same whenever it is asked. */
export interface RevocationSet extends RevocationOrder {
  readonly kind: 'found';
  /** When the event at the position was recorded: what had expired by then is left out. */
  readonly foundAt: Instant;
  /** Ids of families that had not ended, sorted. */
  readonly families: readonly string[];
  /** Ids of client_credentials tokens that had not expired, sorted. */
  readonly clientTokens: readonly string[];
  /** How many families the selector finds besides that had ended before. */
  readonly familiesEnded: number;
  readonly setDigest: string;
}

const ROWS_AT_ONCE = 1000;
const ROWS_SCANNED_MAX = 10_000;
const VIEWS_WAIT_STEP = 10;

interface Range {
  readonly from: Position;
  readonly upTo: Position;
}

/** The selector's kinds that the views can be asked by. */
type Owner = { readonly clientId: string } | { readonly subject: string };

/** What is worth nothing any more without these views: another version of them, or none. */
class ViewsGone extends Error {
  constructor(readonly answer: ViewsBeingBuilt) {
    super('there are no views');
  }
}

/** Finds what a selector is about. */
@Injectable()
export class RevocationSets {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  /** The set, or that there are no views to read it from. `position` must be in the ledger. */
  async find(order: RevocationOrder): Promise<RevocationSet | ViewsBeingBuilt> {
    try {
      return await this.read(order);
    } catch (error) {
      if (error instanceof ViewsGone) return error.answer;
      throw error;
    }
  }

  /** Whether the views are of one past state, which this position lies beyond. */
  isNeverFollowed(position: Position): boolean {
    return position > (this.views.fixedAt ?? Infinity);
  }

  /** Whether the views have come to a position, after waiting for so many milliseconds at most. */
  async followed(position: Position, waitMax: number): Promise<boolean> {
    const until = performance.now() + waitMax;
    for (;;) {
      const progress = await this.views.progress();
      if (progress.isServing && (progress.position ?? -1) >= position) return true;
      if (performance.now() >= until) return false;
      await setTimeout(VIEWS_WAIT_STEP);
    }
  }

  private async read(order: RevocationOrder): Promise<RevocationSet> {
    const { selector, position } = order;
    const { recordedAt: foundAt } = await eventAt(this.ledger, position);
    const range = await this.rangeOf(selector, position);
    const touched =
      selector.kind === 'client' || selector.kind === 'subject'
        ? await this.owned(selector, range, foundAt)
        : await this.seen(this.isAbout(order), range, foundAt);
    const families: string[] = [];
    for (const id of touched.families) {
      if (await this.isLive(id, position, foundAt)) families.push(id);
    }
    families.sort();
    const clientTokens = [...touched.clientTokens].sort();
    const familiesEnded = touched.families.size - families.length;
    const setDigest = digestOf(families, clientTokens);
    const set = { ...order, foundAt, families, clientTokens, familiesEnded, setDigest };
    return { kind: 'found', ...set };
  }

  /** The positions of what happened in the selector's span, as far as it is looked at. */
  private async rangeOf({ from, to }: RevocationSelector, position: Position): Promise<Range> {
    const size = position + 1;
    const end = to === undefined ? size : await firstPositionSince(this.ledger, to, size);
    return {
      from: from === undefined ? 0 : await firstPositionSince(this.ledger, from, size),
      upTo: end - 1,
    };
  }

  private async isLive(familyId: string, upTo: Position, foundAt: Instant): Promise<boolean> {
    const family = answered(await this.views.family(familyId, upTo));
    if (family === undefined) return false;
    return family.status !== 'ended' && family.absoluteExpiresAt > foundAt;
  }

  private async owned(
    { kind, id, from, to }: RevocationSelector,
    range: Range,
    foundAt: Instant,
  ): Promise<Touched> {
    const owner: Owner = kind === 'client' ? { clientId: id } : { subject: id };
    const families = new Set<string>();
    if (from === undefined && to === undefined) {
      const page = (request: PageRequest) => this.views.families(owner, request);
      for await (const { familyId } of rowsOf(range, page)) families.add(familyId);
    } else {
      const page = (request: PageRequest) => this.views.events(owner, request);
      for await (const { familyId } of rowsOf(range, page)) {
        if (familyId !== null) families.add(familyId);
      }
    }
    const clientTokens = new Set<string>();
    if ('clientId' in owner) {
      const since = await firstPositionSince(
        this.ledger,
        foundAt - ACCESS_TOKEN_LIFETIME_MAX,
        range.upTo + 1,
      );
      const filter = { ...owner, type: 'ClientTokenIssued' } as const;
      const recent = { ...range, from: Math.max(range.from, since) };
      const page = (request: PageRequest) => this.views.events(filter, request);
      for await (const { position } of rowsOf(recent, page)) {
        const event = await eventAt(this.ledger, position);
        if (mintedUnexpired(event, foundAt)) clientTokens.add(idOf(event));
      }
    }
    return { families, clientTokens };
  }

  /** Which events the selector is about, a page of them at a time. */
  private isAbout({ selector, range }: RevocationOrder): Choice {
    if (selector.kind === 'signing_key') {
      return (events) =>
        Promise.resolve(events.filter((event) => tokenIn(event)?.signingKeyId === selector.id));
    }
    if (range === undefined) throw new Error('the range of addresses of a revocation is lost');
    const isInside = inAddressRange(range);
    return async (events) => {
      const origins = await this.ledger.origins(events.map(({ position }) => position));
      return events.filter(({ position }) => isInside(origins.get(position)?.address ?? ''));
    };
  }

  /** What the chosen events happened to. */
  private async seen(choice: Choice, range: Range, foundAt: Instant): Promise<Touched> {
    const families = new Set<string>();
    const clientTokens = new Set<string>();
    for await (const events of ledgerPages(this.ledger, rangeAfter(range))) {
      for (const event of await choice(events)) {
        const kind = kindOf(event.streamId);
        if (kind === 'family') families.add(idOf(event));
        if (kind === 'client_token' && mintedUnexpired(event, foundAt)) {
          clientTokens.add(idOf(event));
        }
      }
    }
    return { families, clientTokens };
  }
}

type Choice = (events: readonly RecordedEvent[]) => Promise<readonly RecordedEvent[]>;

function rangeAfter({ from, upTo }: Range): EventRange {
  return { after: from === 0 ? null : from - 1, upTo };
}

interface Touched {
  readonly families: ReadonlySet<string>;
  readonly clientTokens: ReadonlySet<string>;
}

function idOf({ streamId }: RecordedEvent): string {
  return streamId.slice(streamId.indexOf(':') + 1);
}

function digestOf(families: readonly string[], clientTokens: readonly string[]): string {
  const streamIds = [
    ...clientTokens.map((id) => streamIdOf('client_token', id)),
    ...families.map((id) => streamIdOf('family', id)),
  ];
  return hash('sha256', streamIds.map((streamId) => `${streamId}\n`).join(''), 'base64url');
}

async function* rowsOf<Row>(
  { from, upTo }: Range,
  page: (request: PageRequest) => Promise<Viewed<ViewPage<Row>>>,
): AsyncGenerator<Row> {
  let after: Position | null = null;
  if (upTo < from) return;
  do {
    const order = 'oldest_first';
    const request: PageRequest = {
      order,
      limit: ROWS_AT_ONCE,
      after,
      from,
      upTo,
      rowsScannedMax: ROWS_SCANNED_MAX,
    };
    const { rows, next }: ViewPage<Row> = answered(await page(request));
    yield* rows;
    after = next;
    await setImmediate();
  } while (after !== null);
}

function answered<Answer>(viewed: Viewed<Answer>): Answer {
  if (viewed.kind === 'being_built') throw new ViewsGone(viewed);
  return viewed.answer;
}
