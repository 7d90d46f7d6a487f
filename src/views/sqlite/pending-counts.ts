import { addActivity } from '../activity.projection.js';
import { addHealth } from '../client-health.projection.js';
import type { ActivityCount, HealthCount, ViewChanges } from '../view-changes.js';

type Counts = Pick<ViewChanges, 'clientHealth' | 'activity'>;

/** So many sums are kept at most, about 200 bytes each. */
const SUMS_MAX = 20_000;

/** Sums the counts of many batches, so that a row is written once for all of them. */
export class PendingCounts {
  private readonly health = new Map<string, HealthCount>();
  private readonly activity = new Map<string, ActivityCount>();

  /** Whether they are to be written before more are added. */
  get isFull(): boolean {
    return this.health.size + this.activity.size >= SUMS_MAX;
  }

  /** Adds the counts of one batch, later than those before. */
  add({ clientHealth, activity }: Counts): void {
    for (const count of clientHealth) addHealth(this.health, count);
    for (const count of activity) addActivity(this.activity, count);
  }

  /** Takes all of them out. */
  take(): Counts {
    const sums = { clientHealth: [...this.health.values()], activity: [...this.activity.values()] };
    this.health.clear();
    this.activity.clear();
    return sums;
  }
}
