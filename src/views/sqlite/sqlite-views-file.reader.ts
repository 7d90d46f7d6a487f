import { dirname } from 'node:path';
import type { Position } from '../../domain/identifiers.js';
import type { NewestEvent } from '../view-changes.js';
import { SqliteViewsReader } from './sqlite-views.reader.js';

/** Asks one file of views that nobody fills any more. */
export class SqliteViewsFileReader extends SqliteViewsReader {
  constructor(
    private readonly path: string,
    private readonly newest: NewestEvent,
  ) {
    super(dirname(path));
    this.follow({ serving: 1, newest, rebuild: null });
  }

  override get fixedAt(): Position {
    return this.newest.position;
  }

  protected override fileOf(): string {
    return this.path;
  }
}
