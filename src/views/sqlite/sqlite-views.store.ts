import type Database from 'better-sqlite3';
import type { Position } from '../../domain/identifiers.js';
import type { Owners } from '../event-owners.js';
import type {
  AuditEventRow,
  Erasure,
  FamilyChange,
  IncidentChange,
  ViewChanges,
} from '../view-changes.js';
import type { ViewsOrigin, ViewsStore } from '../views-store.port.js';
import { AddressTable } from './address-table.js';
import { viewsErrorOf } from './views-handle.js';
import { originOf, prepareViewsStatements, type ViewsStatements } from './views-statements.js';

/** Views in one SQLite file, written on a handle of their own. */
export class SqliteViewsStore implements ViewsStore {
  protected readonly statements: ViewsStatements;
  private readonly addresses: AddressTable;
  /** Whether the write-ahead log may hold what an erasure removed; a killed process may have left it. */
  private isUnsettled = true;

  constructor(protected readonly handle: Database.Database) {
    this.statements = prepareViewsStatements(handle);
    this.addresses = new AddressTable(handle);
  }

  origin(): ViewsOrigin {
    return originOf(reading(() => this.statements.progress.get()));
  }

  ownersAt(position: Position): Owners | undefined {
    return reading(() => this.statements.owners.get(position));
  }

  apply(changes: ViewChanges): boolean {
    this.statements.begin.run();
    try {
      if (!this.advance(changes)) {
        this.addresses.forget();
        return false;
      }
      for (const row of changes.auditEvents) this.insertEvent(row);
      for (const change of changes.families) this.changeFamily(change);
      for (const change of changes.incidents) this.changeIncident(change);
      this.addCounts(changes);
      if (changes.erasures.length > 0) this.erase(changes.erasures);
      this.statements.commit.run();
      return true;
    } catch (error) {
      this.addresses.forget();
      throw viewsErrorOf(error);
    } finally {
      if (this.handle.inTransaction) this.statements.rollback.run();
    }
  }

  settle(): boolean {
    if (!this.isUnsettled) return true;
    const [result] = this.handle.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    this.isUnsettled = result?.busy !== 0;
    return !this.isUnsettled;
  }

  close(): void {
    this.handle.close();
  }

  /** Makes everything personal of erased subjects NULL, up to where they were erased. */
  protected erase(erasures: readonly Erasure[]): void {
    const { addressesOf, eraseAddresses } = this.statements;
    const numbers = new Set<number>();
    for (const { subject, position } of erasures) {
      for (const query of addressesOf) {
        for (const number of query.all(subject, position)) numbers.add(number);
      }
      for (const statement of eraseAddresses) statement.run(subject, position);
    }
    this.addresses.erase([...numbers]);
    this.isUnsettled = true;
  }

  private advance({ newest, after }: ViewChanges): boolean {
    const { changes } = this.statements.advance.run(newest.position, newest.id, newest.at, after);
    return changes === 1;
  }

  private insertEvent(row: AuditEventRow): void {
    this.statements.insertEvent.run(
      row.position,
      row.at,
      row.type,
      row.streamId,
      row.familyId,
      row.subject,
      row.clientId,
      row.reason,
      row.incidentId,
      row.generation,
      row.actingSubject,
      row.measures?.join(' ') ?? null,
      row.presentations,
      row.presenterId,
      row.address === null ? null : this.addresses.numberOf(row.address),
    );
  }

  private changeFamily(change: FamilyChange): void {
    const { familyId, begun, redeemedPosition, end, firstIncidentPosition } = change;
    if (begun !== undefined) {
      const { clientId, subject, sessionId, createdPosition, createdAt } = begun;
      const owners = [clientId, subject, sessionId];
      const times = [createdAt, begun.codeExpiresAt, begun.absoluteExpiresAt];
      this.statements.insertFamily.run(createdPosition, familyId, ...owners, ...times);
    }
    this.statements.updateFamily.run(
      redeemedPosition ?? null,
      end?.position ?? null,
      end?.at ?? null,
      end?.reason ?? null,
      firstIncidentPosition ?? null,
      familyId,
    );
  }

  private changeIncident({ incidentId, opened, verdict }: IncidentChange): void {
    if (opened !== undefined) {
      const { kind, familyId, clientId, subject, openedPosition, openedAt } = opened;
      const owners = [familyId, clientId, subject];
      this.statements.insertIncident.run(openedPosition, incidentId, kind, ...owners, openedAt);
    }
    if (verdict === undefined) return;
    this.statements.updateIncident.run(verdict.position, verdict.verdict, incidentId);
  }

  /** Adds to the counts of each hour. */
  protected addCounts({
    clientHealth,
    activity,
  }: Pick<ViewChanges, 'clientHealth' | 'activity'>): void {
    for (const { clientId, hour, measure, count, firstPosition, lastPosition } of clientHealth) {
      const key = [clientId, hour, measure];
      this.statements.addHealth.run(...key, count, firstPosition, lastPosition);
    }
    for (const { clientId, hour, type, count } of activity) {
      this.statements.addActivity.run(clientId, hour, type, count);
    }
  }
}

function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw viewsErrorOf(error);
  }
}
