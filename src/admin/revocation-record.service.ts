import { Injectable } from '@nestjs/common';
import { SignedRecords } from '../directory/signed-records.service.js';
import type { RevocationState } from '../domain/revocation/revocation.state.js';
import { revocationAnswerOf } from './revocation.answer.js';

/** The type of the records of revocations, which tells them from every token. */
const TYPE = 'revocation-record+jwt';

/** Signs what revocations came to. */
@Injectable()
export class RevocationRecords {
  constructor(private readonly records: SignedRecords) {}

  /** The record of a revocation; undefined until it is completed. */
  async of(id: string, state: RevocationState): Promise<string | undefined> {
    if (state.completed === undefined) return undefined;
    const answer = revocationAnswerOf(id, state, {});
    const { record: _, progress: __, addressRange: ___, ...revocation } = answer;
    return this.records.sign(TYPE, { id, at: state.completed.at, claims: { revocation } });
  }
}
