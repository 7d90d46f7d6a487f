import { newUuid } from '../../config/random-identifiers.js';
import { LedgerUnavailable } from '../ledger.errors.js';
import { type NamedStatement, PostgresConnections } from './postgres-connection.js';

/**
 * A node that was not seen for so long does not count, in milliseconds; nor does one that was seen so much
 * later than now, before the clock of the database was set back: if it lives, it says so again.
 */
export const NODE_ALIVE_FOR = 30_000;

/** What all nodes of a ledger must be told alike, by the name of the setting. */
export type SharedSettings = Readonly<Record<string, string | number | null>>;

const JOIN: NamedStatement = {
  name: 'nodes.join',
  text: `INSERT INTO ledger.nodes (node_id, settings, seen_at) VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (node_id) DO UPDATE SET settings = excluded.settings, seen_at = excluded.seen_at`,
};

const OTHERS: NamedStatement = {
  name: 'nodes.others',
  text: `SELECT settings FROM ledger.nodes
    WHERE node_id <> $1 AND abs(extract(epoch FROM seen_at - clock_timestamp())) * 1000 < $2`,
};

const LEAVE: NamedStatement = {
  name: 'nodes.leave',
  text: 'DELETE FROM ledger.nodes WHERE node_id = $1',
};

const FORGET: NamedStatement = {
  name: 'nodes.forget',
  text: `DELETE FROM ledger.nodes
    WHERE abs(extract(epoch FROM seen_at - clock_timestamp())) * 1000 > 10 * $1`,
};

/** The nodes of a ledger on PostgreSQL, of which this process is one. */
export function openPostgresNodes(url: string, settings: SharedSettings): PostgresNodes {
  return new PostgresNodes(new PostgresConnections(url, 1), newUuid(), settings);
}

/** The nodes of a ledger: which of them live, and that they were told the same. */
export class PostgresNodes {
  constructor(
    private readonly connections: PostgresConnections,
    private readonly nodeId: string,
    private readonly settings: SharedSettings,
  ) {}

  /**
   * Says that this node lives; to be said again well within `NODE_ALIVE_FOR`. Answers with the names of
   * the settings that a living node was told otherwise.
   */
  async join(): Promise<readonly string[]> {
    await this.connections.rows(JOIN, [this.nodeId, JSON.stringify(this.settings)]);
    // Only now: of two that join at the same time at least one sees the other.
    const others = await this.others();
    await this.connections.rows(FORGET, [NODE_ALIVE_FOR]);
    const names = Object.keys(this.settings);
    return names.filter((name) =>
      others.some(([settings]) => settings[name] !== this.settings[name]),
    );
  }

  /** How many other nodes live. */
  async countOthers(): Promise<number> {
    return (await this.others()).length;
  }

  /** Throws a LedgerUnavailable that names what living nodes were told otherwise. */
  async joinOrRefuse(): Promise<void> {
    const differing = await this.join();
    if (differing.length === 0) return;
    await this.leave();
    throw new LedgerUnavailable(
      'ledger_unavailable',
      `another node of this ledger has another ${differing.join(', ')}: nodes must be told the same`,
    );
  }

  /** Says that this node is gone. */
  async leave(): Promise<void> {
    await this.connections.rows(LEAVE, [this.nodeId]);
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private others(): Promise<readonly (readonly [settings: SharedSettings])[]> {
    return this.connections.rows(OTHERS, [this.nodeId, NODE_ALIVE_FOR]);
  }
}
