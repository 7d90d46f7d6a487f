import { Injectable } from '@nestjs/common';
import { AddressRanges } from '../directory/address-ranges.service.js';
import type { RevocationState } from '../domain/revocation/revocation.state.js';
import { type RevocationAnswer, revocationAnswerOf } from './revocation.answer.js';
import { RevocationRecords } from './revocation-record.service.js';
import type { RevocationProgress } from './revocation.runner.js';

/** Tells all that is known of a revocation, for HTTP and the command line alike. */
@Injectable()
export class RevocationAnswers {
  constructor(
    private readonly records: RevocationRecords,
    private readonly ranges: AddressRanges,
  ) {}

  /** A revocation with its record once it is completed, and with its addresses until then. */
  async of(
    id: string,
    state: RevocationState,
    progress?: RevocationProgress,
  ): Promise<RevocationAnswer> {
    const isOverAddresses = state.terms.selector.kind === 'address';
    const isRunning = state.completed === undefined;
    const addressRange = isOverAddresses && isRunning ? await this.ranges.rangeOf(id) : undefined;
    const record = await this.records.of(id, state);
    return revocationAnswerOf(id, state, { progress, record, addressRange });
  }
}
