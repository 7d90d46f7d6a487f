import type { IncidentKind } from '../token-family/family.decision.js';
import { SHADOW_GENERATIONS } from '../token-family/family.state.js';
import { type FamilyRecord, recordsOf, type RequestRecord } from './family-record.rules.js';

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

/** The presentation that opened the incident: those that name it later belong to what followed. */
export function presentationOf(
  incident: InvestigatedIncident,
  records: readonly FamilyRecord[],
): Presentation | undefined {
  return recordsOf(
    records,
    'RefreshTokenReuseDetected',
    'RefreshRejected',
    'RefreshRetried',
    'LedgerRollbackSuspected',
  ).find(({ data }) => data.incidentId === incident.id);
}

/** What had consumed the presented token by then; undefined: nothing had. */
export function consumptionOf(
  presentation: Presentation,
  records: readonly FamilyRecord[],
): Consumption | undefined {
  const generation = generationOf(presentation);
  return recordsOf(records, 'GrantRedeemed', 'RefreshTokenRotated').find(
    (record) =>
      record.position < presentation.position &&
      (record.type === 'GrantRedeemed'
        ? kindOf(presentation) === 'code'
        : record.data.presentedGeneration === generation),
  );
}

/** Whoever had what the presented token led to; else whoever was served last before it came. */
export function holderOf(
  presentation: Presentation,
  records: readonly FamilyRecord[],
): RequestRecord | undefined {
  const served = recordsOf(
    records,
    'GrantIssued',
    'GrantRedeemed',
    'RefreshTokenRotated',
    'AccessTokenRefreshed',
  );
  return (
    consumptionOf(presentation, records) ??
    served.findLast(({ position }) => position < presentation.position)
  );
}

/** The retries by another party that together make a shadow, oldest first; none for anything else. */
export function shadowsOf(
  presentation: Presentation,
  records: readonly FamilyRecord[],
): readonly FamilyRecord<'RefreshRetried'>[] {
  if (presentation.type !== 'RefreshRetried') return [];
  const oldest = currentGenerationOf(presentation) - SHADOW_GENERATIONS;
  return recordsOf(records, 'RefreshRetried').filter(
    ({ data, position }) =>
      data.otherParty === true &&
      data.presentedGeneration >= oldest &&
      position <= presentation.position,
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
