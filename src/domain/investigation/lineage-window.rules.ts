import type { Position } from '../identifiers.js';
import type { FamilyRecord } from './family-record.rules.js';
import {
  GenerationCourse,
  type Issue,
  type LineageGeneration,
} from './lineage-generation.rules.js';
import { isUnexpired, type MintedToken, type MintedTokens } from './minted-token.rules.js';
import { Newest } from './newest.rules.js';

/** Which part of a lineage is told. */
export interface LineageSpan {
  /** So many generations at most, and of each list so many: the newest. */
  readonly limit: number;
  /** Only generations before this one; absent: up to the last. */
  readonly before?: number | undefined;
}

/** What is told of a list, oldest first, and how many older ones there are beside it. */
interface Told<Item> {
  readonly told: readonly Item[];
  readonly omitted: number;
}

/** What is told of a lineage besides its beginning and its end. */
export interface WindowOfLineage {
  readonly generations: Told<LineageGeneration>;
  readonly rejections: Told<FamilyRecord<'RefreshRejected'>>;
  readonly counts: Told<FamilyRecord<'PresentationsCounted'>>;
}

/** A generation that is told, and how much had been refused and counted before it. */
interface Place {
  readonly course: GenerationCourse;
  readonly rejectionsBefore: number;
  readonly countsBefore: number;
}

/** Keeps of the events of a family, oldest first, what is told of the newest generations of a span. */
export class LineageWindow {
  private readonly limit: number;
  private readonly before: number;
  private readonly places: Newest<Place>;
  private readonly rejections: Newest<FamilyRecord<'RefreshRejected'>>;
  private readonly counts: Newest<FamilyRecord<'PresentationsCounted'>>;
  /** Tokens that are not told, by their sequences; kept until they expire. */
  private readonly untold = new Set<number>();
  /** The current generation, and the one before it; undefined: it is not of the span. */
  private current: GenerationCourse | undefined;
  private previous: GenerationCourse | undefined;
  private isOver = false;

  constructor(
    { limit, before = Infinity }: LineageSpan,
    private readonly tokens: MintedTokens,
  ) {
    this.limit = limit;
    this.before = before;
    this.places = new Newest(limit);
    this.rejections = new Newest(limit);
    this.counts = new Newest(limit);
  }

  /** Takes the next event, and the access token that it minted. */
  see(record: FamilyRecord, minted: MintedToken | undefined): void {
    switch (record.type) {
      case 'GrantRedeemed':
      case 'RefreshTokenRotated':
        this.issue(record);
        break;
      case 'AccessTokenRefreshed':
        this.current?.refresh(record);
        break;
      case 'RefreshRetried':
        this.previous?.retry(record);
        break;
      case 'RefreshRejected':
        if (!this.isOver) this.rejections.add(record);
        break;
      case 'PresentationsCounted':
        if (!this.isOver) this.counts.add(record);
        break;
      default:
    }
    if (minted !== undefined) this.mint(minted);
    this.forgetExpired(record);
  }

  /** What is told. */
  result(): WindowOfLineage {
    const { places, rejections, counts } = this;
    const first = places.omitted === 0 ? undefined : places.list[0];
    const since = first?.course.position ?? 0;
    return {
      generations: {
        told: places.list.map(({ course }) => course.result(this.tokens)),
        omitted: places.omitted,
      },
      rejections: toldSince(rejections, since, first?.rejectionsBefore ?? 0),
      counts: toldSince(counts, since, first?.countsBefore ?? 0),
    };
  }

  private issue(record: Issue): void {
    this.current?.consume(record);
    this.previous = this.current;
    this.current = undefined;
    this.isOver = (record.data.generation ?? 0) >= this.before;
    if (this.isOver) return;
    this.current = new GenerationCourse(record, this.limit);
    const gone = this.places.add({
      course: this.current,
      rejectionsBefore: this.rejections.count,
      countsBefore: this.counts.count,
    });
    for (const sequence of gone?.course.told ?? []) this.untold.add(sequence);
  }

  private mint({ sequence }: MintedToken): void {
    const untold = this.current === undefined ? sequence : this.current.mint(sequence);
    if (untold !== undefined) this.untold.add(untold);
  }

  private forgetExpired({ recordedAt }: FamilyRecord): void {
    for (const sequence of this.untold) {
      if (isUnexpired(this.tokens.of(sequence), recordedAt)) return;
      this.untold.delete(sequence);
      this.tokens.forget(sequence);
    }
  }
}

function toldSince<Item extends { readonly position: Position }>(
  items: Newest<Item>,
  since: Position,
  countBefore: number,
): Told<Item> {
  const told = items.list.filter(({ position }) => position >= since);
  return { told, omitted: items.count - countBefore - told.length };
}
