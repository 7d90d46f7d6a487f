import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { SealReads } from '../ledger/sealing/seal-store.port.js';
import type { Sealed } from '../operations/service-metrics.js';
import type { ServiceWatch } from '../operations/service-watch.js';
import { ledgerPlaceOf } from './ledger-place.js';
import { openLog } from './open-log.js';
import type { Resources } from './resources.js';
import {
  sealingFailure,
  sealLedger,
  type SealingReport,
  type SealingWork,
} from './sealer-thread.js';

/** What could not be started, or died, is started again after this, in milliseconds. */
const RESTART_PAUSE = 10_000;

/** What a seal leaves behind is little: the server's memory is not for that. In megabytes. */
const YOUNG_GENERATION_MAX = 4;

const workerFile = new URL('sealer.worker.js', import.meta.url);

/**
 * Seals the ledger of a server, on a thread of its own: requests never wait for it. Where there is no
 * build to start a thread from, it works on this thread, in small parts.
 */
export class LedgerSealing {
  private sealing: { stop(): Promise<void> } | undefined;
  private isStopping = false;
  private restarting: NodeJS.Timeout | undefined;

  constructor(
    private readonly work: SealingWork,
    private readonly onReport: (report: SealingReport) => void,
  ) {}

  /** Begins, and seals at once what is there. */
  start(): void {
    try {
      this.sealing = existsSync(workerFile) ? this.startThread() : this.startHere();
    } catch (error) {
      this.restartLater(error);
    }
  }

  /** Seals what was committed so far, and lets go of the ledger. */
  async stop(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.restarting);
    await this.sealing?.stop();
  }

  private startThread(): { stop(): Promise<void> } {
    const worker = new Worker(workerFile, {
      workerData: this.work,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MAX },
    });
    worker.unref();
    worker.on('message', this.onReport);
    worker.on('error', (error) => this.restartLater(error));
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    return {
      stop: () => {
        worker.ref();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage('stop');
        return exited;
      },
    };
  }

  private startHere(): { stop(): Promise<void> } {
    const started = sealLedger(this.work, this.onReport);
    started.catch((error: unknown) => this.restartLater(error));
    return {
      stop: async () => {
        const sealing = await started.catch(() => undefined);
        await sealing?.stop();
      },
    };
  }

  /** What nobody seals meanwhile, the next start does. */
  private restartLater(error: unknown): void {
    this.sealing = undefined;
    this.onReport(sealingFailure(error));
    if (this.isStopping) return;
    this.restarting = setTimeout(() => this.start(), RESTART_PAUSE).unref();
  }
}

/** Says who the log is and begins to seal it. What goes wrong later is logged, and tried again. */
export async function beginSealing(
  resources: Resources,
  watch: ServiceWatch,
  log: Logger,
): Promise<LedgerSealing> {
  const { checkpointFile, sealInterval: interval } = resources.settings;
  const privateKey = await openLog(resources);
  const place = ledgerPlaceOf(resources.settings);
  const work = { ...place, checkpointFile, privateKey, interval };
  const sealing = new LedgerSealing(work, (report) => tellOfSealing(report, watch, log));
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
    if (code === 'ledger_corrupted') watch.failed(code, error);
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
