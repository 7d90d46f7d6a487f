import { setTimeout } from 'node:timers/promises';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Position } from '../../domain/identifiers.js';
import { Ledger } from '../../ledger/ledger.port.js';
import { type SealedCheckpoint, Seals } from '../../ledger/seals.port.js';
import { BUNDLE_FORMAT, type BundleEvidence } from './bundle.evidence.js';
import { readEvents } from './bundle-events.js';
import { bundleFile } from './bundle.file.js';
import { provedEvents, selectedPositions, TooManyEvents } from './bundle.reader.js';
import { ExportBundle, type ExportedBundle, type NoBundle } from './export-bundle.query.js';
import { selectionFault } from './selection.check.js';

/** How often it is looked whether a checkpoint covers more, in milliseconds. */
const PAUSE = 100;

/** Puts evidence together, as of one checkpoint. */
@QueryHandler(ExportBundle)
export class ExportBundleHandler implements IQueryHandler<ExportBundle> {
  constructor(
    private readonly ledger: Ledger,
    private readonly seals: Seals,
  ) {}

  async execute(query: ExportBundle): Promise<ExportedBundle | NoBundle> {
    try {
      return await this.exported(query);
    } catch (error) {
      if (error instanceof TooManyEvents) return { kind: 'none', reason: 'too_many_events' };
      throw error;
    }
  }

  private async exported({
    asked,
    by,
    terms: { patience, eventsMax },
  }: ExportBundle): Promise<ExportedBundle | NoBundle> {
    const upTo = (await this.ledger.size()) - 1;
    const all = await selectedPositions(this.ledger, asked, { upTo, eventsMax });
    const newest = all.at(-1);
    if (newest === undefined) return { kind: 'none', reason: 'unknown' };
    const checkpoint = await this.checkpointOver(newest, patience);
    if (checkpoint === undefined) return { kind: 'none', reason: 'not_sealed' };
    const { size } = checkpoint;
    // As of the checkpoint: what it does not cover could be told, but not proved.
    const positions = await selectedPositions(this.ledger, asked, { upTo: size - 1, eventsMax });
    if (positions.length === 0) return { kind: 'none', reason: 'not_sealed' };
    const newer = all.filter((position) => position >= size);
    const evidence: BundleEvidence = {
      format: BUNDLE_FORMAT,
      asked,
      exported: { at: new Date().toISOString(), by, newer },
      checkpoint: { note: checkpoint.note, verifierKey: await this.verifierKey() },
      events: [...(await provedEvents(this.ledger, this.seals, positions, size))],
    };
    // A checkpoint can come between a family and an incident that it names.
    if (selectionFault(asked, readEvents(evidence.events)) !== undefined) {
      return { kind: 'none', reason: 'not_sealed' };
    }
    const file = bundleFile(evidence);
    return { kind: 'exported', file, events: positions.length, sealedEvents: size, newer };
  }

  /** The newest checkpoint, once it covers an event or it was waited for long enough. */
  private async checkpointOver(
    position: Position,
    patience: number,
  ): Promise<SealedCheckpoint | undefined> {
    const deadline = performance.now() + patience;
    let latest = await this.seals.latest();
    while ((latest?.size ?? 0) <= position && performance.now() < deadline) {
      await setTimeout(PAUSE);
      latest = await this.seals.latest();
    }
    return latest;
  }

  private async verifierKey(): Promise<string> {
    const log = await this.ledger.load('log', '0');
    if (log === undefined) throw new Error('a sealed log has said who it is');
    return log.verifierKey;
  }
}
