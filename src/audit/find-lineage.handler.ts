import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { streamIdOf } from '../domain/identifiers.js';
import { lineageOf } from '../domain/investigation/lineage.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import { FindLineage } from './find-lineage.query.js';
import type { LineageAnswer } from './lineage.answer.js';
import { asOfMoment } from './as-of.answer.js';
import { originatedHistoryOf } from './stream-history.reader.js';
import { told } from './told.js';

/** Answers with the lineage of a family. */
@QueryHandler(FindLineage)
export class FindLineageHandler implements IQueryHandler<FindLineage> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ familyId, moment, limit }: FindLineage): Promise<LineageAnswer | undefined> {
    const streamId = streamIdOf('family', familyId);
    const history = await originatedHistoryOf(this.ledger, streamId, moment.position);
    if (history.length === 0) return undefined;
    const { grant, generations, rejections, counts, detection, end } = lineageOf(history);
    const newest = <Item>(items: readonly Item[]): readonly Item[] => items.slice(-limit);
    const omitted = (items: readonly unknown[]): number => Math.max(0, items.length - limit);
    const { policy, ...granted } = told(grant);
    return {
      asOf: asOfMoment(moment),
      familyId,
      grant: { ...granted, policy: { ...policy } },
      generations: told(newest(generations)),
      rejections: told(newest(rejections)),
      counts: told(newest(counts)),
      omitted: {
        generations: omitted(generations),
        rejections: omitted(rejections),
        counts: omitted(counts),
      },
      detection: told(detection),
      end: told(end),
    };
  }
}
