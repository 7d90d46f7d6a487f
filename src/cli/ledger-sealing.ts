import type { Logger } from 'pino';
import { isUntrusted } from '../ledger/ledger.errors.js';
import type { SealReads } from '../ledger/sealing/seal-store.port.js';
import type { Sealed } from '../operations/service-metrics.js';
import type { ServiceWatch } from '../operations/service-watch.js';
import { BackgroundPart, type BackgroundThread } from './background-thread.js';
import { ledgerPlaceOf } from './ledger-place.js';
import { openLog } from './open-log.js';
import type { Resources } from './resources.js';
import { sealingFailure, type SealingReport } from './sealer-thread.js';

/** Seals the ledger of a server, on the thread beside it: requests never wait for a seal. */
export type LedgerSealing = BackgroundPart<'sealing'>;

/** Says who the log is and begins to seal it. What goes wrong later is logged, and tried again. */
export async function beginSealing(
  thread: BackgroundThread,
  resources: Resources,
  watch: ServiceWatch,
  log: Logger,
): Promise<LedgerSealing> {
  const { checkpointFile, sealInterval: interval } = resources.settings;
  const privateKey = await openLog(resources);
  const work = { ...ledgerPlaceOf(resources.settings), checkpointFile, privateKey, interval };
  const onReport = (report: SealingReport): void => tellOfSealing(report, watch, log);
  // What nobody seals meanwhile, the next start does.
  const onFailure = (error: unknown): void => onReport(sealingFailure(error));
  const sealing = new BackgroundPart(thread, 'sealing', work, onReport, onFailure);
  sealing.start();
  return sealing;
}

function tellOfSealing(report: SealingReport, watch: ServiceWatch, log: Logger): void {
  if (report.kind === 'sealed') {
    log.info(report.checkpoint, 'sealed');
  } else if (report.kind === 'file_missing') {
    log.warn(report.checkpoint, 'the checkpoint file was missing: it begins anew');
  } else if (report.kind === 'refolded') {
    watch.metrics.refolded(report.refolded);
    for (const { streamId, problem } of report.refolded.differing) {
      log.error({ streamId, problem }, 'a stream is not what its events make of it');
    }
  } else {
    const { error, code } = report;
    watch.metrics.sealFailed(code ?? 'file');
    if (code !== undefined && isUntrusted(code)) watch.failed(code, error);
    log.error({ err: error }, 'the ledger could not be sealed: it is tried again');
  }
}

/** How far a ledger was sealed, for metrics. */
export async function sealedOf(reads: SealReads): Promise<Sealed> {
  const newest = await reads.newestCheckpoint();
  const sizeEvents = newest?.size ?? 0;
  const ageSeconds = newest === undefined ? Number.NaN : (Date.now() - newest.sealedAt) / 1000;
  return { sizeEvents, lagEvents: (await reads.eventCount()) - sizeEvents, ageSeconds };
}
