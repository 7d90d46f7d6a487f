import type { IncidentKind } from '../token-family/family.decision.js';
import { SHADOW_GENERATIONS } from '../token-family/family.state.js';
import { type FamilyRecord, isOfType } from './family-record.rules.js';
import type { Passes } from './passes.rules.js';

/** An incident, as its stream says it. */
export interface InvestigatedIncident {
  readonly id: string;
  readonly kind: IncidentKind;
}

/** A presentation that can have opened an incident. */
export type Presentation = FamilyRecord<
  'RefreshTokenReuseDetected' | 'RefreshRejected' | 'RefreshRetried' | 'LedgerRollbackSuspected'
>;

/** A presentation that its token was consumed by. */
export type Consumption = FamilyRecord<'GrantRedeemed' | 'RefreshTokenRotated'>;

/** What was presented. */
export interface PresentedFacts {
  readonly kind: 'code' | 'refresh';
  /** Of a refresh token; null for a code. */
  readonly generation: number | null;
  /** null before the code was redeemed, and where no refresh token was issued. */
  readonly currentGeneration: number | null;
  /** Generations between the presented and the current one; below zero when it is yet to come. */
  readonly gap: number | null;
  /** Since the token was consumed, in milliseconds; null when it was not. */
  readonly age: number | null;
}

/** What the events of a family begin and end with, and the presentation that opened an incident. */
export interface Opening {
  readonly first: FamilyRecord | undefined;
  readonly presentation: Presentation | undefined;
  readonly end: FamilyRecord<'FamilyRevoked'> | undefined;
  readonly last: FamilyRecord | undefined;
}

/** Finds the presentation that opened the incident: those that name it later belong to what followed. */
export function* openingOf({ id }: InvestigatedIncident): Passes<Opening> {
  let [first, last]: (FamilyRecord | undefined)[] = [];
  let presentation: Presentation | undefined;
  let end: FamilyRecord<'FamilyRevoked'> | undefined;
  yield (record) => {
    first ??= record;
    last = record;
    if (record.type === 'FamilyRevoked') end ??= record;
    if (isOfType(record, PRESENTATIONS) && record.data.incidentId === id) presentation ??= record;
  };
  return { first, presentation, end, last };
}

const PRESENTATIONS = [
  'RefreshTokenReuseDetected',
  'RefreshRejected',
  'RefreshRetried',
  'LedgerRollbackSuspected',
] as const;

/** Whether an event, if it came before a presentation, had consumed what was presented. */
export function hasConsumed(
  record: FamilyRecord,
  presentation: Presentation,
): record is Consumption {
  if (record.position >= presentation.position) return false;
  return record.type === 'GrantRedeemed'
    ? kindOf(presentation) === 'code'
    : record.type === 'RefreshTokenRotated' &&
        record.data.presentedGeneration === generationOf(presentation);
}

/** Whether it is one of the retries by another party that together make a shadow. */
export function isShadow(
  record: FamilyRecord,
  presentation: Presentation,
): record is FamilyRecord<'RefreshRetried'> {
  return (
    presentation.type === 'RefreshRetried' &&
    record.type === 'RefreshRetried' &&
    record.data.otherParty === true &&
    record.data.presentedGeneration >= currentGenerationOf(presentation) - SHADOW_GENERATIONS &&
    record.position <= presentation.position
  );
}

/** What was presented, by what was recorded of it then. */
export function presentedFacts(
  presentation: Presentation,
  consumption: Consumption | undefined,
): PresentedFacts {
  const generation = generationOf(presentation);
  const currentGeneration =
    presentation.type === 'RefreshRetried'
      ? currentGenerationOf(presentation)
      : (presentation.data.currentGeneration ?? null);
  const gap =
    generation === null || currentGeneration === null ? null : currentGeneration - generation;
  return {
    kind: kindOf(presentation),
    generation,
    currentGeneration,
    gap,
    age:
      consumption === undefined
        ? (recordedAge(presentation) ?? null)
        : ageOf(presentation, consumption),
  };
}

/** How long the presented token had been consumed by then, in milliseconds. */
export function ageOf(presentation: Presentation, consumption: Consumption): number {
  const measured = presentation.data.receivedAt - consumption.recordedAt;
  return recordedAge(presentation) ?? Math.max(0, measured);
}

function recordedAge({ data }: Presentation): number | undefined {
  return 'age' in data ? data.age : undefined;
}

/** The generation of a refresh token that was presented; null for a code. */
export function generationOf(presentation: Presentation): number | null {
  if (kindOf(presentation) === 'code') return null;
  return presentation.data.presentedGeneration ?? null;
}

function kindOf({ type, data }: Presentation): PresentedFacts['kind'] {
  return type === 'RefreshRetried' ? 'refresh' : data.kind;
}

/** A retry is only answered for the generation before the current one. */
function currentGenerationOf({ data }: FamilyRecord<'RefreshRetried'>): number {
  return data.presentedGeneration + 1;
}
