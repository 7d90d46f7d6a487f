import { Query } from '@nestjs/cqrs';
import type { Position } from '../../domain/identifiers.js';
import type { Selection } from './bundle.evidence.js';

/** A bundle as a file. */
export interface ExportedBundle {
  readonly kind: 'exported';
  readonly file: string;
  readonly events: number;
  /** How many events the checkpoint covers. */
  readonly sealedEvents: number;
  /** Positions of what belongs to it but was not sealed in time; not in the file. */
  readonly newer: readonly Position[];
}

/** Why there is no bundle. `not_sealed`: no checkpoint covers the beginning of what was asked for. */
export interface NoBundle {
  readonly kind: 'none';
  readonly reason: 'unknown' | 'not_sealed' | 'too_many_events';
}

/** What a bundle may cost. */
export interface BundleTerms {
  /** How long a checkpoint over all of it is waited for, in milliseconds. */
  readonly patience: number;
  /** How many events it may hold. */
  readonly eventsMax: number;
}

/**
 * All that the ledger has about a family, an incident or a person, in one file that proves itself.
 * Changes nothing.
 */
export class ExportBundle extends Query<ExportedBundle | NoBundle> {
  constructor(
    readonly asked: Selection,
    /** Who asks, as the envelope of an event would say it. */
    readonly by: string,
    readonly terms: BundleTerms,
  ) {
    super();
  }
}
