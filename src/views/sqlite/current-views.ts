import type { ViewsFault, ViewsOrigin } from '../views-store.port.js';
import { ViewsFiles } from './views-files.js';
import { openViews } from './views-handle.js';
import { originOf, PROGRESS_QUERY, type ProgressRow } from './views-statements.js';

/** The views of a directory that count, as a process finds them that neither fills nor follows them. */
export interface CurrentViews {
  readonly number: number;
  readonly origin: ViewsOrigin;
}

/** Reads which views count and what they were made from; or says why they cannot be used. */
export function readCurrentViews(directory: string): CurrentViews | ViewsFault {
  const files = new ViewsFiles(directory);
  const number = files.current();
  if (number === undefined) return 'missing';
  const origin = viewsOriginIn(files.file(number));
  return typeof origin === 'string' ? origin : { number, origin };
}

/**
 * Reads what a file of views was made from; or says why it cannot be used. Throws what keeps it from
 * being opened now.
 */
export function viewsOriginIn(file: string): ViewsOrigin | ViewsFault {
  return openViews(file, 'read', (handle) => {
    const origin = originOf(handle.prepare<[], ProgressRow>(PROGRESS_QUERY).get());
    handle.close();
    return origin;
  });
}
