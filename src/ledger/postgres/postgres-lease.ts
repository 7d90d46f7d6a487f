import type { NodeLease } from '../node-lease.port.js';
import type { NamedStatement, PostgresConnections } from './postgres-connection.js';

/**
 * A lease that ends so much later than one that is taken now, in milliseconds, was taken before the clock
 * of the database was set back: nobody knows when it would end.
 */
const CLOCK_SLACK = 60_000;

const HOLD: NamedStatement = {
  name: 'lease.hold',
  text: `INSERT INTO ledger.leases AS l (name, holder, expires_at)
    VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp()
      OR l.expires_at > clock_timestamp() + ($3 + ${CLOCK_SLACK}) * interval '1 millisecond'
    RETURNING 1`,
};

const RELEASE: NamedStatement = {
  name: 'lease.release',
  text: `UPDATE ledger.leases SET expires_at = '-infinity' WHERE name = $1 AND holder = $2`,
};

/**
 * A lease in a row, by the clock of the database alone. It only spares nodes from doing the same: what
 * is done under it must be harmless twice, for a node that was paused does not know that it lost it.
 */
export class PostgresLease implements NodeLease {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly name: string,
    private readonly holder: string,
    /** How long it is held without being taken again, in milliseconds. */
    private readonly duration: number,
  ) {}

  async hold(): Promise<boolean> {
    const values = [this.name, this.holder, this.duration];
    return (await this.connections.rows(HOLD, values)).length === 1;
  }

  async release(): Promise<void> {
    await this.connections.rows(RELEASE, [this.name, this.holder]);
  }
}
