import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LedgerFeed } from '../ledger/ledger-feed.port.js';
import { ViewsFeeding } from './views-feeding.js';
import type { ViewsBuild, ViewsShelf } from './views-store.port.js';

/** So many events share a transaction; more would only live longer in memory, and be collected dearly. */
const BATCH_EVENTS = 256;

/** What a rebuild came to; `busy`: another process is building. */
export type RebuildOutcome =
  | { readonly kind: 'rebuilt'; readonly number: number; readonly events: number }
  | { readonly kind: 'busy' | 'stopped' };

/** How far a rebuild has come, in events; the total grows while a server writes. */
export type RebuildProgress = (done: number, total: number) => void;

/**
 * Fills new views from the whole ledger beside those that serve, and puts them in their place. What
 * interrupts it, a kill included, leaves the current views as they are, and the next rebuild begins
 * anew. Throws what keeps the ledger from being read or the file from being written.
 */
export async function rebuildViews(
  ledger: LedgerFeed,
  shelf: Pick<ViewsShelf, 'build'>,
  onProgress: RebuildProgress = () => undefined,
  isStopped: () => boolean = () => false,
): Promise<RebuildOutcome> {
  const build = shelf.build(await ledger.log());
  if (build === undefined) return { kind: 'busy' };
  try {
    const filling = { ledger, build, onProgress, isStopped };
    // What came while the indexes were made is little, and is applied with them.
    const isFilled = (await fill(filling)) && (await indexed(filling));
    if (!isFilled) {
      build.discard();
      return { kind: 'stopped' };
    }
    const events = eventsIn(build);
    build.publish();
    return { kind: 'rebuilt', number: build.number, events };
  } catch (error) {
    build.discard();
    throw error;
  }
}

interface Filling {
  readonly ledger: LedgerFeed;
  readonly build: ViewsBuild;
  readonly onProgress: RebuildProgress;
  readonly isStopped: () => boolean;
}

async function indexed(filling: Filling): Promise<boolean> {
  while (!filling.build.index()) {
    await nextTurn();
    if (filling.isStopped()) return false;
  }
  return fill(filling);
}

/** Whether everything that the ledger holds now is in the views; not, when it was stopped. */
async function fill({ ledger, build, onProgress, isStopped }: Filling): Promise<boolean> {
  const feeding = new ViewsFeeding(ledger, build, BATCH_EVENTS);
  let isCaughtUp = false;
  while (!isCaughtUp) {
    if (isStopped()) return false;
    isCaughtUp = (await feeding.feed()) === 'caught_up';
    // What came meanwhile is not to be waited for: then this is all.
    const done = eventsIn(build);
    onProgress(done, isCaughtUp ? done : await ledger.size());
  }
  return true;
}

function eventsIn(build: ViewsBuild): number {
  return (build.origin().newest?.position ?? -1) + 1;
}
