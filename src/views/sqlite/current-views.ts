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
  return openViews(files.file(number), 'read', (handle) => {
    const origin = originOf(handle.prepare<[], ProgressRow>(PROGRESS_QUERY).get());
    handle.close();
    return { number, origin };
  });
}
