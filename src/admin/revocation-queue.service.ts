import { setTimeout } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { StreamId } from '../domain/identifiers.js';
import { Ledger, type StreamRow } from '../ledger/ledger.port.js';
import { type RevocationProgress, RevocationRunner } from './revocation.runner.js';

/** How often revocations are looked for that another process began and left, in milliseconds. */
const LOOK_INTERVAL = 15_000;
/** What failed is tried again after so many milliseconds. */
const RETRY_WAIT = 1000;
const STREAMS_AT_ONCE = 1000;

/**
 * Runs revocations one after the other, also those that an earlier process did not complete, or that
 * another node began a while ago and may have left. Two that run the same one do no harm.
 */
@Injectable()
export class RevocationQueue implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Revocations');
  private readonly stopping = new AbortController();
  /** In the order that they are run in; the first one is running. */
  private readonly progress = new Map<string, RevocationProgress | undefined>();
  private running: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ledger: Ledger,
    private readonly runner: RevocationRunner,
  ) {}

  /** Goes on with what was not completed. */
  async onApplicationBootstrap(): Promise<void> {
    for (let before: StreamId | null | undefined = null; before !== undefined;) {
      const rows: readonly StreamRow<'revocation'>[] =
        await this.ledger.streamsOfKind<'revocation'>('revocation', before, STREAMS_AT_ONCE);
      for (const { streamId, state } of rows) {
        // One that is completed may have left its addresses in the vault.
        const isOverAddresses = state.terms.selector.kind === 'address';
        if (state.completed === undefined || isOverAddresses)
          this.add(streamId.slice('revocation:'.length));
      }
      before = rows.length < STREAMS_AT_ONCE ? undefined : rows.at(-1)?.streamId;
    }
    this.timer = setInterval(() => void this.look(), LOOK_INTERVAL).unref();
  }

  /** Goes on with what another node began long ago, of the newest revocations. */
  private async look(): Promise<void> {
    const startedBefore = Date.now() - LOOK_INTERVAL;
    try {
      const rows = await this.ledger.streamsOfKind<'revocation'>(
        'revocation',
        null,
        STREAMS_AT_ONCE,
      );
      for (const { streamId, state } of rows) {
        const isLeft = state.completed === undefined && state.startedAt < startedBefore;
        if (isLeft) this.add(streamId.slice('revocation:'.length));
      }
    } catch (error) {
      this.logger.warn('revocations of other nodes could not be looked for', error);
    }
  }

  /** Lets a revocation run, unless it waits or runs already. */
  add(id: string): void {
    if (this.progress.has(id)) return;
    this.progress.set(id, undefined);
    this.running = this.running.then(() => this.complete(id));
  }

  /** How far a revocation is that runs; undefined: it waits, or is not run here. */
  progressOf(id: string): RevocationProgress | undefined {
    return this.progress.get(id);
  }

  /** Stops after what is being ended now: the ledger is about to be closed. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running;
  }

  /** What fails goes on later: those behind it are not held up. */
  private async complete(id: string): Promise<void> {
    const { signal } = this.stopping;
    const progressed = (progress: RevocationProgress): void => void this.progress.set(id, progress);
    try {
      await this.runner.run(id, { signal, progressed });
      this.progress.delete(id);
    } catch (error) {
      this.logger.warn(`the revocation ${id} is late, and will go on`, error);
      await setTimeout(RETRY_WAIT, undefined, { signal }).catch(() => undefined);
      this.progress.delete(id);
      if (!signal.aborted) this.add(id);
    }
  }
}
