import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { StreamHistory } from '../access/stream-history.js';
import { streamIdOf } from '../domain/identifiers.js';
import { lineage } from '../domain/investigation/lineage.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import { asOfMoment } from './as-of.answer.js';
import { FindLineage, type LineagePage } from './find-lineage.query.js';
import { told } from './told.js';

/** Answers with a page of the lineage of a family. */
@QueryHandler(FindLineage)
export class FindLineageHandler implements IQueryHandler<FindLineage> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ familyId, moment, span }: FindLineage): Promise<LineagePage | undefined> {
    const streamId = streamIdOf('family', familyId);
    const history = await StreamHistory.of(this.ledger, streamId, moment.position);
    if (history.isEmpty) return undefined;
    const { grant, omitted, ...rest } = told(await history.answer(lineage(span)));
    const oldest = rest.generations.at(0)?.generation;
    return {
      asOf: asOfMoment(moment),
      familyId,
      grant: { ...grant, policy: { ...grant.policy } },
      ...rest,
      omitted,
      before: omitted.generations === 0 ? null : String(oldest),
    };
  }
}
