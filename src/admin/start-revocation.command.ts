import { Command } from '@nestjs/cqrs';
import type { RevocationRefusal } from './revocation-order.reader.js';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { Position } from '../domain/identifiers.js';
import type { RevocationState } from '../domain/revocation/revocation.state.js';
import type { Attribution } from '../ledger/ledger.port.js';

/** A revocation that was started, and under which id. */
export interface RevocationStarted {
  readonly kind: 'started' | 'already_started';
  readonly id: string;
  readonly state: RevocationState;
}

/** Why a revocation was not started. */
export interface RevocationNotStarted {
  readonly kind: 'refused';
  readonly reason: RevocationRefusal;
}

/** Write down which families are to be revoked, and void what the selector is about. */
export class StartRevocation extends Command<RevocationStarted | RevocationNotStarted> {
  constructor(
    /** As it was asked for: the id of one that is about addresses is their range. */
    readonly selector: RevocationSelector,
    readonly position: Position,
    readonly attribution: Attribution,
  ) {
    super();
  }
}
